/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from the limits that initiators of a target have to those that they shall have. Called
 * by diff_plan.c.
 */
#include "mgmt/conf_limit.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

/* @limit NULL: none any more. */
static void limit_step(struct diff_plan *p, long long tid, const json_t *t, const char *initiator,
		       const json_t *limit)
{
	json_t *text = limit ? conf_limit_text(limit) : json_string("");
	const char *what = json_string_value(text);
	json_t *args = json_pack("{s:I s:s s:o}", "tid", (json_int_t)tid, "name",
				 "initiator_limit", "value",
				 json_sprintf("%s%s%s", initiator, *what ? " " : "", what));

	diff_step(p, limit ? "~" : "-", "target", "update", args, "target %s: initiator-limit %s %s",
		  diff_str(t, "name"), initiator, *what ? what : "none");
	json_decref(text);
}

void diff_limits(struct diff_plan *p, long long tid, const json_t *was, const json_t *want)
{
	json_t *before = json_object_get(was, "limits"), *after = json_object_get(want, "limits");
	const char *initiator;
	json_t *limit;

	p->where = diff_str(want, "where");
	json_object_foreach(after, initiator, limit)
		if (!json_equal(json_object_get(before, initiator), limit))
			limit_step(p, tid, want, initiator, limit);
	json_object_foreach(before, initiator, limit)
		if (!json_object_get(after, initiator))
			limit_step(p, tid, want, initiator, NULL);
}
