/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from the LUNs that a target has to those that it shall have. What can be changed
 * in place is; a store of another type, options or block size needs a new LUN.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "mgmt/diff_lun.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

static json_t *args_of(const struct diff_lun *l)
{
	return json_pack("{s:I s:I}", "tid", (json_int_t)l->tid, "lun", (json_int_t)l->lun);
}

/* --- parameters ------------------------------------------------------------------------------- */

/* As in the predecessor's files for changers. */
json_t *diff_expand(const struct diff_lun *l, const char *value)
{
	struct strbuf out = STRBUF_INIT;
	json_t *text;

	while (*value) {
		if (!strncmp(value, "${tid}", 6) || !strncmp(value, "${lun}", 6)) {
			strbuf_printf(&out, "%lld", value[2] == 't' ? l->tid : l->lun);
			value += 6;
		} else {
			strbuf_putc(&out, *value++);
		}
	}
	text = json_string(strbuf_str(&out));
	strbuf_free(&out);
	return text;
}

/*
 * A parameter that is set again begins the next, and so does element_type, which is the first of
 * those that tell a changer of one kind of elements: each is one update, in order.
 */
void diff_batch_add(const struct diff_lun *l, json_t *batches, const char *name, const char *value)
{
	json_t *last = json_array_get(batches, json_array_size(batches) - 1);
	char page[128];

	if (!strcmp(name, "write_cache")) {
		diff_write_cache(value, page, sizeof(page));
		name = "mode_page";
		value = page;
	}
	if (!last || json_object_get(last, name) || !strcmp(name, "element_type")) {
		last = json_object();
		json_array_append_new(batches, last);
	}
	json_object_set_new(last, name, diff_expand(l, value));
}

static void describe(struct strbuf *out, const json_t *params)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)params, name, v)
		strbuf_printf(out, " %s=%s", name, json_string_value(v));
}

static void update_steps(const struct diff_lun *l, const json_t *batches, size_t from)
{
	struct strbuf text = STRBUF_INIT;
	json_t *args;
	size_t i;

	for (i = from; i < json_array_size(batches); i++) {
		strbuf_reset(&text);
		describe(&text, json_array_get(batches, i));
		args = args_of(l);
		json_object_set(args, "params", json_array_get(batches, i));
		diff_step(l->plan, "~", "logicalunit", "update", args, "LUN %lld of %s:%s", l->lun,
			  l->target, strbuf_str(&text));
	}
	strbuf_free(&text);
}

/* --- new and gone ----------------------------------------------------------------------------- */

/* NULL, or why the store can't be had. What tgtd has open already can. */
static const char *store_trouble(const struct diff_lun *l, const json_t *want)
{
	const json_t *new = json_object_get(want, "new");
	bool force = l->plan->opts->force || json_is_true(json_object_get(want, "allow-in-use"));

	if (json_object_get(l->plan->paths, diff_str(new, "backing-store")))
		return NULL;
	return diff_store_trouble(new, force);
}

static void add_lun(const struct diff_lun *l, const json_t *want)
{
	json_t *new = json_object_get(want, "new"), *args = json_deep_copy(new), *p;
	json_t *batches = json_array();
	const char *trouble = store_trouble(l, want), *path = diff_str(new, "backing-store");
	size_t i;

	if (trouble) {
		diff_step(l->plan, "#", NULL, NULL, NULL, "LUN %lld of %s (%s) is skipped: %s %s",
			  l->lun, l->target, diff_str(want, "where"), path, trouble);
		json_decref(batches);
		json_decref(args);
		return;
	}
	json_object_set_new(args, "tid", json_integer(l->tid));
	json_object_set_new(args, "lun", json_integer(l->lun));
	diff_said(l, NULL, want, batches);
	json_array_foreach(json_object_get(want, "params"), i, p)
		if (diff_lun_shown(json_string_value(json_array_get(p, 0))))
			diff_batch_add(l, batches, json_string_value(json_array_get(p, 0)),
				       json_string_value(json_array_get(p, 1)));
	if (json_array_size(batches))
		json_object_set(args, "params", json_array_get(batches, 0));
	/* Another LUN has this store: it may let go of it. */
	if (json_object_get(l->plan->paths, path))
		l->plan->rank = DIFF_AFTER;
	diff_step(l->plan, "+", "logicalunit", "new", args, "LUN %lld of %s: %s", l->lun, l->target,
		  *path ? path : "no medium");
	update_steps(l, batches, 1);
	json_decref(batches);
}

/* False: it stays, for somebody uses it. */
static bool delete_lun(const struct diff_lun *l, const char *why)
{
	json_t *args;

	if (l->in_use && !l->plan->opts->force) {
		diff_step(l->plan, "#", NULL, NULL, NULL,
			  "LUN %lld of %s stays as it is, though %s: the target is in use, and "
			  "--force was not given", l->lun, l->target, why);
		return false;
	}
	args = args_of(l);
	json_object_set_new(args, "force", json_boolean(l->plan->opts->force));
	l->plan->rank = DIFF_DELETE;
	diff_step(l->plan, "-", "logicalunit", "delete", args, "LUN %lld of %s: %s", l->lun,
		  l->target, why);
	return true;
}

/* --- changed ---------------------------------------------------------------------------------- */

/* "sync:direct" and "direct:sync" are one. */
static bool same_flags(const char *a, const char *b)
{
	return !strcmp(a, b) || (strlen(a) == 11 && strlen(b) == 11);
}

