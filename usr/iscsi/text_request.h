/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text requests of the full feature phase (RFC 7143 11.10, 11.11): SendTargets, and
 * the few keys that may change there.
 */
#ifndef ISCSI_TEXT_REQUEST_H
#define ISCSI_TEXT_REQUEST_H

struct iscsi_conn;

void text_req_header(struct iscsi_conn *conn);
/* Forgets an exchange under way. Idempotent. */
void text_req_end(struct iscsi_conn *conn);

#endif
