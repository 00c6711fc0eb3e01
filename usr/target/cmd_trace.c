/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command in a line of the log: because it was traced, or took longer than the
 * administrator finds right. Called at its end by cmd_result.c.
 */
#include <inttypes.h>

#include "base/log.h"
#include "base/tracing.h"
#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/target.h"

static void describe(const struct scsi_cmd *cmd, enum scsi_result result, uint64_t ns,
		     struct strbuf *out)
{
	const struct nexus *n = cmd->nexus;
	const struct scsi_result_info *info = scsi_result_info(result);

	strbuf_printf(out, "%s from %s, ", n->target->name, n->initiator);
	if (cmd->lu)
		strbuf_printf(out, "LUN %" PRIu64 ": ", cmd->lu->lun);
	else
		strbuf_puts(out, "no LUN: ");
	if (cmd->op)
		strbuf_printf(out, "%s", cmd->op->name);
	else
		strbuf_printf(out, "opcode %02Xh", cmd->cdb[0]);
	if (cmd->op && cmd->op->unit == LEN_BLOCKS)
		strbuf_printf(out, ", LBA %" PRIu64 ", %" PRIu64 " blocks", cmd->lba, cmd->blocks);
	strbuf_printf(out, ", tag %" PRIx64 ": ", cmd->tag);
	if (cmd->aborted && !cmd->abort_status)
		strbuf_puts(out, "aborted");
	else if (info->status == SAM_CHECK_CONDITION)
		strbuf_printf(out, "CHECK CONDITION %x/%02X/%02X", info->key, info->asc, info->ascq);
	else
		strbuf_printf(out, "status %02Xh", info->status);
	strbuf_printf(out, " after %" PRIu64 ".%03u ms", (uint64_t)(ns / NSEC_PER_MSEC),
		      (unsigned int)(ns % NSEC_PER_MSEC / 1000));
}

void cmd_trace(const struct scsi_cmd *cmd, enum scsi_result result, uint64_t ns)
{
	bool failed = scsi_result_info(result)->status != SAM_GOOD;
	char text[480];
	struct strbuf line = strbuf_fixed(text, sizeof(text));

	describe(cmd, result, ns, &line);
	if (trace_on(TRACE_COMMANDS))
		trace_write(TRACE_COMMANDS, "%s", strbuf_str(&line));
	else if (trace_on(TRACE_ERRORS) && failed)
		trace_write(TRACE_ERRORS, "%s", strbuf_str(&line));
	if (ns > cmd->nexus->target->core->slow_ns - 1)
		log_limited(LOG_LVL_WARN, "slow command: %s", strbuf_str(&line));
}
