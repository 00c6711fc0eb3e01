/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of portals. Called by the management server through the rows in
 * iscsi_verbtab.c; the work is portal.c's.
 */
#include <errno.h>
#include <string.h>

#include "iscsi/admit.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/iscsi_verbs.h"
#include "iscsi/portal.h"
#include "iscsi/session.h"

/* --- new and changed -------------------------------------------------------------------------- */

static const char *const origins[] = {
	[PORTAL_DEFAULT] = "default",
	[PORTAL_OPTION] = "option",
	[PORTAL_SOCKET] = "socket",
	[PORTAL_ADDED] = "added",
	[PORTAL_CONFIGURED] = "configured",
};

/* The socket options of the request into @ps. */
static int read_options(struct verb_call *call, struct portal_sock *ps)
{
	size_t i;

	for (i = 0; i < PORTAL_SOCK_OPTIONS; i++) {
		const char *value = verb_str(call, portal_sock_names[i]);

		if (value && portal_sock_update(ps, &iscsi.portal_sock, portal_sock_names[i], value,
						&call->err))
			return -EINVAL;
	}
	return 0;
}

/* Of those that a request can make. */
static int read_origin(struct verb_call *call, enum portal_origin *origin)
{
	static const enum portal_origin may_be[] = {
		PORTAL_ADDED, PORTAL_CONFIGURED, PORTAL_DEFAULT,
	};
	const char *text = verb_str(call, "origin");
	size_t i;

	*origin = PORTAL_ADDED;
	for (i = 0; text && i < ARRAY_SIZE(may_be); i++) {
		*origin = may_be[i];
		if (!strcmp(origins[*origin], text))
			text = NULL;
	}
	return text ? err_set(&call->err, ERR_INVALID_REQUEST,
			      "origin is added, configured or default, not '%.40s'", text) : 0;
}

int portal_verb_new(struct verb_call *call)
{
	uint64_t tag = verb_uint(call, "tag", 1);
	struct portal_conf conf = { .sock = iscsi.portal_sock };

	conf.sock.own = 0;
	if (read_origin(call, &conf.origin) || portal_tag_parse(tag, &conf.tag, &call->err) ||
	    portal_interface_parse(verb_str(call, "interface"), conf.interface, &call->err) ||
	    read_options(call, &conf.sock))
		return -EINVAL;
	return portal_add(verb_str(call, "portal"), &conf, &call->err);
}

int portal_verb_delete(struct verb_call *call)
{
	return portal_del(verb_str(call, "portal"), verb_str(call, "interface"), &call->err);
}

/* The next portal that is meant; the first must be there. */
static struct iscsi_portal *each(struct verb_call *call, const struct iscsi_portal *after)
{
	const char *text = verb_str(call, "portal");
	struct iscsi_portal *portal;
	struct addr addr;

	if (addr_parse(&addr, text, ISCSI_PORT, &call->err))
		return NULL;
	portal = portal_next(after, &addr, verb_str(call, "interface"));
	if (!portal && !after)
		err_set(&call->err, ERR_INVALID_REQUEST, "there is no portal %s", text);
	return portal;
}

static void apply(const struct iscsi_portal *portal, const struct iscsi_conn *conn,
		  const struct portal_sock *ps)
{
	if (conn->portal == portal && conn->fd.fd >= 0)
		portal_sock_apply(ps, conn->fd.fd, &conn->local);
}

/* The listening socket hands them on to connections that come; those that are there get them here. */
static void set_sock(struct iscsi_portal *portal, const struct portal_sock *ps)
{
	struct portal_sock settled = *ps;
	struct iscsi_session *s;
	struct iscsi_conn *conn;

	portal->conf.sock = *ps;
	portal_sock_settle(&settled);
	portal_sock_apply(&settled, portal->fd.fd, &portal->addr);
	list_for_each(conn, &iscsi.logins, link)
		apply(portal, conn, &settled);
	list_for_each(s, &iscsi.sessions, link)
		list_for_each(conn, &s->conns, link)
			apply(portal, conn, &settled);
}

int portal_verb_update(struct verb_call *call)
{
	struct iscsi_portal *portal = each(call, NULL);
	struct portal_sock ps;

	for (; portal; portal = each(call, portal)) {
		ps = portal->conf.sock;
		if (read_options(call, &ps))
			return -EINVAL;
		set_sock(portal, &ps);
	}
	return call->err.code == ERR_OK ? 0 : -EINVAL;
}

/* --- who may come ----------------------------------------------------------------------------- */

static int change_access(struct verb_call *call, bool add)
{
	const char *addr = verb_str(call, "initiator-address");
	const char *name = verb_str(call, "initiator-name");
	struct iscsi_portal *portal;
	int r = 0;

	for (portal = each(call, NULL); portal && !r; portal = each(call, portal))
		r = access_change(&portal->access, add, addr, name, &call->err);
	admit_again(NULL);
	return call->err.code == ERR_OK ? 0 : -EINVAL;
}

int portal_verb_bind(struct verb_call *call)
{
	return change_access(call, true);
}

int portal_verb_unbind(struct verb_call *call)
{
	return change_access(call, false);
}

/* --- shown ------------------------------------------------------------------------------------ */

static json_t *to_json(const struct iscsi_portal *portal)
{
	char text[ADDR_STRLEN];
	json_t *obj = json_pack(
		"{s:s s:i s:s s:i s:I s:I s:o s:o}", "address", addr_format(&portal->addr, text), "tag",
		portal->conf.tag, "origin", origins[portal->conf.origin], "connections",
		(int)portal->refs - 1, "accepted", (json_int_t)portal->accepted, "refused",
		(json_int_t)portal->refused, "initiator_addresses",
		access_show_addrs(&portal->access), "initiator_names",
		access_show_names(&portal->access));

	if (obj && *portal->conf.interface)
		json_object_set_new(obj, "interface", json_string(portal->conf.interface));
	if (obj)
		portal_sock_show(&portal->conf.sock, obj);
	return obj;
}

int portal_verb_show(struct verb_call *call)
{
	const struct iscsi_portal *portal;

	call->result = json_array();
	list_for_each(portal, &iscsi.portals, link)
		if (json_array_append_new(call->result, to_json(portal)))
			return err_set(&call->err, ERR_NOMEM, "%s", "");
	return 0;
}
