/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service actions of PERSISTENT RESERVE OUT (SPC-4 5.9.7 to 5.9.11): from a
 * state and a request to the next state, and who is to hear of it. Called by pr.c;
 * pure but for memory.
 */
#include <stdlib.h>

#include "base/util.h"
#include "target/pr.h"

/* One action under way. */
struct act {
	const struct pr_state *old;
	const struct pr_request *rq;
	struct pr_change *ch;
	struct pr_state *next; /* ch->next, to be worked on */
	uint32_t me;	       /* the sender's registration in @old; PR_NONE */
};

static uint8_t old_type(const struct act *a)
{
	return a->old ? a->old->type : PR_NO_RESERVATION;
}

static enum scsi_result bad_param(struct act *a, uint16_t byte, int8_t bit)
{
	a->ch->field_in_cdb = false;
	a->ch->field = byte;
	a->ch->bit = bit;
	return RES_INVALID_FIELD_PARAM;
}

/* SCOPE and TYPE, SPC-4 6.15.3.2 and .4: the logical unit is the only scope. */
static enum scsi_result check_scope_type(struct act *a)
{
	a->ch->field_in_cdb = true;
	a->ch->field = 2;
	a->ch->bit = a->rq->scope ? 7 : 3;
	return a->rq->scope || !pr_type_valid(a->rq->type) ? RES_INVALID_FIELD_CDB : RES_GOOD;
}

static enum scsi_result begin(struct act *a, uint32_t more)
{
	a->next = a->ch->next = pr_state_copy(a->old, more);
	a->ch->changed = true;
	return a->next ? RES_GOOD : RES_BUSY;
}

static void reserve_for(struct act *a, uint32_t holder)
{
	a->next->type = a->rq->type;
	a->next->holder = pr_all_registrants(a->rq->type) ? PR_NONE : holder;
}

/* SPC-4 5.9.11.2.2: those who were let in by their registration hear that it no longer counts. */
static void released(struct act *a, uint8_t type)
{
	a->next->type = PR_NO_RESERVATION;
	a->next->holder = PR_NONE;
	if (type >= PR_WRITE_EX_RO)
		a->ch->ua_kept = UA_RES_RELEASED;
}

/* --- REGISTER, REGISTER AND IGNORE EXISTING KEY (SPC-4 5.9.7, tables 45 and 46) ------------- */

/* Registrations that don't exist yet; also the most that can be added. */
static uint32_t count_new(const struct act *a)
{
	const struct pr_request *rq = a->rq;
	uint32_t count = 0;

	for (uint32_t p = 0; p < rq->n_ports; p++) {
		count += pr_state_find(a->old, &rq->self, rq->ports[p]) == PR_NONE;
		for (uint32_t i = 0; i < rq->n_ids; i++)
			count += pr_state_find(a->old, &rq->ids[i], rq->ports[p]) == PR_NONE;
	}
	return count;
}

/*
 * The sender through one of the target ports: as if the request had come in there (SPC-4
 * 6.16.3, ALL_TG_PT), where another key would be a conflict.
 */
static void register_self(struct act *a, uint16_t port)
{
	const struct pr_request *rq = a->rq;
	uint32_t i = pr_state_find(a->next, &rq->self, port);

	if (i == PR_NONE) {
		if (rq->sa_key)
			pr_state_add(a->next, &rq->self, port, rq->sa_key);
		return;
	}
	if (rq->action == PR_REGISTER && a->next->regs[i].key != rq->key)
		return;
	if (rq->sa_key)
		a->next->regs[i].key = rq->sa_key;
	else
		pr_state_remove(a->next, i);
}

static void register_all(struct act *a)
{
	const struct pr_request *rq = a->rq;

	for (uint32_t p = 0; p < rq->n_ports; p++) {
		register_self(a, rq->ports[p]);
		for (uint32_t i = 0; i < rq->n_ids; i++)
			if (pr_state_find(a->next, &rq->ids[i], rq->ports[p]) == PR_NONE)
				pr_state_add(a->next, &rq->ids[i], rq->ports[p], rq->sa_key);
	}
}

