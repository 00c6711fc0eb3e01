/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from one access list to another, of a target or a portal. Called by diff_plan.c and
 * diff_portal.c.
 */
#include <strings.h>

#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

static bool listed(const json_t *list, const char *text)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!strcasecmp(json_string_value(v), text))
			return true;
	return false;
}

static void bind_step(struct diff_plan *p, const struct diff_door *d, bool add, const char *kind,
		      const char *who)
{
	json_t *args = json_copy((json_t *)d->args);

	p->where = diff_said_at(d->want, who);
	json_object_set_new(args, kind, json_string(who));
	diff_step(p, add ? "+" : "-", d->object, add ? "bind" : "unbind", args, "%s %s: %s %s",
		  d->object, d->name, kind, who);
}

/*
 * Adds come before removals, so that no session is cut that may stay. A list that is empty admits
 * all (with the other list): its second entry would come too late for sessions that only that
 * admits, so ALL stands there meanwhile.
 */
static void add(struct diff_plan *p, const struct diff_door *d, const char *list, const char *kind)
{
	const json_t *a = json_object_get(d->was, list), *b = json_object_get(d->want, list);
	bool bridge = d->was && !json_array_size(a) && json_array_size(b) > 1 && !listed(b, "ALL");
	const json_t *v;
	size_t i;

	if (bridge)
		bind_step(p, d, true, kind, "ALL");
	json_array_foreach(b, i, v)
		if (!listed(a, json_string_value(v)))
			bind_step(p, d, true, kind, json_string_value(v));
	if (bridge)
		bind_step(p, d, false, kind, "ALL");
}

static void take_away(struct diff_plan *p, const struct diff_door *d, const char *list,
		      const char *kind)
{
	const json_t *b = json_object_get(d->want, list), *v;
	size_t i;

	json_array_foreach(json_object_get(d->was, list), i, v)
		if (!listed(b, json_string_value(v)))
			bind_step(p, d, false, kind, json_string_value(v));
}

void diff_access(struct diff_plan *p, const struct diff_door *d)
{
	add(p, d, "names", "initiator-name");
	add(p, d, "addresses", "initiator-address");
	if (d->was)
		p->rank = DIFF_DELETE;
	take_away(p, d, "addresses", "initiator-address");
	take_away(p, d, "names", "initiator-name");
}
