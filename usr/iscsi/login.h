/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The login phase (RFC 7143 chapter 6): from accept to the final Login Response.
 */
#ifndef ISCSI_LOGIN_H
#define ISCSI_LOGIN_H

struct iscsi_conn;
struct iscsi_target;

/* After accept: the connection counts as one that logs in, and has a time limit. */
void login_start(struct iscsi_conn *conn);
/* Header handler of Login Requests. */
void login_header(struct iscsi_conn *conn);
/* The login succeeded or the connection ends. Idempotent. */
void login_end(struct iscsi_conn *conn);
/* The target goes: logins to it that are under way end. */
void login_target_gone(const struct iscsi_target *it);

#endif