static enum scsi_result check_register(struct act *a)
{
	const struct pr_request *rq = a->rq;
	uint64_t key = a->me == PR_NONE ? 0 : a->old->regs[a->me].key;

	if (rq->action == PR_REGISTER && rq->key != key)
		return RES_RESERVATION_CONFLICT;
	/* SPC-4 6.16.3: only a REGISTER, of an unregistered nexus, registers others too. */
	if (rq->spec_i_pt && (rq->action != PR_REGISTER || a->me != PR_NONE || !rq->sa_key))
		return bad_param(a, 20, 3);
	if (rq->aptpl && !rq->can_aptpl)
		return bad_param(a, 20, 0);
	return RES_GOOD;
}

static enum scsi_result act_register(struct act *a)
{
	enum scsi_result res = check_register(a);
	uint32_t more;

	if (res != RES_GOOD)
		return res;
	more = a->rq->sa_key ? count_new(a) : 0;
	if (more > PR_REGS_MAX || (a->old && a->old->n > PR_REGS_MAX - more))
		return RES_INSUFFICIENT_REG;
	res = begin(a, more);
	if (res != RES_GOOD)
		return res;
	a->next->aptpl = a->rq->aptpl;
	a->ch->counts = true;
	register_all(a);
	if (old_type(a) && !a->next->type)
		released(a, old_type(a));
	return RES_GOOD;
}

/* --- RESERVE, RELEASE, CLEAR (SPC-4 5.9.9, 5.9.11.2, 5.9.11.6) ------------------------------ */

static enum scsi_result act_reserve(struct act *a)
{
	enum scsi_result res = check_scope_type(a);

	if (res != RES_GOOD)
		return res;
	if (!old_type(a)) {
		res = begin(a, 0);
		if (res == RES_GOOD)
			reserve_for(a, a->me);
		return res;
	}
	if (pr_state_holds(a->old, a->me) && a->old->type == a->rq->type)
		return RES_GOOD;
	return RES_RESERVATION_CONFLICT;
}

static enum scsi_result act_release(struct act *a)
{
	enum scsi_result res;

	if (!old_type(a) || !pr_state_holds(a->old, a->me))
		return RES_GOOD;
	if (a->rq->scope || a->rq->type != a->old->type)
		return RES_INVALID_RELEASE;
	res = begin(a, 0);
	if (res == RES_GOOD)
		released(a, a->old->type);
	return res;
}

static enum scsi_result act_clear(struct act *a)
{
	enum scsi_result res = begin(a, 0);

	if (res != RES_GOOD)
		return res;
	a->next->n = 0;
	a->next->type = PR_NO_RESERVATION;
	a->next->holder = PR_NONE;
	a->ch->counts = true;
	a->ch->ua_gone = UA_RES_PREEMPTED;
	return RES_GOOD;
}

/* --- PREEMPT, PREEMPT AND ABORT (SPC-4 5.9.11.4, 5.9.11.5) ---------------------------------- */

static bool key_known(const struct pr_state *s, uint64_t key)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->regs[i].key == key)
			return true;
	return false;
}

/* Removes registrations with @key, or all when it is 0; that of @spared (an index of old) stays. */
static void remove_key(struct act *a, uint64_t key, uint32_t spared)
{
	struct pr_state *s = a->next;

	for (uint32_t i = s->n; i--;)
		if ((!key || s->regs[i].key == key) && s->regs[i].was != spared)
			pr_state_remove(s, i);
	a->ch->ua_gone = UA_REG_PREEMPTED;
}

/* SPC-4 5.9.11.4.3: the reservation passes to the sender. */
static enum scsi_result preempt_reservation(struct act *a)
{
	enum scsi_result res = check_scope_type(a);

	if (res == RES_GOOD)
		res = begin(a, 0);
	if (res != RES_GOOD)
		return res;
	remove_key(a, a->rq->sa_key, a->me);
	reserve_for(a, pr_state_find(a->next, &a->rq->self, a->rq->self_port));
	if (a->rq->type != a->old->type)
		a->ch->ua_kept = UA_RES_RELEASED;
	return RES_GOOD;
}

/* SPC-4 5.9.11.4.4: only registrations; the sender's own is no exception. */
static enum scsi_result preempt_registrations(struct act *a)
{
	enum scsi_result res = begin(a, 0);

