/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access lists of targets and portals, and portal groups, put together (admit.h).
 */
#include "iscsi/admit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/login.h"
#include "iscsi/portal.h"
#include "iscsi/session.h"
#include "iscsi/text.h"
#include "target/access.h"
#include "target/target.h"

/* --- portal groups ---------------------------------------------------------------------------- */

static int add_group(struct admit_groups *g, const char *word, struct err *err)
{
	unsigned int i;
	uint32_t tag;

	if (!text_number(word, &tag) || !tag || tag > UINT16_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "PortalGroups are tags from 1 to 65535 with commas between, or all, "
			       "not '%.40s'", word);
	for (i = g->n; i && g->tags[i - 1] >= tag; i--)
		if (g->tags[i - 1] == tag)
			return 0;
	if (g->n == ADMIT_GROUPS_MAX)
		return err_set(err, ERR_INVALID_REQUEST, "a target is bound to %d portal groups at most",
			       ADMIT_GROUPS_MAX);
	memmove(g->tags + i + 1, g->tags + i, (g->n - i) * sizeof(g->tags[0]));
	g->tags[i] = (uint16_t)tag;
	g->n++;
	return 0;
}

int admit_groups_parse(struct admit_groups *g, const char *text, struct err *err)
{
	struct admit_groups new = { .n = 0 };
	char *copy, *save, *tok;
	int r = 0;

	if (strcasecmp(text, "all")) {
		copy = strdup(text);
		if (!copy)
			return err_set(err, ERR_NOMEM, "%s", "");
		for (tok = strtok_r(copy, ", ", &save); tok && !r;
		     tok = strtok_r(NULL, ", ", &save))
			r = add_group(&new, tok, err);
		free(copy);
	}
	if (!r)
		*g = new;
	return r;
}

const char *admit_groups_format(const struct admit_groups *g, char *out)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < g->n; i++)
		len += (size_t)snprintf(out + len, ADMIT_GROUPS_TEXT - len, "%s%u", i ? "," : "",
					g->tags[i]);
	return out;
}

bool admit_groups_have(const struct admit_groups *g, uint16_t tag)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->tags[i] == tag)
			return true;
	return !g->n;
}

static unsigned int add_port(uint16_t *out, unsigned int n, unsigned int max, uint16_t tag)
{
	unsigned int i;

	for (i = 0; i < n && out[i] < tag; i++)
		;
	if ((i < n && out[i] == tag) || n == max)
		return n;
	memmove(out + i + 1, out + i, (n - i) * sizeof(*out));
	out[i] = tag;
	return n + 1;
}

/* SPC-4 3.1: a target port of a target is its name with a portal group (RFC 7143 4.2.5, 4.4.3). */
unsigned int admit_ports(const struct target *t, uint16_t *out, unsigned int max)
{
	const struct iscsi_target *it = iscsi_target_of(t);
	const struct iscsi_portal *portal;
	unsigned int n = 0;

	list_for_each(portal, &iscsi.portals, link)
		if (admit_groups_have(&it->groups, portal->conf.tag))
			n = add_port(out, n, max, portal->conf.tag);
	return n;
}

/* --- who -------------------------------------------------------------------------------------- */

bool admit_portal(const char *initiator, const struct iscsi_conn *conn)
{
	return portal_admits(conn->portal, initiator, &conn->peer);
}

enum iscsi_login_status admit(const struct iscsi_target *it, const char *initiator,
			      const struct iscsi_conn *conn)
{
	enum isns_verdict verdict = isns_admits(it->t->name, initiator);

	if (!access_ok(&it->t->access, initiator, &conn->peer) || !admit_portal(initiator, conn))
		return LOGIN_FORBIDDEN;
	if (verdict != ISNS_ADMITS)
		return verdict == ISNS_REFUSES ? LOGIN_FORBIDDEN : LOGIN_UNAVAILABLE;
	return admit_groups_have(&it->groups, conn->tpgt) ? LOGIN_OK : LOGIN_NOT_FOUND;
}

/* Of a session, some connections may have to go and others not: they have addresses of their own. */
static bool stays(const struct iscsi_session *s, const struct iscsi_conn *conn)
{
	enum iscsi_login_status status;

	if (!s->target)
		return admit_portal(s->initiator, conn);
	/* LOGIN_UNAVAILABLE: nobody says that it may not. */
	status = admit(s->target, s->initiator, conn);
	return status == LOGIN_OK || status == LOGIN_UNAVAILABLE;
}

static void look_again(struct iscsi_session *s)
{
	struct iscsi_conn *conn, *tmp;
	unsigned int staying = 0;

	list_for_each(conn, &s->conns, link)
		staying += stays(s, conn);
	if (staying == s->n_conns)
		return;
	if (!staying) {
		iscsi.cut[s->tsih / 8] |= (uint8_t)(1 << s->tsih % 8);
		session_close(s, "no longer allowed by the access list", NULL, NULL);
		return;
	}
	list_for_each_safe(conn, tmp, &s->conns, link)
		if (!stays(s, conn))
			conn_close(conn, "no longer allowed by the access list");
}

void admit_again(const struct target *t)
{
	struct iscsi_session *s, *tmp;

	list_for_each_safe(s, tmp, &iscsi.sessions, link)
		if (!s->dying && s->n_conns && (!t || (s->target && s->target->t == t)))
			look_again(s);
}
