/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many connections and logins there may be, and how many come in a second, of one address and of
 * all: asked by portal.c for each connection, and by login.c for each login.
 */
#ifndef ISCSI_PEER_LIMIT_H
#define ISCSI_PEER_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

/* A limit for all peers together, and for one address; 0: none. */
struct peer_limit {
	uint32_t all, each;
};

/* "ALL" or "ALL:EACH", numbers up to @max. 0, or -EINVAL with @err. */
int peer_limit_parse(struct peer_limit *limit, const char *name, const char *value, uint32_t max,
		     struct err *err);
/* By the rates in iscsi.limits, from now on. */
void peer_limit_start(void);
/* Forgets who came. */
void peer_limit_done(void);
/* Why a connection from @peer is not taken at @now (loop_now()); NULL: it is, and counts. */
const char *peer_limit_connection(const struct addr *peer, uint64_t now);
/* Whether it may log in now; if so that counts. */
bool peer_limit_login(const struct addr *peer, uint64_t now);

#endif
