/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target port groups in targets.conf: blocks <port-group N>, whose directives are the arguments of
 * "portgroup new". Called by conf_model.c.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/adm.h"
#include "mgmt/conf_model.h"

static const char *const texts[] = { "state", "portal-groups", "remote-ports" };

static bool text_line(json_t *group, const struct conf_node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(n->name, texts[i]))
			return !json_object_set_new(group, n->name, json_string(n->value));
	return false;
}

static bool line(struct conf_notes *notes, json_t *group, const struct conf_node *n)
{
	bool preferred = !strcmp(n->name, "preferred");

	if (n->block || !n->value)
		conf_error(notes, n, "expected a value: %s VALUE", n->name);
	else if (preferred && !conf_is_yes(n->value) && !conf_is_no(n->value))
		conf_error(notes, n, "expected yes or no: %s %s", n->name, n->value);
	else if (preferred)
		return !json_object_set_new(group, "preferred",
					    json_boolean(conf_is_yes(n->value)));
	else if (text_line(group, n))
		return true;
	else
		conf_error(notes, n, "a target port group has no directive '%s'", n->name);
	return false;
}

static bool add(struct conf_notes *notes, json_t *groups, const struct conf_node *block)
{
	const char *id = block->value ? block->value : "";
	const struct conf_node *n;
	json_t *group;
	bool ok = true;
	char key[16];

	if (!block->block || !isdigit((unsigned char)*id) || id[strspn(id, "0123456789")] ||
	    strlen(id) > 5 || atoi(id) > UINT16_MAX) {
		conf_error(notes, block, "expected <port-group N>, with a number from 0 to 65535");
		return false;
	}
	snprintf(key, sizeof(key), "%d", atoi(id));
	group = json_pack("{s:s s:s s:s s:b s:o}", "state", "active/optimized", "portal-groups", "",
			  "remote-ports", "", "preferred", false, "where",
			  json_sprintf("%s:%u", block->file, block->line));
	if (json_object_get(groups, key)) {
		conf_error(notes, block, "target port group %s is there already", key);
		ok = false;
	}
	if (json_object_set_new(groups, key, group))
		return false;
	list_for_each(n, &block->children, link)
		ok &= line(notes, group, n);
	return ok;
}

int conf_port_groups(struct conf_notes *notes, const struct conf_node *target, json_t *out)
{
	json_t *groups = json_object();
	const struct conf_node *n;
	bool ok = true;

	json_object_set_new(out, "groups", groups);
	list_for_each(n, &target->children, link)
		if (!strcmp(n->name, "port-group"))
			ok &= add(notes, groups, n);
	return ok ? 0 : -1;
}