static const char *or_else(const char *s, const char *other)
{
	return *s ? s : other;
}

/* What only a new LUN can have; NULL: nothing. */
static const char *needs_new(const struct diff_lun *l, const json_t *was, const json_t *want)
{
	const json_t *a = json_object_get(was, "new"), *b = json_object_get(want, "new");
	bool disk = json_is_true(json_object_get(was, "disk"));
	long long block = diff_int(b, "blocksize");

	if (strcmp(or_else(diff_str(a, "device-type"), "disk"),
		   or_else(diff_str(b, "device-type"), "disk")))
		return "its device type differs";
	if (disk && strcmp(or_else(diff_str(a, "bstype"), "rdwr"),
			   or_else(diff_str(b, "bstype"), "rdwr")))
		return "the type of its store differs";
	if (strcmp(diff_str(a, "bsopts"), diff_str(b, "bsopts")))
		return "the options of its store differ";
	if (!same_flags(diff_str(a, "bsoflags"), diff_str(b, "bsoflags")))
		return "the flags of its store differ";
	if ((block || disk) && (block ? block : 512) !=
	    (json_object_get(a, "blocksize") ? diff_int(a, "blocksize") : 512))
		return "its block size differs";
	if (diff_said_needs_new(l, was, want))
		return "what it was told of its elements differs";
	return NULL;
}

static bool path_differs(const json_t *was, const json_t *want)
{
	return strcmp(diff_str(json_object_get(was, "new"), "backing-store"),
		      diff_str(json_object_get(want, "new"), "backing-store"));
}

/* A medium is taken out while the LUN is offline. False: the new one is not there. */
static bool change_path(const struct diff_lun *l, const json_t *was, const json_t *want, json_t *batches)
{
	const json_t *new = json_object_get(want, "new");
	const char *path = diff_str(new, "backing-store"), *trouble;

	if (!path_differs(was, want))
		return true;
	trouble = store_trouble(l, want);
	if (trouble) {
		diff_step(l->plan, "#", NULL, NULL, NULL,
			  "LUN %lld of %s keeps its store (%s): %s %s", l->lun, l->target,
			  diff_str(want, "where"), path, trouble);
		return false;
	}
	if (!*path)
		diff_batch_add(l, batches, "online", "0");
	diff_batch_add(l, batches, "path", path);
	if (*path && !*diff_str(json_object_get(was, "new"), "backing-store") &&
	    !diff_param(want, "online"))
		diff_batch_add(l, batches, "online", "1");
	return true;
}

/* Parameters that the file sets otherwise, and those that it no longer sets. */
static void change_params(const struct diff_lun *l, const json_t *was, const json_t *want,
			  json_t *batches)
{
	bool disk = json_is_true(json_object_get(was, "disk"));
	const char *name, *value, *dflt;
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(want, "params"), i, p) {
		name = json_string_value(json_array_get(p, 0));
		value = diff_param(was, name);
		if (!diff_lun_shown(name))
			continue; /* diff_said()'s */
		if (!value)
			value = diff_lun_default(name, disk);
		/* The last one counts. */
		if (value && diff_param(want, name) == json_string_value(json_array_get(p, 1)) &&
		    !diff_same_value(value, diff_param(want, name)))
			diff_batch_add(l, batches, name, diff_param(want, name));
	}
	json_array_foreach(json_object_get(was, "params"), i, p) {
		name = json_string_value(json_array_get(p, 0));
		value = json_string_value(json_array_get(p, 1));
		dflt = diff_lun_default(name, disk);
		if (dflt && !diff_param(want, name) && !diff_same_value(value, dflt))
			diff_batch_add(l, batches, name, dflt);
	}
}

static void change_lun(const struct diff_lun *l, const json_t *was, const json_t *want)
{
	const char *why = needs_new(l, was, want);
	json_t *batches;

	if (why) {
		if (delete_lun(l, why))
			add_lun(l, want);
		return;
	}
	batches = json_array();
	if (change_path(l, was, want, batches)) {
		diff_said(l, was, want, batches);
		change_params(l, was, want, batches);
		update_steps(l, batches, 0);
	}
	json_decref(batches);
}

/* --- all of a target -------------------------------------------------------------------------- */

static json_t *by_number(const json_t *target)
{
	json_t *map = json_object(), *lu;
	char key[24];
	size_t i;

	json_array_foreach(json_object_get(target, "luns"), i, lu) {
		snprintf(key, sizeof(key), "%lld", diff_int(lu, "lun"));
		json_object_set(map, key, lu);
	}
	return map;
}

void diff_luns(struct diff_plan *p, long long tid, const json_t *was, const json_t *wanted)
{
	struct diff_lun l = { .plan = p, .tid = tid, .target = diff_str(wanted, "name"),
			      .in_use = diff_int(was, "sessions") > 0 };
	json_t *before = by_number(was), *after = by_number(wanted), *lu;
	enum diff_rank rank = p->rank;
	const char *key;

	p->where = diff_str(wanted, "where");
	json_object_foreach(before, key, lu) {
		l.lun = diff_int(lu, "lun");
		if (!json_object_get(after, key))
			delete_lun(&l, "it is not in the configuration");
	}
	json_object_foreach(after, key, lu) {
		l.lun = diff_int(lu, "lun");
		p->rank = rank;
		p->where = diff_str(lu, "where");
		if (json_object_get(before, key))
			change_lun(&l, json_object_get(before, key), lu);
		else
			add_lun(&l, lu);
	}
	json_decref(before);
	json_decref(after);
}
