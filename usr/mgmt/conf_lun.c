/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical units of targets.conf: their directives, defaults that the target has for
 * all of them, their numbers. Called by conf_model.c.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mgmt/adm.h"
#include "mgmt/conf_direct.h"
#include "mgmt/conf_limit.h"
#include "mgmt/conf_model.h"

enum kind {
	LUN_NUMBER,
	NEW,	     /* argument of "logicalunit new" */
	NEW_NUMBER,
	PARAM,	     /* of "logicalunit update" */
	MODE_PAGE,   /* the same, and may be repeated */
	PARAMS,	     /* k=v,k=v; may be repeated */
	WRITE_CACHE,
	IN_USE,
};

/* Parameters are set in this order: a mode page is changed by those after it. */
static const struct directive {
	const char *name;
	enum kind kind;
	const char *arg; /* its name for tgtd, when that differs */
} directives[] = {
	{ "lun", LUN_NUMBER, NULL },
	{ "device-type", NEW, NULL },
	{ "bs-type", NEW, "bstype" },
	{ "bsopts", NEW, NULL },
	{ "bsoflags", NEW, NULL },
	{ "block-size", NEW_NUMBER, "blocksize" },
	{ "allow-in-use", IN_USE, NULL },
	{ "mode_page", MODE_PAGE, NULL },
	{ "write-cache", WRITE_CACHE, NULL },
	{ "scsi_id", PARAM, NULL },
	{ "scsi_sn", PARAM, NULL },
	{ "vendor_id", PARAM, NULL },
	{ "product_id", PARAM, NULL },
	{ "product_rev", PARAM, NULL },
	{ "sense_format", PARAM, NULL },
	{ "removable", PARAM, NULL },
	{ "readonly", PARAM, NULL },
	{ "swp", PARAM, NULL },
	{ "thin_provisioning", PARAM, NULL },
	{ "third_party_copy", PARAM, NULL },
	{ "cdb32", PARAM, NULL },
	{ "rotation_rate", PARAM, NULL },
	{ "lbppbe", PARAM, NULL },
	{ "la_lba", PARAM, NULL },
	{ "optimal_xfer_gran", PARAM, NULL },
	{ "optimal_xfer_len", PARAM, NULL },
	{ "iops", PARAM, NULL },
	{ "iops_rd", PARAM, NULL },
	{ "iops_wr", PARAM, NULL },
	{ "iops_burst", PARAM, NULL },
	{ "bps", PARAM, NULL },
	{ "bps_rd", PARAM, NULL },
	{ "bps_wr", PARAM, NULL },
	{ "bps_burst", PARAM, NULL },
	{ "params", PARAMS, NULL },
	{ "path", PARAM, NULL },
	{ "online", PARAM, NULL },
};

#define N_DIRECTIVES ARRAY_SIZE(directives)

/* What a block says, by directive. */
struct said {
	const struct conf_node *node[N_DIRECTIVES]; /* the first */
};

struct maker {
	struct conf_notes *notes;
	json_t *luns;
	struct said defaults; /* of the target */
	const struct conf_node *target;
	uint8_t taken[CONF_LUN_MAX / 8 + 1];
	unsigned int next; /* no number below it is free */
	bool failed;
};

static int find(const char *name)
{
	size_t i;

	for (i = 0; i < N_DIRECTIVES; i++)
		if (!strcmp(directives[i].name, name))
			return (int)i;
	return -1;
}

bool conf_lun_directive(const char *name)
{
	return find(name) >= 0;
}

bool conf_is_yes(const char *value)
{
	return value && (!strcasecmp(value, "yes") || !strcasecmp(value, "on") ||
			 !strcasecmp(value, "true") || !strcmp(value, "1"));
}

bool conf_is_no(const char *value)
{
	return value && (!strcasecmp(value, "no") || !strcasecmp(value, "off") ||
			 !strcasecmp(value, "false") || !strcmp(value, "0"));
}

static void fail(struct maker *m)
{
	m->failed = true;
}

static bool repeatable(int i)
{
	return directives[i].kind == MODE_PAGE || directives[i].kind == PARAMS;
}

static void collect(struct maker *m, const struct conf_node *block, struct said *said)
{
	const struct conf_node *n;
	int i;

	list_for_each(n, &block->children, link) {
		i = find(n->name);
		if (i < 0 && block != m->target)
			conf_warn(m->notes, n,
				  "unknown directive '%s' for a logical unit: not used", n->name);
		if (i < 0)
			continue;
		if (n->block || !n->value) {
			conf_error(m->notes, n, "expected a value: %s VALUE", n->name);
			fail(m);
		} else if (!said->node[i]) {
			said->node[i] = n;
		} else if (!repeatable(i)) {
			conf_error(m->notes, n, "'%s' is given twice, first at line %u", n->name,
				   said->node[i]->line);
			fail(m);
		}
	}
}

/* --- one directive ---------------------------------------------------------------------------- */

