/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error recovery level 2 (RFC 7143 7.1.4, 13.15, 13.16): the tasks of a connection that was lost, or logged
 * out for recovery, live on for DefaultTime2Wait and DefaultTime2Retain, for another connection to take
 * them over (reassign.h); so does a session without connections.
 */
#ifndef ISCSI_RETAIN_H
#define ISCSI_RETAIN_H

#include <stdbool.h>

struct iscsi_conn;
struct iscsi_session;

/* Whether the tasks of a connection that is closed now are to be kept. */
bool retain_wanted(const struct iscsi_conn *conn);
/* It was closed, with conn->kept set: the time runs. */
void retain_begin(struct iscsi_conn *conn);
/* It was logged out for recovery, so that tasks may be taken over: the time runs anew. */
void retain_recovered(struct iscsi_conn *conn);
/* Its tasks end, as they would have without any recovery. */
void retain_forget(struct iscsi_conn *conn);
/* The session ends. */
void retain_forget_all(struct iscsi_session *s);

#endif
