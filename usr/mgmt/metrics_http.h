/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET /metrics over HTTP/1.1, on a Unix socket or a loopback address. A client costs the loop
 * one small piece a turn and the memory of one piece, however slow it reads: it is made when
 * the one before has gone. Started by tgtd.c.
 */
#ifndef MGMT_METRICS_HTTP_H
#define MGMT_METRICS_HTTP_H

#include "base/err.h"
#include "base/loop.h"
#include "base/metrics.h"

#define METRICS_CLIENTS_MAX 8
#define METRICS_REQUEST_MAX 8192		   /* bytes of a request's head */
#define METRICS_PATIENCE_NS (10 * NSEC_PER_SEC)	   /* for the head; without progress */
#define METRICS_TOTAL_NS (120 * NSEC_PER_SEC)	   /* for all of it */

struct metrics_http;

/*
 * @where: "/path" or "unix:/path" of a socket, which is replaced when nobody listens there, or
 * "127.0.0.1:9260", "[::1]:9260", ":9260"; other addresses are refused, as nobody is asked who he is.
 * @source is copied. NULL with @err.
 */
struct metrics_http *metrics_http_new(struct loop *loop, const char *where,
				      const struct metrics_source *source, struct err *err);
/* NULL is allowed. */
void metrics_http_free(struct metrics_http *s);

#endif
