/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One login under way; for login*.c and auth*.c only.
 */
#ifndef ISCSI_LOGIN_PRIV_H
#define ISCSI_LOGIN_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "iscsi/auth.h"
#include "iscsi/iscsi_proto.h"
#include "iscsi/keys.h"
#include "iscsi/text.h"
#include "scsi/names.h"

struct child;
struct iscsi_conn;
struct iscsi_session;
struct iscsi_target;

/* Embedded in nothing: conn->login, from the first request to login_end(). */
struct iscsi_login {
	struct iscsi_conn *conn;
	struct strbuf in;	/* text of requests so far (C bit) */
	struct strbuf out;	/* text of the response */
	uint8_t stage;		/* the initiator's CSG of the last request */
	bool started;		/* the first request was seen */
	bool identified;	/* names and session type are known and accepted */
	bool told_tpgt;
	bool auth_done;
	uint8_t isid[6];
	uint16_t tsih;
	uint32_t itt, cmd_sn;
	char initiator[SCSI_NAME_MAX + 1];
	char target_name[SCSI_NAME_MAX + 1];
	char alias[256];
	char session_type[16];
	bool bad_name;
	bool discovery;
	struct iscsi_target *target;	    /* NULL: discovery */
	struct iscsi_params ours;	    /* what we offer: the target's, or defaults */
	struct negotiation nego;
	char *auth_list;		    /* AuthMethod of this request, within @in */
	const struct auth_method *auth;
	void *auth_state;
	enum iscsi_login_status status;	    /* what went wrong in a key */
	char culprit[TEXT_KEY_MAX + 1];	    /* the key that must not come, or not again; "" */
	struct iscsi_session *reinstated;   /* being closed before we go on; NULL: none */
	struct iscsi_session *joins;	    /* held until the connection that we replace is gone; or NULL */
	struct child *asking;		    /* RedirectCallback runs, and all waits for it; or NULL */
	uint8_t flags;			    /* of the request that is being answered */
	uint8_t final_flags;		    /* of the response that waits for it */
};

/* login.c: where to is decided. LOGIN_OK, it stays here, or the status to refuse with. */
void login_redirected(struct iscsi_login *l, enum iscsi_login_status status);
/* login_ident.c: who is it, what does it want, may it? LOGIN_OK, or the status to refuse with. */
enum iscsi_login_status login_identify(struct iscsi_login *l);
/* login_ident.c: whether it may have l->target, now. */
enum iscsi_login_status login_admit(const struct iscsi_login *l);
/* login_ident.c: a key that names the parties. 0; -ENOENT: it is another key; -EPROTO. */
int login_ident_key(struct iscsi_login *l, const char *key, const char *value);
/* login_ident.c: whether it is one. */
bool login_ident_is(const char *key);

#endif
