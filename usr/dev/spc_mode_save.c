/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saved values of mode pages (SPC-5 5.15, 6.11): kept with what the logical unit remembers over
 * restarts of the daemon, page by page, so that a page that is no longer as it was is left out.
 * Called by MODE SELECT with SP, and when a logical unit is made.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "dev/spc_mode.h"
#include "target/lu_keep.h"
#include "target/target.h"

#define KEPT_AS "mode-pages"
#define ENTRY_HEAD 3 /* page, subpage, bytes */

bool spc_mode_saveable(const struct lu *lu, const struct mode_page *page)
{
	return lu_keep_possible(lu) && page->changeable;
}

/* All that can be saved of @values, in @out of LU_KEEP_MAX bytes; its length. */
static uint32_t encode(const struct lu *lu, const uint8_t *values, uint8_t *out)
{
	uint32_t len = 0;

	for (const struct mode_page *p = lu->dev->modes; p && p->name; values += p->len, p++) {
		if (!p->changeable || len + ENTRY_HEAD + p->len > LU_KEEP_MAX)
			continue;
		out[len] = p->page;
		out[len + 1] = p->subpage;
		out[len + 2] = p->len;
		memcpy(out + len + ENTRY_HEAD, values, p->len);
		len += ENTRY_HEAD + p->len;
	}
	return len;
}

static const struct mode_page *find(const struct lu *lu, const uint8_t *entry)
{
	for (const struct mode_page *p = lu->dev->modes; p && p->name; p++)
		if (p->page == entry[0] && p->subpage == entry[1] && p->len == entry[2])
			return p;
	return NULL;
}

/* The values of the pages that are in @kept take the place of those in @values. */
static void decode(const struct lu *lu, const uint8_t *kept, uint32_t len, uint8_t *values)
{
	const struct mode_page *p;

	while (len >= ENTRY_HEAD && len - ENTRY_HEAD >= kept[2]) {
		p = find(lu, kept);
		if (p)
			memcpy(values + spc_mode_offset(lu, p), kept + ENTRY_HEAD, p->len);
		len -= ENTRY_HEAD + kept[2];
		kept += ENTRY_HEAD + kept[2];
	}
}

void spc_mode_saved_load(struct lu *lu)
{
	struct spc_modes *m = &spc_lu(lu)->modes;
	uint32_t len;
	const void *kept = lu_keep_get(lu, KEPT_AS, &len);

	if (!kept || !m->len)
		return;
	memcpy(m->saved, m->dflt, m->len);
	decode(lu, kept, len, m->saved);
	m->has_saved = true;
}

/* Owner: itself, until it is on disk. */
struct save {
	struct lu *lu;
	void (*done)(void *arg, int err);
	void *arg;
};

static void written(void *arg, int err)
{
	struct save *s = arg;

	if (!err && !s->lu->dying)
		spc_mode_saved_load(s->lu);
	s->done(s->arg, err);
	free(s);
}

int spc_mode_save(struct lu *lu, const uint8_t *values, void (*done)(void *arg, int err),
		  void *arg)
{
	struct save *s = malloc(sizeof(*s));
	uint8_t data[LU_KEEP_MAX];
	int r;

	if (!s)
		return -ENOMEM;
	s->lu = lu;
	s->done = done;
	s->arg = arg;
	r = lu_keep_set(lu, KEPT_AS, data, encode(lu, values, data), written, s);
	if (r)
		free(s);
	return r;
}

static void configured(void *arg, int err)
{
	const struct lu *lu = arg;

	if (err)
		log_warn("target %u LUN %llu: saved mode parameters could not be changed: %s",
			 lu->target->tid, (unsigned long long)lu->lun, strerror(-err));
}

void spc_mode_saved_configure(struct lu *lu, const struct mode_page *page, const uint8_t *params)
{
	struct spc_modes *m = &spc_lu(lu)->modes;

	if (!m->has_saved)
		return;
	memcpy(m->saved + spc_mode_offset(lu, page), params, page->len);
	if (spc_mode_save(lu, m->saved, configured, lu))
		configured(lu, -ENOMEM);
}
