/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-In (RFC 7143 11.7) and SCSI Response (11.4): how a command ends on the wire.
 */
#ifndef ISCSI_DATAIN_H
#define ISCSI_DATAIN_H

#include <stdint.h>

struct iscsi_task;

/* link->send_response of TCP. */
void datain_send(struct iscsi_task *task);

/* From error recovery level 1 on; DataSNs are such as were sent, and not acknowledged. */

/* Data-In of DataSN @first up to @end once more. */
void datain_resend(struct iscsi_task *task, uint32_t first, uint32_t end);
/* The initiator has all before DataSN @sn. */
void datain_acked(struct iscsi_task *task, uint32_t sn);
/*
 * All that is not acknowledged once more, in segments of the present length, and the status with
 * rec.snack_tag: at once, or when what was sent before has left.
 */
void datain_resegment(struct iscsi_task *task);
/* The command has ended, and is on another connection now: all data from DataSN @sn on, and the status. */
void datain_resume(struct iscsi_task *task, uint32_t sn);

#endif
