/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening sockets (portal.h). A connection is accepted only to be refused when the
 * daemon is offline or full, so that the peer learns it at once.
 */
#include "iscsi/portal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/login.h"
#include "target/core.h"

#define ACCEPTS 32 /* connections taken in one turn: the others have work too */

/* Kept open to be given up when descriptors run out: then a peer can at least be told. */
static int spare_fd = -1;
static bool held;

static void keep_spare(void)
{
	if (spare_fd < 0)
		spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void local_address(int fd, struct addr *local)
{
	local->len = sizeof(local->ss);
	if (getsockname(fd, &local->sa, &local->len))
		memset(local, 0, sizeof(*local));
}

struct iscsi_portal *portal_ref(struct iscsi_portal *portal)
{
	if (portal)
		portal->refs++;
	return portal;
}

void portal_unref(struct iscsi_portal *portal)
{
	if (!portal || --portal->refs)
		return;
	access_free(&portal->access);
	free(portal);
}

/* --- accepting -------------------------------------------------------------------------------- */

/* Why a connection is not taken; NULL: it is. */
static const char *unwanted(const struct iscsi_portal *portal, const struct addr *peer)
{
	if (iscsi.stopping || iscsi.core->offline)
		return "offline";
	if (!access_is_empty(&portal->access) && !access_addr_ok(&portal->access, peer))
		return "the portal's access list has not this address";
	return peer_limit_connection(peer, loop_now(iscsi.core->loop));
}

static void take(struct iscsi_portal *portal, int fd, const struct addr *peer)
{
	const char *why = unwanted(portal, peer);
	char text[ADDR_STRLEN];
	struct iscsi_conn *conn;
	struct addr local;

	if (why) {
		portal->refused++;
		log_limited(LOG_LVL_NOTICE, "connection from %s refused: %s",
			    addr_format(peer, text), why);
		close(fd);
		return;
	}
	portal->accepted++;
	local_address(fd, &local);
	conn = conn_new(&tcp_link, fd, portal, peer, &local);
	if (conn)
		login_start(conn);
}

/* Out of descriptors: without this the listening socket would stay readable for ever. */
static void shed(struct iscsi_portal *portal)
{
	int fd;

	log_limited(LOG_LVL_ERROR, "out of file descriptors: connections are refused");
	if (spare_fd < 0) {
		keep_spare();
		return;
	}
	close(spare_fd);
	spare_fd = -1;
	fd = accept4(portal->fd.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	keep_spare();
}

static void ready(struct loop_fd *lf, uint32_t events)
{
	struct iscsi_portal *portal = container_of(lf, struct iscsi_portal, fd);
	unsigned int i;

	(void)events;
	for (i = 0; i < ACCEPTS; i++) {
		struct addr peer = { .len = sizeof(peer.ss) };
		int fd = accept4(portal->fd.fd, &peer.sa, &peer.len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take(portal, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE)
			shed(portal);
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			log_limited(LOG_LVL_ERROR, "accept: %s", strerror(errno));
		return;
	}
}

/* --- the list --------------------------------------------------------------------------------- */

static bool takes_both(int fd, const struct addr *addr)
{
	int v6only = 1;
	socklen_t len = sizeof(v6only);

	return addr->sa.sa_family == AF_INET6 && addr_is_wildcard(addr) &&
	       !getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &len) && !v6only;
}

/* Takes over @fd, also on failure. */
static int add(int fd, const struct portal_conf *conf, struct err *err)
{
	struct iscsi_portal *portal = calloc(1, sizeof(*portal));
	int r;

	if (!portal) {
		close(fd);
		return err_set(err, ERR_NOMEM, "%s", "");
	}
	local_address(fd, &portal->addr);
	portal->dual = takes_both(fd, &portal->addr);
	portal->conf = *conf;
	portal->refs = 1;
	access_init(&portal->access);
	r = loop_fd_add(iscsi.core->loop, &portal->fd, fd, held ? 0 : EPOLLIN, ready);
	if (r) {
		close(fd);
		free(portal);
		return err_set(err, ERR_UNKNOWN, "epoll: %s", strerror(-r));
	}
	list_push_back(&iscsi.portals, &portal->link);
	isns_changed();
	keep_spare();
	return 0;
}

static bool overlaps(const struct iscsi_portal *portal, const struct addr *addr,
		     const char *interface)
{
	return addr_equal(&portal->addr, addr) && !strcmp(portal->conf.interface, interface);
}

static bool taken(const struct addr *addr, const char *interface)
{
	struct iscsi_portal *portal;

	list_for_each(portal, &iscsi.portals, link)
		if (overlaps(portal, addr, interface))
			return true;
	return false;
}

int portal_tag_parse(uint64_t v, uint16_t *tag, struct err *err)
{
	if (!v || v > UINT16_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "a portal group tag is a number from 1 to 65535");
	*tag = (uint16_t)v;
	return 0;
}

int portal_interface_parse(const char *name, char out[IF_NAMESIZE], struct err *err)
{
	out[0] = '\0';
	if (!name)
		return 0;
	if (!*name || strlen(name) >= IF_NAMESIZE || strchr(name, '/'))
		return err_set(err, ERR_INVALID_REQUEST, "'%.40s' is no name of an interface", name);
	memcpy(out, name, strlen(name) + 1);
	return 0;
}

static int bind_one(const struct addr *addr, const struct portal_conf *conf, struct err *err)
{
	int fd = portal_sock_listen(addr, conf->interface, &conf->sock, err);

	return fd < 0 ? fd : add(fd, conf, err);
}

/* Every address of both families at one port: IPv4 must work, IPv6 where the system has it. */
static int bind_all(uint16_t port, const struct portal_conf *conf, struct err *err)
{
	struct err no_v6 = { .code = ERR_OK };
	struct addr a4, a6;
	int r;

	addr_parse(&a4, "0.0.0.0", port, NULL);
	r = bind_one(&a4, conf, err);
	if (r)
		return r;
	if (!port)
		port = addr_port(&list_entry(iscsi.portals.prev, struct iscsi_portal, link)->addr);
	addr_parse(&a6, "[::]", port, NULL);
	if (bind_one(&a6, conf, &no_v6))
		log_info("not listening on IPv6: %s", no_v6.text);
	return 0;
}

int portal_add(const char *text, const struct portal_conf *conf, struct err *err)
{
	struct addr addr;
	int r = addr_parse(&addr, text, ISCSI_PORT, err);

	if (r)
		return r;
	if (addr_port(&addr) && taken(&addr, conf->interface))
		return err_set(err, ERR_INVALID_REQUEST, "there is a portal %s already", text);
	if (addr.sa.sa_family == AF_UNSPEC)
		return bind_all(addr_port(&addr), conf, err);
	return bind_one(&addr, conf, err);
}

/* A socket that does not listen would be ready for ever, and never accept. */
static bool listens(int fd)
{
	int listening = 0, family = AF_UNSPEC;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening &&
	       !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) &&
	       (family == AF_INET || family == AF_INET6);
}

int portal_adopt(int fd, uint16_t tag, struct err *err)
{
	struct portal_conf conf = { .tag = tag, .origin = PORTAL_SOCKET };
	socklen_t len = sizeof(conf.interface) - 1;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || !listens(fd) || fcntl(fd, F_SETFL, flags | O_NONBLOCK)) {
		close(fd);
		return err_set(err, ERR_INVALID_REQUEST, "it is not a listening TCP socket");
	}
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, conf.interface, &len))
		conf.interface[0] = '\0';
	/* Only what every portal has: whoever made the socket chose the rest. */
	portal_sock_usual(fd);
	return add(fd, &conf, err);
}

