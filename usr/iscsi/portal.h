/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network portals: listening sockets, the portal group that each belongs to (RFC 7143
 * 4.2.5), and who may come in by it.
 */
#ifndef ISCSI_PORTAL_H
#define ISCSI_PORTAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"
#include "iscsi/portal_sock.h"
#include "target/access.h"

/* Who asked for it: a configuration file takes back only what it has made, and the default. */
enum portal_origin {
	PORTAL_DEFAULT,
	PORTAL_OPTION,
	PORTAL_SOCKET,
	PORTAL_ADDED,
	PORTAL_CONFIGURED,
};

struct portal_conf {
	uint16_t tag;		/* target portal group tag, from 1 */
	char interface[IF_NAMESIZE]; /* only from this one; "": any */
	struct portal_sock sock;
	enum portal_origin origin;
};

struct iscsi_portal {
	struct list link;	/* iscsi.portals; not on it when deleted */
	unsigned int refs;	/* the list's, and connections' */
	struct addr addr;	/* as bound; the port is the real one */
	struct portal_conf conf;
	struct access access;	/* empty: whoever the targets admit */
	struct loop_fd fd;	/* closed when deleted: fd.fd is -1 */
	bool dual;		/* an IPv6 socket that takes IPv4 as well */
	uint64_t accepted, refused; /* connections */
};

/* 0, or -EINVAL with @err. @name NULL: any interface, "". */
int portal_tag_parse(uint64_t v, uint16_t *tag, struct err *err);
int portal_interface_parse(const char *name, char out[IF_NAMESIZE], struct err *err);
/* "addr[:port]" as in --iscsi portal= and tgtadm --mode portal; "" is all. 0 or negative with @err. */
int portal_add(const char *text, const struct portal_conf *conf, struct err *err);
/* Takes over a listening socket, which is closed on failure. */
int portal_adopt(int fd, uint16_t tag, struct err *err);
/* Those of the address, and if not NULL of the @interface. Their connections stay. */
int portal_del(const char *text, const char *interface, struct err *err);
void portal_del_all(void);
/* Those that portal_del() would delete, one by one; @after NULL: the first. NULL: no more. */
struct iscsi_portal *portal_next(const struct iscsi_portal *after, const struct addr *addr,
				 const char *interface);
/* While held, connections wait in the sockets' queues: nobody finds a target missing at start. */
void portal_hold(bool hold);
/* Whether its list lets this initiator in; NULL @portal: yes. */
bool portal_admits(const struct iscsi_portal *portal, const char *initiator, const struct addr *peer);
/* A connection refers to it. @portal may be NULL. */
struct iscsi_portal *portal_ref(struct iscsi_portal *portal);
void portal_unref(struct iscsi_portal *portal);

#endif
