/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits in targets.conf (conf_limit.h). Numbers are compared as numbers, whatever they were
 * written as.
 */
#include "mgmt/conf_limit.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

bool conf_limit_name(const char *name)
{
	static const char *const names[] = {
		"bps", "bps_burst", "bps_rd", "bps_wr", "iops", "iops_burst", "iops_rd", "iops_wr",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

json_t *conf_limit_value(const char *text)
{
	uint64_t v;

	return size_parse(text, 1, &v) ? NULL : json_integer((json_int_t)v);
}

/* One k=v. */
static bool add(json_t *limit, char *word)
{
	char *eq = strchr(word, '=');
	json_t *v;

	if (!eq)
		return false;
	*eq = '\0';
	v = conf_limit_name(word) ? conf_limit_value(eq + 1) : NULL;
	if (!v)
		return false;
	if (json_integer_value(v))
		json_object_set_new(limit, word, v);
	else
		json_decref(v);
	return true;
}

bool conf_initiator_limit(struct conf_notes *notes, const struct conf_node *n, json_t *limits)
{
	char *copy = strdup(n->value), *save = NULL, *name, *word;
	json_t *limit = json_object();
	bool ok = false;

	name = copy ? strtok_r(copy, " \t", &save) : NULL;
	if (name) {
		ok = true;
		while (ok && (word = strtok_r(NULL, ", \t", &save)) != NULL)
			ok = add(limit, word);
		ok = ok && json_object_size(limit);
	}
	if (!ok)
		conf_error(notes, n, "expected %s NAME iops=N,bps=N,..., not '%s'", n->name,
			   n->value);
	else if (json_object_get(limits, name))
		conf_error(notes, n, "'%s %s' is given twice", n->name, name);
	else if (!json_object_set(limits, name, limit))
		goto out;
	ok = false;
out:
	json_decref(limit);
	free(copy);
	return ok;
}

json_t *conf_limit_text(const json_t *limit)
{
	struct strbuf text = STRBUF_INIT;
	const char *name;
	json_t *v, *out;

	json_object_foreach((json_t *)limit, name, v)
		strbuf_printf(&text, "%s%s=%lld", text.len ? "," : "", name,
			      (long long)json_integer_value(v));
	out = json_string(strbuf_str(&text));
	strbuf_free(&text);
	return out;
}
