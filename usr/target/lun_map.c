/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LUN maps (lun_map.h): made and changed by the verbs, asked by nexus_map.c, which
 * tells the sessions.
 */
#include "target/lun_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scsi/lun.h"
#include "scsi/names.h"
#include "target/nexus_map.h"
#include "target/target.h"

void lun_maps_init(struct lun_maps *maps)
{
	list_init(&maps->list);
}

const struct lun_map *lun_map_ref(const struct lun_map *map)
{
	if (map)
		((struct lun_map *)map)->refs++;
	return map;
}

void lun_map_unref(const struct lun_map *shared)
{
	struct lun_map *map = (struct lun_map *)shared;

	if (!map || --map->refs)
		return;
	free(map->entries);
	free(map->initiator);
	free(map);
}

void lun_maps_free(struct lun_maps *maps)
{
	struct list *link;

	while ((link = list_pop(&maps->list)) != NULL)
		lun_map_unref(list_entry(link, struct lun_map, link));
	hash_free(&maps->exact);
}

/* --- who it is for ---------------------------------------------------------------------------- */

static uint32_t name_hash(const char *name)
{
	char folded[SCSI_NAME_MAX + 1];

	name_fold(folded, name);
	return hash_str(folded);
}

static bool is_pattern(const char *initiator)
{
	return strpbrk(initiator, "*?") || !strcasecmp(initiator, "ALL");
}

bool lun_map_matches(const struct lun_map *map, const char *name)
{
	return !strcasecmp(map->initiator, "ALL") || name_match(map->initiator, name);
}

static unsigned int count_literals(const char *pattern)
{
	unsigned int n = 0;

	if (strcasecmp(pattern, "ALL"))
		for (; *pattern; pattern++)
			n += *pattern != '*' && *pattern != '?';
	return n;
}

/* The order of the list: it does not depend on that of the administrator's requests. */
static bool before(const struct lun_map *a, const struct lun_map *b)
{
	if (a->pattern != b->pattern)
		return !a->pattern;
	if (a->pattern && a->literals != b->literals)
		return a->literals > b->literals;
	return strcasecmp(a->initiator, b->initiator) < 0;
}

static const struct lun_map *find_exact(const struct lun_maps *maps, const char *name)
{
	struct hash_node *n = hash_first(&maps->exact, name_hash(name));

	for (; n; n = hash_next(n)) {
		const struct lun_map *map = container_of(n, struct lun_map, node);

		if (name_equal(map->initiator, name))
			return map;
	}
	return NULL;
}

/* Patterns are the last of the list. */
static const struct lun_map *find_pattern(const struct lun_maps *maps, const char *name)
{
	const struct lun_map *found = NULL;
	const struct list *l;

	for (l = maps->list.prev; l != &maps->list; l = l->prev) {
		const struct lun_map *map = list_entry(l, struct lun_map, link);

		if (!map->pattern)
			break;
		if (lun_map_matches(map, name))
			found = map;
	}
	return found;
}

const struct lun_map *lun_maps_find(const struct lun_maps *maps, const char *initiator)
{
	const struct lun_map *map;

	if (list_empty(&maps->list))
		return NULL;
	map = find_exact(maps, initiator);
	return map ? map : find_pattern(maps, initiator);
}

const struct lun_map *lun_maps_get(const struct lun_maps *maps, const char *initiator)
{
	const struct list *l;

	if (!is_pattern(initiator))
		return find_exact(maps, initiator);
	for (l = maps->list.prev; l != &maps->list; l = l->prev) {
		const struct lun_map *map = list_entry(l, struct lun_map, link);

		if (map->pattern && name_equal(map->initiator, initiator))
			return map;
	}
	return NULL;
}

/* --- its entries ------------------------------------------------------------------------------ */

const struct lun_map_entry *lun_map_seen(const struct lun_map *map, uint64_t seen)
{
	uint32_t low = 0, high = map->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (map->entries[mid].seen < seen)
			low = mid + 1;
		else
			high = mid;
	}
	return low < map->n && map->entries[low].seen == seen ? &map->entries[low] : NULL;
}

const struct lun_map_entry *lun_map_lun(const struct lun_map *map, uint64_t lun)
{
	for (uint32_t i = 0; i < map->n; i++)
		if (map->entries[i].lun == lun)
			return &map->entries[i];
	return NULL;
}

