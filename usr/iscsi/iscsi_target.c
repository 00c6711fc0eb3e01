/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSCSI's side of a target: its keys, pings, alias and redirection.
 */
#include "iscsi/iscsi_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/login.h"
#include "iscsi/nop.h"
#include "iscsi/session.h"
#include "iscsi/text.h"
#include "target/target.h"

#define SECONDS_MAX 86400

struct iscsi_target *iscsi_target_of(const struct target *t)
{
	return t->lld[iscsi_transport.index];
}

int iscsi_target_added(struct target *t, struct err *err)
{
	struct iscsi_target *it = calloc(1, sizeof(*it));

	if (!it)
		return err_set(err, ERR_NOMEM, "%s", "");
	it->t = t;
	params_defaults(&it->params);
	it->nop_interval_s = iscsi.nop_interval_s;
	it->nop_count = iscsi.nop_count;
	redirect_init(&it->redirect);
	account_set_init(&it->accounts, t);
	t->lld[iscsi_transport.index] = it;
	isns_changed();
	return 0;
}

void iscsi_target_removed(struct target *t)
{
	struct iscsi_target *it = iscsi_target_of(t);

	login_target_gone(it);
	account_set_clear(&it->accounts);
	free(it->alias);
	redirect_free(&it->redirect);
	free(it);
	t->lld[iscsi_transport.index] = NULL;
	isns_changed();
}

int iscsi_parse_seconds(const char *name, const char *value, uint32_t *out, struct err *err)
{
	uint32_t v;

	if (!text_number(value, &v) || v > SECONDS_MAX)
		return err_set(err, ERR_INVALID_REQUEST, "%s is a number from 0 to %u", name,
			       SECONDS_MAX);
	*out = v;
	return 0;
}

/* Sessions of the target ping by the new interval. */
static void restart_pings(struct iscsi_target *it)
{
	struct iscsi_session *s;
	struct iscsi_conn *conn;

	list_for_each(s, &iscsi.sessions, link) {
		if (s->target != it)
			continue;
		list_for_each(conn, &s->conns, link)
			nop_start(conn);
	}
}

/* "" takes it away. */
static int set_text(char **field, const char *value, struct err *err)
{
	char *copy = *value ? strdup(value) : NULL;

	if (*value && !copy)
		return err_set(err, ERR_NOMEM, "%s", "");
	free(*field);
	*field = copy;
	isns_changed();
	return 0;
}

/* "": as the driver. */
static int set_chap_order(struct iscsi_target *it, const char *value, struct err *err)
{
	if (*value)
		return chap_order_parse(&it->chap_order, value, err);
	it->chap_order.n = 0;
	return 0;
}

/* Sessions through other groups end. */
static int set_groups(struct iscsi_target *it, const char *value, struct err *err)
{
	int r = admit_groups_parse(&it->groups, value, err);

	if (!r) {
		admit_again(it->t);
		isns_changed();
	}
	return r;
}

int iscsi_target_set(struct target *t, const char *name, const char *value, struct err *err)
{
	struct iscsi_target *it = iscsi_target_of(t);
	int r;

	if (!strcmp(name, "nop_interval") || !strcmp(name, "nop_count")) {
		r = iscsi_parse_seconds(name, value, !strcmp(name, "nop_count") ? &it->nop_count :
										  &it->nop_interval_s,
					err);
		if (!r)
			restart_pings(it);
		return r;
	}
	if (!strcmp(name, "CHAPAlgorithms"))
		return set_chap_order(it, value, err);
	if (!strcmp(name, "TargetAlias"))
		return set_text(&it->alias, value, err);
	if (!strcmp(name, "PortalGroups"))
		return set_groups(it, value, err);
	r = redirect_set(&it->redirect, name, value, err);
	return r == -ENOENT ? params_set(&it->params, name, value, err) : r;
}

void iscsi_target_show(const struct target *t, json_t *obj)
{
	const struct iscsi_target *it = iscsi_target_of(t);
	json_t *params = json_object(), *redirect = redirect_show(&it->redirect);
	char groups[ADMIT_GROUPS_TEXT];
	char algs[64];

	params_show(&it->params, params);
	json_object_set_new(obj, "nop_interval", json_integer(it->nop_interval_s));
	json_object_set_new(obj, "nop_count", json_integer(it->nop_count));
	json_object_set_new(obj, "params", params);
	json_object_set_new(obj, "accounts", account_set_show(&it->accounts));
	if (it->chap_order.n) {
		chap_order_format(&it->chap_order, algs, sizeof(algs));
		json_object_set_new(obj, "chap_algorithms", json_string(algs));
	}
	json_object_set_new(obj, "portal_groups",
			    json_string(admit_groups_format(&it->groups, groups)));
	if (it->alias)
		json_object_set_new(obj, "alias", json_string(it->alias));
	if (redirect)
		json_object_set_new(obj, "redirect", redirect);
}
