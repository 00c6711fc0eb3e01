/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Portals in targets.conf: lines "portal ADDRESS" and blocks <portal ADDRESS>; and parameters of the
 * daemon, which stand above targets as well. Values are brought into the form in which
 * tgtd shows them, to be compared. Called by conf_model.c.
 */
#include "mgmt/conf_portal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/dscp.h"
#include "base/tracing.h"
#include "mgmt/adm.h"
#include "mgmt/conf_model.h"

#define TAG_MAX 65535

/* --- values ----------------------------------------------------------------------------------- */

/* A new string, or NULL. Both wildcards are ":3260". */
static json_t *address(const char *text)
{
	char out[ADDR_STRLEN];
	struct addr a;

	if (addr_parse(&a, text, CONF_PORTAL_PORT, NULL) || !addr_port(&a))
		return NULL;
	if (a.sa.sa_family == AF_UNSPEC)
		return json_sprintf(":%u", addr_port(&a));
	return json_string(addr_format(&a, out));
}

static json_t *dscp(const char *text)
{
	uint8_t v;

	return dscp_parse(text, &v) ? json_sprintf("%u", v) : NULL;
}

/* IDLE[:INTERVAL[:COUNT]] with all three; tgtd knows the limits. */
static json_t *keepalive(const char *text)
{
	unsigned long v[3] = { 0 };
	char *end;
	int n = 0;

	do {
		if (*text < '0' || *text > '9')
			return NULL;
		v[n++] = strtoul(text, &end, 10);
		text = end + 1;
	} while (*end == ':' && n < 3);
	return *end ? NULL : json_sprintf("%lu:%lu:%lu", v[0], v[1], v[2]);
}

static json_t *number(const char *text)
{
	unsigned long long v;

	return adm_number(text, UINT32_MAX, &v) ? NULL : json_sprintf("%llu", v);
}

static const struct {
	const char *name;
	json_t *(*read)(const char *text);
	const char *expected;
} options[] = {
	{ "dscp", dscp, "a number from 0 to 63 or a class (cs0 to cs7, af11 to af43, ef)" },
	{ "keepalive", keepalive, "IDLE[:INTERVAL[:COUNT]]" },
	{ "user-timeout", number, "a number of seconds" },
};

/* --- portals ---------------------------------------------------------------------------------- */

static bool wrong(struct conf_notes *notes, const struct conf_node *n, const char *expected)
{
	conf_error(notes, n, "expected %s after %s, not '%s'", expected, n->name, n->value);
	return false;
}

static bool take_address(struct conf_notes *notes, const struct conf_node *n, json_t *portal)
{
	json_t *v = address(n->value);

	if (v && !json_object_set_new(portal, "portal", v))
		return true;
	return wrong(notes, n, "an address, ADDRESS:PORT, [V6ADDRESS]:PORT or :PORT");
}

static bool take_tag(struct conf_notes *notes, const struct conf_node *n, json_t *portal)
{
	unsigned long long v;

	if (adm_number(n->value, TAG_MAX, &v) || !v)
		return wrong(notes, n, "a number from 1 to 65535");
	return !json_object_set_new(portal, "tag", json_integer((json_int_t)v));
}

/* What may stand more than once. */
static bool take_who(const struct conf_node *n, json_t *portal)
{
	json_t *list = json_object_get(portal, strcmp(n->name, "initiator-name") ? "addresses" :
										   "names");

	json_object_set_new(json_object_get(portal, "at"), n->value,
			    json_sprintf("%s:%u", n->file, n->line));
	return !json_array_append_new(list, json_string(n->value));
}

static bool take_option(struct conf_notes *notes, const struct conf_node *n, json_t *portal)
{
	json_t *v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].name, n->name))
			continue;
		v = options[i].read(n->value);
		return v ? !json_object_set_new(json_object_get(portal, "options"), n->name, v) :
			   wrong(notes, n, options[i].expected);
	}
	conf_warn(notes, n, "unknown directive '%s' for a portal: not used", n->name);
	return true;
}

static bool directive(struct conf_notes *notes, const struct conf_node *n, json_t *portal)
{
	if (n->block || !n->value) {
		conf_error(notes, n, "expected a value: %s VALUE", n->name);
		return false;
	}
	if (!strncmp(n->name, "initiator-", 10))
		return take_who(n, portal);
	if (!strcmp(n->name, "address"))
		return take_address(notes, n, portal);
	if (!strcmp(n->name, "tag"))
		return take_tag(notes, n, portal);
	if (!strcmp(n->name, "interface"))
		return !json_object_set_new(portal, "interface", json_string(n->value));
	return take_option(notes, n, portal);
}

