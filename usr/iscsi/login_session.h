/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a login: which session it makes, joins or replaces (RFC 7143 6.3.1, 6.3.5).
 */
#ifndef ISCSI_LOGIN_SESSION_H
#define ISCSI_LOGIN_SESSION_H

#include <stdbool.h>

#include "iscsi/iscsi_proto.h"

struct iscsi_login;

/*
 * A session of the same initiator port to the same portal group is closed first. True: it
 * is on its way out, and login_finish() will be called when it is gone.
 */
bool login_wait_for_old(struct iscsi_login *l);
/* The login ends while it waits. */
void login_forget_old(struct iscsi_login *l);
/* Makes the session and puts the connection into it. LOGIN_OK, or the status to refuse with. */
enum iscsi_login_status login_make_session(struct iscsi_login *l);
/* login.c: sends the final response. */
void login_finish(struct iscsi_login *l);

#endif
