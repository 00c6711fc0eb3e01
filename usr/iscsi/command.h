/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCSI commands: from the request PDU to target_submit(), and the transport's
 * callbacks back from the target.
 */
#ifndef ISCSI_COMMAND_H
#define ISCSI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

struct iscsi_conn;
struct iscsi_session;
struct iscsi_task;
struct scsi_cmd;
struct scsi_data;
struct tmf;

void command_header(struct iscsi_conn *conn);
/* ExpCmdSN advanced: tasks that had come early may be due now. */
void command_run_early(struct iscsi_session *s);
/* Holds a task, or the place of one that will not come, until its CmdSN is due. */
void command_queue_early(struct iscsi_task *task);
/* Counts @cmd_sn, which is not yet due and will not come as a command, as received. 0 or -ENOMEM. */
int command_skip(struct iscsi_conn *conn, uint32_t itt, uint32_t cmd_sn);
/*
 * For numbered requests that are no tasks and need not wait for their turn: takes the number of the
 * PDU in conn->rx. False: it is to be ignored, or the connection was closed.
 */
bool command_take_number(struct iscsi_conn *conn);
/* Unsolicited data has ended, or a data PDU is complete: a response that was held may go. */
void command_check_held(struct iscsi_task *task);

/* struct transport's. */
int iscsi_alloc_data(struct scsi_cmd *cmd, struct scsi_data *d, uint32_t len);
void iscsi_free_data(struct scsi_cmd *cmd, struct scsi_data *d);
void iscsi_data_out(struct scsi_cmd *cmd);
void iscsi_respond(struct scsi_cmd *cmd);
void iscsi_aborted(struct scsi_cmd *cmd);
void iscsi_tmf_respond(struct tmf *tmf);

#endif
