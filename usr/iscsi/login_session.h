/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a login: which session it makes, joins or replaces (RFC 7143 6.3.1, 6.3.5).
 */
#ifndef ISCSI_LOGIN_SESSION_H
#define ISCSI_LOGIN_SESSION_H

#include <stdbool.h>

#include "iscsi/iscsi_proto.h"

struct iscsi_login;
struct iscsi_session;

/*
 * A session of the same initiator port to the same portal group is closed first; of the session that
 * it joins, the connection of the same CID. True: that is on its way out, and login_finish() will be
 * called when it is gone.
 */
bool login_wait_for_old(struct iscsi_login *l);
/* The live session that the TSIH names, and that is of this initiator port (6.3.1); NULL: none. */
struct iscsi_session *login_joined(const struct iscsi_login *l);
/* The login ends, or need not wait any more. */
void login_forget_old(struct iscsi_login *l);
/* Makes the session and puts the connection into it. LOGIN_OK, or the status to refuse with. */
enum iscsi_login_status login_make_session(struct iscsi_login *l);
/* login.c: sends the final response. */
void login_finish(struct iscsi_login *l);

#endif