bool lun_map_same_luns(const struct lun_map *a, const struct lun_map *b)
{
	bool all_a = !a || a->all, all_b = !b || b->all;

	if (all_a || all_b)
		return all_a == all_b;
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->entries[i].seen != b->entries[i].seen || a->entries[i].lun != b->entries[i].lun)
			return false;
	return true;
}

static void remove_entry(struct lun_map *map, uint64_t seen)
{
	const struct lun_map_entry *e = lun_map_seen(map, seen);
	uint32_t i;

	if (!e)
		return;
	i = (uint32_t)(e - map->entries);
	map->n--;
	memmove(map->entries + i, map->entries + i + 1, (map->n - i) * sizeof(*map->entries));
}

/* There is room. */
static void put_entry(struct lun_map *map, struct lun_map_entry e)
{
	uint32_t i = map->n;

	while (i && map->entries[i - 1].seen > e.seen)
		i--;
	memmove(map->entries + i + 1, map->entries + i, (map->n - i) * sizeof(*map->entries));
	map->entries[i] = e;
	map->n++;
}

static int bad_entry(const char *seen, const char *value, struct err *err)
{
	return err_set(err, ERR_INVALID_REQUEST,
		       "'%.40s=%.40s' is no entry of a LUN map: write SEEN=LUN, SEEN=LUN:ro or "
		       "SEEN=none, with numbers from 0 to %llu", seen, value, LUN_MAX);
}

/* Digits up to LUN_MAX; *@end: what follows. */
static bool parse_lun(const char *text, uint16_t *lun, const char **end)
{
	unsigned long v = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9' && v <= LUN_MAX; c++)
		v = v * 10 + (unsigned long)(*c - '0');
	*lun = (uint16_t)v;
	*end = c;
	return c != text && v <= LUN_MAX;
}

/* What one entry of the request says of the map. */
static int apply_entry(struct lun_map *map, const char *key, const char *value, struct err *err)
{
	struct lun_map_entry e;
	const char *rest;

	if (!parse_lun(key, &e.seen, &rest) || *rest || !value)
		return bad_entry(key, value ? value : "", err);
	remove_entry(map, e.seen);
	if (!strcasecmp(value, "none"))
		return 0;
	if (!parse_lun(value, &e.lun, &rest) || (*rest && strcmp(rest, ":ro")))
		return bad_entry(key, value, err);
	e.readonly = *rest;
	put_entry(map, e);
	return 0;
}

/*
 * SAM-5 4.7.1 would let a logical unit have two numbers, but initiators take them for two paths or
 * two disks, and both are trouble.
 */
static int check_twice(const struct lun_map *map, struct err *err)
{
	uint8_t there[(LUN_MAX + 1) / 8] = { 0 };

	for (uint32_t i = 0; i < map->n; i++) {
		uint16_t lun = map->entries[i].lun;

		if (there[lun / 8] & 1 << lun % 8)
			return err_set(err, ERR_INVALID_REQUEST,
				       "LUN %u would be seen under two numbers", lun);
		there[lun / 8] |= (uint8_t)(1 << lun % 8);
	}
	return 0;
}

static int apply_luns(struct lun_map *map, const json_t *luns, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)luns, key, value)
		if (apply_entry(map, key, json_string_value(value), err))
			return -EINVAL;
	return check_twice(map, err);
}

/* --- changes ---------------------------------------------------------------------------------- */

/* As @old (may be NULL) is, with room for @more entries. */
static struct lun_map *map_alloc(const char *initiator, const struct lun_map *old, size_t more)
{
	struct lun_map *map = calloc(1, sizeof(*map));
	size_t n = old ? old->n : 0;

	if (!map)
		return NULL;
	map->refs = 1;
	map->initiator = strdup(initiator);
	map->entries = calloc(n + more + 1, sizeof(*map->entries));
	if (!map->initiator || !map->entries) {
		lun_map_unref(map);
		return NULL;
	}
	list_init(&map->link);
	map->pattern = is_pattern(initiator);
	map->literals = count_literals(initiator);
	if (!old)
		return map;
	map->all = old->all;
	map->readonly = old->readonly;
	map->n = old->n;
	if (n)
		memcpy(map->entries, old->entries, n * sizeof(*map->entries));
	return map;
}

