/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nexuses and LUN maps (nexus_map.h). An I_T_L nexus whose number leads elsewhere now is
 * taken out of the table, as lu.c does when a logical unit goes; commands that are in the
 * store still refer to it.
 */
#include "target/nexus_map.h"

#include "scsi/lun.h"
#include "target/cmd_priv.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/reserve.h"
#include "target/target.h"
#include "target/taskset.h"
#include "target/ua.h"

struct lu *nexus_lu(const struct nexus *n, uint64_t lun, bool *readonly)
{
	const struct lun_map *map = n->map;
	const struct lun_map_entry *e = NULL;

	if (map && !map->all && lun != LUN_WLUN_REPORT_LUNS) {
		e = lun_map_seen(map, lun);
		if (!e)
			return NULL;
	}
	if (readonly)
		*readonly = map && (map->readonly || (e && e->readonly));
	return target_lu(n->target, e ? e->lun : lun);
}

uint64_t nexus_lun_of(const struct nexus *n, const struct lu *lu)
{
	const struct lun_map_entry *e;

	if (!n->map || n->map->all || lu->lun == LUN_WLUN_REPORT_LUNS)
		return lu->lun;
	e = lun_map_lun(n->map, lu->lun);
	return e ? e->seen : LUN_INVALID;
}

/* It is not seen under this number any more. */
static void hide(struct itl *itl)
{
	struct lu *lu = itl->lu;

	itl_unhash(itl);
	cmd_evict(itl);
	reserve_reset(lu, itl->nexus);
	itl_allow_removal(itl);
	taskset_advance(lu);
	if (!itl->n_cmds)
		itl_free(itl);
}

static void look_again(struct itl *itl)
{
	bool readonly = false;

	if (!itl->hashed) {
		if (!itl->n_cmds && !itl->lu->dying)
			itl_free(itl); /* hidden by an earlier change */
		return;
	}
	if (nexus_lu(itl->nexus, itl->lun, &readonly) != itl->lu) {
		hide(itl);
		return;
	}
	/* The WP bit of its mode parameter header (SBC-3 6.4.1). */
	if (itl->readonly != readonly)
		ua_raise(itl, UA_MODE_CHANGED);
	itl->readonly = readonly;
}

static void set_map(struct nexus *n, const struct lun_map *map)
{
	bool same = lun_map_same_luns(n->map, map);
	struct itl *itl, *tmp;

	n->map = map;
	if (n->dying)
		return;
	list_for_each_safe(itl, tmp, &n->itl_list, nexus_link)
		look_again(itl);
	if (!same)
		ua_nexus_luns_changed(n);
}

static void change(struct target *t, struct list *nexuses, const struct lun_map *old,
		   const struct lun_map *new)
{
	struct nexus *n, *tmp;

	list_for_each_safe(n, tmp, nexuses, link)
		if ((old && n->map == old) || (new && lun_map_matches(new, n->initiator)))
			set_map(n, lun_maps_find(&t->lun_maps, n->initiator));
}

void nexus_maps_changed(struct target *t, const struct lun_map *old, const struct lun_map *new)
{
	change(t, &t->nexuses, old, new);
	change(t, &t->leaving, old, new);
}