static void add_param(json_t *lu, const char *name, json_t *value)
{
	json_array_append_new(json_object_get(lu, "params"), json_pack("[s,o]", name, value));
}

/* 10M as a number, so that it can be compared. */
static void add_limit(struct maker *m, json_t *lu, const struct conf_node *n, const char *name,
		      const char *value)
{
	json_t *v = conf_limit_value(value);

	if (!v) {
		conf_error(m->notes, n, "expected a number after %s, or one with K, M, G, not '%s'",
			   name, value);
		fail(m);
		return;
	}
	add_param(lu, name, json_sprintf("%lld", (long long)json_integer_value(v)));
	json_decref(v);
}

static void add_text(struct maker *m, json_t *lu, const struct conf_node *n, const char *name,
		     const char *value)
{
	json_t *text = conf_limit_name(name) ? NULL : json_string(value);

	if (conf_limit_name(name)) {
		add_limit(m, lu, n, name, value);
	} else if (!text) {
		conf_error(m->notes, n, "the value of %s is no UTF-8 text", n->name);
		fail(m);
	} else {
		add_param(lu, name, text);
	}
}

static void set_new(struct maker *m, json_t *lu, const struct conf_node *n, const char *arg)
{
	if (json_object_set_new(json_object_get(lu, "new"), arg, json_string(n->value))) {
		conf_error(m->notes, n, "the value of %s is no UTF-8 text", n->name);
		fail(m);
	}
}

static void set_number(struct maker *m, json_t *lu, const struct conf_node *n, const char *arg)
{
	unsigned long long v;

	if (adm_number(n->value, UINT32_MAX, &v)) {
		conf_error(m->notes, n, "expected a number after %s, not '%s'", n->name, n->value);
		fail(m);
		return;
	}
	json_object_set_new(json_object_get(lu, "new"), arg, json_integer((json_int_t)v));
}

/* "k=v,k=v", "\," is a comma; ${tid} and ${lun} are put in when they are known. */
static void add_params(struct maker *m, json_t *lu, const struct conf_node *n)
{
	char *copy = strdup(n->value), *p = copy, *to, *eq;
	bool more = copy != NULL;

	if (!copy)
		fail(m);
	while (more) {
		char *start = to = p;

		for (; *p && *p != ','; p++) {
			if (*p == '\\' && p[1] == ',')
				p++;
			*to++ = *p;
		}
		more = *p++ != '\0';
		*to = '\0';
		eq = strchr(start, '=');
		if (!eq) {
			conf_error(m->notes, n, "expected name=value,..., not '%s'", n->value);
			fail(m);
			break;
		}
		*eq = '\0';
		add_text(m, lu, n, start, eq + 1);
	}
	free(copy);
}

static void add_write_cache(struct maker *m, json_t *lu, const struct conf_node *n)
{
	if (!conf_is_yes(n->value) && !conf_is_no(n->value)) {
		conf_error(m->notes, n, "expected write-cache on or off, not '%s'", n->value);
		fail(m);
		return;
	}
	add_param(lu, "write_cache", json_string(conf_is_yes(n->value) ? "1" : "0"));
}

static void apply_one(struct maker *m, json_t *lu, const struct conf_node *n, int i)
{
	const char *arg = directives[i].arg ? directives[i].arg : directives[i].name;

	switch (directives[i].kind) {
	case LUN_NUMBER:
		break;
	case NEW:
		set_new(m, lu, n, arg);
		break;
	case NEW_NUMBER:
		set_number(m, lu, n, arg);
		break;
	case PARAM:
	case MODE_PAGE:
		add_text(m, lu, n, arg, n->value);
		break;
	case PARAMS:
		add_params(m, lu, n);
		break;
	case WRITE_CACHE:
		add_write_cache(m, lu, n);
		break;
	case IN_USE:
		json_object_set_new(lu, "allow-in-use", json_boolean(conf_is_yes(n->value)));
		break;
	}
}

/* Every one of them, the target's before the LUN's. */
static void apply_repeated(struct maker *m, json_t *lu, const struct conf_node *block, int i)
{
	const struct conf_node *n;

	list_for_each(n, &block->children, link)
		if (n->value && !n->block && !strcmp(n->name, directives[i].name))
			apply_one(m, lu, n, i);
}