static int apply(struct lun_map *map, const struct lun_map_change *ch, bool fresh,
		 struct err *err)
{
	if (json_is_true(ch->all) && json_object_size(ch->luns))
		return err_set(err, ERR_INVALID_REQUEST,
			       "a map of all LUNs has no list: give --all or --luns");
	if (ch->all)
		map->all = json_is_true(ch->all);
	else if (ch->luns || fresh)
		map->all = !ch->luns;
	if (map->all)
		map->n = 0;
	if (ch->readonly)
		map->readonly = json_is_true(ch->readonly);
	return apply_luns(map, ch->luns, err);
}

static int link_map(struct lun_maps *maps, struct lun_map *map)
{
	struct list *at = maps->list.next;

	if (!map->pattern && hash_insert(&maps->exact, &map->node, name_hash(map->initiator)))
		return -ENOMEM;
	map->hashed = !map->pattern;
	while (at != &maps->list && before(list_entry(at, struct lun_map, link), map))
		at = at->next;
	list_insert_between(&map->link, at->prev, at);
	return 0;
}

static void unlink_map(struct lun_maps *maps, struct lun_map *map)
{
	if (map->hashed)
		hash_remove(&maps->exact, &map->node);
	list_del(&map->link);
}

static int no_map(const char *initiator, struct err *err)
{
	return err_set(err, ERR_NO_ACL, "there is no LUN map for '%s'", initiator);
}

static int check_name(const char *initiator, struct err *err)
{
	if (*initiator && strlen(initiator) <= SCSI_NAME_MAX)
		return 0;
	return err_set(err, ERR_INVALID_REQUEST, "an initiator name has 1 to %d characters",
		       SCSI_NAME_MAX);
}

int lun_map_set(struct target *t, const struct lun_map_change *ch, bool update, struct err *err)
{
	struct lun_map *old = (struct lun_map *)lun_maps_get(&t->lun_maps, ch->initiator), *map;

	if (check_name(ch->initiator, err))
		return -EINVAL;
	if (update && !old)
		return no_map(ch->initiator, err);
	if (!update && old)
		return err_set(err, ERR_ACL_EXISTS, "there is a LUN map for '%s' already",
			       ch->initiator);
	map = map_alloc(ch->initiator, old, json_object_size(ch->luns));
	if (!map)
		return err_set(err, ERR_NOMEM, "%s", "");
	if (apply(map, ch, !old, err) || link_map(&t->lun_maps, map)) {
		lun_map_unref(map);
		return err_set(err, ERR_NOMEM, "%s", "");
	}
	if (old)
		unlink_map(&t->lun_maps, old);
	nexus_maps_changed(t, old, map);
	lun_map_unref(old);
	return 0;
}

int lun_map_delete(struct target *t, const char *initiator, struct err *err)
{
	struct lun_map *old = (struct lun_map *)lun_maps_get(&t->lun_maps, initiator);

	if (!old)
		return no_map(initiator, err);
	unlink_map(&t->lun_maps, old);
	nexus_maps_changed(t, old, NULL);
	lun_map_unref(old);
	return 0;
}

/* --- shown ------------------------------------------------------------------------------------ */

/* In the words of the request. */
static json_t *luns_to_json(const struct lun_map *map)
{
	json_t *luns = json_object();
	char seen[8], lun[16];

	for (uint32_t i = 0; i < map->n; i++) {
		const struct lun_map_entry *e = &map->entries[i];

		snprintf(seen, sizeof(seen), "%u", e->seen);
		snprintf(lun, sizeof(lun), "%u%s", e->lun, e->readonly ? ":ro" : "");
		json_object_set_new(luns, seen, json_string(lun));
	}
	return luns;
}

static json_t *map_to_json(const struct lun_map *map)
{
	return json_pack("{s:s s:b s:b s:o}", "initiator", map->initiator, "all", map->all,
			 "readonly", map->readonly, "luns", luns_to_json(map));
}

json_t *lun_maps_show(const struct lun_maps *maps)
{
	json_t *array = json_array();
	const struct lun_map *map;

	list_for_each(map, &maps->list, link)
		json_array_append_new(array, map_to_json(map));
	return array;
}
