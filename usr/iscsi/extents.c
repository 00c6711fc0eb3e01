/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of bytes (extents.h).
 */
#include "iscsi/extents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct range {
	uint32_t from, to;
};

struct extents {
	unsigned int n, cap;
	struct range r[];
};

/* Room for one more. */
static int grow(struct extents **e)
{
	unsigned int cap = *e ? (*e)->cap : 0;
	struct extents *more;

	if (*e && (*e)->n < cap)
		return 0;
	if (cap >= EXTENTS_MAX)
		return -E2BIG;
	cap = cap ? cap * 2 : 4;
	more = realloc(*e, sizeof(*more) + cap * sizeof(more->r[0]));
	if (!more)
		return -ENOMEM;
	if (!*e)
		more->n = 0;
	more->cap = cap;
	*e = more;
	return 0;
}

/* The first range that ends at or behind @pos. */
static unsigned int find(const struct extents *e, uint32_t pos)
{
	unsigned int lo = 0, hi = e ? e->n : 0;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (e->r[mid].to < pos)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Ranges @i up to @j make place for @n others. */
static void replace(struct extents *e, unsigned int i, unsigned int j, unsigned int n)
{
	memmove(e->r + i + n, e->r + j, (e->n - j) * sizeof(e->r[0]));
	e->n = e->n - (j - i) + n;
}

int extents_add(struct extents **e, uint32_t from, uint32_t to)
{
	unsigned int i, j;
	int r;

	if (from >= to)
		return 0;
	r = grow(e);
	if (r)
		return r;
	i = j = find(*e, from);
	for (; j < (*e)->n && (*e)->r[j].from <= to; j++) {
		from = min_u32(from, (*e)->r[j].from);
		to = max_u32(to, (*e)->r[j].to);
	}
	replace(*e, i, j, 1);
	(*e)->r[i] = (struct range){ from, to };
	return 0;
}

int extents_del(struct extents **e, uint32_t from, uint32_t to)
{
	struct range keep[2];
	unsigned int i, j, n = 0;
	int r;

	if (!*e || from >= to)
		return 0;
	r = grow(e); /* one may become two */
	if (r)
		return r;
	i = j = find(*e, from + 1);
	for (; j < (*e)->n && (*e)->r[j].from < to; j++) {
		const struct range *old = &(*e)->r[j];

		if (old->from < from)
			keep[n++] = (struct range){ old->from, from };
		if (old->to > to)
			keep[n++] = (struct range){ to, old->to };
	}
	replace(*e, i, j, n);
	memcpy((*e)->r + i, keep, n * sizeof(keep[0]));
	return 0;
}

bool extents_gap(const struct extents *e, uint32_t from, uint32_t to, uint32_t *gap_from,
		 uint32_t *gap_to)
{
	unsigned int i = find(e, from);

	if (e && i < e->n && e->r[i].from <= from)
		from = e->r[i++].to;
	*gap_from = from;
	*gap_to = e && i < e->n ? min_u32(e->r[i].from, to) : to;
	return from < to;
}

void extents_free(struct extents *e)
{
	free(e);
}
