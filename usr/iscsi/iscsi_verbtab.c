/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the verbs that this folder owns: account, portal, session, connection.
 * Compiled for tgtd and, without the functions, for tgtadm (base/verb.h).
 */
#include "iscsi/capture.h"
#include "iscsi/iscsi_verbs.h"

#define END { .name = NULL }
#define TID { "tid", VERB_UINT, true, "target number" }
#define OF_TID { "tid", VERB_UINT, false, "target number: the session must be this target's" }
#define SID { "sid", VERB_UINT, true, "session number (TSIH)" }
#define CID { "cid", VERB_UINT, true, "connection number" }

#define USER { "user", VERB_STRING, true, "name of the account" }
#define PASSWORD { "password", VERB_SECRET, true, "12 bytes or more" }

static const struct verb_arg account_args[] = { USER, END };
static const struct verb_arg account_secret_args[] = { USER, PASSWORD, END };
static const struct verb_arg account_bind_args[] = {
	{ "tid", VERB_UINT, false, "target number; without: discovery" },
	USER,
	{ "outgoing", VERB_BOOL, false, "the target's own, for initiators that ask who it is" },
	END,
};
static const struct verb_arg account_show_args[] = {
	{ "secrets", VERB_BOOL, false, "with the passwords" },
	END,
};
static const struct verb_arg tid_only[] = { TID, END };
static const struct verb_arg tid_sid[] = { OF_TID, SID, END };
static const struct verb_arg tid_sid_cid[] = { OF_TID, SID, CID, END };
static const struct verb_arg capture_args[] = {
	OF_TID, SID,
	{ "path", VERB_STRING, true, "file, with its absolute path; an old one is emptied" },
	{ "limit", VERB_UINT, false, "MiB, default 1024" },
	END,
};
#define PORTAL { "portal", VERB_STRING, true, "address[:port], [v6address][:port]" }
#define OF_INTERFACE { "interface", VERB_STRING, false, "only the portal of this interface" }
#define SOCKET                                                                                     \
	{ "dscp", VERB_STRING, false, "mark of its packets: 0 to 63, cs0, af11, ef, ... or default" },     \
	{ "keepalive", VERB_STRING, false, "IDLE[:INTERVAL[:COUNT]]: when idle peers are probed" }, \
	{ "user-timeout", VERB_STRING, false, "seconds that data may stay unacknowledged" }
static const struct verb_arg portal_args[] = { PORTAL, OF_INTERFACE, END };
static const struct verb_arg portal_bind_args[] = {
	PORTAL,
	OF_INTERFACE,
	{ "initiator-address", VERB_STRING, false, "ALL, an address or a network" },
	{ "initiator-name", VERB_STRING, false, "ALL, an initiator name or a pattern" },
	END,
};
static const struct verb_arg portal_new_args[] = {
	PORTAL,
	{ "tag", VERB_UINT, false, "target portal group tag, default 1" },
	{ "interface", VERB_STRING, false, "take connections from this network interface only" },
	SOCKET,
	{ "origin", VERB_STRING, false, "added, or configured: targets.conf may take it back" },
	END,
};
static const struct verb_arg portal_update_args[] = { PORTAL, OF_INTERFACE, SOCKET, END };

#define VERB(o, v, a, ro, fn, h)                                                                   \
	{ .object = o, .verb = v, .args = a, .read_only = ro, .run = VERB_RUN(fn), .help = h }

const struct verb iscsi_verbs[19] = {
	VERB("account", "bind", account_bind_args, false, account_verb_bind,
	     "Gives a target, or discovery, an account."),
	VERB("account", "delete", account_args, false, account_verb_delete,
	     "Removes an account and its bindings."),
	VERB("account", "new", account_secret_args, false, account_verb_new, "Makes an account."),
	VERB("account", "show", account_show_args, true, account_verb_show,
	     "Lists the accounts and what they are bound to."),
	VERB("account", "unbind", account_bind_args, false, account_verb_unbind,
	     "Takes an account from a target, or from discovery."),
	VERB("account", "update", account_secret_args, false, account_verb_update,
	     "Changes the password of an account; sessions stay."),
	VERB("connection", "delete", tid_sid_cid, false, connection_verb_delete,
	     "Closes a connection."),
	VERB("connection", "show", tid_only, true, connection_verb_show,
	     "Lists the connections of a target."),
	VERB("connection", "stat", tid_sid_cid, true, connection_verb_stat,
	     "Counters of a connection."),
	VERB("portal", "bind", portal_bind_args, false, portal_verb_bind,
	     "Says who may use a portal; without any entry all may."),
	VERB("portal", "delete", portal_args, false, portal_verb_delete,
	     "Stops listening on a portal; its connections stay."),
	VERB("portal", "new", portal_new_args, false, portal_verb_new, "Listens on a portal."),
	VERB("portal", "show", NULL, true, portal_verb_show, "Lists the portals."),
	VERB("portal", "unbind", portal_bind_args, false, portal_verb_unbind,
	     "Takes an entry of bind back."),
	VERB("portal", "update", portal_update_args, false, portal_verb_update,
	     "Changes the sockets of a portal and of its connections."),
	VERB("session", "capture", capture_args, false, session_verb_capture,
	     "Writes what a session sends and receives to a pcapng file."),
	VERB("session", "capture-end", tid_sid, false, session_verb_capture_end,
	     "Ends that, and says what was written."),
	VERB("session", "show", tid_sid, true, session_verb_show,
	     "Shows a session and what it negotiated."),
	VERB("session", "stat", tid_sid, true, session_verb_stat,
	     "Counters of a session by logical unit, and of its connections."),
};
