/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic text: the table of verbs, and the outputs of system, lld, portal, session
 * and connection (classic.h).
 */
#include "mgmt/classic.h"

#include <stdarg.h>
#include <string.h>

const char *classic_string(const json_t *v)
{
	return json_is_string(v) ? json_string_value(v) : "";
}

const char *classic_str(const json_t *obj, const char *name)
{
	return classic_string(json_object_get(obj, name));
}

long long classic_int(const json_t *obj, const char *name)
{
	return json_integer_value(json_object_get(obj, name));
}

const char *classic_yes(const json_t *obj, const char *name)
{
	return json_is_true(json_object_get(obj, name)) ? "Yes" : "No";
}

void classic_line(struct strbuf *out, unsigned int indent, const char *fmt, ...)
{
	size_t start;
	va_list ap;

	strbuf_printf(out, "%*s", (int)(4 * indent), "");
	start = out->len;
	va_start(ap, fmt);
	strbuf_vprintf(out, fmt, ap);
	va_end(ap);
	for (size_t i = start; i < out->len; i++)
		if ((unsigned char)out->s[i] < ' ' || out->s[i] == 0x7f)
			out->s[i] = '?';
	strbuf_putc(out, '\n');
}

/* json_object_foreach() wants an object that it may change. */
static json_t *mutable(const json_t *v)
{
	return (json_t *)(uintptr_t)v;
}

void classic_pairs(struct strbuf *out, const json_t *obj)
{
	json_t *members = mutable(obj), *value;
	const char *key;

	json_object_foreach(members, key, value) {
		const char *s = json_string_value(value);

		if (s)
			classic_line(out, 0, "%s=%s", key, s);
	}
}

static void llds(const json_t *list, struct strbuf *out)
{
	const json_t *lld, *t;
	size_t i, j;

	classic_line(out, 0, "LLDs:");
	json_array_foreach(list, i, lld) {
		classic_line(out, 1, "%s: %s", classic_str(lld, "name"), classic_str(lld, "state"));
		json_array_foreach(json_object_get(lld, "targets"), j, t)
			classic_line(out, 2, "Target %lld: %s", classic_int(t, "tid"),
				     classic_str(t, "name"));
	}
}

static void stores(const json_t *list, struct strbuf *out)
{
	const json_t *store, *flag;
	size_t i, j;

	classic_line(out, 0, "Backing stores:");
	json_array_foreach(list, i, store) {
		const json_t *flags = json_object_get(store, "flags");

		strbuf_printf(out, "    %s", classic_str(store, "name"));
		json_array_foreach(flags, j, flag)
			strbuf_printf(out, "%s%s", j ? ":" : " (bsoflags ", classic_string(flag));
		strbuf_puts(out, json_array_size(flags) ? ")\n" : "\n");
	}
}

static void system_show(const json_t *sys, struct strbuf *out)
{
	const json_t *isns = json_object_get(sys, "isns"), *accounts, *v;
	size_t i;

	classic_line(out, 0, "System:");
	classic_line(out, 1, "State: %s", classic_str(sys, "state"));
	classic_line(out, 1, "debug: %s",
		     json_is_true(json_object_get(sys, "debug")) ? "on" : "off");
	llds(json_object_get(sys, "llds"), out);
	stores(json_object_get(sys, "backing_stores"), out);
	classic_line(out, 0, "Device types:");
	json_array_foreach(json_object_get(sys, "device_types"), i, v)
		classic_line(out, 1, "%s", classic_string(v));
	accounts = json_object_get(sys, "accounts");
	if (json_array_size(accounts))
		classic_line(out, 1, "Account information:");
	json_array_foreach(accounts, i, v)
		classic_line(out, 1, "%s%s", classic_str(v, "user"),
			     json_is_true(json_object_get(v, "outgoing")) ? " (outgoing)" : "");
	classic_line(out, 0, "iSNS:");
	classic_line(out, 1, "iSNS=%s", json_is_true(json_object_get(isns, "enabled")) ? "On" : "Off");
	classic_line(out, 1, "iSNSServerIP=%s", classic_str(isns, "server"));
	classic_line(out, 1, "iSNSServerPort=%lld", classic_int(isns, "port"));
	classic_line(out, 1, "iSNSAccessControl=%s",
		     json_is_true(json_object_get(isns, "access_control")) ? "On" : "Off");
}

