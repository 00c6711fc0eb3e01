/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is limited, and by how much (qos.h): limits of logical units, and rules for initiators,
 * which share what is theirs over their sessions. Called by lu_set.c, target_verbs.c, nexus.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/size.h"
#include "scsi/names.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/qos.h"
#include "target/qos_priv.h"
#include "target/target.h"

struct qos_peer {
	struct list link;	/* target->qos_peers */
	struct qos qos;
	unsigned int n_nexuses;
	char initiator[];
};

struct qos_rule {
	struct list link;	/* target->qos_rules, by name */
	struct qos_conf conf;
	char initiator[];	/* a name, a pattern, or ALL */
};

/* --- one limit -------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint64_t max;
} params[QOS_RATES + 2] = {
	[QOS_IOPS] = { "iops", NSEC_PER_SEC },
	[QOS_IOPS_RD] = { "iops_rd", NSEC_PER_SEC },
	[QOS_IOPS_WR] = { "iops_wr", NSEC_PER_SEC },
	[QOS_BPS] = { "bps", QOS_RATE_MAX },
	[QOS_BPS_RD] = { "bps_rd", QOS_RATE_MAX },
	[QOS_BPS_WR] = { "bps_wr", QOS_RATE_MAX },
	[QOS_RATES] = { "iops_burst", INT64_MAX },
	[QOS_RATES + 1] = { "bps_burst", INT64_MAX },
};

static int find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(params); i++)
		if (!strcmp(params[i].name, name))
			return (int)i;
	return -1;
}

static uint64_t *field(struct qos_conf *conf, int i)
{
	return i < QOS_RATES ? &conf->rate[i] : &conf->burst[i - QOS_RATES];
}

static int set(struct qos_conf *conf, int i, const char *value, struct err *err)
{
	uint64_t v;

	if (size_parse(value, 1, &v) || v > params[i].max)
		return err_set(err, ERR_INVALID_REQUEST,
			       "%s is a number from 0 (none) to %llu, or with K, M, G, not '%s'",
			       params[i].name, (unsigned long long)params[i].max, value);
	*field(conf, i) = v;
	return 0;
}

json_t *qos_conf_show(const struct qos_conf *conf)
{
	json_t *obj = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		uint64_t v = *field((struct qos_conf *)conf, (int)i);

		if (v && !obj)
			obj = json_object();
		if (v)
			json_object_set_new(obj, params[i].name, json_integer((json_int_t)v));
	}
	return obj;
}

json_t *qos_stats_show(const struct qos *q)
{
	return json_pack("{s:i s:I s:I}", "waiting", (int)q->n_waiting, "delayed",
			 (json_int_t)q->delayed, "delayed_ns", (json_int_t)q->delayed_ns);
}

/* --- which commands have to be looked at ------------------------------------------------------ */

bool qos_applies(const struct nexus *n, const struct lu *lu)
{
	return qos_active(n->qos) || qos_active(lu->qos);
}

static void mark_lu(struct lu *lu)
{
	struct itl *itl;

	list_for_each(itl, &lu->itls, lu_link)
		itl->limited = qos_applies(itl->nexus, lu);
}

static void mark_nexus(struct nexus *n)
{
	struct itl *itl;

	list_for_each(itl, &n->itl_list, nexus_link)
		itl->limited = qos_applies(n, itl->lu);
}

/* --- logical units ---------------------------------------------------------------------------- */

int qos_lu_set(struct lu *lu, const char *name, const char *value, struct err *err)
{
	struct qos_conf conf = { .rate = { 0 } };
	int i = find(name);

	if (i < 0)
		return -ENOENT;
	if (lu->qos)
		conf = lu->qos->conf;
	if (set(&conf, i, value, err))
		return -EINVAL;
	if (!lu->qos) {
		lu->qos = malloc(sizeof(*lu->qos));
		if (!lu->qos)
			return err_set(err, ERR_NOMEM, "%s", "");
		qos_init(lu->qos, lu->target->core->loop);
	}
	qos_configure(lu->qos, &conf);
	mark_lu(lu);
	return 0;
}

void qos_lu_free(struct lu *lu)
{
	if (lu->qos)
		qos_done(lu->qos);
	free(lu->qos);
	lu->qos = NULL;
}

/* --- initiators ------------------------------------------------------------------------------- */

/* Its own name, then the longest pattern, then ALL: the order they were said in does not matter. */
static const struct qos_rule *rule_for(const struct target *t, const char *initiator)
{
	const struct qos_rule *r, *pattern = NULL, *all = NULL;

	list_for_each(r, &t->qos_rules, link) {
		if (name_equal(r->initiator, initiator))
			return r;
		if (!strcasecmp(r->initiator, "ALL"))
			all = r;
		else if (name_match(r->initiator, initiator) &&
			 (!pattern || strlen(r->initiator) > strlen(pattern->initiator)))
			pattern = r;
	}
	return pattern ? pattern : all;
}

static struct qos_peer *find_peer(const struct target *t, const char *initiator)
{
	struct qos_peer *p;

	list_for_each(p, &t->qos_peers, link)
		if (name_equal(p->initiator, initiator))
			return p;
	return NULL;
}

