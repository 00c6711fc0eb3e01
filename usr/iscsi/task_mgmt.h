/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task management requests (RFC 7143 11.5, 11.6).
 */
#ifndef ISCSI_TASK_MGMT_H
#define ISCSI_TASK_MGMT_H

struct iscsi_conn;
struct iscsi_task;

void task_mgmt_header(struct iscsi_conn *conn);
/* Its turn in the order of CmdSN has come. */
void task_mgmt_run(struct iscsi_task *task);

#endif
