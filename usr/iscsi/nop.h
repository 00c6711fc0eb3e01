/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NOP-Out and NOP-In (RFC 7143 11.18, 11.19): echoes, and our own pings.
 */
#ifndef ISCSI_NOP_H
#define ISCSI_NOP_H

struct iscsi_conn;

void nop_out_header(struct iscsi_conn *conn);
/* Arms the ping timer if the target has an interval; again after it was changed. */
void nop_start(struct iscsi_conn *conn);

/* A ping now, unless one is unanswered: its answer acknowledges what has arrived. */
void nop_ask(struct iscsi_conn *conn);

#endif
