/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From error recovery level 1 on: PDUs with a status are kept, with their tasks and data, until the
 * initiator's ExpStatSN says that it has them (RFC 7143 4.2.2.2). It may ask for them again.
 */
#ifndef ISCSI_UNACKED_H
#define ISCSI_UNACKED_H

#include <stdbool.h>
#include <stdint.h>

struct iscsi_conn;
struct iscsi_pdu;
struct iscsi_session;

/* Instead of pdu->sent(): its last byte was handed to the socket. */
void unacked_keep(struct iscsi_conn *conn, struct iscsi_pdu *pdu);
/* After sending: asks for acknowledgements when much is kept, and closes the connection when too much is. */
void unacked_check(struct iscsi_conn *conn);
/* ExpStatSN of a PDU that came. */
void unacked_ack(struct iscsi_conn *conn, uint32_t exp_stat_sn);
/*
 * Sends kept ones of StatSN @first up to @end once more; those that have not left yet will anyway. False:
 * the range has some that were acknowledged, or were never sent.
 */
bool unacked_resend(struct iscsi_conn *conn, uint32_t first, uint32_t end);
/* Sends a kept one once more; one that has not left yet will anyway. */
void unacked_resend_pdu(struct iscsi_pdu *pdu);
/* Takes a kept one back, as something else will be sent in its place. */
void unacked_take(struct iscsi_pdu *pdu);
/* It has served its purpose: calls its sent(). */
void unacked_release(struct iscsi_pdu *pdu);
/* All: the connection is closed. */
void unacked_drop(struct iscsi_conn *conn);
/*
 * Whether a task of this tag is under way. One whose status was only not acknowledged is not: with
 * the new use of the tag it is.
 */
bool unacked_tag_in_use(const struct iscsi_session *s, uint32_t itt);

#endif
