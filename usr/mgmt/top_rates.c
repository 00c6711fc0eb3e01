/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates and latencies of an interval (top.h). What was not there before counts from zero;
 * counters that went back are those of something new under the old number.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/top.h"

#define CLASSES 2

/* The interval of a stat: the earlier rows by key, and how many seconds it is long. */
struct interval {
	json_t *old;
	double seconds;
};

static double number(const json_t *obj, const char *name)
{
	return (double)json_integer_value(json_object_get(obj, name));
}

static const json_t *io_class(const json_t *obj, const char *name)
{
	return json_object_get(json_object_get(obj, "io"), name);
}

static double grown(const json_t *before, const json_t *after, const char *name)
{
	double a = number(before, name), b = number(after, name);

	return b >= a ? b - a : b;
}

/* The count of the bucket that ends at @below in an older histogram. */
static double count_at(const json_t *hist, const json_t *below)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(hist, i, pair)
		if (json_equal(json_array_get(pair, 0), below))
			return (double)json_integer_value(json_array_get(pair, 1));
	return 0;
}

/* The end of the bucket that the 99th of a hundred commands of the interval falls into. */
static double p99(const json_t *before, const json_t *after, double cmds)
{
	const json_t *old = json_object_get(before, "hist"), *pair, *below;
	double seen = 0, rank = cmds * 0.99, found = 0;
	size_t i;

	json_array_foreach(json_object_get(after, "hist"), i, pair) {
		double n = (double)json_integer_value(json_array_get(pair, 1));

		below = json_array_get(pair, 0);
		n -= count_at(old, below);
		if (n <= 0)
			continue;
		found = json_is_integer(below) ? (double)json_integer_value(below) : INFINITY;
		seen += n;
		if (seen >= rank)
			break;
	}
	return found;
}

static double errors(const json_t *obj)
{
	const json_t *status = json_object_get(obj, "status"), *sense = json_object_get(obj, "sense");
	double n = number(obj, "aborted") - number(sense, "unit_attention");
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)status, name, v)
		n += (double)json_integer_value(v);
	return n;
}

static void fill(const struct interval *in, const json_t *before, const json_t *after,
		 struct top_row *row)
{
	static const char *const names[CLASSES] = { "read", "write" };
	double cmds[CLASSES], ns = 0, all_ns = 0, failed;
	const char *name;
	json_t *c;
	int i;

	for (i = 0; i < CLASSES; i++) {
		const json_t *a = io_class(before, names[i]), *b = io_class(after, names[i]);

		cmds[i] = grown(a, b, "cmds");
		row->v[TOP_READS + i] = cmds[i] / in->seconds;
		row->v[TOP_READ_BYTES + i] = grown(a, b, "bytes") / in->seconds;
		row->v[TOP_READ_P99 + i] = cmds[i] > 0 ? p99(a, b, cmds[i]) : 0;
		ns += grown(a, b, "ns");
	}
	row->v[TOP_MEAN] = cmds[0] + cmds[1] > 0 ? ns / (cmds[0] + cmds[1]) : 0;
	json_object_foreach(json_object_get(after, "io"), name, c)
		all_ns += grown(io_class(before, name), c, "ns");
	/* Little's law; and what is stuck has not ended yet. */
	row->v[TOP_DEPTH] = all_ns / in->seconds / 1e9;
	if (row->v[TOP_DEPTH] < number(after, "in_flight"))
		row->v[TOP_DEPTH] = number(after, "in_flight");
	failed = errors(after) - errors(before);
	row->v[TOP_ERRORS] = failed > 0 ? failed / in->seconds : 0;
}

/* --- rows -------------------------------------------------------------------------------------- */

typedef int each_fn(void *arg, const json_t *target, const json_t *obj, enum top_view view);

static void make_key(char *key, size_t size, const json_t *target, const json_t *obj,
		     enum top_view view)
{
	static const char *const numbers[] = { "lun", "tid", "sid" };

	snprintf(key, size, "%.0f %.0f", number(target, "tid"), number(obj, numbers[view]));
}

static int each_of(const json_t *target, enum top_view view, each_fn *fn, void *arg)
{
	const json_t *obj;
	size_t i;
	int r = 0;

	if (view == TOP_TARGETS)
		return fn(arg, target, target, view);
	json_array_foreach(json_object_get(target, view == TOP_LUNS ? "luns" : "nexuses"), i, obj)
		if (!r)
			r = fn(arg, target, obj, view);
	return r;
}

static int each(const json_t *stat, enum top_view view, each_fn *fn, void *arg)
{
	const json_t *target;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(stat, "targets"), i, target)
		if (!r)
			r = each_of(target, view, fn, arg);
	return r;
}

