/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target port groups of a target: made, changed and shown by the verbs, found by the port that a
 * nexus came by. What follows from a change of state is port_group_state.c's.
 */
#include "target/port_group.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/util.h"
#include "target/nexus.h"
#include "target/port_group_priv.h"
#include "target/target.h"
#include "target/transport.h"

static const struct {
	uint8_t state;
	const char *name;
} states[] = {
	{ ACCESS_OPTIMIZED, "active/optimized" },
	{ ACCESS_NONOPTIMIZED, "active/non-optimized" },
	{ ACCESS_STANDBY, "standby" },
	{ ACCESS_UNAVAILABLE, "unavailable" },
	{ ACCESS_OFFLINE, "offline" },
	{ ACCESS_TRANSITIONING, "transitioning" },
};

static const char *const change_names[] = { "none", "implicit", "explicit", "both" };

void port_groups_init(struct port_groups *g)
{
	list_init(&g->list);
	g->changes = CHANGES_IMPLICIT;
}

void port_groups_free(struct port_groups *g)
{
	struct list *l;

	while ((l = list_pop(&g->list)) != NULL)
		free(list_entry(l, struct port_group, link));
	g->n = 0;
}

/* --- found ------------------------------------------------------------------------------------ */

struct port_group *port_group_by_id(const struct target *t, uint64_t id)
{
	struct port_group *g;

	list_for_each(g, &t->port_groups.list, link)
		if (g->id == id)
			return g;
	return NULL;
}

static const struct group_port *port_of(const struct port_group *g, uint16_t tag)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->ports[i].tag == tag)
			return &g->ports[i];
	return NULL;
}

const struct port_group *port_group_of(const struct target *t, uint16_t tag)
{
	const struct port_group *g, *rest = NULL;

	list_for_each(g, &t->port_groups.list, link) {
		if (port_of(g, tag))
			return g;
		if (!g->n)
			rest = g;
	}
	return rest;
}

uint16_t port_relative(const struct target *t, uint16_t tag)
{
	const struct group_port *p;
	const struct port_group *g;

	list_for_each(g, &t->port_groups.list, link) {
		p = port_of(g, tag);
		if (p)
			return p->rel;
	}
	return tag;
}

uint16_t port_by_relative(const struct target *t, uint16_t rel)
{
	const struct port_group *g;

	list_for_each(g, &t->port_groups.list, link)
		for (unsigned int i = 0; i < g->n; i++)
			if (g->ports[i].rel == rel)
				return g->ports[i].tag;
	return port_relative(t, rel) == rel ? rel : 0;
}

unsigned int port_group_ports(const struct target *t, const struct port_group *g, uint16_t *rel,
			      unsigned int max)
{
	uint16_t tags[PORT_GROUP_PORTS_MAX];
	unsigned int n = 0, n_tags = 0;

	for (unsigned int i = 0; i < g->n && n < max; i++)
		rel[n++] = g->ports[i].rel;
	if (!g->n && t->transport->ports)
		n_tags = t->transport->ports(t, tags, ARRAY_SIZE(tags));
	for (unsigned int i = 0; i < n_tags && n < max; i++)
		if (port_group_of(t, tags[i]) == g)
			rel[n++] = tags[i];
	return n;
}

void port_group_enter(struct nexus *n)
{
	n->group = port_group_of(n->target, n->rel_port);
	n->access = n->group ? n->group->state : ACCESS_OPTIMIZED;
}

/* --- changed by the administrator ------------------------------------------------------------- */

static int parse_state(const char *text, uint8_t *state, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (strcmp(states[i].name, text))
			continue;
		*state = states[i].state;
		return 0;
	}
	return err_set(err, ERR_INVALID_REQUEST, "state is active/optimized, active/non-optimized, "
		       "standby, unavailable, offline or transitioning, not '%.40s'", text);
}

const char *port_group_state_name(uint8_t state)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].state == state)
			return states[i].name;
	return "";
}

/* A number from 1 to 65535. */
static bool next_number(const char **text, uint16_t *out)
{
	unsigned long v = 0;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	v = strtoul(*text, &end, 10);
	*text = end;
	*out = (uint16_t)v;
	return v && v <= UINT16_MAX;
}

