/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the target core use of a command's life beyond cmd.h.
 */
#ifndef TARGET_CMD_PRIV_H
#define TARGET_CMD_PRIV_H

#include <stdbool.h>

#include "scsi/result.h"

struct itl;
struct lu;
struct scsi_cmd;

/* cmd_decode.c: LUN, row, CDB checks, lengths. RES_GOOD, or how the command ends. */
enum scsi_result cmd_decode(struct scsi_cmd *cmd);

/* No limit holds it back (any more): into the task set. */
void cmd_enter(struct scsi_cmd *cmd);
/* The command's turn has come: gates, data-out, handler. */
void cmd_enable(struct scsi_cmd *cmd);
/* Dormant commands and those at the gates: ends it here. */
void cmd_end(struct scsi_cmd *cmd, enum scsi_result result);
/*
 * Takes the command away, silently or with status TASK ABORTED. True when it has ended; false: it
 * is in its handler or the store and ends when it comes back.
 */
bool cmd_abort(struct scsi_cmd *cmd, bool with_status);
/* Whether a TMF or a dying nexus can still do something to it. */
bool cmd_alive(const struct scsi_cmd *cmd);
/* The LU goes: refuses what waits, aborts what fetches data, lets the rest come back. */
void cmd_evict_all(struct lu *lu);
/* The same when one nexus no longer sees it. What is aborted has status TASK ABORTED. */
void cmd_evict(const struct itl *itl);

/* cmd_result.c: status, sense data, residuals, statistics. */
void cmd_set_result(struct scsi_cmd *cmd, enum scsi_result result);
void cmd_count_submitted(struct scsi_cmd *cmd);

/* cmd_trace.c: the lines of a command that ended after @ns, if it is traced or slow. */
void cmd_trace(const struct scsi_cmd *cmd, enum scsi_result result, uint64_t ns);
void cmd_count_ended(struct scsi_cmd *cmd, enum scsi_result result);

#endif