static int remember(void *arg, const json_t *target, const json_t *obj, enum top_view view)
{
	struct interval *in = arg;
	char key[64];

	make_key(key, sizeof(key), target, obj, view);
	return json_object_set(in->old, key, (json_t *)(uintptr_t)obj) ? -ENOMEM : 0;
}

struct filling {
	const struct interval *in;
	struct top_table *table;
	size_t room;
};

static const char *text(const json_t *obj, const char *name)
{
	const char *s = json_string_value(json_object_get(obj, name));

	return s ? s : "";
}

static int add_row(void *arg, const json_t *target, const json_t *obj, enum top_view view)
{
	struct filling *f = arg;
	struct top_table *t = f->table;
	struct top_row *row;
	char key[64];

	if (t->n == f->room) {
		size_t room = f->room ? f->room * 2 : 64;
		struct top_row *rows = realloc(t->rows, room * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		t->rows = rows;
		f->room = room;
	}
	make_key(key, sizeof(key), target, obj, view);
	row = &t->rows[t->n++];
	*row = (struct top_row){
		.name = text(view == TOP_SESSIONS ? obj : target, view == TOP_SESSIONS ? "initiator" : "name"),
		.target = text(target, "name"),
		.lun = view == TOP_LUNS ? (long long)number(obj, "lun") : -1,
	};
	fill(f->in, json_object_get(f->in->old, key), obj, row);
	return 0;
}

/* --- the whole --------------------------------------------------------------------------------- */

static int by_name(const struct top_row *x, const struct top_row *y)
{
	int r = strcmp(x->name, y->name);

	if (!r)
		r = strcmp(x->target, y->target);
	return r ? r : (x->lun > y->lun) - (x->lun < y->lun);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct top_row *x = a, *y = b;
	enum top_column c = *(const enum top_column *)arg;

	if (c != TOP_NAME && x->v[c] < y->v[c])
		return 1;
	if (c != TOP_NAME && x->v[c] > y->v[c])
		return -1;
	return by_name(x, y);
}

/* The sum is that of the targets, whatever the view. */
static int add_up(const json_t *before, const json_t *after, const struct interval *in,
		  struct top_table *out)
{
	struct interval targets = { .old = json_object(), .seconds = in->seconds };
	struct top_table t = { .rows = NULL };
	struct filling f = { .in = &targets, .table = &t };
	int r = targets.old ? each(before, TOP_TARGETS, remember, &targets) : -ENOMEM;
	double ios = 0, ns = 0;
	size_t i;
	int c;

	if (!r)
		r = each(after, TOP_TARGETS, add_row, &f);
	for (i = 0; !r && i < t.n; i++) {
		double n = t.rows[i].v[TOP_READS] + t.rows[i].v[TOP_WRITES];

		for (c = 0; c < TOP_COLUMNS; c++)
			out->sum.v[c] += t.rows[i].v[c];
		ios += n;
		ns += n * t.rows[i].v[TOP_MEAN];
	}
	out->sum.v[TOP_MEAN] = ios > 0 ? ns / ios : 0;
	json_decref(targets.old);
	top_free(&t);
	return r;
}

static void count(const json_t *stat, struct top_table *out)
{
	const json_t *target;
	size_t i;

	json_array_foreach(json_object_get(stat, "targets"), i, target) {
		out->targets++;
		out->luns += json_array_size(json_object_get(target, "luns"));
		out->sessions += json_array_size(json_object_get(target, "nexuses"));
	}
}

int top_rates(const json_t *before, const json_t *after, enum top_view view,
	      enum top_column sort, struct top_table *out)
{
	struct interval in = { .old = json_object() };
	struct filling f = { .in = &in, .table = out };
	int r;

	*out = (struct top_table){ .rows = NULL };
	in.seconds = (number(after, "time_ns") - number(before, "time_ns")) / 1e9;
	if (!(in.seconds > 0))
		in.seconds = 1;
	r = in.old ? each(before, view, remember, &in) : -ENOMEM;
	if (!r)
		r = each(after, view, add_row, &f);
	if (!r)
		r = add_up(before, after, &in, out);
	json_decref(in.old);
	count(after, out);
	if (r)
		top_free(out);
	else if (out->n)
		qsort_r(out->rows, out->n, sizeof(*out->rows), compare, &sort);
	return r;
}

void top_free(struct top_table *t)
{
	free(t->rows);
	t->rows = NULL;
	t->n = 0;
}

int top_find(const char *const *names, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}
