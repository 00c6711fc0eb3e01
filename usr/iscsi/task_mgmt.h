/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Task management requests (RFC 7143 11.5, 11.6).
 */
#ifndef ISCSI_TASK_MGMT_H
#define ISCSI_TASK_MGMT_H

#include <stdbool.h>

struct iscsi_conn;
struct iscsi_task;

void task_mgmt_header(struct iscsi_conn *conn);
/* Its turn in the order of CmdSN has come. */
void task_mgmt_run(struct iscsi_task *task);
/* Whether its response stands for those of many tasks (RFC 7143 4.2.2.3.4). */
bool task_mgmt_is_of_many(const struct iscsi_task *task);
/* Sends the response in task->tmf, whatever fence there is. */
void task_mgmt_respond(struct iscsi_task *task);

#endif
