/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending over TCP: everything that a turn queued leaves with one sendmsg.
 */
#ifndef ISCSI_TX_H
#define ISCSI_TX_H

struct iscsi_conn;
struct iscsi_pdu;

void tx_init(struct iscsi_conn *conn);
void tx_queue(struct iscsi_conn *conn, struct iscsi_pdu *pdu);
/* The socket takes bytes again. */
void tx_unblocked(struct iscsi_conn *conn);
/* Calls sent() of everything queued: the connection is closed. */
void tx_drop(struct iscsi_conn *conn);

#endif
