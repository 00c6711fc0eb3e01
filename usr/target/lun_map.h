/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LUN maps: which logical units an initiator sees, under which numbers, and whether it
 * may write to them. Without a map an initiator sees all of them as they are. Maps never
 * change: a changed one takes the place of the old. Nexuses point to theirs (nexus.h).
 */
#ifndef TARGET_LUN_MAP_H
#define TARGET_LUN_MAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"

struct lu;
struct target;

struct lun_map_entry {
	uint16_t seen; /* the initiator's number */
	uint16_t lun;  /* the target's */
	bool readonly;
};

/* One allocation. */
struct lun_map {
	struct list link;	/* target->lun_maps.list, the best match first */
	struct hash_node node;	/* target->lun_maps.exact; patterns are not there */
	unsigned int refs;	/* the list's, and functions that reset what it shows (tmf.c) */
	bool pattern;		/* @initiator has wildcards */
	bool hashed;
	unsigned int literals;	/* letters of @initiator that are no wildcards */
	bool all;		/* every LUN under its own number; no entries */
	bool readonly;		/* whatever the entries say */
	uint32_t n;
	struct lun_map_entry *entries; /* sorted by @seen; each LUN of the target once at most */
	char *initiator;	/* as written: a name or a pattern; "ALL" is everybody */
};

/* Embedded in the target. */
struct lun_maps {
	struct list list;
	struct hash_table exact; /* by folded name */
};

/* What the administrator says of a map. NULL or absent: as it was, or as a new map has it. */
struct lun_map_change {
	const char *initiator;
	const json_t *luns;	/* {"SEEN": "LUN", "SEEN": "LUN:ro", "SEEN": "none"} */
	const json_t *all;	/* true: every LUN; false: only those listed */
	const json_t *readonly;
};

void lun_maps_init(struct lun_maps *maps);
void lun_maps_free(struct lun_maps *maps);
/*
 * The map for an initiator: that of its name, else the pattern with most letters that matches, of
 * such the first by alphabet. NULL: none.
 */
const struct lun_map *lun_maps_find(const struct lun_maps *maps, const char *initiator);
/* The map that was made with these words, or NULL. */
const struct lun_map *lun_maps_get(const struct lun_maps *maps, const char *initiator);
/*
 * Makes a map, or with @update changes one; sessions see it at once. A new map lists what @luns
 * says, or all LUNs without that. 0, or -EINVAL: ERR_INVALID_REQUEST, ERR_ACL_EXISTS, ERR_NO_ACL.
 */
int lun_map_set(struct target *t, const struct lun_map_change *change, bool update,
		struct err *err);
int lun_map_delete(struct target *t, const char *initiator, struct err *err);
/* The entry of the initiator's number, or of the target's; NULL: none. Not for maps of all. */
const struct lun_map_entry *lun_map_seen(const struct lun_map *map, uint64_t seen);
const struct lun_map_entry *lun_map_lun(const struct lun_map *map, uint64_t lun);
/* Keeps a map that may be replaced; NULL is kept too. */
const struct lun_map *lun_map_ref(const struct lun_map *map);
void lun_map_unref(const struct lun_map *map);
bool lun_map_matches(const struct lun_map *map, const char *initiator);
/* Whether both lead to the same LUNs under the same numbers; NULL is a map of all. */
bool lun_map_same_luns(const struct lun_map *a, const struct lun_map *b);
/* [{"initiator", "all", "readonly", "luns": {"SEEN": "LUN", "SEEN": "LUN:ro"}}]. New reference. */
json_t *lun_maps_show(const struct lun_maps *maps);

#endif