	if (res == RES_GOOD)
		remove_key(a, a->rq->sa_key, PR_NONE);
	return res;
}

/* SPC-4 table 48 */
static enum scsi_result act_preempt(struct act *a)
{
	const struct pr_state *s = a->old;
	uint64_t key = a->rq->sa_key;
	bool all = pr_all_registrants(s->type), of_holder;
	enum scsi_result res;

	if (!key && !all)
		return bad_param(a, 8, -1);
	if (key && !key_known(s, key))
		return RES_RESERVATION_CONFLICT;
	of_holder = all ? !key : s->holder != PR_NONE && s->regs[s->holder].key == key;
	res = of_holder ? preempt_reservation(a) : preempt_registrations(a);
	a->ch->counts = true;
	return res;
}

/* --- REGISTER AND MOVE (SPC-4 5.9.8, table 47) ---------------------------------------------- */

static enum scsi_result check_move(struct act *a)
{
	const struct pr_request *rq = a->rq;

	if (!old_type(a)) {
		a->ch->field_in_cdb = true;
		a->ch->field = 1;
		a->ch->bit = 4;
		return RES_INVALID_FIELD_CDB;
	}
	if (!pr_state_holds(a->old, a->me) || pr_all_registrants(a->old->type))
		return RES_RESERVATION_CONFLICT;
	if (!rq->sa_key)
		return bad_param(a, 8, -1);
	if (rq->aptpl && !rq->can_aptpl)
		return bad_param(a, 17, 0);
	if (transportid_equal(&rq->ids[0], &rq->self))
		return bad_param(a, 24, -1);
	return RES_GOOD;
}

static enum scsi_result act_move(struct act *a)
{
	const struct pr_request *rq = a->rq;
	enum scsi_result res = check_move(a);
	uint32_t to;

	if (res != RES_GOOD)
		return res;
	to = pr_state_find(a->old, &rq->ids[0], rq->ports[0]);
	if (to == PR_NONE && a->old->n >= PR_REGS_MAX)
		return RES_INSUFFICIENT_REG;
	res = begin(a, 1);
	if (res != RES_GOOD)
		return res;
	if (to == PR_NONE) {
		to = a->next->n;
		pr_state_add(a->next, &rq->ids[0], rq->ports[0], rq->sa_key);
	}
	a->next->regs[to].key = rq->sa_key;
	a->next->holder = to;
	a->next->aptpl = rq->aptpl;
	a->ch->counts = true;
	if (rq->unreg)
		pr_state_remove(a->next, a->me);
	return RES_GOOD;
}

/* -------------------------------------------------------------------------------------------- */

static const struct {
	bool open; /* to unregistered nexuses, which check keys themselves */
	enum scsi_result (*run)(struct act *a);
} actions[] = {
	[PR_REGISTER] = { true, act_register },
	[PR_RESERVE] = { false, act_reserve },
	[PR_RELEASE] = { false, act_release },
	[PR_CLEAR] = { false, act_clear },
	[PR_PREEMPT] = { false, act_preempt },
	[PR_PREEMPT_AND_ABORT] = { false, act_preempt },
	[PR_REGISTER_AND_IGNORE] = { true, act_register },
	[PR_REGISTER_AND_MOVE] = { false, act_move },
};

enum scsi_result pr_act(const struct pr_state *old, const struct pr_request *rq,
			struct pr_change *change)
{
	struct act a = { .old = old, .rq = rq, .ch = change };
	enum scsi_result res;

	*change = (struct pr_change){ .ua_gone = UA_CODES, .ua_kept = UA_CODES, .bit = -1 };
	a.me = pr_state_find(old, &rq->self, rq->self_port);
	/* SPC-4 5.9.3: the sender must be registered, and know its key. */
	if (!actions[rq->action].open && (a.me == PR_NONE || old->regs[a.me].key != rq->key))
		return RES_RESERVATION_CONFLICT;
	res = actions[rq->action].run(&a);
	if (res != RES_GOOD) {
		free(change->next);
		change->next = NULL;
		change->changed = false;
	}
	return res;
}
