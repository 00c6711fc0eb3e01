/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of tgtadm top as text (top.h). Numbers have five columns at most; what is left of
 * the line is the name's, of which the end tells more than the beginning.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/top.h"

#define NAME_MIN 9
#define LUN_WIDTH 6

const char *const top_view_names[TOP_VIEWS] = { "luns", "targets", "sessions" };

const char *const top_column_names[TOP_COLUMNS] = {
	[TOP_NAME] = "name",
	[TOP_READS] = "reads",
	[TOP_WRITES] = "writes",
	[TOP_READ_BYTES] = "read-bytes",
	[TOP_WRITE_BYTES] = "write-bytes",
	[TOP_MEAN] = "mean",
	[TOP_READ_P99] = "read-p99",
	[TOP_WRITE_P99] = "write-p99",
	[TOP_DEPTH] = "depth",
	[TOP_ERRORS] = "errors",
};

/* Of the columns behind the name; each has a blank before it. */
static const struct {
	const char *head;
	unsigned int width;
	bool time;
} columns[TOP_COLUMNS] = {
	[TOP_READS] = { "rd/s", 6, false },
	[TOP_WRITES] = { "wr/s", 6, false },
	[TOP_READ_BYTES] = { "rdB/s", 6, false },
	[TOP_WRITE_BYTES] = { "wrB/s", 6, false },
	[TOP_MEAN] = { "mean", 6, true },
	[TOP_READ_P99] = { "rd99%", 6, true },
	[TOP_WRITE_P99] = { "wr99%", 6, true },
	[TOP_DEPTH] = { "depth", 6, false },
	[TOP_ERRORS] = { "err/s", 6, false },
};

/* Three digits and a unit, each a thousand times the one before. */
static void scaled(char *out, size_t size, double v, const char *units)
{
	while (v >= 999.5 && units[1]) {
		v /= 1000;
		units++;
	}
	snprintf(out, size, "%.*f%.*s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, *units != ' ', units);
}

static void format(char *out, size_t size, enum top_column c, double v)
{
	if (v <= 0)
		snprintf(out, size, "-");
	else if (columns[c].time && isinf(v))
		snprintf(out, size, ">2min");
	else if (columns[c].time)
		scaled(out, size, v / 1000, "ums");
	else if (v < 999.5 && v == (double)(long long)v)
		snprintf(out, size, "%.0f", v);
	else
		scaled(out, size, v, " kMGTP");
}

static unsigned int name_width(enum top_view view, unsigned int width)
{
	unsigned int rest = view == TOP_LUNS ? LUN_WIDTH : 0;
	int c;

	for (c = 0; c < TOP_COLUMNS; c++)
		rest += columns[c].width;
	return width > rest + NAME_MIN ? width - rest : NAME_MIN;
}

/* What does not fit is cut in front, as the end of an iqn. is what differs. */
static void put_name(struct strbuf *out, const char *name, unsigned int width)
{
	size_t len = strlen(name);
	bool cut = len > width;
	size_t i;

	if (cut)
		name += len - width + 1;
	if (cut)
		strbuf_putc(out, '<');
	for (i = 0; name[i]; i++)
		strbuf_putc(out, name[i] >= ' ' && name[i] < 0x7f ? name[i] : '?');
	for (i += cut; i < width; i++)
		strbuf_putc(out, ' ');
}

/* On a narrow line the last columns are missing as a whole. */
static bool fits(const struct strbuf *out, size_t start, int c, unsigned int width)
{
	return out->len - start + columns[c].width <= width;
}

/* Cut to @width, and ended. */
static void end_line(struct strbuf *out, size_t start, unsigned int width)
{
	if (strbuf_ok(out) && out->len > start + width)
		out->len = start + width;
	while (out->len > start && out->s[out->len - 1] == ' ')
		out->len--;
	strbuf_putc(out, '\n');
}

void top_summary(const struct top_table *t, const struct top_opts *o, unsigned int width,
		 struct strbuf *out)
{
	char v[TOP_COLUMNS][16];
	size_t start = out->len;
	int c;

	for (c = 0; c < TOP_COLUMNS; c++)
		format(v[c], sizeof(v[c]), (enum top_column)c, t->sum.v[c]);
	strbuf_printf(out, "tgtd: %zu targets, %zu LUNs, %zu sessions; every %u s, %s by %s",
		      t->targets, t->luns, t->sessions, o->interval, top_view_names[o->view],
		      top_column_names[o->sort]);
	end_line(out, start, width);
	start = out->len;
	strbuf_printf(out, "reads %s/s %sB/s  writes %s/s %sB/s  mean %s  depth %s  err %s/s",
		      v[TOP_READS], v[TOP_READ_BYTES], v[TOP_WRITES], v[TOP_WRITE_BYTES],
		      v[TOP_MEAN], v[TOP_DEPTH], v[TOP_ERRORS]);
	end_line(out, start, width);
}

void top_head(const struct top_opts *o, unsigned int width, struct strbuf *out)
{
	static const char *const names[TOP_VIEWS] = { "TARGET", "TARGET", "INITIATOR" };
	size_t start = out->len;
	int c;

	put_name(out, names[o->view], name_width(o->view, width));
	if (o->view == TOP_LUNS)
		strbuf_printf(out, "%*s", LUN_WIDTH, "LUN");
	for (c = TOP_NAME + 1; c < TOP_COLUMNS && fits(out, start, c, width); c++)
		strbuf_printf(out, "%*s", (int)columns[c].width, columns[c].head);
	end_line(out, start, width);
}

void top_line(const struct top_row *row, enum top_view view, unsigned int width,
	      struct strbuf *out)
{
	size_t start = out->len;
	char v[16];
	int c;

	put_name(out, row->name, name_width(view, width));
	if (view == TOP_LUNS)
		strbuf_printf(out, "%*lld", LUN_WIDTH, row->lun);
	for (c = TOP_NAME + 1; c < TOP_COLUMNS && fits(out, start, c, width); c++) {
		format(v, sizeof(v), (enum top_column)c, row->v[c]);
		strbuf_printf(out, "%*s", (int)columns[c].width, v);
	}
	end_line(out, start, width);
}

static json_t *value(enum top_column c, double v)
{
	return columns[c].time && isinf(v) ? json_null() : json_real(v);
}

static json_t *row_json(const struct top_row *row, enum top_view view)
{
	json_t *obj = json_pack("{s:s}", view == TOP_SESSIONS ? "initiator" : "target", row->name);
	int c;

	if (view == TOP_SESSIONS)
		json_object_set_new(obj, "target", json_string(row->target));
	if (view == TOP_LUNS)
		json_object_set_new(obj, "lun", json_integer(row->lun));
	for (c = TOP_NAME + 1; c < TOP_COLUMNS; c++)
		json_object_set_new(obj, top_column_names[c], value((enum top_column)c, row->v[c]));
	return obj;
}

json_t *top_json(const struct top_table *t, enum top_view view)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < t->n; i++)
		if (json_array_append_new(rows, row_json(&t->rows[i], view))) {
			json_decref(rows);
			return NULL;
		}
	return rows;
}
