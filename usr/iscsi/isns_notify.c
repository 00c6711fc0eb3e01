/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the server says unasked: state change notifications and status inquiries (RFC 4171
 * 5.6.5.8, 5.6.5.13). It connects to a socket that is here for nothing else, and only it may.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns_client.h"
#include "iscsi/isns_portals.h"
#include "scsi/names.h"
#include "target/core.h"

#define PEERS_MAX 8
#define UNREAD_MAX (1 * MiB) /* answers that the peer does not take */

/* A connection of the server. */
struct peer {
	struct list link;
	struct isns_link l;
};

static struct {
	struct loop_fd fd; /* fd.loop is NULL: not listening */
	struct addr at;
	struct list peers;
	unsigned int n_peers;
} notify = { .peers = LIST_INIT(notify.peers) };

/* --- answers ---------------------------------------------------------------------------------- */

static void answer(struct isns_link *l, const struct isns_message *msg, uint32_t status,
		   const void *rest, size_t len)
{
	struct strbuf out = STRBUF_INIT;
	uint8_t b[4];

	put_be32(b, status);
	strbuf_add(&out, b, sizeof(b));
	strbuf_add(&out, rest, len);
	isns_link_send(l, msg->function | ISNS_RESPONSE, ISNS_FLAG_CLIENT, msg->xid, &out);
	strbuf_free(&out);
}

/* The response has what the inquiry had. One that is meant for another is not answered in its name. */
static void inquiry(struct isns_link *l, const struct isns_message *msg)
{
	struct isns_reader r = isns_reader(msg->payload, msg->len);
	char eid[ISNS_EID_MAX + 1];
	struct isns_attr attr;

	while (isns_next(&r, &attr)) {
		if (attr.tag != ISNS_EID)
			continue;
		if (!isns_attr_str(&attr, eid, sizeof(eid)) || strcmp(eid, isns.eid))
			break;
		isns.esis++;
		answer(l, msg, ISNS_OK, msg->payload, msg->len);
		return;
	}
	answer(l, msg, r.broken ? ISNS_FORMAT_ERROR : ISNS_NO_SUCH_ENTRY, NULL, 0);
}

/* Whose domains are to be looked at again, if nobody knows of a node removed behind its back. */
static void changed(struct isns_object *node, bool lost)
{
	if (lost && node->wanted && node->registered) {
		log_notice("iSNS: the server has removed %s: it is registered anew", node->key);
		node->registered = false;
		node->scn = false;
		isns_object_change(node);
		isns.objects.dirty = true;
	}
	node->asked = false;
	isns_object_todo(&isns.objects, node);
	isns_go_on();
}

/* First the node that is told, then bitmaps, each with the nodes that it is about. */
static void notification(struct isns_link *l, const struct isns_message *msg)
{
	struct isns_reader r = isns_reader(msg->payload, msg->len);
	struct isns_object *node = NULL;
	struct strbuf echo = STRBUF_INIT;
	char name[SCSI_NAME_MAX + 1];
	struct isns_attr attr;
	uint32_t bitmap = 0;
	bool lost = false, first = true;

	while (isns_next(&r, &attr)) {
		if (attr.tag == ISNS_SCN_BITMAP)
			isns_attr_u32(&attr, &bitmap);
		if (attr.tag != ISNS_NODE_NAME || !isns_attr_str(&attr, name, sizeof(name)))
			continue;
		if (first) {
			node = isns_objects_node(&isns.objects, name);
			isns_put(&echo, ISNS_NODE_NAME, attr.value, attr.len);
		} else if (node && name_equal(name, node->key)) {
			lost |= bitmap & ISNS_SCN_REMOVED;
		}
		first = false;
	}
	isns.scns++;
	answer(l, msg, r.broken ? ISNS_FORMAT_ERROR : node ? ISNS_OK : ISNS_NO_SUCH_ENTRY,
	       strbuf_str(&echo), echo.len);
	strbuf_free(&echo);
	if (node && !r.broken)
		changed(node, lost);
}

void isns_notify_message(struct isns_link *l, const struct isns_message *msg)
{
	if (msg->function == ISNS_SCN)
		notification(l, msg);
	else if (msg->function == ISNS_ESI)
		inquiry(l, msg);
	else if (!(msg->function & ISNS_RESPONSE) && msg->function != ISNS_HEARTBEAT)
		answer(l, msg, ISNS_MESSAGE_UNSUPPORTED, NULL, 0);
	if (isns_link_is_open(l) && l->tx.len > UNREAD_MAX)
		l->tx.failed = true;
}

/* --- the server's connections ----------------------------------------------------------------- */

static void drop_peer(struct peer *p)
{
	isns_link_close(&p->l);
	list_del(&p->link);
	notify.n_peers--;
	free(p);
}

static void down(struct isns_link *l, const char *why)
{
	(void)why;
	drop_peer(container_of(l, struct peer, l));
}

static void take(int fd)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p) {
		close(fd);
		return;
	}
	p->l.message = isns_notify_message;
	p->l.down = down;
	if (isns_link_adopt(&p->l, iscsi.core->loop, fd)) {
		free(p);
		return;
	}
	/* The oldest is the likeliest to be dead. */
	if (notify.n_peers == PEERS_MAX)
		drop_peer(list_first(&notify.peers, struct peer, link));
	list_push_back(&notify.peers, &p->link);
	notify.n_peers++;
}

static void ready(struct loop_fd *lf, uint32_t events)
{
	struct addr peer = { .len = sizeof(peer.ss) };
	int fd = accept4(lf->fd, &peer.sa, &peer.len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char text[ADDR_STRLEN];

	(void)events;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		/* It would stay ready for ever. */
		loop_fd_mod(&notify.fd, 0);
		isns_look_soon();
	}
	if (fd < 0)
		return;
	if (isns_same_host(&peer, &isns.server)) {
		take(fd);
		return;
	}
	log_limited(LOG_LVL_NOTICE, "iSNS: connection from %s refused: it is not the server",
		    addr_format(&peer, text));
	close(fd);
}

/* --- listening -------------------------------------------------------------------------------- */

void isns_notify_close(void)
{
	struct peer *p, *tmp;

	list_for_each_safe(p, tmp, &notify.peers, link)
		drop_peer(p);
	if (!notify.fd.loop)
		return;
	loop_fd_del(&notify.fd);
	notify.fd.loop = NULL;
	close(notify.fd.fd);
}

/* Any port: the server is told which. */
static int listen_at(const struct addr *at)
{
	struct addr any = *at;
	int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r = 0;

	if (fd < 0)
		return -errno;
	any.in6.sin6_port = 0;
	if (bind(fd, &any.sa, any.len) || listen(fd, PEERS_MAX))
		r = -errno;
	if (!r)
		r = loop_fd_add(iscsi.core->loop, &notify.fd, fd, EPOLLIN, ready);
	if (r) {
		notify.fd.loop = NULL;
		close(fd);
		return r;
	}
	notify.at.len = sizeof(notify.at.ss);
	return getsockname(fd, &notify.at.sa, &notify.at.len) ? -errno : 0;
}

int isns_notify_listen(const struct addr *at, uint16_t *port)
{
	int r;

	if (!notify.fd.loop || !isns_same_host(&notify.at, at)) {
		isns_notify_close();
		r = listen_at(at);
		if (r)
			return r;
	}
	loop_fd_mod(&notify.fd, EPOLLIN);
	*port = addr_port(&notify.at);
	return 0;
}
