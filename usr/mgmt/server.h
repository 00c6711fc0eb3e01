/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management server: JSON requests, one a line, over a Unix stream socket.
 *
 *   -> {"object": "target", "verb": "new", "args": {"tid": 1, ...}, "id": anything}
 *   <- {"ok": true, "result": ..., "id": ...}
 *   <- {"ok": false, "error": {"code": "no-target", "message": "...", "detail": "..."}}
 *
 * Requests of one client are run in order, one at a time; clients don't wait for
 * each other. A peer is served when it is root or the daemon's own user.
 *
 * What a client can cost the loop at once is bounded: a request has at most
 * MGMT_LINE_MAX bytes (below a millisecond to parse), verbs that list many objects
 * make their text in pieces (target/verb_walk.h), and it is sent in pieces.
 */
#ifndef MGMT_SERVER_H
#define MGMT_SERVER_H

#include <stddef.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/verb.h"

#define MGMT_LINE_MAX (64u << 10) /* bytes of one request */
#define MGMT_CLIENTS_MAX 256

struct mgmt_server;

struct mgmt_conf {
	struct loop *loop;
	const char *path;		 /* of the socket; a lock file lies at <path>.lock */
	int fd;				 /* a listening socket passed in, or -1 */
	const struct verb_table *tables; /* ended by a NULL verbs pointer */
	void *context;			 /* handed to the verbs */
};

/*
 * Takes the lock, removes a stale socket, listens. NULL with @err: another instance holds
 * the lock ("another tgtd is using ..."), or the system refused. Strings are copied.
 */
struct mgmt_server *mgmt_server_new(const struct mgmt_conf *conf, struct err *err);
/* Closes clients and socket; requests still in progress end unheard. */
void mgmt_server_free(struct mgmt_server *s);

/*
 * A connection of the process's own, that may do everything: the client's end, for blocking calls
 * from a thread (call.h), or -1 with errno set. The caller closes it.
 */
int mgmt_server_connect(struct mgmt_server *s);

/*
 * "<base>.<port>" with base from TGT_IPC_SOCKET or /var/run/tgtd/socket. 0, or -ENAMETOOLONG
 * with @err when it does not fit into a socket address.
 */
int mgmt_socket_path(char *out, size_t size, unsigned int control_port, struct err *err);

#endif