/* --- those that are there --------------------------------------------------------------------- */

static void remove_portal(struct iscsi_portal *portal)
{
	loop_fd_del(&portal->fd);
	close(portal->fd.fd);
	portal->fd.fd = -1;
	list_del(&portal->link);
	isns_changed();
	portal_unref(portal);
}

/* "" and ":port" stand for both wildcards. */
static bool is_meant(const struct iscsi_portal *portal, const struct addr *addr,
		     const char *interface)
{
	bool wild = addr->sa.sa_family == AF_UNSPEC && addr_is_wildcard(&portal->addr) &&
		    addr_port(&portal->addr) == addr_port(addr);

	return (wild || addr_equal(&portal->addr, addr)) &&
	       (!interface || !strcmp(portal->conf.interface, interface));
}

int portal_del(const char *text, const char *interface, struct err *err)
{
	struct iscsi_portal *portal, *tmp;
	struct addr addr;
	bool found = false;
	int r = addr_parse(&addr, text, ISCSI_PORT, err);

	if (r)
		return r;
	list_for_each_safe(portal, tmp, &iscsi.portals, link) {
		if (!is_meant(portal, &addr, interface))
			continue;
		remove_portal(portal);
		found = true;
	}
	return found ? 0 : err_set(err, ERR_INVALID_REQUEST, "there is no portal %s", text);
}

struct iscsi_portal *portal_next(const struct iscsi_portal *after, const struct addr *addr,
				 const char *interface)
{
	const struct list *l = after ? after->link.next : iscsi.portals.next;

	for (; l != &iscsi.portals; l = l->next) {
		struct iscsi_portal *portal = list_entry(l, struct iscsi_portal, link);

		if (is_meant(portal, addr, interface))
			return portal;
	}
	return NULL;
}

void portal_del_all(void)
{
	struct iscsi_portal *portal, *tmp;

	list_for_each_safe(portal, tmp, &iscsi.portals, link)
		remove_portal(portal);
	if (spare_fd >= 0)
		close(spare_fd);
	spare_fd = -1;
}

void portal_hold(bool hold)
{
	struct iscsi_portal *portal;

	held = hold;
	list_for_each(portal, &iscsi.portals, link)
		loop_fd_mod(&portal->fd, hold ? 0 : EPOLLIN);
}

bool portal_admits(const struct iscsi_portal *portal, const char *initiator,
		   const struct addr *peer)
{
	return !portal || access_is_empty(&portal->access) ||
	       access_ok(&portal->access, initiator, peer);
}
