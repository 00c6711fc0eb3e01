/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of a LUN that tgtd can't show as values: mode pages, which initiators change too, and
 * what changers are told of their elements. tgtd shows what was said of them, in order, and that
 * is compared with what the file says. Called by diff_lun.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/diff_lun.h"
#include "mgmt/diff_state.h"

/* The caching mode page as the predecessor sets it; only WCE differs (SBC-3 6.5.5). */
#define CACHING "8:0:18:%s:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0"
#define CACHING_ON "0x14"
#define CACHING_OFF "0x10"
#define CACHING_PAGE 0x800u
#define CACHING_WCE 0x04u

void diff_write_cache(const char *value, char *page, size_t size)
{
	snprintf(page, size, CACHING, diff_same_value(value, "1") ? CACHING_ON : CACHING_OFF);
}

/* "page:subpage:..." as one number; *@rest: what follows. */
static unsigned long page_of(const char *value, const char **rest)
{
	char *end;
	unsigned long page = strtoul(value, &end, 0), subpage = 0;

	if (*end == ':')
		subpage = strtoul(end + 1, &end, 0);
	*rest = end;
	return page << 8 | subpage;
}

/* The same bytes, whatever they are written in. */
static bool same_page(const char *a, const char *b)
{
	char *end_a, *end_b;

	do {
		if (strtoul(a, &end_a, 0) != strtoul(b, &end_b, 0) || end_a == a || end_b == b)
			return !strcmp(a, b);
		a = end_a + (*end_a == ':');
		b = end_b + (*end_b == ':');
	} while (*end_a == ':' && *end_b == ':');
	return !*end_a && !*end_b;
}

static bool has_wce(const char *value)
{
	const char *rest;
	char *end;

	page_of(value, &rest);
	if (*rest != ':')
		return true;
	strtoul(rest + 1, &end, 0); /* the length */
	return *end != ':' || strtoul(end + 1, NULL, 0) & CACHING_WCE;
}

static const char *name_of(const json_t *pair)
{
	return json_string_value(json_array_get(pair, 0));
}

static const char *value_of(const json_t *pair)
{
	return json_string_value(json_array_get(pair, 1));
}

/* The last that was said of this page; NULL: nothing. */
static const char *page_said(const json_t *list, unsigned long page)
{
	const char *found = NULL, *rest;
	const json_t *pair;
	size_t i;

	json_array_foreach(list, i, pair) {
		if (!strcmp(name_of(pair), "mode_page") && page_of(value_of(pair), &rest) == page)
			found = value_of(pair);
		else if (!strcmp(name_of(pair), "write_cache") && page == CACHING_PAGE)
			found = value_of(pair);
	}
	return found;
}

static bool same_write_cache(const char *was, const char *want)
{
	return diff_same_value(want, "1") == (was ? has_wce(was) : true);
}

static void wanted_page(const struct diff_lun *l, const json_t *said, const json_t *pair,
			json_t *batches)
{
	bool cache = !strcmp(name_of(pair), "write_cache");
	const char *rest, *was, *want = value_of(pair);

	was = page_said(said, cache ? CACHING_PAGE : page_of(want, &rest));
	if (cache ? same_write_cache(was, want) : was && same_page(was, want))
		return;
	diff_batch_add(l, batches, name_of(pair), want);
}

static void pages(const struct diff_lun *l, const json_t *said, const json_t *params,
		  json_t *batches)
{
	const json_t *pair;
	char dflt[64];
	const char *rest;
	size_t i;

	json_array_foreach(params, i, pair) {
		const char *name = name_of(pair);
		bool cache = !strcmp(name, "write_cache");

		if (!cache && strcmp(name, "mode_page"))
			continue;
		/* Only the last of a page counts. */
		if (page_said(params, cache ? CACHING_PAGE : page_of(value_of(pair), &rest)) ==
		    value_of(pair))
			wanted_page(l, said, pair, batches);
	}
	json_array_foreach(said, i, pair) {
		unsigned long page = page_of(value_of(pair), &rest);

		if (strcmp(name_of(pair), "mode_page") || page_said(params, page))
			continue;
		snprintf(dflt, sizeof(dflt), "%lu:%lu:default", page >> 8, page & 0xff);
		diff_batch_add(l, batches, "mode_page", dflt);
	}
}

/* What is neither shown nor a mode page, in order. A new reference. */
static json_t *others(const struct diff_lun *l, const json_t *list)
{
	json_t *out = json_array();
	const json_t *pair;
	size_t i;

	json_array_foreach(list, i, pair)
		if (!diff_lun_shown(name_of(pair)) && strcmp(name_of(pair), "mode_page") &&
		    strcmp(name_of(pair), "write_cache"))
			json_array_append_new(out, json_pack("[s,o]", name_of(pair),
							     diff_expand(l, value_of(pair))));
	return out;
}

static bool begins_with(const json_t *list, const json_t *head)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(head, i, pair) {
		const json_t *other = json_array_get(list, i);

		if (!other || strcmp(name_of(pair), name_of(other)) ||
		    !diff_same_value(value_of(pair), value_of(other)))
			return false;
	}
	return true;
}

bool diff_said_needs_new(const struct diff_lun *l, const json_t *was, const json_t *want)
{
	json_t *a = others(l, json_object_get(was, "params"));
	json_t *b = others(l, json_object_get(want, "params"));
	bool r = !begins_with(b, a);

	json_decref(a);
	json_decref(b);
	return r;
}

void diff_said(const struct diff_lun *l, const json_t *was, const json_t *want, json_t *batches)
{
	const json_t *said = json_object_get(was, "params"), *pair;
	json_t *a = others(l, said), *b = others(l, json_object_get(want, "params"));
	size_t i;

	pages(l, said, json_object_get(want, "params"), batches);
	json_array_foreach(b, i, pair)
		if (i >= json_array_size(a))
			diff_batch_add(l, batches, name_of(pair), value_of(pair));
	json_decref(a);
	json_decref(b);
}
