/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from one set of targets to another, and the order to run them in.
 */
#include "mgmt/diff_plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "mgmt/diff_state.h"
#include "mgmt/jsontext.h"

void diff_step(struct diff_plan *p, const char *sign, const char *object, const char *verb,
	       json_t *args, const char *fmt, ...)
{
	struct strbuf say = STRBUF_INIT;
	json_t *step;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&say, fmt, ap);
	va_end(ap);
	step = json_pack("{s:s s:o s:i s:s*}", "sign", sign, "say",
			 jsontext_string(strbuf_str(&say)), "rank", (int)p->rank, "where",
			 p->where);
	strbuf_free(&say);
	if (object) {
		json_object_set_new(step, "object", json_string(object));
		json_object_set_new(step, "verb", json_string(verb));
		json_object_set_new(step, "args", args);
	}
	json_array_append_new(p->steps, step);
}

static json_t *args_of(long long tid)
{
	return json_pack("{s:I}", "tid", (json_int_t)tid);
}

/* --- parameters ------------------------------------------------------------------------------- */

const char *diff_said_at(const json_t *t, const char *what)
{
	const char *where = diff_str(json_object_get(t, "at"), what);

	return *where ? where : diff_str(t, "where");
}

static void set_param(struct diff_plan *p, const json_t *t, long long tid, const char *name,
		      const char *value)
{
	json_t *args = args_of(tid);

	json_object_set_new(args, "name", json_string(name));
	json_object_set_new(args, "value", json_string(value));
	diff_step(p, "~", "target", "update", args, "target %s: %s=%s", diff_str(t, "name"), name,
		  value);
}

/* @was NULL: a new target, where everything has its default. */
static void diff_params(struct diff_plan *p, long long tid, const json_t *was, const json_t *want)
{
	const json_t *a = json_object_get(was, "params"), *b = json_object_get(want, "params");
	const char *name, *value, *dflt;
	json_t *v;

	p->where = diff_str(want, "where");

	json_object_foreach((json_t *)b, name, v) {
		value = json_string_value(json_object_get(a, name));
		if (!value)
			value = diff_target_default(name);
		p->where = diff_said_at(want, name);
		if (!value || !diff_same_value(value, json_string_value(v)))
			set_param(p, want, tid, name, json_string_value(v));
	}
	p->where = diff_str(want, "where");
	json_object_foreach((json_t *)a, name, v) {
		dflt = diff_target_default(name);
		if (dflt && !json_object_get(b, name) &&
		    !diff_same_value(json_string_value(v), dflt))
			set_param(p, want, tid, name, dflt);
	}
}

/* --- targets ---------------------------------------------------------------------------------- */

/* @was NULL: it is new. */
static void target_access(struct diff_plan *p, long long tid, const json_t *was, const json_t *want)
{
	json_t *args = args_of(tid);
	struct diff_door door = { .object = "target", .name = diff_str(want, "name"), .args = args,
				  .was = was, .want = want };

	diff_access(p, &door);
	json_decref(args);
}

/* @was NULL: it is new. */
static void target_accounts(struct diff_plan *p, long long tid, const json_t *was,
			    const json_t *want)
{
	struct diff_bound b = { .target = diff_str(want, "name"), .tid = tid,
				.was = json_object_get(was, "accounts"),
				.want = json_object_get(want, "accounts") };

	diff_bindings(p, &b);
	p->rank = DIFF_DELETE;
	diff_bindings_removed(p, &b);
}

static void discovery_accounts(struct diff_plan *p)
{
	struct diff_bound b = { .was = json_object_get(p->running, "discovery"),
				.want = json_object_get(p->wanted, "discovery") };

	p->rank = DIFF_CHANGE;
	diff_bindings(p, &b);
	if (p->opts->add_only)
		return;
	p->rank = DIFF_DELETE;
	diff_bindings_removed(p, &b);
}

/* @anew: it has its name until it is deleted. */
static void add_target(struct diff_plan *p, const json_t *want, bool anew)
{
	long long tid = diff_int(want, "tid");
	enum diff_rank rank;
	json_t *args;

	if (!tid)
		tid = diff_tid_free(p);
	/* As the predecessor counts: the next target's number follows this one. */
	p->next_tid = tid;
	p->rank = anew || diff_tid_owner(p, tid) ? DIFF_AFTER : DIFF_BUILD;
	diff_tid_take(p, tid);
	args = args_of(tid);
	json_object_set(args, "targetname", json_object_get(want, "name"));
	json_object_set(args, "lld", json_object_get(want, "driver"));
	diff_step(p, "+", "target", "new", args, "target %s, tid %lld", diff_str(want, "name"),
		  tid);
	rank = p->rank;
	diff_params(p, tid, NULL, want);
	diff_port_groups(p, tid, NULL, want);
	diff_luns(p, tid, NULL, want);
	p->rank = rank;
	target_accounts(p, tid, NULL, want);
	p->rank = DIFF_OPEN;
	diff_maps(p, tid, NULL, want);
	diff_limits(p, tid, NULL, want);
	target_access(p, tid, NULL, want);
}

