/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that have to end for reasons of the target: their initiators are asked to log out, and
 * what has not gone in time is closed.
 */
#ifndef ISCSI_LEAVE_H
#define ISCSI_LEAVE_H

struct iscsi_session;

/*
 * Asks every connection for a logout (RFC 7143 11.9.1, AsyncEvent 1); after iscsi.logout_wait_s the
 * session is told that it is dropped, and is. It never outlives that by more than the time a peer
 * has to take what was queued. Again: nothing. May close the session at once.
 */
void leave_ask(struct iscsi_session *s, const char *why);

#endif
