/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows when target port groups change: nexuses come by another group or state, and
 * initiators are told by Unit Attentions (SPC-5 5.16.2.8, 5.16.2.9), those too that reach the same
 * disk by another target. Called by the verbs and by SET TARGET PORT GROUPS.
 */
#include <string.h>

#include "base/log.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/port_group.h"
#include "target/port_group_priv.h"
#include "target/target.h"
#include "target/ua.h"

/* The next that is the same to an initiator, @lu first; NULL: no more. */
static struct lu *twin_next(struct lu *lu, struct lu *after)
{
	struct lu *next;

	if (!after)
		return lu;
	if (!lu->naa_hashed)
		return NULL;
	next = lu_by_naa(lu->target->core, lu->id.naa, after == lu ? NULL : after);
	return next == lu ? lu_by_naa(lu->target->core, lu->id.naa, lu) : next;
}

static void enter_all(struct target *t)
{
	struct nexus *n;

	list_for_each(n, &t->nexuses, link)
		port_group_enter(n);
	list_for_each(n, &t->leaving, link)
		port_group_enter(n);
}

/* @except: the nexus whose command to @cause it was, which knows of it. */
static void tell(struct target *t, enum ua_code ua, const struct lu *cause,
		 const struct nexus *except)
{
	struct lu *lu, *twin;

	list_for_each(lu, &t->lus, link)
		for (twin = lu; twin; twin = twin_next(lu, twin))
			ua_raise_lu(twin, ua, twin == cause ? except : NULL);
}

/* Standard INQUIRY data (TPGS) and VPD pages differ from now on (SPC-5 5.14). */
void port_groups_changed(struct target *t)
{
	enter_all(t);
	tell(t, UA_INQUIRY_CHANGED, NULL, NULL);
}

/* No code of its own is there for it; this one makes initiators ask for the groups again. */
void port_group_preference_changed(struct target *t)
{
	tell(t, UA_ALUA_CHANGED, NULL, NULL);
}

void port_group_state_changed(struct target *t, struct port_group *g, uint8_t state,
			      const struct lu *cause, const struct nexus *n)
{
	if (g->state == state)
		return;
	g->state = state;
	g->status = cause ? ACCESS_EXPLICIT : ACCESS_IMPLICIT;
	g->n_changes[g->status]++;
	log_info("target port group %u of %s is %s%s%s", g->id, t->name,
		 port_group_state_name(state), n ? ", says " : "", n ? n->initiator : "");
	enter_all(t);
	tell(t, UA_ALUA_CHANGED, cause, n);
}

static bool known(const struct lu_group *groups, unsigned int n, uint16_t id)
{
	for (unsigned int i = 0; i < n; i++)
		if (groups[i].group->id == id)
			return true;
	return false;
}

unsigned int port_groups_of_lu(const struct lu *lu, struct lu_group *out, unsigned int max)
{
	struct lu *twin = NULL, *self = (struct lu *)lu;
	const struct port_group *g;
	unsigned int n = 0;

	while ((twin = twin_next(self, twin)) != NULL)
		list_for_each(g, &twin->target->port_groups.list, link)
			if (n < max && !known(out, n, g->id))
				out[n++] = (struct lu_group){ g, twin->target };
	return n;
}

static bool is_here(const struct port_group *g)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->ports[i].tag)
			return true;
	return !g->n;
}

bool port_group_set_state(struct lu *lu, uint16_t id, uint8_t state, const struct nexus *n)
{
	struct lu *twin = NULL;
	bool found = false;

	while ((twin = twin_next(lu, twin)) != NULL) {
		struct port_group *g = port_group_by_id(twin->target, id);

		if (!g || !is_here(g))
			continue;
		port_group_state_changed(twin->target, g, state, lu, n);
		found = true;
	}
	return found;
}
