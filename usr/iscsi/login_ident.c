/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who logs in to what: the identifying keys of the first login request, and whether
 * that initiator may have that target (RFC 7143 6.3.1).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/admit.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/login_priv.h"
#include "iscsi/text.h"
#include "target/access.h"
#include "target/core.h"
#include "target/target.h"

static int take_name(struct iscsi_login *l, char *out, const char *value)
{
	if (*out)
		return -EPROTO;
	if (!*value || strlen(value) > SCSI_NAME_MAX)
		l->bad_name = true;
	else
		name_fold(out, value);
	return 0;
}

int login_ident_key(struct iscsi_login *l, const char *key, const char *value)
{
	if (!strcmp(key, "InitiatorName"))
		return take_name(l, l->initiator, value);
	if (!strcmp(key, "TargetName"))
		return take_name(l, l->target_name, value);
	if (!strcmp(key, "SessionType")) {
		if (*l->session_type)
			return -EPROTO;
		snprintf(l->session_type, sizeof(l->session_type), "%s", value);
		return 0;
	}
	if (!strcmp(key, "InitiatorAlias")) {
		snprintf(l->alias, sizeof(l->alias), "%s", value);
		return 0;
	}
	return -ENOENT;
}

bool login_ident_is(const char *key)
{
	static const char *const keys[] = { "InitiatorName", "TargetName", "SessionType",
					    "InitiatorAlias" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

enum iscsi_login_status login_admit(const struct iscsi_login *l)
{
	const struct target *t = l->target->t;
	enum iscsi_login_status status = admit(l->target, l->initiator, l->conn);
	char peer[ADDR_STRLEN];

	if (status)
		log_limited(LOG_LVL_NOTICE, "login of %s from %s to %s refused by %s", l->initiator,
			    addr_format(&l->conn->peer, peer), t->name,
			    status == LOGIN_FORBIDDEN ? "the access list or its discovery domains" :
			    status == LOGIN_NOT_FOUND ? "its portal groups" :
							"iSNS: the server has not answered yet");
	if (status)
		return status;
	return target_ready(t) ? LOGIN_OK : LOGIN_UNAVAILABLE;
}

static enum iscsi_login_status find_target(struct iscsi_login *l)
{
	enum iscsi_login_status status;
	struct target *t;

	if (!*l->target_name)
		return LOGIN_MISSING_PARAMETER;
	t = target_by_name(iscsi.core, l->target_name);
	if (!t || t->transport != &iscsi_transport)
		return LOGIN_NOT_FOUND;
	l->target = iscsi_target_of(t);
	status = login_admit(l);
	if (status)
		return status;
	l->ours = l->target->params;
	return LOGIN_OK;
}

enum iscsi_login_status login_identify(struct iscsi_login *l)
{
	if (l->bad_name)
		return LOGIN_INITIATOR_ERROR;
	if (!*l->initiator)
		return LOGIN_MISSING_PARAMETER;
	if (!strcmp(l->session_type, "Discovery")) {
		l->discovery = true;
		if (!admit_portal(l->initiator, l->conn))
			return LOGIN_FORBIDDEN;
		params_defaults(&l->ours);
		return LOGIN_OK;
	}
	if (*l->session_type && strcmp(l->session_type, "Normal"))
		return LOGIN_BAD_SESSION_TYPE;
	return find_target(l);
}
