/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-In (RFC 7143 11.7) and SCSI Response (11.4): how a command ends on the wire.
 */
#ifndef ISCSI_DATAIN_H
#define ISCSI_DATAIN_H

struct iscsi_task;

/* link->send_response of TCP. */
void datain_send(struct iscsi_task *task);

#endif
