/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reject (RFC 7143 11.17): tells the initiator which of its PDUs was not taken, and why.
 */
#ifndef ISCSI_REJECT_H
#define ISCSI_REJECT_H

#include "iscsi/iscsi_proto.h"

struct iscsi_conn;

/* Of the PDU in conn->rx; its header goes back as data. */
void reject_send(struct iscsi_conn *conn, enum iscsi_reject_reason reason);
/* The same, and the connection ends when it has left: the usual answer to a protocol error at ERL 0. */
void reject_and_close(struct iscsi_conn *conn, enum iscsi_reject_reason reason, const char *why);
/* RFC 7143 7.7: the data digest of the PDU in conn->rx was wrong. */
void reject_bad_data(struct iscsi_conn *conn);

#endif