/* "TAG,TAG=ID,...", or if @remote "ID,...", behind those that @g has. */
static int parse_ports(struct port_group *g, const char *text, bool remote, struct err *err)
{
	const char *p = text;
	struct group_port port;
	bool ok = true;

	while (*p && ok) {
		port.tag = 0;
		ok = next_number(&p, &port.rel);
		if (ok && !remote) {
			port.tag = port.rel;
			if (*p == '=')
				ok = (p++, next_number(&p, &port.rel));
		}
		ok = ok && (!*p || (*p == ',' && p[1]));
		if (ok && g->n == PORT_GROUP_PORTS_MAX)
			return err_set(err, ERR_INVALID_REQUEST, "a target port group has %d ports "
				       "at most", PORT_GROUP_PORTS_MAX);
		if (ok)
			g->ports[g->n++] = port;
		p += *p == ',';
	}
	if (ok)
		return 0;
	return err_set(err, ERR_INVALID_REQUEST, "%s: expected %s with commas between, with numbers "
		       "from 1 to 65535, not '%.40s'", remote ? "remote-ports" : "portal-groups",
		       remote ? "relative port identifiers" : "TAG or TAG=ID", text);
}

/* The ports of @was, those of here or of elsewhere. */
static void keep_ports(struct port_group *g, const struct port_group *was, bool remote)
{
	for (unsigned int i = 0; i < was->n; i++)
		if (!was->ports[i].tag == remote && g->n < PORT_GROUP_PORTS_MAX)
			g->ports[g->n++] = was->ports[i];
}

static int set_ports(struct port_group *g, const struct port_group_change *ch,
		     const struct port_group *was, struct err *err)
{
	int r = 0;

	g->n = 0;
	if (ch->ports)
		r = parse_ports(g, ch->ports, false, err);
	else if (was)
		keep_ports(g, was, false);
	if (!r && ch->remote_ports)
		r = parse_ports(g, ch->remote_ports, true, err);
	else if (!r && was)
		keep_ports(g, was, true);
	return r;
}

/* Whether two ports can't be there side by side. */
static int check_pair(const struct group_port *a, const struct group_port *b, struct err *err)
{
	if (a->tag && a->tag == b->tag)
		return err_set(err, ERR_INVALID_REQUEST,
			       "portal group %u is in a target port group already", a->tag);
	if (a->rel == b->rel)
		return err_set(err, ERR_INVALID_REQUEST,
			       "two ports would have the relative identifier %u", a->rel);
	return 0;
}

static int check_ports(const struct target *t, const struct port_group *g,
		       const struct port_group *was, struct err *err)
{
	const struct port_group *other;
	unsigned int i, j;

	for (i = 0; i < g->n; i++)
		for (j = 0; j < i; j++)
			if (check_pair(&g->ports[i], &g->ports[j], err))
				return -EINVAL;
	list_for_each(other, &t->port_groups.list, link) {
		if (other == was)
			continue;
		if (!other->n && !g->n)
			return err_set(err, ERR_INVALID_REQUEST, "target port group %u has all "
				       "portal groups that no other has: say which %u shall have",
				       other->id, g->id);
		for (i = 0; i < g->n; i++)
			for (j = 0; j < other->n; j++)
				if (check_pair(&g->ports[i], &other->ports[j], err))
					return -EINVAL;
	}
	return 0;
}

static struct port_group *find_for(const struct target *t, const struct port_group_change *ch,
				   bool update, struct err *err)
{
	struct port_group *was = port_group_by_id(t, ch->id);

	if (ch->id > UINT16_MAX)
		err_set(err, ERR_INVALID_REQUEST, "a target port group is a number up to 65535");
	else if (update && !was)
		err_set(err, ERR_INVALID_REQUEST, "there is no target port group %" PRIu64, ch->id);
	else if (!update && was)
		err_set(err, ERR_INVALID_REQUEST, "there is a target port group %" PRIu64
			" already", ch->id);
	else if (!update && t->port_groups.n == PORT_GROUPS_MAX)
		err_set(err, ERR_INVALID_REQUEST, "a target has %d target port groups at most",
			PORT_GROUPS_MAX);
	return was;
}

static void add(struct target *t, struct port_group *g)
{
	struct list *at = t->port_groups.list.prev;

	while (at != &t->port_groups.list && list_entry(at, struct port_group, link)->id > g->id)
		at = at->prev;
	list_insert_between(&g->link, at, at->next);
	t->port_groups.n++;
}

/* What is wanted, in @g; all is checked. */
static int prepare(const struct target *t, struct port_group *g, const struct port_group *was,
		   const struct port_group_change *ch, struct err *err)
{
	if (was)
		*g = *was;
	g->id = (uint16_t)ch->id;
	if (ch->state && parse_state(ch->state, &g->state_conf, err))
		return -EINVAL;
	if (ch->preferred)
		g->preferred = json_is_true(ch->preferred);
	if (set_ports(g, ch, was, err))
		return -EINVAL;
	return check_ports(t, g, was, err);
}

