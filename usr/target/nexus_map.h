/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a nexus sees of its target's logical units (lun_map.h): asked when a command first
 * names a LUN, never again until something changes.
 */
#ifndef TARGET_NEXUS_MAP_H
#define TARGET_NEXUS_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct lu;
struct lun_map;
struct nexus;
struct target;

/* The logical unit behind a LUN of this initiator; NULL: none. @readonly (may be NULL): to it. */
struct lu *nexus_lu(const struct nexus *n, uint64_t lun, bool *readonly);
/* The initiator's number of @lu; LUN_INVALID: it does not see it. */
uint64_t nexus_lun_of(const struct nexus *n, const struct lu *lu);
/*
 * @old (NULL: none) is on its way out, @new (NULL: none) has come: nexuses they concern get their
 * map anew. What they no longer see, or under another number, ends as if it had been deleted;
 * they learn of it by REPORTED LUNS DATA HAS CHANGED.
 */
void nexus_maps_changed(struct target *t, const struct lun_map *old, const struct lun_map *new);

#endif
