/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Authentication methods of the security stage (RFC 7143 chapter 12). Rows of
 * auth_methods[]; login.c drives them.
 */
#ifndef ISCSI_AUTH_H
#define ISCSI_AUTH_H

#include <stdbool.h>

#include "iscsi/iscsi_proto.h"

struct iscsi_login;

struct auth_method {
	const char *name; /* as in AuthMethod= */
	/* Whether this login may use it. */
	bool (*allowed)(const struct iscsi_login *l);
	/* The method was chosen. LOGIN_OK, or the status to refuse with. */
	enum iscsi_login_status (*begin)(struct iscsi_login *l);
	/* A key of the method. -ENOENT: not its key. */
	int (*key)(struct iscsi_login *l, const char *key, char *value);
	/* All keys of a request were given: answers into l->out; sets l->auth_done at the end. */
	enum iscsi_login_status (*step)(struct iscsi_login *l);
	void (*end)(struct iscsi_login *l); /* frees l->auth_state */
};

extern const struct auth_method auth_chap, auth_none;

/* Ended by NULL; in order of preference when the initiator has none. */
extern const struct auth_method *const auth_methods[];

/* The first of the initiator's comma-separated @list that is known and allowed; NULL: none. */
const struct auth_method *auth_choose(const struct iscsi_login *l, char *list);
/* Whether a login may go on without any: the security stage was skipped. */
bool auth_skippable(const struct iscsi_login *l);

#endif
