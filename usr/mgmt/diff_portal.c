/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from the portals that tgtd listens on to those that the file has, and for parameters of the
 * daemon. What somebody else has asked for stays: tgtd's options, a socket that was passed in,
 * tgtadm; but for the default, which stands for no wish at all. Connections stay when
 * their portal goes. Called by diff_plan.c.
 */
#include <string.h>

#include "mgmt/conf_portal.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

static const char *const options[] = { "dscp", "keepalive", "user-timeout" };

static bool is_of(const json_t *portal, const char *origin)
{
	return !strcmp(diff_str(portal, "origin"), origin);
}

/* The file's ":3260" are the wildcards of both families, as many as the machine has. */
static bool covers(const json_t *want, const json_t *running)
{
	const char *a = diff_str(want, "portal"), *b = diff_str(running, "portal");

	if (strcmp(diff_str(want, "interface"), diff_str(running, "interface")))
		return false;
	if (*a == ':' && (!strncmp(b, "0.0.0.0", 7) || !strncmp(b, "[::]", 4)))
		b = strrchr(b, ':');
	return !strcmp(a, b);
}

static const json_t *wanted_for(const struct diff_plan *p, const json_t *running)
{
	const char *key;
	json_t *want;

	json_object_foreach(json_object_get(p->wanted, "portals"), key, want)
		if (covers(want, running))
			return want;
	return NULL;
}

static json_t *args_of(const json_t *portal)
{
	json_t *args = json_pack("{s:O}", "portal", json_object_get(portal, "portal"));

	if (*diff_str(portal, "interface"))
		json_object_set(args, "interface", json_object_get(portal, "interface"));
	return args;
}

/* --- which there are -------------------------------------------------------------------------- */

/* Its group can't be changed: another takes its place. */
static bool to_be_replaced(const struct diff_plan *p, const json_t *running, const json_t *want)
{
	return diff_int(running, "tag") != diff_int(want, "tag") && !p->opts->add_only &&
	       !is_of(running, "option") && !is_of(running, "socket");
}

static bool to_be_deleted(const struct diff_plan *p, const json_t *running)
{
	const json_t *want = wanted_for(p, running);

	if (want)
		return to_be_replaced(p, running, want);
	if (is_of(running, "default"))
		return json_object_size(json_object_get(p->wanted, "portals")) > 0;
	return is_of(running, "configured") || (is_of(running, "added") && p->opts->exact);
}

static void delete_step(struct diff_plan *p, const char *key, const json_t *running)
{
	p->where = NULL;
	diff_step(p, "-", "portal", "delete", args_of(running), "portal %s", key);
}

static void new_portal(struct diff_plan *p, const char *key, const json_t *want)
{
	const char *origin = diff_str(want, "origin"), *name;
	struct diff_door door = { .object = "portal", .name = key, .want = want };
	json_t *args = args_of(want), *v;

	p->where = diff_str(want, "where");
	door.args = args_of(want);
	json_object_set(args, "tag", json_object_get(want, "tag"));
	json_object_foreach(json_object_get(want, "options"), name, v)
		json_object_set(args, name, v);
	json_object_set_new(args, "origin", json_string(*origin ? origin : "configured"));
	diff_step(p, "+", "portal", "new", args, "portal %s, group %lld", key,
		  diff_int(want, "tag"));
	diff_access(p, &door);
	json_decref((json_t *)door.args);
}

/* When the last one of the file goes, there is what was there without a file. */
static void default_portal(struct diff_plan *p)
{
	p->where = NULL;
	diff_step(p, "+", "portal", "new", json_pack("{s:s s:s}", "portal", "", "origin", "default"),
		  "portal :%d, the default", CONF_PORTAL_PORT);
}

static void make_and_delete(struct diff_plan *p)
{
	json_t *running = json_object_get(p->running, "portals"), *portal, *want;
	size_t left = 0;
	bool deleted = false;
	const char *key;

	/* An address may be another's part: what goes, goes first. */
	json_object_foreach(running, key, portal) {
		bool gone = to_be_deleted(p, portal);

		if (gone)
			delete_step(p, key, portal);
		deleted |= gone;
		left += !gone;
	}
	json_object_foreach(json_object_get(p->wanted, "portals"), key, want) {
		const char *other;
		bool there = false;

		json_object_foreach(running, other, portal)
			there |= covers(want, portal) && !to_be_deleted(p, portal);
		if (!there)
			new_portal(p, key, want);
		left++;
	}
	if (deleted && !left && json_is_true(json_object_get(p->running, "default-portal")))
		default_portal(p);
}

/* --- what they are like ------------------------------------------------------------------------ */

static void change_options(struct diff_plan *p, const char *key, const json_t *was,
			   const json_t *want)
{
	json_t *a = json_object_get(was, "options"), *b = json_object_get(want, "options");
	json_t *args = args_of(was);
	size_t n = json_object_size(args), i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		const char *from = diff_str(a, options[i]), *to = diff_str(b, options[i]);

		/* Those of tgtd's own options stay, unless the file says something else. */
		if (!strcmp(from, to) || (!*to && !is_of(was, "configured") && !p->opts->exact))
			continue;
		json_object_set_new(args, options[i], json_string(*to ? to : "default"));
	}
	if (json_object_size(args) > n) {
		p->where = diff_str(want, "where");
		diff_step(p, "~", "portal", "update", json_incref(args), "portal %s: options", key);
	}
	json_decref(args);
}

static void change_portal(struct diff_plan *p, const char *key, const json_t *was,
			  const json_t *want)
{
	struct diff_door door = { .object = "portal", .name = key, .was = was, .want = want };

	if (diff_int(was, "tag") != diff_int(want, "tag")) {
		p->where = diff_str(want, "where");
		diff_step(p, "#", NULL, NULL, NULL,
			  "portal %s stays in group %lld: who started tgtd has said so", key,
			  diff_int(was, "tag"));
	}
	p->rank = DIFF_CHANGE;
	change_options(p, key, was, want);
	door.args = args_of(was);
	diff_access(p, &door);
	json_decref((json_t *)door.args);
}

void diff_portals(struct diff_plan *p)
{
	json_t *was;
	const char *key;

	if (!json_object_get(p->running, "portals"))
		return;
	p->rank = DIFF_BUILD;
	make_and_delete(p);
	if (p->opts->add_only)
		return;
	json_object_foreach(json_object_get(p->running, "portals"), key, was) {
		const json_t *want = wanted_for(p, was);

		if (want && !to_be_deleted(p, was))
			change_portal(p, key, was, want);
	}
	p->where = NULL;
}

/* --- the daemon ------------------------------------------------------------------------------- */

static void diff_system_param(struct diff_plan *p, const char *name, const char *value)
{
	const json_t *was = json_object_get(p->running, "system");

	if (was && strcmp(diff_str(was, name), value))
		diff_step(p, "~", "system", "update",
			  json_pack("{s:s s:s}", "name", name, "value", value), "system: %s=%s",
			  name, value);
}

/* What the file does not say stays as it is: it may have been switched on to look for something. */
void diff_system(struct diff_plan *p)
{
	const char *name;
	json_t *v;

	p->rank = DIFF_CHANGE;
	p->where = NULL;
	json_object_foreach(json_object_get(p->wanted, "system"), name, v)
		if (strcmp(name, "iSNS"))
			diff_system_param(p, name, json_string_value(v));
	/* Its server must be known before. */
	if (json_object_get(json_object_get(p->wanted, "system"), "iSNS"))
		diff_system_param(p, "iSNS", diff_str(json_object_get(p->wanted, "system"), "iSNS"));
}