static void account_show(const json_t *accounts, struct strbuf *out)
{
	const json_t *a;
	size_t i;

	if (json_array_size(accounts))
		classic_line(out, 0, "Account list:");
	json_array_foreach(accounts, i, a)
		classic_line(out, 1, "%s", classic_str(a, "user"));
}

static void portal_show(const json_t *portals, struct strbuf *out)
{
	const json_t *p;
	size_t i;

	json_array_foreach(portals, i, p)
		classic_line(out, 0, "Portal: %s,%lld", classic_str(p, "address"),
			     classic_int(p, "tag"));
}

/* Not part of the text of a target, whose last lines scripts take for initiators. */
static void lunmap_show(const json_t *maps, struct strbuf *out)
{
	const json_t *map;
	const char *seen;
	json_t *lun;
	size_t i;

	json_array_foreach(maps, i, map) {
		classic_line(out, 0, "Initiator: %s", classic_str(map, "initiator"));
		classic_line(out, 1, "Readonly: %s", classic_yes(map, "readonly"));
		if (json_is_true(json_object_get(map, "all")))
			classic_line(out, 1, "LUNs: all");
		json_object_foreach(json_object_get(map, "luns"), seen, lun)
			classic_line(out, 1, "LUN %s: %s", seen, classic_string(lun));
	}
}

static void portgroup_show(const json_t *groups, struct strbuf *out)
{
	const json_t *g;
	size_t i;

	json_array_foreach(groups, i, g) {
		classic_line(out, 0, "Target port group: %lld", classic_int(g, "group"));
		classic_line(out, 1, "State: %s", classic_str(g, "state"));
		classic_line(out, 1, "Configured: %s", classic_str(g, "state_conf"));
		classic_line(out, 1, "Changed by: %s", classic_str(g, "changed_by"));
		classic_line(out, 1, "Preferred: %s", classic_yes(g, "preferred"));
		classic_line(out, 1, "Portal groups: %s", classic_str(g, "portal_groups"));
		classic_line(out, 1, "Remote ports: %s", classic_str(g, "remote_ports"));
	}
}

static void connection_show(const json_t *sessions, struct strbuf *out)
{
	const json_t *s, *conn;
	size_t i, j;

	json_array_foreach(sessions, i, s) {
		classic_line(out, 0, "Session: %lld", classic_int(s, "sid"));
		json_array_foreach(json_object_get(s, "connections"), j, conn) {
			classic_line(out, 1, "Connection: %lld", classic_int(conn, "cid"));
			classic_line(out, 2, "Initiator: %s", classic_str(s, "initiator"));
			classic_line(out, 2, "IP Address: %s", classic_str(conn, "address"));
		}
	}
}

static void session_show(const json_t *session, struct strbuf *out)
{
	classic_pairs(out, json_object_get(session, "params"));
}

static const struct {
	const char *object, *verb;
	void (*text)(const json_t *result, struct strbuf *out);
} texts[] = {
	{ "account", "show", account_show },
	{ "connection", "show", connection_show },
	{ "connection", "stat", classic_conn_stat },
	{ "lld", "show", llds },
	{ "logicalunit", "show", classic_lu_show },
	{ "logicalunit", "stat", classic_lu_stat },
	{ "lunmap", "show", lunmap_show },
	{ "portal", "show", portal_show },
	{ "portgroup", "show", portgroup_show },
	{ "session", "show", session_show },
	{ "session", "stat", classic_session_stat },
	{ "system", "show", system_show },
	{ "system", "stat", classic_system_stat },
	{ "target", "show", classic_target_show },
	{ "target", "stat", classic_target_stat },
};

void classic_text(const char *object, const char *verb, const json_t *result, struct strbuf *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(texts[i].object, object) && !strcmp(texts[i].verb, verb))
			texts[i].text(result, out);
}
