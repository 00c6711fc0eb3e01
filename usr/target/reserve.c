/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPC-2 reservations. reserve_check() is one of the gates; the others are called
 * by RESERVE and RELEASE, resets and the loss of a nexus.
 */
#include "target/reserve.h"

#include "target/cmd.h"
#include "target/lu.h"

enum scsi_result reserve_check(const struct scsi_cmd *cmd)
{
	const struct nexus *holder = cmd->lu->resv.holder;

	if (!holder || holder == cmd->nexus)
		return RES_GOOD;
	/* SPC-2 5.5.1: everything conflicts but what the row names. */
	if (cmd->op->resv == RESV_ALLOWED || cmd->op->resv == RESV_SPECIAL)
		return RES_GOOD;
	return RES_RESERVATION_CONFLICT;
}

enum scsi_result reserve_take(struct lu *lu, struct nexus *n)
{
	if (lu->resv.holder && lu->resv.holder != n)
		return RES_RESERVATION_CONFLICT;
	lu->resv.holder = n;
	return RES_GOOD;
}

enum scsi_result reserve_release(struct lu *lu, struct nexus *n)
{
	if (lu->resv.holder == n)
		lu->resv.holder = NULL;
	return RES_GOOD;
}

void reserve_reset(struct lu *lu, const struct nexus *n)
{
	if (!n || lu->resv.holder == n)
		lu->resv.holder = NULL;
}
