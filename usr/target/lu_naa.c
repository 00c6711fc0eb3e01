/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical units of all targets by their NAA designators, which commands that name other units
 * (EXTENDED COPY) know them by. Two may have the same, when they are the same disk behind two
 * targets. Called by lu.c and lu_set.c.
 */
#include <string.h>

#include "base/bytes.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/lu_priv.h"
#include "target/target.h"

static uint32_t naa_hash(const uint8_t naa[8])
{
	return hash_u64(get_be64(naa));
}

/* Without memory it can't be named by its designator: a copy to or from it is refused. */
void lu_naa_add(struct lu *lu)
{
	if (!lu->automatic)
		lu->naa_hashed = !hash_insert(&lu->target->core->by_naa, &lu->naa_node,
					      naa_hash(lu->id.naa));
}

void lu_naa_remove(struct lu *lu)
{
	if (lu->naa_hashed)
		hash_remove(&lu->target->core->by_naa, &lu->naa_node);
	lu->naa_hashed = false;
}

/* hash_remove() needs the hash of old only, which stands in the node. */
void lu_naa_changed(struct lu *lu)
{
	if (!lu->naa_hashed)
		return;
	lu_naa_remove(lu);
	lu_naa_add(lu);
}

struct lu *lu_by_naa(const struct core *core, const uint8_t naa[8], const struct lu *after)
{
	struct hash_node *n = after ? hash_next((struct hash_node *)(uintptr_t)&after->naa_node)
				    : hash_first(&core->by_naa, naa_hash(naa));

	for (; n; n = hash_next(n)) {
		struct lu *lu = container_of(n, struct lu, naa_node);

		if (!memcmp(lu->id.naa, naa, sizeof(lu->id.naa)))
			return lu;
	}
	return NULL;
}
