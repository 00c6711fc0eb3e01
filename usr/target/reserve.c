/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which command meets which reservation. reserve_check() is one of the gates; the
 * others are called by RESERVE and RELEASE, resets and the loss of a nexus.
 */
#include "target/reserve.h"

#include <stdlib.h>

#include "target/cmd.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/pr.h"

void reserve_done(struct lu *lu)
{
	loop_call_cancel(&lu->resv.next_op);
	free(lu->resv.state);
}

/* SPC-2 5.5.1: everything conflicts but what the row names. */
static bool conflicts_spc2(enum resv_class as)
{
	return as != RESV_ALLOWED && as != RESV_SPECIAL;
}

/* SPC-4 tables 41 and 42, SBC-3 table 13. */
static bool conflicts_persistent(const struct reserve *r, const struct itl *itl, enum resv_class as)
{
	bool registered = itl->reg, holder;

	if (as == RESV_ALLOWED || as == RESV_ALLOWED_PR || as == RESV_SPECIAL)
		return false;
	holder = registered && pr_state_holds(r->state, (uint32_t)(itl->reg - r->state->regs));
	if (holder || (registered && r->type >= PR_WRITE_EX_RO))
		return false;
	return as != RESV_READ || !pr_write_exclusive(r->type);
}

enum scsi_result reserve_check_itl(const struct itl *itl, enum resv_class as)
{
	const struct reserve *r = &itl->lu->resv;

	if (r->holder && r->holder != itl->nexus && conflicts_spc2(as))
		return RES_RESERVATION_CONFLICT;
	if (r->type && conflicts_persistent(r, itl, as))
		return RES_RESERVATION_CONFLICT;
	return RES_GOOD;
}

enum scsi_result reserve_check_as(const struct scsi_cmd *cmd, enum resv_class as)
{
	return reserve_check_itl(cmd->itl, as);
}

enum scsi_result reserve_check(const struct scsi_cmd *cmd)
{
	return reserve_check_as(cmd, cmd->op->resv);
}

/*
 * SPC-2 5.5.1, told by CRH 0: while anybody is registered, RESERVE and RELEASE are conflicts
 * whoever sends them.
 */
static bool persistent_used(const struct lu *lu)
{
	return lu->resv.state && lu->resv.state->n;
}

enum scsi_result reserve_take(struct lu *lu, struct nexus *n)
{
	if (persistent_used(lu) || (lu->resv.holder && lu->resv.holder != n))
		return RES_RESERVATION_CONFLICT;
	lu->resv.holder = n;
	return RES_GOOD;
}

enum scsi_result reserve_release(struct lu *lu, struct nexus *n)
{
	if (persistent_used(lu))
		return RES_RESERVATION_CONFLICT;
	if (lu->resv.holder == n)
		lu->resv.holder = NULL;
	return RES_GOOD;
}

void reserve_reset(struct lu *lu, const struct nexus *n)
{
	if (!n || lu->resv.holder == n)
		lu->resv.holder = NULL;
}