/* Its name is its address, unless another is given. */
static bool read_portal(struct conf_notes *notes, const struct conf_node *n, json_t *portal)
{
	const struct conf_node *child;
	bool ok = true, named = false;

	list_for_each(child, &n->children, link) {
		named |= !strcmp(child->name, "address");
		ok &= directive(notes, child, portal);
	}
	return (named || take_address(notes, n, portal)) && ok;
}

int conf_portal(struct conf_notes *notes, const struct conf_node *n, json_t *portals)
{
	json_t *portal, *key;
	int r = -EINVAL;

	if (!n->value) {
		conf_error(notes, n, "expected %s ADDRESS", n->name);
		return -EINVAL;
	}
	portal = json_pack("{s:s s:i s:{} s:[] s:[] s:{} s:o}", "interface", "", "tag", 1, "options",
			   "addresses", "names", "at", "where",
			   json_sprintf("%s:%u", n->file, n->line));
	if (!portal || !read_portal(notes, n, portal)) {
		json_decref(portal);
		return -EINVAL;
	}
	key = conf_portal_key(portal);
	if (json_object_get(portals, json_string_value(key)))
		conf_error(notes, n, "a second portal %s", json_string_value(key));
	else
		r = json_object_set(portals, json_string_value(key), portal);
	json_decref(key);
	json_decref(portal);
	return r ? -EINVAL : 0;
}

json_t *conf_portal_key(const json_t *portal)
{
	const char *interface = json_string_value(json_object_get(portal, "interface"));

	return json_sprintf("%s%s%s", json_string_value(json_object_get(portal, "portal")),
			    interface && *interface ? " of " : "", interface ? interface : "");
}

/* --- parameters of the daemon ------------------------------------------------------------------- */

static json_t *on_off(const char *text)
{
	if (conf_is_yes(text))
		return json_string("on");
	return conf_is_no(text) ? json_string("off") : NULL;
}

/* As iSNS has always been written. */
static json_t *isns_on_off(const char *text)
{
	if (conf_is_yes(text))
		return json_string("On");
	return conf_is_no(text) ? json_string("Off") : NULL;
}

static json_t *host(const char *text)
{
	char out[ADDR_STRLEN];
	struct addr a;

	if (addr_parse(&a, text, 0, NULL) || addr_port(&a) || a.sa.sa_family == AF_UNSPEC)
		return NULL;
	return json_string(addr_format_host(&a, out));
}

static json_t *port(const char *text)
{
	unsigned long long v;

	return adm_number(text, UINT16_MAX, &v) || !v ? NULL : json_sprintf("%llu", v);
}

static json_t *state(const char *text)
{
	return !strcmp(text, "ready") || !strcmp(text, "offline") ? json_string(text) : NULL;
}

static json_t *trace(const char *text)
{
	struct strbuf out = STRBUF_INIT;
	json_t *v = NULL;
	unsigned int bits;

	if (!trace_parse(text, &bits, NULL)) {
		trace_format(bits, &out);
		v = json_string(strbuf_str(&out));
	}
	strbuf_free(&out);
	return v;
}

static json_t *slow_command(const char *text)
{
	return strcmp(text, "off") && strcmp(text, "0") ? number(text) : json_string("off");
}

int conf_system(struct conf_notes *notes, const struct conf_node *n, json_t *system)
{
	static const struct {
		const char *name, *param;
		json_t *(*read)(const char *text);
		const char *expected;
	} rows[] = {
		{ "debug", "debug", on_off, "on or off" },
		{ "iSNS", "iSNS", isns_on_off, "On or Off" },
		{ "iSNSAccessControl", "iSNSAccessControl", isns_on_off, "On or Off" },
		{ "iSNSServerIP", "iSNSServerIP", host, "a numeric address" },
		{ "iSNSServerPort", "iSNSServerPort", port, "a number from 1 to 65535" },
		{ "slow-command", "slow-command", slow_command, "a number of milliseconds, or off" },
		{ "state", "State", state, "ready or offline" },
		{ "trace", "trace", trace,
		  "commands, errors, task-management and login with commas between, all or off" },
	};
	json_t *v = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].name, n->name))
			continue;
		if (json_object_get(system, rows[i].param)) {
			conf_error(notes, n, "'%s' is given twice", n->name);
			return -EINVAL;
		}
		v = rows[i].read(n->value);
		if (!v)
			wrong(notes, n, rows[i].expected);
		else
			json_object_set_new(system, rows[i].param, v);
	}
	return v ? 0 : -EINVAL;
}
