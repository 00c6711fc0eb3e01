/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * targets.conf from a state: LUN numbers, tids and everything that is not as tgtd starts
 * with. What is read from it is what was written: quotes and backslashes where needed.
 */
#include "mgmt/dump_conf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/conf_limit.h"
#include "mgmt/conf_model.h"
#include "mgmt/diff_state.h"

struct dump {
	const json_t *accounts; /* NULL: passwords are not written */
	struct strbuf *out;
	struct err *err;
};

static bool plain(const char *s)
{
	const char *p;

	for (p = s; *p; p++)
		if (isspace((unsigned char)*p) || strchr("\\\"#$<>", *p))
			return false;
	return p > s && p[-1] != '/';
}

static void value(struct dump *d, const char *s)
{
	if (strpbrk(s, "\n\r"))
		err_set(d->err, ERR_INVALID_REQUEST,
			"'%s' has a line end in it, which a configuration file can't have", s);
	if (plain(s)) {
		strbuf_puts(d->out, s);
		return;
	}
	strbuf_putc(d->out, '"');
	for (; *s; s++) {
		if (strchr("\\\"$#", *s))
			strbuf_putc(d->out, '\\');
		strbuf_putc(d->out, *s);
	}
	strbuf_putc(d->out, '"');
}

static void line(struct dump *d, int indent, const char *name, const char *text)
{
	strbuf_printf(d->out, "%*s%s ", indent, "", name);
	value(d, text);
	strbuf_putc(d->out, '\n');
}

static void number_line(struct dump *d, int indent, const char *name, long long v)
{
	strbuf_printf(d->out, "%*s%s %lld\n", indent, "", name, v);
}

static void lun_new(struct dump *d, const json_t *new)
{
	static const char *const names[][2] = {
		{ "device-type", "device-type" }, { "bstype", "bs-type" }, { "bsopts", "bsopts" },
		{ "bsoflags", "bsoflags" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (*diff_str(new, names[i][0]))
			line(d, 8, names[i][1], diff_str(new, names[i][0]));
	if (json_object_get(new, "blocksize"))
		number_line(d, 8, "block-size", diff_int(new, "blocksize"));
}

/* Parameters without a default that is known here, and what they are at the start. */
static bool is_usual(const char *name, const char *v)
{
	return (!strcmp(name, "online") && !strcmp(v, "1")) ||
	       ((!strcmp(name, "swp") || !strcmp(name, "lbppbe") || !strcmp(name, "removable")) &&
		!strcmp(v, "0"));
}

/* What only the device type knows; one by one, in order. */
static void params_line(struct dump *d, const char *name, const char *v)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_printf(&text, "%s=", name);
	for (; *v; v++) {
		if (*v == ',')
			strbuf_putc(&text, '\\');
		strbuf_putc(&text, *v);
	}
	line(d, 8, "params", strbuf_str(&text));
	strbuf_free(&text);
}

static void lun_params(struct dump *d, const json_t *lun)
{
	bool disk = json_is_true(json_object_get(lun, "disk"));
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(lun, "params"), i, p) {
		const char *name = json_string_value(json_array_get(p, 0));
		const char *v = json_string_value(json_array_get(p, 1));
		const char *dflt = diff_lun_default(name, disk);

		if ((dflt && !strcmp(v, dflt)) || is_usual(name, v))
			continue;
		if (diff_lun_shown(name) || !strcmp(name, "mode_page"))
			line(d, 8, name, v);
		else
			params_line(d, name, v);
	}
}

/* The second LUN of a store would continue the first one's block: it gets a name of its own. */
static void lun(struct dump *d, const json_t *lu, json_t *paths)
{
	const json_t *new = json_object_get(lu, "new");
	const char *path = diff_str(new, "backing-store");
	bool own = !*path || json_object_get(paths, path) ||
		   !strncmp(path, CONF_NO_MEDIUM, strlen(CONF_NO_MEDIUM));

	json_object_set_new(paths, path, json_true());
	strbuf_puts(d->out, "    <backing-store ");
	if (own)
		strbuf_printf(d->out, CONF_NO_MEDIUM "lun%lld", diff_int(lu, "lun"));
	else
		value(d, path);
	strbuf_puts(d->out, ">\n");
	number_line(d, 8, "lun", diff_int(lu, "lun"));
	if (own && *path)
		line(d, 8, "path", path);
	lun_new(d, new);
	lun_params(d, lu);
	strbuf_puts(d->out, "    </backing-store>\n");
}

