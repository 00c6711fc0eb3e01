/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from the target port groups that a target has to those that it shall have. A port is in one
 * group: what another group gives up is taken only then. Called by diff_plan.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

static const char *const names[] = { "portal-groups", "remote-ports", "state", "preferred" };

struct group_diff {
	struct diff_plan *plan;
	const char *target;
	long long tid;
	json_t *now; /* groups as they are when the steps that were made so far have run */
};

/* @was NULL: all of @want is said. */
static void step(const struct group_diff *d, const char *sign, const char *verb, const char *id,
		 const json_t *was, const json_t *want)
{
	json_t *args = json_pack("{s:I s:I}", "tid", (json_int_t)d->tid, "group",
				 (json_int_t)atoi(id)), *v;
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; want && i < ARRAY_SIZE(names); i++) {
		v = json_object_get(want, names[i]);
		if (json_equal(v, json_object_get(was, names[i])) || (!was && (json_is_false(v) ||
		    (json_is_string(v) && !json_string_length(v)))))
			continue;
		json_object_set(args, names[i], v);
		strbuf_printf(&text, " %s=%s", names[i], json_is_string(v) ?
			      json_string_value(v) : json_is_true(v) ? "yes" : "no");
	}
	diff_step(d->plan, sign, "portgroup", verb, args, "target %s: target port group %s%s%s",
		  d->target, id, text.len ? ":" : "", strbuf_str(&text));
	strbuf_free(&text);
}

/* Portal groups and relative identifiers, as members of @set; "rest" where it names none. */
static void spread(const json_t *group, json_t *set)
{
	const char *p = diff_str(group, "portal-groups"), *remote = diff_str(group, "remote-ports");
	char key[32];
	char *end;

	if (!*p && !*remote)
		json_object_set_new(set, "rest", json_true());
	for (; *p; p = *end ? end + 1 : end) {
		unsigned long tag = strtoul(p, &end, 10), rel = tag;

		if (*end == '=')
			rel = strtoul(end + 1, &end, 10);
		snprintf(key, sizeof(key), "tag %lu", tag);
		json_object_set_new(set, key, json_true());
		snprintf(key, sizeof(key), "id %lu", rel);
		json_object_set_new(set, key, json_true());
		if (end == p)
			break;
	}
	for (p = remote; *p; p = *end ? end + 1 : end) {
		snprintf(key, sizeof(key), "id %lu", strtoul(p, &end, 10));
		json_object_set_new(set, key, json_true());
		if (end == p)
			break;
	}
}

/* Whether another group still has a port of @want. */
static bool conflicts(const struct group_diff *d, const char *id, const json_t *want)
{
	json_t *mine = json_object(), *others = json_object(), *group, *v;
	const char *other, *port;
	bool found = false;

	spread(want, mine);
	json_object_foreach(d->now, other, group)
		if (strcmp(other, id))
			spread(group, others);
	json_object_foreach(mine, port, v)
		found |= json_object_get(others, port) != NULL;
	json_decref(mine);
	json_decref(others);
	return found;
}

static bool same(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!json_equal(json_object_get(a, names[i]), json_object_get(b, names[i])))
			return false;
	return true;
}

static void reach(struct group_diff *d, const char *id, json_t *want)
{
	json_t *was = json_object_get(d->now, id);

	d->plan->where = diff_str(want, "where");
	step(d, was ? "~" : "+", was ? "update" : "new", id, was, want);
	json_object_set(d->now, id, want);
}

/* All that can be done now, or with @all what is left; whether anything was. */
static bool pass(struct group_diff *d, const json_t *want, bool all)
{
	bool done = false;
	const char *id;
	json_t *group;

	json_object_foreach((json_t *)want, id, group) {
		if (same(json_object_get(d->now, id), group) || (!all && conflicts(d, id, group)))
			continue;
		reach(d, id, group);
		done = true;
	}
	return done;
}

static void remove_group(struct group_diff *d, const char *id)
{
	step(d, "-", "delete", id, NULL, NULL);
	json_object_del(d->now, id);
}

/* Groups that exchange ports in a circle: one of them has to go before. */
static bool break_circle(struct group_diff *d, const json_t *want)
{
	const char *id;
	json_t *group;

	json_object_foreach(d->now, id, group) {
		if (same(group, json_object_get(want, id)))
			continue;
		remove_group(d, id);
		return true;
	}
	return false;
}

void diff_port_groups(struct diff_plan *p, long long tid, const json_t *was, const json_t *want)
{
	const json_t *b = json_object_get(want, "groups");
	struct group_diff d = { .plan = p, .tid = tid, .target = diff_str(want, "name"),
				.now = json_copy(json_object_get(was, "groups")) };
	const char *id;
	json_t *group;
	void *next;

	if (!d.now)
		d.now = json_object();
	p->where = diff_str(want, "where");
	json_object_foreach_safe(d.now, next, id, group)
		if (!json_object_get(b, id))
			remove_group(&d, id);
	while (pass(&d, b, false) || break_circle(&d, b))
		;
	pass(&d, b, true); /* what contradicts itself is for tgtd to refuse */
	p->where = diff_str(want, "where");
	json_decref(d.now);
}
