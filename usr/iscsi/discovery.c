/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SendTargets: the targets that this initiator may log in to, each with every portal
 * that it can reach by the address family it came by.
 */
#include "iscsi/discovery.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
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

/* A wildcard portal is reached by the address that this connection came to, at its own port. */
static void put_portal(const struct iscsi_conn *conn, const struct iscsi_portal *portal,
		       struct strbuf *out)
{
	struct addr addr = portal->addr;

	if (is_v4(&addr) != is_v4(&conn->local) && !portal->dual)
		return;
	if (addr_is_wildcard(&addr)) {
		uint16_t port = addr_port(&addr);

		addr = conn->local;
		if (addr.sa.sa_family == AF_INET)
			addr.in4.sin_port = htons(port);
		else
			addr.in6.sin6_port = htons(port);
	}
	/* The number of an interface of this host: it means nothing to the initiator (RFC 7143 13.8). */
	if (addr.sa.sa_family == AF_INET6)
		addr.in6.sin6_scope_id = 0;
	put_address(out, &addr, portal->tag);
}

static void put_target(const struct iscsi_conn *conn, const struct target *t, struct strbuf *out)
{
	const struct iscsi_portal *portal;

	text_put(out, "TargetName", t->name);
	list_for_each(portal, &iscsi.portals, link)
		put_portal(conn, portal, out);
}

static bool visible(const struct iscsi_conn *conn, const struct target *t)
{
	return t->transport == &iscsi_transport && target_ready(t) &&
	       access_ok(&t->access, conn->session->initiator, &conn->peer);
}

int discovery_send_targets(const struct iscsi_conn *conn, const char *which, struct strbuf *out)
{
	const struct iscsi_session *s = conn->session;
	struct target *t;

	if (!strcmp(which, "All") && !s->discovery)
		return -EINVAL;
	if (!*which) {
		if (s->discovery)
			return -EINVAL;
		put_target(conn, s->target->t, out);
		return 0;
	}
	for (t = target_next(iscsi.core, NULL); t; t = target_next(iscsi.core, t))
		if ((!strcmp(which, "All") || name_equal(t->name, which)) && visible(conn, t))
			put_target(conn, t, out);
	return 0;
}