static void target_params(struct dump *d, const json_t *params)
{
	const char *name, *dflt;
	json_t *v;

	json_object_foreach((json_t *)params, name, v) {
		dflt = diff_target_default(name);
		if (!strncmp(name, "nop_", 4))
			dflt = "0";
		if (!strcmp(name, "state"))
			dflt = "ready";
		if (!dflt || strcmp(json_string_value(v), dflt))
			line(d, 4, name, json_string_value(v));
	}
}

static void list(struct dump *d, const char *name, const json_t *texts)
{
	const json_t *v;
	size_t i;

	json_array_foreach(texts, i, v)
		line(d, 4, name, json_string_value(v));
}

/* The name of a block ends at a quote within quotes: such a name stands without, if it can. */
static void block_name(struct dump *d, const char *s)
{
	if (!strchr(s, '"')) {
		value(d, s);
		return;
	}
	if (*s == ' ' || strchr(" /", s[strlen(s) - 1]))
		err_set(d->err, ERR_INVALID_REQUEST,
			"the account '%s' has a name that a configuration file can't have", s);
	for (; *s; s++) {
		if (strchr("\\\"$#", *s))
			strbuf_putc(d->out, '\\');
		strbuf_putc(d->out, *s);
	}
}

/* A line when it can be one: the predecessor's scripts know that. */
static void account(struct dump *d, int indent, const char *name, const json_t *binding)
{
	const char *user = diff_str(binding, "user");
	const char *pw = diff_str(json_object_get(d->accounts, user), "password");

	if (!*pw)
		pw = CONF_NO_PASSWORD;
	if (plain(user) && plain(pw)) {
		strbuf_printf(d->out, "%*s%s %s %s\n", indent, "", name, user, pw);
		return;
	}
	strbuf_printf(d->out, "%*s<%s ", indent, "", name);
	block_name(d, user);
	strbuf_puts(d->out, ">\n");
	line(d, indent + 4, "password", pw);
	strbuf_printf(d->out, "%*s</%s>\n", indent, "", name);
}

static void accounts(struct dump *d, int indent, const char *kind, const json_t *bindings)
{
	const json_t *b;
	char name[32];
	size_t i;

	json_array_foreach(bindings, i, b) {
		bool outgoing = json_is_true(json_object_get(b, "outgoing"));

		snprintf(name, sizeof(name), "%s%suser", outgoing ? "outgoing" : "incoming", kind);
		account(d, indent, name, b);
	}
}

static void map(struct dump *d, const char *initiator, const json_t *m)
{
	json_t *luns = json_object_get(m, "luns"), *v;
	const char *seen, *lun;

	strbuf_puts(d->out, "    <initiator ");
	value(d, initiator);
	strbuf_puts(d->out, ">\n");
	json_object_foreach(luns, seen, v) {
		lun = json_string_value(v);
		strbuf_printf(d->out, "        lun %s %.*s%s\n", seen, (int)strcspn(lun, ":"), lun,
			      strchr(lun, ':') ? " readonly" : "");
	}
	if (!json_object_size(luns) && !json_is_true(json_object_get(m, "all")))
		strbuf_puts(d->out, "        lun none\n");
	if (json_is_true(json_object_get(m, "readonly")))
		strbuf_puts(d->out, "        readonly yes\n");
	strbuf_puts(d->out, "    </initiator>\n");
}

static void port_group(struct dump *d, const char *id, const json_t *g)
{
	static const char *const names[] = { "portal-groups", "remote-ports", "state" };
	size_t i;

	strbuf_printf(d->out, "    <port-group %s>\n", id);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (*diff_str(g, names[i]))
			line(d, 8, names[i], diff_str(g, names[i]));
	if (json_is_true(json_object_get(g, "preferred")))
		line(d, 8, "preferred", "yes");
	strbuf_puts(d->out, "    </port-group>\n");
}

static void limit(struct dump *d, const char *initiator, const json_t *m)
{
	json_t *text = conf_limit_text(m);
	struct strbuf both = STRBUF_INIT;

	strbuf_printf(&both, "%s %s", initiator, json_string_value(text));
	line(d, 4, "initiator-limit", strbuf_str(&both));
	strbuf_free(&both);
	json_decref(text);
}

