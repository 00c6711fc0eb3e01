/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP connection that carries messages of iSNSP: to the server, or one by which it tells
 * or asks something. It never blocks.
 */
#ifndef ISCSI_ISNS_LINK_H
#define ISCSI_ISNS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "base/strbuf.h"
#include "iscsi/isns_msg.h"

/* Embedded, zeroed but for the callbacks, in its owner. */
struct isns_link {
	struct loop_fd fd; /* fd.loop is NULL while closed */
	struct isns_rx rx;
	struct strbuf tx;
	bool connecting;
	/* It is connected. NULL for one that was accepted. */
	void (*up)(struct isns_link *l);
	/* A whole message; may close the link, not free it. */
	void (*message)(struct isns_link *l, const struct isns_message *msg);
	/* It has failed and is closed; may free it. Not called by isns_link_close(). */
	void (*down)(struct isns_link *l, const char *why);
};

/* Starts to connect: up() or down() follows from the loop. 0 or -errno. */
int isns_link_connect(struct isns_link *l, struct loop *loop, const struct addr *addr);
/* Takes over a connected socket, also on failure. 0 or -errno. */
int isns_link_adopt(struct isns_link *l, struct loop *loop, int fd);
/* Queues a message. A failure shows as down(), from the loop. */
void isns_link_send(struct isns_link *l, uint16_t function, uint16_t flags, uint16_t xid,
		    const struct strbuf *payload);
/* Safe on one that is closed. */
void isns_link_close(struct isns_link *l);
bool isns_link_is_open(const struct isns_link *l);
/* This end. All zero when it is not known. */
void isns_link_local(const struct isns_link *l, struct addr *local);

#endif