static struct qos_peer *new_peer(struct target *t, const char *initiator,
				 const struct qos_conf *conf)
{
	size_t len = strlen(initiator) + 1;
	struct qos_peer *p = calloc(1, sizeof(*p) + len);

	if (!p)
		return NULL;
	memcpy(p->initiator, initiator, len);
	qos_init(&p->qos, t->core->loop);
	qos_configure(&p->qos, conf);
	list_push_back(&t->qos_peers, &p->link);
	return p;
}

int qos_nexus_new(struct nexus *n)
{
	const struct qos_rule *r = rule_for(n->target, n->initiator);
	struct qos_peer *p = find_peer(n->target, n->initiator);

	if (!r && !p)
		return 0;
	if (!p)
		p = new_peer(n->target, n->initiator, &r->conf);
	if (!p)
		return -ENOMEM;
	p->n_nexuses++;
	n->qos = &p->qos;
	return 0;
}

void qos_nexus_free(struct nexus *n)
{
	struct qos_peer *p = n->qos ? container_of(n->qos, struct qos_peer, qos) : NULL;

	n->qos = NULL;
	if (!p || --p->n_nexuses)
		return;
	qos_done(&p->qos);
	list_del(&p->link);
	free(p);
}

/* Sessions that are there have their rules from now on. */
static int apply_rules(struct target *t, struct err *err)
{
	static const struct qos_conf none;
	struct nexus *n;
	struct qos_peer *p;
	int r = 0;

	list_for_each(p, &t->qos_peers, link) {
		const struct qos_rule *rule = rule_for(t, p->initiator);

		qos_configure(&p->qos, rule ? &rule->conf : &none);
	}
	list_for_each(n, &t->nexuses, link) {
		if (!n->qos && qos_nexus_new(n))
			r = err_set(err, ERR_NOMEM, "not all sessions have it");
		mark_nexus(n);
	}
	return r;
}

static struct qos_rule *find_rule(const struct target *t, const char *initiator)
{
	struct qos_rule *r;

	list_for_each(r, &t->qos_rules, link)
		if (name_equal(r->initiator, initiator))
			return r;
	return NULL;
}

/* "k=v,k=v", changed in place. */
static int parse_conf(char *text, struct qos_conf *conf, struct err *err)
{
	char *save = NULL, *word, *eq;
	int i;

	for (word = strtok_r(text, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save)) {
		eq = strchr(word, '=');
		if (eq)
			*eq = '\0';
		i = find(word);
		if (!eq || i < 0)
			return err_set(err, ERR_INVALID_REQUEST,
				       "expected iops, bps, ... =NUMBER, not '%s'", word);
		if (set(conf, i, eq + 1, err))
			return -EINVAL;
	}
	return 0;
}

static void link_sorted(struct target *t, struct qos_rule *r)
{
	struct list *at = t->qos_rules.prev;

	while (at != &t->qos_rules &&
	       strcmp(list_entry(at, struct qos_rule, link)->initiator, r->initiator) > 0)
		at = at->prev;
	list_insert_between(&r->link, at, at->next);
}

static int set_rule(struct target *t, const char *initiator, const struct qos_conf *conf,
		    struct err *err)
{
	struct qos_rule *r = find_rule(t, initiator);
	size_t len = strlen(initiator) + 1;

	if (!r) {
		r = calloc(1, sizeof(*r) + len);
		if (!r)
			return err_set(err, ERR_NOMEM, "%s", "");
		memcpy(r->initiator, initiator, len);
		link_sorted(t, r);
	}
	r->conf = *conf;
	return apply_rules(t, err);
}

static int delete_rule(struct target *t, const char *initiator, struct err *err)
{
	struct qos_rule *r = find_rule(t, initiator);

	if (!r)
		return 0;
	list_del(&r->link);
	free(r);
	return apply_rules(t, err);
}

int qos_target_set(struct target *t, const char *value, struct err *err)
{
	char *copy = strdup(value), *name, *save = NULL;
	struct qos_conf conf = { .rate = { 0 } };
	static const struct qos_conf none;
	int r = -EINVAL;

	if (!copy)
		return err_set(err, ERR_NOMEM, "%s", "");
	name = strtok_r(copy, " \t", &save);
	if (!name || strlen(name) > SCSI_NAME_MAX)
		err_set(err, ERR_INVALID_REQUEST, "expected an initiator's name, a pattern or ALL, "
			"and iops=N,bps=N,...; not '%s'", value);
	else if (!parse_conf(save, &conf, err))
		r = memcmp(&conf, &none, sizeof(conf)) ? set_rule(t, name, &conf, err) :
							 delete_rule(t, name, err);
	free(copy);
	return r;
}

void qos_target_free(struct target *t)
{
	while (!list_empty(&t->qos_rules)) {
		struct qos_rule *r = list_first(&t->qos_rules, struct qos_rule, link);

		list_del(&r->link);
		free(r);
	}
}

json_t *qos_target_show(const struct target *t)
{
	json_t *all = json_array(), *obj;
	const struct qos_rule *r;

	list_for_each(r, &t->qos_rules, link) {
		obj = qos_conf_show(&r->conf);
		json_object_set_new(obj, "initiator", json_string(r->initiator));
		json_array_append_new(all, obj);
	}
	return all;
}