static void target(struct dump *d, const json_t *t)
{
	json_t *paths = json_object(), *lu, *m;
	const char *initiator;
	size_t i;

	strbuf_puts(d->out, "\n<target ");
	value(d, diff_str(t, "name"));
	strbuf_puts(d->out, ">\n");
	line(d, 4, "driver", diff_str(t, "driver"));
	number_line(d, 4, "controller_tid", diff_int(t, "tid"));
	target_params(d, json_object_get(t, "params"));
	json_array_foreach(json_object_get(t, "luns"), i, lu)
		lun(d, lu, paths);
	json_object_foreach(json_object_get(t, "groups"), initiator, m)
		port_group(d, initiator, m);
	json_object_foreach(json_object_get(t, "maps"), initiator, m)
		map(d, initiator, m);
	json_object_foreach(json_object_get(t, "limits"), initiator, m)
		limit(d, initiator, m);
	accounts(d, 4, "", json_object_get(t, "accounts"));
	list(d, "initiator-address", json_object_get(t, "addresses"));
	list(d, "initiator-name", json_object_get(t, "names"));
	if (!json_array_size(json_object_get(t, "addresses")) &&
	    !json_array_size(json_object_get(t, "names")))
		strbuf_puts(d->out, "    initiator-address none\n");
	strbuf_puts(d->out, "</target>\n");
	json_decref(paths);
}

/* Those that are there without a file are there again without it. */
static void portal(struct dump *d, const char *key, const json_t *p, size_t nr)
{
	const char *address = diff_str(p, "portal"), *name;
	bool named = strcmp(key, address);
	json_t *v;

	if (strcmp(diff_str(p, "origin"), "added") && strcmp(diff_str(p, "origin"), "configured"))
		return;
	/* The same name again would continue the first one's block. */
	if (named)
		strbuf_printf(d->out, "\n<portal %zu>\n    address %s\n", nr, address);
	else
		strbuf_printf(d->out, "\n<portal %s>\n", address);
	if (*diff_str(p, "interface"))
		line(d, 4, "interface", diff_str(p, "interface"));
	number_line(d, 4, "tag", diff_int(p, "tag"));
	json_object_foreach(json_object_get(p, "options"), name, v)
		line(d, 4, name, json_string_value(v));
	list(d, "initiator-address", json_object_get(p, "addresses"));
	list(d, "initiator-name", json_object_get(p, "names"));
	strbuf_puts(d->out, "</portal>\n");
}

static void portals(struct dump *d, const json_t *all)
{
	const char *key;
	size_t nr = 0;
	json_t *p;

	json_object_foreach((json_t *)all, key, p)
		portal(d, key, p, ++nr);
}

static void system_params(struct dump *d, const json_t *system)
{
	static const char *const rows[][3] = {
		{ "debug", "debug", "off" }, { "slow-command", "slow-command", "off" },
		{ "State", "state", "ready" }, { "trace", "trace", "off" },
		{ "iSNSServerIP", "iSNSServerIP", "" }, { "iSNSServerPort", "iSNSServerPort", "3205" },
		{ "iSNSAccessControl", "iSNSAccessControl", "Off" }, { "iSNS", "iSNS", "Off" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (json_object_get(system, rows[i][0]) &&
		    strcmp(diff_str(system, rows[i][0]), rows[i][2]))
			line(d, 0, rows[i][1], diff_str(system, rows[i][0]));
}

int dump_conf(const json_t *state, bool secrets, struct strbuf *out, struct err *err)
{
	struct dump d = { .out = out, .err = err,
			  .accounts = secrets ? json_object_get(state, "accounts") : NULL };
	const json_t *t;
	size_t i;

	strbuf_puts(out, "# Written by tgt-admin --dump; see targets.conf(5).\n"
			 "default-driver iscsi\n");
	system_params(&d, json_object_get(state, "system"));
	accounts(&d, 0, "discovery", json_object_get(state, "discovery"));
	portals(&d, json_object_get(state, "portals"));
	json_array_foreach(json_object_get(state, "targets"), i, t)
		target(&d, t);
	if (!strbuf_ok(out))
		err_set(err, ERR_NOMEM, "%s", "");
	return err->code == ERR_OK ? 0 : -EINVAL;
}
