/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logout (RFC 7143 11.14, 11.15).
 */
#ifndef ISCSI_LOGOUT_H
#define ISCSI_LOGOUT_H

struct iscsi_conn;

void logout_header(struct iscsi_conn *conn);
/* The connection ends: a response that waits is not sent. */
void logout_end(struct iscsi_conn *conn);

#endif
