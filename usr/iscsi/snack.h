/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SNACK (RFC 7143 11.16): the initiator asks for what it did not get, or says what it has.
 */
#ifndef ISCSI_SNACK_H
#define ISCSI_SNACK_H

struct iscsi_conn;

void snack_header(struct iscsi_conn *conn);

#endif
