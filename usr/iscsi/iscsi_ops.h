/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an initiator may send, one row an opcode: in which states, and who takes the
 * header. rx.c calls iscsi_op_header() for every header.
 */
#ifndef ISCSI_ISCSI_OPS_H
#define ISCSI_ISCSI_OPS_H

struct iscsi_conn;

/*
 * conn->rx holds header and AHS. The row's handler chooses where the data segment goes
 * (rx_data_to, rx_data_to_ctrl, or nowhere) and sets rx.complete; or it closes the connection.
 */
void iscsi_op_header(struct iscsi_conn *conn);

#endif