static void apply(struct maker *m, json_t *lu, const struct conf_node *block,
		  const struct said *own)
{
	int i;

	for (i = 0; i < (int)N_DIRECTIVES; i++) {
		const struct conf_node *n = own->node[i] ? own->node[i] : m->defaults.node[i];

		if (n && !repeatable(i)) {
			apply_one(m, lu, n, i);
			continue;
		}
		if (m->defaults.node[i])
			apply_repeated(m, lu, m->target, i);
		if (own->node[i])
			apply_repeated(m, lu, block, i);
	}
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool take(struct maker *m, unsigned int lun)
{
	if (m->taken[lun / 8] & 1 << lun % 8)
		return false;
	m->taken[lun / 8] |= (uint8_t)(1 << lun % 8);
	return true;
}

/* -1: none was given. */
static int given_number(struct maker *m, const struct conf_node *n)
{
	unsigned long long v;

	if (!n)
		return -1;
	if (adm_number(n->value, CONF_LUN_MAX, &v)) {
		conf_error(m->notes, n, "expected a LUN from 0 to %d, not '%s'", CONF_LUN_MAX,
			   n->value);
		fail(m);
		return -1;
	}
	if (!take(m, (unsigned int)v)) {
		conf_error(m->notes, n, "target %s has a LUN %llu already", m->target->value, v);
		fail(m);
	}
	return (int)v;
}

/* Those without a number get the first free from 1, in the order of their paths. */
static void number(struct maker *m)
{
	json_t *lu;
	size_t i;

	json_array_foreach(m->luns, i, lu) {
		if (json_integer_value(json_object_get(lu, "lun")) >= 0)
			continue;
		while (m->next <= CONF_LUN_MAX && !take(m, m->next))
			m->next++;
		if (m->next > CONF_LUN_MAX) {
			conf_error(m->notes, m->target, "target %s has more than %d logical units",
				   m->target->value, CONF_LUN_MAX);
			fail(m);
			return;
		}
		json_object_set_new(lu, "lun", json_integer(m->next));
	}
}

/* --- one LUN ---------------------------------------------------------------------------------- */

/* "path" replaces the store's, for a LUN that is named otherwise in the file. */
static void settle_path(json_t *lu, const char *path)
{
	json_t *params = json_object_get(lu, "params"), *new = json_object_get(lu, "new"), *p;
	size_t i;

	json_array_foreach(params, i, p) {
		if (strcmp(json_string_value(json_array_get(p, 0)), "path"))
			continue;
		path = json_string_value(json_array_get(p, 1));
		if (*path)
			json_object_set(new, "backing-store", json_array_get(p, 1));
		json_array_remove(params, i);
		return;
	}
	if (strncmp(path, CONF_NO_MEDIUM, strlen(CONF_NO_MEDIUM)))
		json_object_set_new(new, "backing-store", json_string(path));
}

/* Who writes "lun 0" means that it shall take the controller's place, for which tgtd wants a type. */
static void settle_type(json_t *lu)
{
	json_t *new = json_object_get(lu, "new");

	if (!json_integer_value(json_object_get(lu, "lun")) && !json_object_get(new, "device-type"))
		json_object_set_new(new, "device-type", json_string("disk"));
}

static void add_lun(struct maker *m, const struct conf_node *n)
{
	struct said own = { { NULL } };
	const struct conf_node *number_node;
	json_t *lu;

	if (!n->value || !*n->value) {
		conf_error(m->notes, n, "expected a path after %s", n->name);
		fail(m);
		return;
	}
	if (n->block)
		collect(m, n, &own);
	number_node = own.node[0] ? own.node[0] : m->defaults.node[0];
	lu = json_pack("{s:i s:o s:{} s:[]}", "lun", given_number(m, number_node), "where",
		       json_sprintf("%s:%u", n->file, n->line), "new", "params");
	if (!lu || !json_is_string(json_object_get(lu, "where"))) {
		conf_error(m->notes, n, "out of memory");
		fail(m);
		json_decref(lu);
		return;
	}
	apply(m, lu, n, &own);
	settle_path(lu, n->value);
	settle_type(lu);
	if (!strcmp(n->name, "direct-store"))
		conf_direct(n->value, lu);
	json_array_append_new(m->luns, lu);
}

/* --- all of a target -------------------------------------------------------------------------- */

static bool repeats(const struct maker *m, const struct conf_node *n,
		    const struct conf_node *before)
{
	if (n->block || !n->value || !before->value || strcmp(n->value, before->value))
		return false;
	conf_warn(m->notes, n, "%s %s is given twice for target %s: not used again", n->name,
		  n->value, m->target->value);
	return true;
}

/*
 * In the order of their paths, since the predecessor's numbers came of that: an initiator must not
 * find another disk when the file is read by this one.
 */
static void add_all(struct maker *m, const char *name)
{
	size_t i, count;
	const struct conf_node **all = conf_sorted(m->target, name, &count);

	if (!all) {
		conf_error(m->notes, m->target, "out of memory");
		fail(m);
		return;
	}
	for (i = 0; i < count; i++)
		if (!i || !repeats(m, all[i], all[i - 1]))
			add_lun(m, all[i]);
	free(all);
}

int conf_luns(struct conf_notes *notes, const struct conf_node *target, json_t *out)
{
	struct maker m = { .notes = notes, .luns = json_array(), .target = target, .next = 1 };

	json_object_set_new(out, "luns", m.luns);
	collect(&m, target, &m.defaults);
	/* All backing stores come before direct stores. */
	add_all(&m, "backing-store");
	add_all(&m, "direct-store");
	if (!m.failed)
		number(&m);
	return m.failed ? -EINVAL : 0;
}
