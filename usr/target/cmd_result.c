/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a command's end looks to the initiator: status, sense data, residuals.
 * Called by cmd.c. Also the statistics, which count the same bytes.
 */
#include <string.h>

#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/lu.h"
#include "target/nexus.h"

static bool succeeded(const struct scsi_cmd *cmd)
{
	return cmd->status == SAM_GOOD || cmd->status == SAM_CONDITION_MET;
}

/* RFC 7143 11.4.5.1: @moved bytes of what was expected, or more than was expected. */
static void set_residual(struct scsi_residual *res, uint64_t expected, uint64_t moved)
{
	uint64_t count = moved > expected ? moved - expected : expected - moved;

	if (likely(!count))
		return;
	res->over = moved > expected;
	res->under = !res->over;
	res->count = (uint32_t)min_u64(count, UINT32_MAX);
}

/*
 * Data-in goes out with an error only where the standards want both: a tape block of
 * another length, a filemark (SSC-4 4.2.22); what a failed disk read left behind doesn't.
 */
static uint32_t produced(const struct scsi_cmd *cmd)
{
	if (succeeded(cmd) || cmd->extra.ili || cmd->extra.filemark || cmd->extra.eom)
		return cmd->in_len;
	return 0;
}

static void set_residuals(struct scsi_cmd *cmd)
{
	uint32_t in = produced(cmd);
	/* One that succeeds would have taken all that its CDB says; one that fails, what came. */
	uint64_t out = succeeded(cmd) ? cmd->out_cdb : cmd->data_done ? cmd->out_want : 0;

	set_residual(&cmd->in_res, cmd->in_edtl, in);
	set_residual(&cmd->out_res, cmd->out_edtl, out);
	cmd->in_len = min_u32(in, cmd->in_edtl);
}

static void count_done(struct scsi_cmd *cmd)
{
	struct itl_stats *s = &cmd->itl->stats;

	if (!succeeded(cmd)) {
		s->errs++;
	} else if (cmd->op->cls == OPC_READ) {
		s->rd_done_cmds++;
		s->rd_done_bytes += cmd->in_len;
	} else if (cmd->op->cls == OPC_WRITE) {
		s->wr_done_cmds++;
		s->wr_done_bytes += cmd->out_want;
	}
}

void cmd_set_result(struct scsi_cmd *cmd, enum scsi_result result)
{
	const struct scsi_result_info *info = scsi_result_info(result);

	cmd->status = info->status;
	if (unlikely(info->status == SAM_CHECK_CONDITION))
		cmd->sense_len = sense_build(cmd->sense, cmd->lu && cmd->lu->descriptor_sense,
					     result, &cmd->extra);
	set_residuals(cmd);
	if (cmd->itl && cmd->op)
		count_done(cmd);
}

void cmd_count_submitted(struct scsi_cmd *cmd)
{
	struct itl_stats *s = &cmd->itl->stats;

	if (cmd->op->cls == OPC_READ) {
		s->rd_subm_cmds++;
		s->rd_subm_bytes += min_u64(cmd->in_cdb, cmd->in_edtl);
	} else if (cmd->op->cls == OPC_WRITE) {
		s->wr_subm_cmds++;
		s->wr_subm_bytes += cmd->out_want;
	}
}
