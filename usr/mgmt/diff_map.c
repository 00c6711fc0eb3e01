/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from the LUN maps that a target has to those that it shall have. What is taken
 * from an initiator goes before LUNs change, and what it is given comes after: it never
 * sees what a number means only before or only after the change. Called by diff_plan.c.
 */
#include <string.h>
#include <strings.h>

#include "base/strbuf.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

#define CHUNK 2000 /* entries of one request, which has 65536 bytes at most */

struct map_diff {
	struct diff_plan *plan;
	const char *target, *initiator;
	long long tid;
};

static bool flag(const json_t *map, const char *name)
{
	return json_is_true(json_object_get(map, name));
}

static void step(const struct map_diff *d, const char *sign, const char *verb, json_t *more)
{
	struct strbuf text = STRBUF_INIT;
	json_t *args = json_pack("{s:I s:s}", "tid", (json_int_t)d->tid, "initiator-name",
				 d->initiator), *v;
	const char *name;

	json_object_update(args, more);
	json_object_foreach(json_object_get(more, "luns"), name, v)
		strbuf_printf(&text, " %s=%s", name, json_string_value(v));
	if (flag(more, "all"))
		strbuf_puts(&text, " all LUNs");
	v = json_object_get(more, "readonly");
	if (v)
		strbuf_printf(&text, " readonly=%s", json_is_true(v) ? "yes" : "no");
	if (!text.len && strcmp(verb, "delete"))
		strbuf_puts(&text, " nothing");
	diff_step(d->plan, sign, "lunmap", verb, args, "LUN map of target %s for %s%s%s", d->target,
		  d->initiator, text.len ? ":" : "", strbuf_str(&text));
	strbuf_free(&text);
	json_decref(more);
}

/* @more: the arguments beside the entries, which go with the first request. */
static void entries(const struct map_diff *d, const char *sign, const char *verb,
		    const json_t *luns, json_t *more)
{
	json_t *chunk = json_object(), *v;
	const char *seen;

	json_object_foreach((json_t *)luns, seen, v) {
		json_object_set(chunk, seen, v);
		if (json_object_size(chunk) < CHUNK)
			continue;
		json_object_set_new(more, "luns", chunk);
		step(d, sign, verb, more);
		sign = "~";
		verb = "update";
		more = json_object();
		chunk = json_object();
	}
	if (json_object_size(chunk))
		json_object_set(more, "luns", chunk);
	json_decref(chunk);
	if (json_object_size(more))
		step(d, sign, verb, more);
	else
		json_decref(more);
}

static void add(const struct map_diff *d, const json_t *map)
{
	json_t *more = json_pack("{s:b}", "all", flag(map, "all"));

	if (flag(map, "readonly"))
		json_object_set_new(more, "readonly", json_true());
	entries(d, "+", "new", json_object_get(map, "luns"), more);
}

static bool is_readonly(const char *entry)
{
	return strchr(entry, ':');
}

/* Entries of @was that are not in @want, and those that are readonly there. */
static json_t *taken(const json_t *was, const json_t *want)
{
	const json_t *a = json_object_get(was, "luns"), *b = json_object_get(want, "luns");
	json_t *luns = json_object(), *v;
	const char *seen, *now, *then;

	json_object_foreach((json_t *)a, seen, v) {
		now = json_string_value(v);
		then = json_string_value(json_object_get(b, seen));
		if (!then)
			json_object_set_new(luns, seen, json_string("none"));
		else if (is_readonly(then) && !is_readonly(now) &&
			 !strncmp(then, now, strlen(now)) && then[strlen(now)] == ':')
			json_object_set_new(luns, seen, json_string(then));
	}
	return luns;
}

static json_t *given(const json_t *was, const json_t *want, const json_t *gone)
{
	const json_t *a = json_object_get(was, "luns"), *b = json_object_get(want, "luns"), *old;
	json_t *luns = json_object(), *v;
	const char *seen;

	json_object_foreach((json_t *)b, seen, v) {
		old = json_object_get(gone, seen);
		if (!old)
			old = json_object_get(a, seen);
		if (!old || strcmp(json_string_value(old), json_string_value(v)))
			json_object_set(luns, seen, v);
	}
	return luns;
}

/* All LUNs were seen, or none shall be but those listed: in one request, whatever the rank. */
static void relist(const struct map_diff *d, const json_t *was, const json_t *want)
{
	json_t *more = json_pack("{s:b}", "all", flag(want, "all"));

	if (flag(was, "readonly") != flag(want, "readonly"))
		json_object_set(more, "readonly", json_object_get(want, "readonly"));
	d->plan->rank = flag(want, "all") ? DIFF_OPEN : DIFF_CHANGE;
	entries(d, "~", "update", json_object_get(want, "luns"), more);
}

static void change(const struct map_diff *d, const json_t *was, const json_t *want)
{
	bool ro_was = flag(was, "readonly"), ro = flag(want, "readonly");
	json_t *less, *more;

	if (flag(was, "all") != flag(want, "all")) {
		relist(d, was, want);
		return;
	}
	less = taken(was, want);
	more = given(was, want, less);
	d->plan->rank = DIFF_CHANGE;
	entries(d, "~", "update", less,
		!ro_was && ro ? json_pack("{s:b}", "readonly", true) : json_object());
	d->plan->rank = DIFF_OPEN;
	entries(d, "~", "update", more,
		ro_was && !ro ? json_pack("{s:b}", "readonly", false) : json_object());
	json_decref(less);
	json_decref(more);
}

static json_t *find(const json_t *maps, const char *initiator)
{
	json_t *map = json_object_get(maps, initiator);
	const char *name;

	if (map)
		return map;
	json_object_foreach((json_t *)maps, name, map)
		if (!strcasecmp(name, initiator))
			return map;
	return NULL;
}

void diff_maps(struct diff_plan *p, long long tid, const json_t *was, const json_t *want)
{
	const json_t *a = json_object_get(was, "maps"), *b = json_object_get(want, "maps"), *old;
	struct map_diff d = { .plan = p, .tid = tid, .target = diff_str(want, "name") };
	json_t *map;

	json_object_foreach((json_t *)b, d.initiator, map) {
		p->where = diff_str(map, "where");
		old = find(a, d.initiator);
		if (old) {
			change(&d, old, map);
			continue;
		}
		p->rank = was ? DIFF_CHANGE : DIFF_OPEN;
		add(&d, map);
	}
	p->where = diff_str(want, "where");
	p->rank = DIFF_OPEN;
	json_object_foreach((json_t *)a, d.initiator, map)
		if (!find(b, d.initiator))
			step(&d, "-", "delete", json_object());
}
