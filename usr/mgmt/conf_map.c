/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an initiator sees of a target in targets.conf: blocks <initiator NAME>, whose
 * "lun" lines say "SEEN", "SEEN LUN" or "SEEN LUN readonly". Called by conf_model.c.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mgmt/adm.h"
#include "mgmt/conf_model.h"

struct mapper {
	struct conf_notes *notes;
	json_t *maps;
	json_t *names;	/* in small letters */
	json_t *map;	/* under way: {"luns", "all", "readonly", "where"} */
	uint8_t taken[CONF_LUN_MAX / 8 + 1]; /* the target's LUNs that it shows */
	bool listed;	/* a "lun" line was there */
	bool failed;
};

static void refuse(struct mapper *m, const struct conf_node *n, const char *what)
{
	conf_error(m->notes, n, "%s: %s %s", what, n->name, n->value);
	m->failed = true;
}

/* A number, and what follows the blanks after it. */
static bool number(const char **text, unsigned int *out)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	v = strtoul(*text, &end, 10);
	*text = end + strspn(end, " \t");
	*out = (unsigned int)v;
	return v <= CONF_LUN_MAX && (!*end || *text > end);
}

static bool parse(const char *text, unsigned int *seen, unsigned int *lun, bool *readonly)
{
	if (!number(&text, seen))
		return false;
	*lun = *seen;
	if (isdigit((unsigned char)*text) && !number(&text, lun))
		return false;
	*readonly = !strcmp(text, "readonly");
	return *readonly || !*text;
}

static void lun_line(struct mapper *m, const struct conf_node *n)
{
	json_t *luns = json_object_get(m->map, "luns");
	unsigned int seen, lun;
	bool readonly;
	char key[16];

	m->listed = true;
	if (!strcasecmp(n->value, "none"))
		return;
	if (!parse(n->value, &seen, &lun, &readonly)) {
		refuse(m, n, "expected lun SEEN, lun SEEN LUN or lun SEEN LUN readonly, "
			     "with numbers from 0 to 16383");
		return;
	}
	snprintf(key, sizeof(key), "%u", seen);
	if (json_object_get(luns, key))
		refuse(m, n, "this number is given twice");
	if (m->taken[lun / 8] & 1 << lun % 8)
		refuse(m, n, "this LUN of the target is given twice");
	m->taken[lun / 8] |= (uint8_t)(1 << lun % 8);
	json_object_set_new(luns, key, json_sprintf("%u%s", lun, readonly ? ":ro" : ""));
}

static void readonly_line(struct mapper *m, const struct conf_node *n)
{
	if (!conf_is_yes(n->value) && !conf_is_no(n->value))
		refuse(m, n, "expected yes or no");
	json_object_set_new(m->map, "readonly", json_boolean(conf_is_yes(n->value)));
}

static void line(struct mapper *m, const struct conf_node *n)
{
	if (n->block || !n->value) {
		conf_error(m->notes, n, "expected a value: %s VALUE", n->name);
		m->failed = true;
	} else if (!strcmp(n->name, "lun")) {
		lun_line(m, n);
	} else if (!strcmp(n->name, "readonly")) {
		readonly_line(m, n);
	} else {
		conf_warn(m->notes, n, "unknown directive '%s' for an initiator: not used",
			  n->name);
	}
}

/* Names compare without case (RFC 3722). */
static bool name_taken(struct mapper *m, const char *name)
{
	char key[256];
	size_t i;
	bool taken;

	snprintf(key, sizeof(key), "%s", name);
	for (i = 0; key[i]; i++)
		key[i] = (char)tolower((unsigned char)key[i]);
	taken = json_object_get(m->names, key);
	json_object_set_new(m->names, key, json_true());
	return taken;
}

static void add_map(struct mapper *m, const struct conf_node *block)
{
	const struct conf_node *n;

	if (!block->block || !block->value || strlen(block->value) > CONF_NAME_MAX) {
		conf_error(m->notes, block, "expected <initiator NAME>, with at most %d letters",
			   CONF_NAME_MAX);
		m->failed = true;
		return;
	}
	m->map = json_pack("{s:{} s:b s:o}", "luns", "readonly", false, "where",
			   json_sprintf("%s:%u", block->file, block->line));
	if (json_object_set_new(m->maps, block->value, m->map)) {
		conf_error(m->notes, block, "the name is no UTF-8 text, or out of memory");
		m->failed = true;
		return;
	}
	if (name_taken(m, block->value))
		refuse(m, block, "this initiator is there already, in other letters");
	m->listed = false;
	memset(m->taken, 0, sizeof(m->taken));
	list_for_each(n, &block->children, link)
		line(m, n);
	json_object_set_new(m->map, "all", json_boolean(!m->listed));
}

int conf_maps(struct conf_notes *notes, const struct conf_node *target, json_t *out)
{
	struct mapper m = { .notes = notes, .maps = json_object(), .names = json_object() };
	const struct conf_node *n;

	json_object_set_new(out, "maps", m.maps);
	list_for_each(n, &target->children, link)
		if (!strcmp(n->name, "initiator"))
			add_map(&m, n);
	json_decref(m.names);
	return m.failed ? -1 : 0;
}
