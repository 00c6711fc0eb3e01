/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recovery within a command (RFC 7143 7.8, 7.9), from error recovery level 1 on: data of writes that
 * should have come is asked for again.
 */
#ifndef ISCSI_RECOVERY_H
#define ISCSI_RECOVERY_H

#include <stdbool.h>

struct iscsi_conn;
struct iscsi_task;

/* Full feature phase begins: looks after what gets lost, each second. */
void recovery_start(struct iscsi_conn *conn);
/*
 * Data of @task is missing that the initiator should have sent. True: ask for it again; false: it was
 * asked for too often, and the task is to fail.
 */
bool recovery_allowed(struct iscsi_task *task);
/* Something came for @task. */
void recovery_progress(struct iscsi_task *task);

#endif
