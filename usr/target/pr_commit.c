/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nexuses and their registrations: who is who, who hears of a change, and what an
 * I_T_L nexus remembers so that the gate need not search. Called by pr.c.
 */
#include <stdlib.h>

#include "target/lu.h"
#include "target/nexus.h"
#include "target/nexus_map.h"
#include "target/pr.h"
#include "target/pr_priv.h"
#include "target/target.h"
#include "target/transport.h"

void pr_nexus_id(const struct nexus *n, struct transportid *id)
{
	const struct transport *tr = n->transport;
	uint8_t raw[TRANSPORTID_MAX];

	if (tr->transport_id &&
	    transportid_parse(id, raw, tr->transport_id(n, raw, sizeof(raw))))
		return;
	transportid_iscsi(id, n->initiator, n->isid);
}

static uint32_t add_port(uint16_t *ports, uint32_t n, uint16_t port)
{
	for (uint32_t i = 0; i < n; i++)
		if (ports[i] == port)
			return n;
	if (n < PR_PORTS_MAX)
		ports[n++] = port;
	return n;
}

uint32_t pr_ports(const struct nexus *n, uint16_t ports[PR_PORTS_MAX])
{
	uint16_t told[PR_PORTS_MAX];
	uint32_t count = add_port(ports, 0, n->rel_port), n_told = 0;
	const struct nexus *other;

	if (n->transport->ports)
		n_told = n->transport->ports(n->target, told, PR_PORTS_MAX);
	for (uint32_t i = 0; i < n_told; i++)
		count = add_port(ports, count, told[i]);
	list_for_each(other, &n->target->nexuses, link)
		count = add_port(ports, count, other->rel_port);
	return count;
}

/* The registration of a nexus among those of @s from @first on. */
static const struct pr_reg *find_from(const struct pr_state *s, uint32_t first,
				      const struct nexus *n)
{
	struct transportid id;

	if (!s || first >= s->n)
		return NULL;
	pr_nexus_id(n, &id);
	for (uint32_t i = first; i < s->n; i++)
		if (s->regs[i].rel_port == n->rel_port && transportid_equal(&s->regs[i].id, &id))
			return &s->regs[i];
	return NULL;
}

void pr_itl_new(struct itl *itl)
{
	itl->reg = find_from(itl->lu->resv.state, 0, itl->nexus);
}

/* Of each old registration, where it is in @next; the index of the first new one. */
static uint32_t match(struct pr_state *old, const struct pr_state *next)
{
	uint32_t i;

	for (i = 0; old && i < old->n; i++) {
		old->regs[i].now = PR_NONE;
		old->regs[i].seen = false;
	}
	for (i = 0; i < next->n && next->regs[i].was != PR_NONE; i++)
		old->regs[next->regs[i].was].now = i;
	return i;
}

static enum ua_code ua_of(const struct pr_change *ch, const struct pr_reg *reg)
{
	return reg->now == PR_NONE ? ch->ua_gone : ch->ua_kept;
}

static bool anybody_unseen(const struct pr_state *old, const struct pr_change *ch)
{
	for (uint32_t i = 0; i < old->n; i++)
		if (!old->regs[i].seen && ua_of(ch, &old->regs[i]) != UA_CODES)
			return true;
	return false;
}

/*
 * A nexus that has not used the LU since it logged in has no I_T_L nexus yet: it is made now, to
 * hold the Unit Attention. Nexuses that are away get none: they start with POWER ON.
 */
static void make_itls(struct lu *lu, struct pr_state *old, const struct pr_change *ch)
{
	struct nexus *n;
	struct itl *itl;

	list_for_each(itl, &lu->itls, lu_link)
		if (itl->reg)
			old->regs[itl->reg - old->regs].seen = true;
	if (lu->dying || !anybody_unseen(old, ch))
		return;
	list_for_each(n, &lu->target->nexuses, link) {
		const struct pr_reg *reg = find_from(old, 0, n);

		if (reg && !reg->seen && ua_of(ch, reg) != UA_CODES)
			nexus_itl(n, nexus_lun_of(n, lu));
	}
}

static void take_over(struct itl *itl, const struct pr_change *ch, const struct pr_reg *me,
		      bool abort)
{
	const struct pr_reg *reg = itl->reg;
	enum ua_code ua = ua_of(ch, reg);

	if (ua != UA_CODES && reg != me)
		ua_raise(itl, ua);
	if (reg->now != PR_NONE) {
		itl->reg = &ch->next->regs[reg->now];
		return;
	}
	itl->reg = NULL;
	itl->preempted = abort;
}

static void set_state(struct reserve *r, struct pr_state *next)
{
	if (!next->n && !next->aptpl) {
		free(next);
		next = NULL;
	}
	r->state = next;
	r->type = next ? next->type : PR_NO_RESERVATION;
}

void pr_commit(struct lu *lu, struct pr_change *ch, const struct pr_request *rq, bool abort)
{
	struct pr_state *old = lu->resv.state;
	uint32_t me = pr_state_find(old, &rq->self, rq->self_port), first_new;
	struct itl *itl;

	lu->resv.generation += ch->counts;
	if (!ch->changed)
		return;
	first_new = match(old, ch->next);
	if (old)
		make_itls(lu, old, ch);
	list_for_each(itl, &lu->itls, lu_link) {
		if (itl->reg)
			take_over(itl, ch, me == PR_NONE ? NULL : &old->regs[me], abort);
		else
			itl->reg = find_from(ch->next, first_new, itl->nexus);
	}
	free(old);
	set_state(&lu->resv, ch->next);
	ch->next = NULL;
}
