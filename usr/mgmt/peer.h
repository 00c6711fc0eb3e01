/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connected management client: reads lines, runs them one at a time, writes
 * the responses. A client that does not read its responses is not read from either.
 */
#ifndef MGMT_PEER_H
#define MGMT_PEER_H

#include <stdbool.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/strbuf.h"
#include "base/verb.h"
#include "mgmt/dispatch.h"

/* What all clients of a server share; owner: the server, which outlives peer->fd. */
struct peer_env {
	struct loop *loop;
	const struct verb_table *tables;
	void *context;		 /* for the verbs */
	void (*closed)(struct peer_env *env); /* one peer has left @peers */
	struct list peers;
	struct loop_call refill; /* queued: @left is of this turn */
	unsigned int left;	 /* requests that may begin in it */
	struct list waiting;	 /* peers for which there was no room, the first to come next */
};

/* Requests of all clients that begin in a turn: some 100 us, after the turn's I/O. */
#define PEER_REQUESTS_A_TURN 8

/* Frees itself when its socket is closed and no request of it is under way. */
struct peer {
	struct list link;	/* env->peers while the socket is open */
	struct peer_env *env;	/* NULL: the socket is closed */
	struct loop *loop;
	struct loop_fd fd;	/* fd.fd -1: closed */
	struct loop_call next;	/* runs the next request, outside of any callback */
	struct list wait_link;	/* env->waiting, or not linked */
	struct strbuf in;
	char *out;		/* the response being sent; malloc'ed, NULL: none */
	struct strbuf text;	/* and what follows it */
	size_t out_len, sent;	/* of @out; of both */
	bool admin;
	bool busy;		/* a request is under way */
	bool eof;		/* the client will send no more */
	bool refused;		/* close once the response is sent */
	struct mgmt_request req;
};

/* The rest of @env is set and zero. */
void peer_env_init(struct peer_env *env);
void peer_env_done(struct peer_env *env);
/* Takes @fd over when it returns 0; -ENOMEM or what epoll said. */
int peer_new(struct peer_env *env, int fd, bool admin);
/* The socket goes now; the memory with the request that is still under way. */
void peer_close(struct peer *p);

#endif
