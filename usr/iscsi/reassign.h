/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TASK REASSIGN (RFC 7143 7.2.2, 11.5): a task of a lost connection goes on, on another one.
 */
#ifndef ISCSI_REASSIGN_H
#define ISCSI_REASSIGN_H

#include <stdint.h>

#include "scsi/scsi.h"

struct iscsi_conn;
struct iscsi_task;

/* Whether @conn may take over the task of this tag, which goes to *@task then. */
enum tmf_response reassign_check(const struct iscsi_conn *conn, uint32_t itt,
				 struct iscsi_task **task);
/* After the response to that: it does. The initiator has all before DataSN, or R2TSN, @exp_data_sn. */
void reassign(struct iscsi_task *task, struct iscsi_conn *conn, uint32_t exp_data_sn);

#endif
