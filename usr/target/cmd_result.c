/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a command's end looks to the initiator: status, sense data, residuals.
 * Called by cmd.c. Also the statistics, which count the same bytes.
 */
#include <string.h>

#include "base/tracing.h"
#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/stats.h"
#include "target/target.h"

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
	if (succeeded(cmd) || cmd->device.status || cmd->extra.ili || cmd->extra.filemark || cmd->extra.eom)
		return cmd->in_len;
	return 0;
}

static void set_residuals(struct scsi_cmd *cmd)
{
	uint32_t in = produced(cmd);
	/* One that succeeds would have taken all that its CDB says; one that fails, what came. */
	uint64_t out = succeeded(cmd) || cmd->device.status ? cmd->out_cdb : cmd->data_done ? cmd->out_want : 0;

	set_residual(&cmd->in_res, cmd->in_edtl, in);
	set_residual(&cmd->out_res, cmd->out_edtl, out);
	cmd->in_len = min_u32(in, cmd->in_edtl);
}

static void explain(struct scsi_cmd *cmd, enum scsi_result result)
{
	if (result == RES_DEVICE) {
		cmd->status = cmd->device.status;
		cmd->sense_len = cmd->device.sense_len;
		return;
	}
	cmd->sense_len = sense_build(cmd->sense, cmd->lu && cmd->lu->descriptor_sense, result,
				     &cmd->extra);
}

void cmd_set_result(struct scsi_cmd *cmd, enum scsi_result result)
{
	const struct scsi_result_info *info = scsi_result_info(result);

	cmd->status = info->status;
	if (unlikely(info->status == SAM_CHECK_CONDITION))
		explain(cmd, result);
	set_residuals(cmd);
}

static void count_classic(struct itl_stats *s, const struct scsi_cmd *cmd)
{
	if (cmd->op->cls == OPC_READ) {
		s->rd_done_cmds++;
		s->rd_done_bytes += cmd->in_len;
	} else if (cmd->op->cls == OPC_WRITE) {
		s->wr_done_cmds++;
		s->wr_done_bytes += cmd->out_want;
	}
}

static void count_failed(const struct scsi_cmd *cmd, struct io_stats *s, uint8_t key)
{
	if (cmd->aborted && !cmd->abort_status)
		s->aborted++;
	else
		stats_failed(s, cmd->status, key);
}

/* The first of a class, and what did not go well. Not inlined: the path of others shall be short. */
static __attribute__((noinline)) void count_unusual(struct scsi_cmd *cmd, enum scsi_result result,
						    uint64_t ns, uint64_t bytes)
{
	enum op_class cls = cmd->op ? (enum op_class)cmd->op->cls : OPC_OTHER;
	uint8_t key = result == RES_DEVICE ? sense_key(cmd->sense, cmd->sense_len) :
					     scsi_result_info(result)->key;

	stats_count(cmd->io, cls, ns, bytes);
	if (cmd->lu)
		stats_count(&cmd->lu->stats, cls, ns, bytes);
	if (succeeded(cmd))
		return;
	count_failed(cmd, cmd->io, key);
	if (cmd->lu)
		count_failed(cmd, &cmd->lu->stats, key);
	if (cmd->itl && cmd->op)
		cmd->itl->stats.errs++;
}

void cmd_count_ended(struct scsi_cmd *cmd, enum scsi_result result)
{
	uint64_t ns = loop_now_late(cmd->nexus->target->core->loop) - cmd->start_ns;
	uint64_t bytes = (uint64_t)cmd->in_len + cmd->out_want;
	struct stat_class *io, *lu;
	unsigned int bucket;

	if (unlikely(trace_points_on || ns > cmd->nexus->target->core->slow_ns - 1))
		cmd_trace(cmd, result, ns);
	if (unlikely(!succeeded(cmd) || !cmd->lu)) {
		count_unusual(cmd, result, ns, succeeded(cmd) ? bytes : 0);
		return;
	}
	count_classic(&cmd->itl->stats, cmd);
	io = &cmd->io->cls[cmd->op->cls];
	lu = &cmd->lu->stats.cls[cmd->op->cls];
	if (unlikely(!io->hist || !lu->hist)) {
		count_unusual(cmd, result, ns, bytes);
		return;
	}
	bucket = latency_bucket(ns);
	stat_class_count(io, bucket, ns, bytes);
	stat_class_count(lu, bucket, ns, bytes);
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