static bool same_ports(const struct port_group *a, const struct port_group *b)
{
	return a->n == b->n && !memcmp(a->ports, b->ports, a->n * sizeof(a->ports[0]));
}

int port_group_set(struct target *t, const struct port_group_change *ch, bool update,
		   struct err *err)
{
	struct port_group new = { .n = 0 }, *g = find_for(t, ch, update, err);
	bool ports, told = false;

	if (err->code != ERR_OK || prepare(t, &new, g, ch, err))
		return -EINVAL;
	ports = !g || !same_ports(g, &new);
	if (g) {
		memcpy(g->ports, new.ports, sizeof(g->ports));
		g->n = new.n;
		told = g->preferred != new.preferred;
		g->preferred = new.preferred;
		g->state_conf = new.state_conf;
	} else {
		g = malloc(sizeof(*g));
		if (!g)
			return err_set(err, ERR_NOMEM, "%s", "");
		*g = new;
		g->state = g->state_conf;
		list_init(&g->link);
		add(t, g);
	}
	if (ports)
		port_groups_changed(t);
	if (told)
		port_group_preference_changed(t);
	if (ch->state)
		port_group_state_changed(t, g, g->state_conf, NULL, NULL);
	return 0;
}

int port_group_delete(struct target *t, uint64_t id, struct err *err)
{
	struct port_group *g = port_group_by_id(t, id);

	if (!g)
		return err_set(err, ERR_INVALID_REQUEST, "there is no target port group %" PRIu64,
			       id);
	list_del(&g->link);
	t->port_groups.n--;
	port_groups_changed(t);
	free(g);
	return 0;
}

static int set_changes(struct target *t, const char *value, struct err *err)
{
	for (uint8_t i = CHANGES_IMPLICIT; i <= CHANGES_BOTH; i++) {
		if (strcmp(change_names[i], value))
			continue;
		if (t->port_groups.changes != i) {
			t->port_groups.changes = i;
			port_groups_changed(t);
		}
		return 0;
	}
	return err_set(err, ERR_INVALID_REQUEST,
		       "access_changes is implicit, explicit or both, not '%.40s'", value);
}

int port_groups_target_set(struct target *t, const char *name, const char *value, struct err *err)
{
	unsigned long v;
	char *end;

	if (!strcmp(name, "access_changes"))
		return set_changes(t, value, err);
	if (strcmp(name, "transition_time"))
		return -ENOENT;
	v = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || v > 255)
		return err_set(err, ERR_INVALID_REQUEST,
			       "transition_time is seconds from 0 to 255, not '%.40s'", value);
	t->port_groups.transition_time = (uint8_t)v;
	return 0;
}

/* --- shown ------------------------------------------------------------------------------------ */

const char *access_changes_name(uint8_t changes)
{
	return change_names[changes];
}

static json_t *ports_text(const struct port_group *g, bool remote)
{
	struct strbuf text = STRBUF_INIT;
	json_t *out;

	for (unsigned int i = 0; i < g->n; i++) {
		const struct group_port *p = &g->ports[i];

		if (!p->tag != remote)
			continue;
		strbuf_printf(&text, "%s%u", text.len ? "," : "", remote ? p->rel : p->tag);
		if (!remote && p->tag != p->rel)
			strbuf_printf(&text, "=%u", p->rel);
	}
	out = strbuf_ok(&text) ? json_string(strbuf_str(&text)) : NULL;
	strbuf_free(&text);
	return out;
}

static json_t *group_show(const struct port_group *g)
{
	static const char *const by[] = { "none", "explicit", "implicit" };

	return json_pack("{s:i s:s s:s s:b s:o s:o s:s s:{s:I s:I}}", "group", (int)g->id, "state",
			 port_group_state_name(g->state), "state_conf", port_group_state_name(g->state_conf),
			 "preferred", g->preferred, "portal_groups", ports_text(g, false),
			 "remote_ports", ports_text(g, true), "changed_by", by[g->status], "changes",
			 "explicit", (json_int_t)g->n_changes[ACCESS_EXPLICIT], "implicit",
			 (json_int_t)g->n_changes[ACCESS_IMPLICIT]);
}

json_t *port_groups_show(const struct port_groups *groups)
{
	json_t *out = json_array();
	const struct port_group *g;

	list_for_each(g, &groups->list, link)
		json_array_append_new(out, group_show(g));
	return out;
}
