/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of accounts, portals, sessions and connections; the rows stand in iscsi_verbtab.c.
 */
#ifndef ISCSI_ISCSI_VERBS_H
#define ISCSI_ISCSI_VERBS_H

#include "base/verb.h"

struct iscsi_conn;
struct iscsi_session;

extern const struct verb iscsi_verbs[19];

/* The session that --sid, and perhaps --tid, name; NULL with call->err. */
struct iscsi_session *verb_session(struct verb_call *call);
/* What every show says of a connection. A new reference; NULL: no memory. */
json_t *conn_to_json(const struct iscsi_conn *conn);

int account_verb_bind(struct verb_call *call);
int account_verb_delete(struct verb_call *call);
int account_verb_new(struct verb_call *call);
int account_verb_show(struct verb_call *call);
int account_verb_unbind(struct verb_call *call);
int account_verb_update(struct verb_call *call);
int portal_verb_new(struct verb_call *call);
int portal_verb_delete(struct verb_call *call);
int portal_verb_bind(struct verb_call *call);
int portal_verb_unbind(struct verb_call *call);
int portal_verb_update(struct verb_call *call);
int portal_verb_show(struct verb_call *call);
int session_verb_show(struct verb_call *call);
int session_verb_stat(struct verb_call *call);
int connection_verb_show(struct verb_call *call);
int connection_verb_delete(struct verb_call *call);
int connection_verb_stat(struct verb_call *call);

#endif