/* False: it stays, for somebody uses it. */
static bool delete_target(struct diff_plan *p, const json_t *t, const char *why)
{
	long long tid = diff_int(t, "tid");
	json_t *args;

	if (diff_int(t, "sessions") && !p->opts->force) {
		diff_step(p, "#", NULL, NULL, NULL,
			  "target %s, tid %lld, stays, though %s: it is in use, and --force was "
			  "not given", diff_str(t, "name"), tid, why);
		diff_keep_accounts(p, t);
		return false;
	}
	args = args_of(tid);
	json_object_set_new(args, "force", json_boolean(p->opts->force));
	p->rank = DIFF_DELETE;
	diff_step(p, "-", "target", "delete", args, "target %s, tid %lld: %s", diff_str(t, "name"),
		  tid, why);
	return true;
}

/* False: another target keeps the number that the file gives to this one. */
static bool has_tid(struct diff_plan *p, const json_t *want)
{
	const json_t *holder = diff_tid_holder(p, want);

	if (!holder)
		return true;
	diff_step(p, "#", NULL, NULL, NULL, "target %s can't have tid %lld: target %s has it%s",
		  diff_str(want, "name"), diff_int(want, "tid"), diff_str(holder, "name"),
		  diff_int(holder, "sessions") ? ", is in use, and --force was not given" : "");
	return false;
}

static void change_target(struct diff_plan *p, const json_t *was, const json_t *want)
{
	const char *why = diff_target_anew(p, was, want);
	long long tid = diff_int(was, "tid");

	if (why) {
		if (!has_tid(p, want))
			diff_keep_accounts(p, was);
		else if (delete_target(p, was, why))
			add_target(p, want, true);
		return;
	}
	p->rank = DIFF_CHANGE;
	diff_params(p, tid, was, want);
	diff_port_groups(p, tid, was, want);
	diff_maps(p, tid, was, want);
	diff_limits(p, tid, was, want);
	p->rank = DIFF_CHANGE;
	diff_luns(p, tid, was, want);
	p->rank = DIFF_CHANGE;
	target_accounts(p, tid, was, want);
	p->rank = DIFF_CHANGE;
	target_access(p, tid, was, want);
}

/* Names compare without case (RFC 3722); iSCSI's are 223 bytes at most. */
static void name_key(const json_t *t, char *out, size_t size)
{
	snprintf(out, size, "%s", diff_str(t, "name"));
	for (; *out; out++)
		if (*out >= 'A' && *out <= 'Z')
			*out = (char)(*out + 'a' - 'A');
}

/* A look-up must not cost more with every target. */
static json_t *by_name(const json_t *state)
{
	json_t *map = json_object(), *t;
	char name[256];
	size_t i;

	json_array_foreach(json_object_get(state, "targets"), i, t) {
		name_key(t, name, sizeof(name));
		json_object_set(map, name, t);
	}
	return map;
}

json_t *diff_same_name(const json_t *map, const json_t *t)
{
	char name[256];

	name_key(t, name, sizeof(name));
	return json_object_get(map, name);
}

static void survey(struct diff_plan *p)
{
	json_t *t, *lu;
	size_t i, j;

	diff_tid_survey(p);
	json_array_foreach(json_object_get(p->running, "targets"), i, t)
		json_array_foreach(json_object_get(t, "luns"), j, lu)
			json_object_set_new(p->paths, diff_str(json_object_get(lu, "new"),
							       "backing-store"), json_true());
}

static void plan_all(struct diff_plan *p)
{
	json_t *t, *was;
	size_t i;

	if (!p->opts->only) {
		diff_system(p);
		diff_portals(p);
	}
	diff_accounts(p);
	if (!p->opts->only)
		discovery_accounts(p);
	p->where = NULL;
	json_array_foreach(json_object_get(p->running, "targets"), i, t)
		if (diff_concerned(p, t) && !diff_same_name(p->after, t))
			delete_target(p, t, "it is not in the configuration");
	json_array_foreach(json_object_get(p->wanted, "targets"), i, t) {
		was = diff_same_name(p->before, t);
		if (!diff_concerned(p, t))
			continue;
		p->where = diff_str(t, "where");
		if (!was && has_tid(p, t))
			add_target(p, t, false);
		else if (was && !p->opts->add_only)
			change_target(p, was, t);
	}
	if (!p->opts->only && !p->opts->add_only)
		diff_accounts_removed(p);
}

json_t *diff_plan(const json_t *running, const json_t *wanted, const struct diff_opts *opts)
{
	struct diff_plan p = { .steps = json_array(), .running = running, .wanted = wanted,
			       .opts = opts, .tids = json_object(), .paths = json_object(),
			       .claims = json_object(), .kept = json_object(),
			       .before = by_name(running), .after = by_name(wanted) };

	if (p.steps && p.tids && p.paths && p.claims && p.kept && p.before && p.after) {
		survey(&p);
		plan_all(&p);
	}
	json_decref(p.before);
	json_decref(p.after);
	json_decref(p.tids);
	json_decref(p.claims);
	json_decref(p.paths);
	json_decref(p.kept);
	return p.steps;
}

json_t *diff_order(const json_t *steps)
{
	json_t *out = json_array(), *step;
	int rank;
	size_t i;

	for (rank = DIFF_BUILD; rank <= DIFF_OPEN; rank++)
		json_array_foreach(steps, i, step)
			if (diff_int(step, "rank") == rank)
				json_array_append(out, step);
	return out;
}
