/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the tree of targets.conf to the state that it asks for: what the directives of
 * the file and of a target mean. Those of LUNs are conf_lun.c's.
 */
#include "mgmt/conf_model.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mgmt/adm.h"
#include "mgmt/conf_limit.h"
#include "mgmt/conf_portal.h"

#define TAGS_MAX 64 /* portal groups that a target is bound to; tgtd has a limit of its own */

enum kind {
	DRIVER,	    /* default-driver */
	SETTING,    /* of tgt-admin; in the state by its name */
	SYSTEM,	    /* conf_system() */
	PORTAL,	    /* conf_portal() */
	INCOMING,   /* conf_account() */
	OUTGOING,
	TARGET,
	TARGET_DRIVER,
	TID,
	ADDRESS,
	NAME,
	LIMIT,	    /* of an initiator */
	PARAM,	    /* of "target update" */
	OBSOLETE,   /* RFC 7143 has no markers any more */
	STORE,	    /* conf_luns() */
	INITIATOR,  /* conf_maps() */
	PORT_GROUP, /* conf_port_groups() */
};

struct directive {
	const char *name;
	enum kind kind;
};

/* IncomingUser and OutgoingUser: as in ietd.conf, and for discovery when they stand above targets. */
static const struct directive globals[] = {
	{ "IncomingUser", INCOMING },
	{ "OutgoingUser", OUTGOING },
	{ "control-port", SETTING },
	{ "debug", SYSTEM },
	{ "default-driver", DRIVER },
	{ "iSNS", SYSTEM },
	{ "iSNSAccessControl", SYSTEM },
	{ "iSNSServerIP", SYSTEM },
	{ "iSNSServerPort", SYSTEM },
	{ "ignore-errors", SETTING },
	{ "incomingdiscoveryuser", INCOMING },
	{ "outgoingdiscoveryuser", OUTGOING },
	{ "portal", PORTAL },
	{ "slow-command", SYSTEM },
	{ "state", SYSTEM },
	{ "target", TARGET },
	{ "trace", SYSTEM },
	{ NULL, SETTING },
};

static const struct directive of_target[] = {
	{ "CHAPAlgorithms", PARAM },
	{ "DataDigest", PARAM },
	{ "DataPDUInOrder", PARAM },
	{ "DataSequenceInOrder", PARAM },
	{ "DefaultTime2Retain", PARAM },
	{ "DefaultTime2Wait", PARAM },
	{ "ErrorRecoveryLevel", PARAM },
	{ "FirstBurstLength", PARAM },
	{ "HeaderDigest", PARAM },
	{ "IFMarkInt", OBSOLETE },
	{ "IFMarker", OBSOLETE },
	{ "ImmediateData", PARAM },
	{ "IncomingUser", INCOMING },
	{ "InitialR2T", PARAM },
	{ "MaxBurstLength", PARAM },
	{ "MaxConnections", PARAM },
	{ "MaxOutstandingR2T", PARAM },
	{ "MaxQueueCmd", PARAM },
	{ "MaxRecvDataSegmentLength", PARAM },
	{ "MaxXmitDataSegmentLength", PARAM },
	{ "OFMarkInt", OBSOLETE },
	{ "OFMarker", OBSOLETE },
	{ "OutgoingUser", OUTGOING },
	{ "PortalGroups", PARAM },
	{ "RedirectAddress", PARAM },
	{ "RedirectCallback", PARAM },
	{ "RedirectPort", PARAM },
	{ "RedirectReason", PARAM },
	{ "TargetAlias", PARAM },
	{ "access_changes", PARAM },
	{ "backing-store", STORE },
	{ "controller_tid", TID },
	{ "direct-store", STORE },
	{ "driver", TARGET_DRIVER },
	{ "incominguser", INCOMING },
	{ "initiator", INITIATOR },
	{ "initiator-address", ADDRESS },
	{ "initiator-limit", LIMIT },
	{ "initiator-name", NAME },
	{ "nop_count", PARAM },
	{ "nop_interval", PARAM },
	{ "outgoinguser", OUTGOING },
	{ "port-group", PORT_GROUP },
	{ "state", PARAM },
	{ "transition_time", PARAM },
	{ NULL, PARAM },
};

struct model {
	struct conf_notes *notes;
	json_t *state, *targets;
	json_t *tids;		/* taken, by number as text */
	json_t *names;		/* of targets, in small letters */
	const char *driver;	/* default-driver */
	bool failed;
};

