/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network portals: listening sockets and their portal group tag.
 */
#ifndef ISCSI_PORTAL_H
#define ISCSI_PORTAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"

struct iscsi_portal {
	struct list link;
	struct addr addr;	/* as bound; the port is the real one */
	uint16_t tag;		/* target portal group tag, from 1 */
	struct loop_fd fd;
	bool dual;		/* an IPv6 socket that takes IPv4 as well */
	bool inherited;		/* from socket activation: not ours to bind again */
};

/* Binds and listens: "addr[:port]" as in --iscsi portal= and tgtadm --mode portal. 0 or negative with @err. */
int portal_add(const char *text, uint16_t tag, struct err *err);
/* Takes over a listening socket, which is closed on failure. */
int portal_adopt(int fd, uint16_t tag, struct err *err);
int portal_del(const char *text, struct err *err);
void portal_del_all(void);
/* While held, connections wait in the sockets' queues: nobody finds a target missing at start. */
void portal_hold(bool hold);
/* Array of {"address": "1.2.3.4:3260", "tag": 1}. New reference. */
json_t *portal_show(void);

#endif
