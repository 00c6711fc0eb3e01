/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redirection of logins (RFC 7143 11.13.5): to an address that the administrator set, or that a
 * program of his tells for each login.
 */
#ifndef ISCSI_REDIRECT_H
#define ISCSI_REDIRECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "iscsi/iscsi_proto.h"

struct iscsi_login;

#define REDIRECT_HOST_MAX 255 /* bytes of a host's name, RFC 1035 */

/* Of a target. */
struct redirect {
	char *addr;	/* RedirectAddress; NULL: none */
	uint16_t port;	/* RedirectPort */
	bool permanent;	/* RedirectReason */
	char *callback;	/* RedirectCallback: a program and its arguments; goes before the address. NULL: none */
};

/* What a program answered. */
struct redirect_answer {
	char host[REDIRECT_HOST_MAX + 1]; /* "": nowhere */
	uint16_t port;
	bool permanent;
};

void redirect_init(struct redirect *r);
void redirect_free(struct redirect *r);
/* A parameter of a target. 0, -ENOENT: it is another one, or -EINVAL with @err. */
int redirect_set(struct redirect *r, const char *name, const char *value, struct err *err);
/* NULL: nothing was set. */
json_t *redirect_show(const struct redirect *r);

/*
 * "host:port:Temporary" or "host:port:Permanent", with or without a newline; IPv6 with or without
 * brackets; nothing at all: it may stay. False: it is nothing of that.
 */
bool redirect_parse(struct redirect_answer *out, const char *text, size_t len);

/*
 * Where the login has to go. LOGIN_OK: here, or, with l->asking set, that is not known yet and
 * login_redirected() will tell. Else the status, with TargetAddress in l->out.
 */
enum iscsi_login_status redirect_decide(struct iscsi_login *l);
/* The login ends: nobody waits for an answer. */
void redirect_forget(struct iscsi_login *l);

#endif
