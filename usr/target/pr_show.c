/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reservations as JSON, for "logicalunit show". Called by show.c.
 */
#include <inttypes.h>
#include <stdio.h>

#include "target/lu.h"
#include "target/nexus.h"
#include "target/pr.h"
#include "target/reserve.h"

static const char *const type_names[] = {
	[PR_WRITE_EX] = "write-exclusive",
	[PR_EX_ACCESS] = "exclusive-access",
	[PR_WRITE_EX_RO] = "write-exclusive-registrants-only",
	[PR_EX_ACCESS_RO] = "exclusive-access-registrants-only",
	[PR_WRITE_EX_AR] = "write-exclusive-all-registrants",
	[PR_EX_ACCESS_AR] = "exclusive-access-all-registrants",
};

static json_t *registration(const struct pr_state *s, uint32_t i)
{
	char text[TRANSPORTID_TEXT_MAX], key[24];

	transportid_text(&s->regs[i].id, text);
	snprintf(key, sizeof(key), "0x%016" PRIx64, s->regs[i].key);
	return json_pack("{s:s s:i s:s s:b}", "initiator", text, "port", (int)s->regs[i].rel_port,
			 "key", key, "holder", (int)pr_state_holds(s, i));
}

json_t *reserve_to_json(const struct lu *lu)
{
	const struct reserve *r = &lu->resv;
	const struct pr_state *s = r->state;
	json_t *obj, *regs;

	if (r->holder)
		return json_pack("{s:s s:s}", "type", "reserve", "initiator", r->holder->initiator);
	if (!s || !s->n)
		return json_null();
	obj = json_pack("{s:s? s:b s:I s:[]}", "type", r->type ? type_names[r->type] : NULL,
			"aptpl", (int)s->aptpl, "generation", (json_int_t)r->generation,
			"registrations");
	regs = json_object_get(obj, "registrations");
	for (uint32_t i = 0; obj && i < s->n; i++) {
		if (json_array_append_new(regs, registration(s, i))) {
			json_decref(obj);
			return NULL;
		}
	}
	return obj;
}
