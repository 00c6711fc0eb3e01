/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SendTargets: the targets that this initiator may log in to, each with every portal of
 * its portal groups that the initiator can reach by the address family it came by.
 */
#include "iscsi/discovery.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "iscsi/admit.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/portal.h"
#include "iscsi/session.h"
#include "iscsi/text.h"
#include "scsi/names.h"
#include "target/core.h"
#include "target/target.h"

static bool is_v4(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ||
	       (a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr));
}

static void put_address(struct strbuf *out, const struct addr *addr, uint16_t tag)
{
	char text[ADDR_STRLEN], value[ADDR_STRLEN + 8];

	snprintf(value, sizeof(value), "%s,%u", addr_format(addr, text), tag);
	text_put(out, "TargetAddress", value);
}

/* --- what can be reached ---------------------------------------------------------------------- */

/* One answer. */
struct answer {
	const struct iscsi_conn *conn;
	struct strbuf *out;
	struct ifaddrs *interfaces; /* fetched when first needed */
	unsigned int addresses;	    /* of the present target */
};

static bool is_loopback(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) && a->in6.sin6_addr.s6_addr[12] == 127);
}

static bool is_link_local(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
}

/* Who came by another way may not know the way to this host's own or to that link. */
static bool reachable(const struct iscsi_conn *conn, const struct addr *addr)
{
	if (is_loopback(addr))
		return is_loopback(&conn->local);
	if (is_link_local(addr))
		return is_link_local(&conn->local) &&
		       addr->in6.sin6_scope_id == conn->local.in6.sin6_scope_id;
	return true;
}

static void put_reachable(struct answer *a, struct addr addr, uint16_t port, uint16_t tag)
{
	if (!reachable(a->conn, &addr))
		return;
	/* The port is at the same place in both. */
	addr.in6.sin6_port = htons(port);
	/* The number of an interface of this host: it means nothing to the initiator (RFC 7143 13.8). */
	if (addr.sa.sa_family == AF_INET6)
		addr.in6.sin6_scope_id = 0;
	put_address(a->out, &addr, tag);
	a->addresses++;
}

/* A wildcard of an interface that the initiator did not come by: the addresses of that. */
static void put_interface(struct answer *a, const struct iscsi_portal *portal)
{
	const struct ifaddrs *i;

	if (!a->interfaces && getifaddrs(&a->interfaces))
		a->interfaces = NULL;
	for (i = a->interfaces; i; i = i->ifa_next) {
		struct addr addr = { .len = sizeof(addr.in6) };

		if (!i->ifa_addr || strcmp(i->ifa_name, portal->conf.interface) ||
		    i->ifa_addr->sa_family != portal->addr.sa.sa_family)
			continue;
		memcpy(&addr.ss, i->ifa_addr, i->ifa_addr->sa_family == AF_INET ?
						      sizeof(addr.in4) : sizeof(addr.in6));
		put_reachable(a, addr, addr_port(&portal->addr), portal->conf.tag);
	}
}

/* A wildcard portal is reached by the address that this connection came to, at its own port. */
static void put_portal(struct answer *a, const struct iscsi_portal *portal)
{
	const struct iscsi_conn *conn = a->conn;
	const char *interface = portal->conf.interface;

	if (is_v4(&portal->addr) != is_v4(&conn->local) && !portal->dual)
		return;
	if (!addr_is_wildcard(&portal->addr))
		put_reachable(a, portal->addr, addr_port(&portal->addr), portal->conf.tag);
	else if (*interface && (!conn->portal || strcmp(conn->portal->conf.interface, interface)))
		put_interface(a, portal);
	else
		put_reachable(a, conn->local, addr_port(&portal->addr), portal->conf.tag);
}

/* --- targets ---------------------------------------------------------------------------------- */

static bool shown(const struct answer *a, const struct target *t,
		  const struct iscsi_portal *portal)
{
	return admit_groups_have(&iscsi_target_of(t)->groups, portal->conf.tag) &&
	       portal_admits(portal, a->conn->session->initiator, &a->conn->peer);
}

/*
 * Without an address a target is where the question was asked (RFC 7143 Appendix C): one that is
 * not there, and can't be reached elsewhere, is not told of.
 */
static void put_target(struct answer *a, const struct target *t)
{
	const struct iscsi_portal *portal;
	size_t before = a->out->len;

	a->addresses = 0;
	text_put(a->out, "TargetName", t->name);
	list_for_each(portal, &iscsi.portals, link)
		if (shown(a, t, portal))
			put_portal(a, portal);
	if (!a->addresses && admit(iscsi_target_of(t), a->conn->session->initiator, a->conn))
		a->out->len = before;
}

static bool visible(const struct iscsi_conn *conn, const struct target *t)
{
	return t->transport == &iscsi_transport && target_ready(t) &&
	       access_ok(&t->access, conn->session->initiator, &conn->peer) &&
	       isns_admits(t->name, conn->session->initiator) == ISNS_ADMITS;
}

static void put_targets(struct answer *a, const char *which)
{
	struct target *t;

	for (t = target_next(iscsi.core, NULL); t; t = target_next(iscsi.core, t))
		if ((!strcmp(which, "All") || name_equal(t->name, which)) && visible(a->conn, t))
			put_target(a, t);
}

int discovery_send_targets(const struct iscsi_conn *conn, const char *which, struct strbuf *out)
{
	const struct iscsi_session *s = conn->session;
	struct answer a = { .conn = conn, .out = out };

	if (!strcmp(which, "All") && !s->discovery)
		return -EINVAL;
	if (!*which && s->discovery)
		return -EINVAL;
	if (*which)
		put_targets(&a, which);
	else
		put_target(&a, s->target->t);
	if (a.interfaces)
		freeifaddrs(a.interfaces);
	return 0;
}
