/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of --iscsi (iscsi_options.h). What is said of portals belongs to the one
 * before it, or, before the first, to all. Called at the start.
 */
#include "iscsi/iscsi_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/chap_hash.h"
#include "iscsi/iscsi.h"
#include "iscsi/iscsi_target.h"
#include "iscsi/peer_limit.h"
#include "iscsi/portal.h"
#include "iscsi/text.h"

#define LOGOUT_WAIT_MAX 3600 /* seconds; the service manager has a limit of its own */
#define LOGIN_TIMEOUT_MAX 3600
#define CONNECTIONS_MAX 1048576
#define RATE_MAX 1000000 /* a second */

struct reader {
	struct portal_conf conf; /* of the portal, or of all that follow */
	const char *portal;	 /* its address, when all that belongs to it was read; NULL: none */
	bool none;		 /* portal=none */
	struct err *err;
};

/* The portal that was begun is complete. */
static int end_portal(struct reader *r)
{
	const char *portal = r->portal;

	r->portal = NULL;
	return portal ? portal_add(portal, &r->conf, r->err) : 0;
}

static int portal(struct reader *r, const char *value)
{
	int ret = end_portal(r);

	if (!strcmp(value, "none")) {
		r->none = true;
		return ret;
	}
	r->portal = value;
	r->conf = (struct portal_conf){
		.tag = 1, .origin = PORTAL_OPTION, .sock = iscsi.portal_sock
	};
	r->conf.sock.own = 0;
	return ret;
}

static int tag(struct reader *r, const char *value)
{
	uint32_t v;

	if (!r->portal)
		return err_set(r->err, ERR_INVALID_REQUEST, "tag=%s: name its portal before it", value);
	return portal_tag_parse(text_number(value, &v) ? v : 0, &r->conf.tag, r->err);
}

static int interface(struct reader *r, const char *value)
{
	if (!r->portal)
		return err_set(r->err, ERR_INVALID_REQUEST, "interface=%s: name its portal before it",
			       value);
	return portal_interface_parse(value, r->conf.interface, r->err);
}

static int nop_interval(struct reader *r, const char *value)
{
	return iscsi_parse_seconds("nop_interval", value, &iscsi.nop_interval_s, r->err);
}

static int nop_count(struct reader *r, const char *value)
{
	return iscsi_parse_seconds("nop_count", value, &iscsi.nop_count, r->err);
}

static int number(struct reader *r, const char *name, const char *value, uint32_t min, uint32_t max,
		  uint32_t *out)
{
	uint32_t v;

	if (!text_number(value, &v) || v < min || v > max)
		return err_set(r->err, ERR_INVALID_REQUEST, "%s is a number from %u to %u", name,
			       min, max);
	*out = v;
	return 0;
}

static int logout_wait(struct reader *r, const char *value)
{
	return number(r, "logout_wait", value, 0, LOGOUT_WAIT_MAX, &iscsi.logout_wait_s);
}

static int login_timeout(struct reader *r, const char *value)
{
	return number(r, "login_timeout", value, 1, LOGIN_TIMEOUT_MAX,
		      &iscsi.limits.login_timeout_s);
}

static int max_connections(struct reader *r, const char *value)
{
	return number(r, "max_connections", value, 1, CONNECTIONS_MAX,
		      &iscsi.limits.max_connections);
}

static int max_logins(struct reader *r, const char *value)
{
	return peer_limit_parse(&iscsi.limits.logins, "max_logins", value, CONNECTIONS_MAX, r->err);
}

static int connection_rate(struct reader *r, const char *value)
{
	return peer_limit_parse(&iscsi.limits.connection_rate, "connection_rate", value, RATE_MAX,
				r->err);
}

static int login_rate(struct reader *r, const char *value)
{
	return peer_limit_parse(&iscsi.limits.login_rate, "login_rate", value, RATE_MAX, r->err);
}

static int chap_algorithms(struct reader *r, const char *value)
{
	return chap_order_parse(&iscsi.chap_order, value, r->err);
}

static const struct {
	const char *name;
	int (*take)(struct reader *r, const char *value);
} options[] = {
	{ "chap_algorithms", chap_algorithms },
	{ "connection_rate", connection_rate },
	{ "interface", interface },
	{ "login_rate", login_rate },
	{ "login_timeout", login_timeout },
	{ "logout_wait", logout_wait },
	{ "max_connections", max_connections },
	{ "max_logins", max_logins },
	{ "nop_count", nop_count },
	{ "nop_interval", nop_interval },
	{ "portal", portal },
	{ "tag", tag },
};

static int option(struct reader *r, char *text)
{
	char *value = strchr(text, '=');
	int ret;
	size_t i;

	if (!value)
		return err_set(r->err, ERR_INVALID_REQUEST,
			       "iSCSI options are name=value, not '%s'", text);
	*value++ = '\0';
	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(text, options[i].name))
			return options[i].take(r, value);
	ret = portal_sock_set(r->portal ? &r->conf.sock : &iscsi.portal_sock, text, value, r->err);
	if (ret != -ENOENT)
		return ret;
	return err_set(r->err, ERR_INVALID_REQUEST,
		       "iSCSI has no option '%s': portal, tag, interface, dscp, keepalive, "
		       "user_timeout, nop_interval, nop_count, logout_wait, login_timeout, "
		       "max_connections, max_logins, connection_rate, login_rate, chap_algorithms",
		       text);
}

static int default_portal(const struct reader *r)
{
	struct portal_conf conf = { .tag = 1, .origin = PORTAL_DEFAULT, .sock = iscsi.portal_sock };

	/* Sockets that were passed in are portals already (portal_adopt). */
	if (r->none || !list_empty(&iscsi.portals))
		return 0;
	conf.sock.own = 0;
	iscsi.default_portal = true;
	return portal_add("", &conf, r->err);
}

int iscsi_options(const char *text, struct err *err)
{
	char *copy = strdup(text), *save, *tok;
	struct reader r = { .err = err };
	int ret = 0;

	if (!copy)
		return err_set(err, ERR_NOMEM, "%s", "");
	for (tok = strtok_r(copy, ",", &save); tok && !ret; tok = strtok_r(NULL, ",", &save))
		ret = option(&r, tok);
	if (!ret)
		ret = end_portal(&r);
	if (!ret)
		ret = default_portal(&r);
	free(copy);
	return ret;
}