static const struct directive *find(const struct directive *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

static void fail(struct model *m)
{
	m->failed = true;
}

static bool has_value(struct model *m, const struct conf_node *n)
{
	if (n->value && !n->block)
		return true;
	conf_error(m->notes, n, n->block ? "%s is no block: expected %s VALUE" :
					   "expected a value: %s %s",
		   n->name, n->block ? n->name : "VALUE");
	fail(m);
	return false;
}

static json_t *text(struct model *m, const struct conf_node *n)
{
	json_t *s = json_string(n->value);

	if (s)
		return s;
	conf_error(m->notes, n, "the value of %s is no UTF-8 text", n->name);
	fail(m);
	return json_string("");
}

/* Once only. */
static void set_once(struct model *m, json_t *obj, const struct conf_node *n, json_t *value)
{
	if (json_object_get(obj, n->name)) {
		conf_error(m->notes, n, "'%s' is given twice", n->name);
		fail(m);
	}
	json_object_set_new(obj, n->name, value);
}

static bool is_account(enum kind kind)
{
	return kind == INCOMING || kind == OUTGOING;
}

static void account(struct model *m, json_t *of, const char *list, const struct conf_node *n,
		    enum kind kind)
{
	if (conf_account(m->notes, n, kind == OUTGOING, json_object_get(m->state, "accounts"),
			 json_object_get(of, list)))
		fail(m);
}

/* --- a target --------------------------------------------------------------------------------- */

static void set_tid(struct model *m, json_t *t, const struct conf_node *n)
{
	unsigned long long tid;
	char key[24];

	if (adm_number(n->value, UINT32_MAX, &tid) || !tid) {
		conf_error(m->notes, n, "expected a number from 1 after %s, not '%s'", n->name,
			   n->value);
		fail(m);
		return;
	}
	snprintf(key, sizeof(key), "%llu", tid);
	if (json_object_get(m->tids, key) || json_integer_value(json_object_get(t, "tid"))) {
		conf_error(m->notes, n, "%s %llu: a second target with this tid, or a second tid",
			   n->name, tid);
		fail(m);
	}
	json_object_set_new(m->tids, key, json_true());
	json_object_set_new(t, "tid", json_integer((json_int_t)tid));
}

/* For errors that only tgtd sees. */
static void note_line(json_t *t, const struct conf_node *n, const char *what)
{
	json_object_set_new(json_object_get(t, "at"), what,
			    json_sprintf("%s:%u", n->file, n->line));
}

static int by_number(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

/*
 * As tgtd shows them: each once, in order; "all" is none. What is no list of numbers stays as it is,
 * for tgtd to say what is wrong with it.
 */
static json_t *tags_value(const char *value)
{
	unsigned long tags[TAGS_MAX];
	struct strbuf out = STRBUF_INIT;
	const char *p = value;
	size_t n = 0, i;
	json_t *v;
	char *end;

	if (!strcasecmp(value, "all"))
		return json_string("");
	for (p += strspn(p, ", "); *p; p = end + strspn(end, ", ")) {
		if (n == TAGS_MAX || !isdigit((unsigned char)*p))
			return json_string(value);
		tags[n++] = strtoul(p, &end, 10);
		if (!strchr(", ", *end))
			return json_string(value);
	}
	qsort(tags, n, sizeof(tags[0]), by_number);
	for (i = 0; i < n; i++)
		if (!i || tags[i] != tags[i - 1])
			strbuf_printf(&out, "%s%lu", i ? "," : "", tags[i]);
	v = json_string(strbuf_str(&out));
	strbuf_free(&out);
	return v;
}

/* --iscsi needs colons between algorithms, where a comma is the next option's. */
static json_t *algorithms_value(const char *value)
{
	char *copy = strdup(value), *p;
	json_t *v;

	for (p = copy; p && *p; p++)
		if (*p == ':')
			*p = ',';
	v = copy ? json_string(copy) : NULL;
	free(copy);
	return v;
}

static json_t *param_value(struct model *m, const struct conf_node *n)
{
	json_t *v = NULL;

	if (!strcmp(n->name, "PortalGroups"))
		v = tags_value(n->value);
	else if (!strcmp(n->name, "CHAPAlgorithms"))
		v = algorithms_value(n->value);
	return v ? v : text(m, n);
}

static void target_directive(struct model *m, json_t *t, const struct conf_node *n,
			     enum kind kind)
{
	json_t *lists = NULL;

	switch (kind) {
	case TARGET_DRIVER:
		json_object_set_new(t, "driver", text(m, n));
		return;
	case TID:
		set_tid(m, t, n);
		return;
	case ADDRESS:
	case NAME:
		lists = json_object_get(t, kind == NAME ? "names" : "addresses");
		json_array_append_new(lists, text(m, n));
		note_line(t, n, n->value);
		return;
	case LIMIT:
		m->failed |= !conf_initiator_limit(m->notes, n, json_object_get(t, "limits"));
		return;
	case INCOMING:
	case OUTGOING:
		account(m, t, "accounts", n, kind);
		return;
	case OBSOLETE:
		conf_warn(m->notes, n, "%s is not used: iSCSI has no markers since RFC 7143",
			  n->name);
		return;
	default:
		set_once(m, json_object_get(t, "params"), n, param_value(m, n));
		note_line(t, n, n->name);
	}
}

/*
 * "initiator-address none" alone admits nobody; a state that tgtd can have must be writable.
 * Without any access rule everybody is let in, as always. The predecessor also did so when only
 * names were given, and its tgtd then looked at no name any more.
 */
static void settle_access(json_t *t)
{
	json_t *addresses = json_object_get(t, "addresses");

	if (json_array_size(addresses) == 1 &&
	    !strcasecmp(json_string_value(json_array_get(addresses, 0)), "none")) {
		json_array_clear(addresses);
		return;
	}
	if (!json_array_size(addresses) && !json_array_size(json_object_get(t, "names")))
		json_array_append_new(addresses, json_string("ALL"));
}

/* RFC 3722: names that differ in capitals only are one. */
static void take_name(struct model *m, const struct conf_node *block)
{
	char *key = strdup(block->value), *p;

	for (p = key; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (key && json_object_get(m->names, key)) {
		conf_error(m->notes, block, "target %s is in the file already, in other letters",
			   block->value);
		fail(m);
	}
	if (key)
		json_object_set_new(m->names, key, json_true());
	free(key);
}

static void add_target(struct model *m, const struct conf_node *block)
{
	const struct directive *d;
	const struct conf_node *n;
	json_t *t;

	if (!block->block || !block->value) {
		conf_error(m->notes, block, "expected <target NAME>");
		fail(m);
		return;
	}
	t = json_pack("{s:s s:s? s:i s:o s:{} s:[] s:[] s:{} s:[] s:{}}", "name", block->value, "driver",
		      m->driver, "tid", 0, "where", json_sprintf("%s:%u", block->file, block->line),
		      "params", "addresses", "names", "at", "accounts", "limits");
	if (!t) {
		conf_error(m->notes, block, "the target's name is no UTF-8 text, or out of memory");
		fail(m);
		return;
	}
	json_array_append_new(m->targets, t);
	take_name(m, block);
	list_for_each(n, &block->children, link) {
		d = find(of_target, n->name);
		if (d && d->kind != STORE && d->kind != INITIATOR &&
		    d->kind != PORT_GROUP &&
		    (is_account(d->kind) || has_value(m, n)))
			target_directive(m, t, n, d->kind);
		if (!d && !conf_lun_directive(n->name))
			conf_warn(m->notes, n, "unknown directive '%s' for a target: not used",
				  n->name);
	}
	settle_access(t);
	if (conf_luns(m->notes, block, t) || conf_maps(m->notes, block, t) ||
	    conf_port_groups(m->notes, block, t))
		fail(m);
}

/* --- the file --------------------------------------------------------------------------------- */

static void global(struct model *m, const struct conf_node *n)
{
	const struct directive *d = find(globals, n->name);

	if (!d) {
		conf_warn(m->notes, n, "unknown directive '%s': not used", n->name);
		return;
	}
	if (is_account(d->kind))
		account(m, m->state, "discovery", n, d->kind);
	if (d->kind == PORTAL) {
		m->failed |= conf_portal(m->notes, n, json_object_get(m->state, "portals"));
		return;
	}
	if (d->kind == TARGET || is_account(d->kind) || !has_value(m, n))
		return;
	if (d->kind == DRIVER && m->driver) {
		conf_error(m->notes, n, "'%s' is given twice", n->name);
		fail(m);
	} else if (d->kind == DRIVER) {
		m->driver = n->value;
	} else if (d->kind == SETTING) {
		set_once(m, m->state, n, text(m, n));
	} else if (d->kind == SYSTEM) {
		m->failed |= conf_system(m->notes, n, json_object_get(m->state, "system"));
	}
}

/* In the order of their names, since the predecessor's tids came of that. */
static void add_targets(struct model *m, const struct conf *c)
{
	size_t i, n;
	const struct conf_node **all = conf_sorted(c->root, "target", &n);

	if (!all) {
		conf_note(m->notes, true, "targets.conf", 0, "out of memory");
		fail(m);
		return;
	}
	for (i = 0; i < n; i++)
		add_target(m, all[i]);
	free(all);
}

json_t *conf_model(const struct conf *c)
{
	struct model m = { .notes = c->notes, .targets = json_array(), .tids = json_object(),
			   .names = json_object() };
	const struct conf_node *n;

	m.state = json_pack("{s:o s:{} s:[] s:{} s:{}}", "targets", m.targets, "accounts",
			    "discovery", "system", "portals");
	if (!m.state || !m.tids || !m.names)
		return NULL;
	list_for_each(n, &c->root->children, link)
		global(&m, n);
	if (!m.driver)
		m.driver = "iscsi";
	add_targets(&m, c);
	json_decref(m.tids);
	json_decref(m.names);
	if (m.failed) {
		json_decref(m.state);
		return NULL;
	}
	return m.state;
}

json_t *conf_load(const char *path, struct conf_notes *notes)
{
	json_t *state = NULL;
	struct conf c;
	int r;

	if (conf_init(&c, notes))
		return NULL;
	r = conf_read(&c, path);
	/* After an error of syntax the rest is looked at all the same, to tell all there is. */
	state = conf_model(&c);
	conf_free(&c);
	if (r) {
		json_decref(state);
		state = NULL;
	}
	return state;
}
