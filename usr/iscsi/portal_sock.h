/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options of a portal's sockets: what its connections are marked with, and when a dead
 * peer is given up. A listening socket hands them on to those it accepts.
 */
#ifndef ISCSI_PORTAL_SOCK_H
#define ISCSI_PORTAL_SOCK_H

#include <jansson.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

/* All zero: as the system has it, with TCP keepalive. */
struct portal_sock {
	uint8_t dscp;		/* RFC 2474: 0 to 63 */
	uint32_t keep_idle, keep_interval, keep_count; /* seconds, and probes; 0: the system's */
	uint32_t user_timeout_s; /* RFC 5482: data not acknowledged for so long; 0: the system's */
	uint8_t own;		/* bits of portal_sock_names: said of this portal, not of all */
};

#define PORTAL_SOCK_OPTIONS 3
extern const char *const portal_sock_names[PORTAL_SOCK_OPTIONS]; /* as verbs name them */

/*
 * "dscp" a number or a name of RFC 2474, 2597, 3246 or 5865; "keepalive" IDLE[:INTERVAL[:COUNT]]; "user_timeout"
 * seconds. 0; -ENOENT: no such option; -EINVAL with @err.
 */
int portal_sock_set(struct portal_sock *ps, const char *name, const char *value, struct err *err);
/* The same with "default" for what @all has; -ENOENT: no such option. */
int portal_sock_update(struct portal_sock *ps, const struct portal_sock *all, const char *name,
		       const char *value, struct err *err);
/* What all portals' sockets have: no delay, and TCP keepalive. */
void portal_sock_usual(int fd);
/* Puts the system's values for 0, so that sockets that had others go back to them. */
void portal_sock_settle(struct portal_sock *ps);
/* Of a listening or connected TCP socket. What the system refuses is logged. */
void portal_sock_apply(const struct portal_sock *ps, int fd, const struct addr *local);
/* Adds the three to @obj, those that are set, and "own", the names of those that are not of all. */
void portal_sock_show(const struct portal_sock *ps, json_t *obj);
/*
 * A bound, listening socket. @interface "" : any. The descriptor, or -EINVAL with @err.
 */
int portal_sock_listen(const struct addr *addr, const char *interface,
		       const struct portal_sock *ps, struct err *err);

#endif
