/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registrations and the reservation of a logical unit as one piece of
 * memory. Called by pr_action.c, which makes new states, and by those who read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "target/pr.h"

bool pr_type_valid(uint8_t type)
{
	return type == PR_WRITE_EX || type == PR_EX_ACCESS ||
	       (type >= PR_WRITE_EX_RO && type <= PR_EX_ACCESS_AR);
}

struct pr_state *pr_state_copy(const struct pr_state *old, uint32_t more)
{
	uint32_t n = old ? old->n : 0;
	struct pr_state *s = malloc(sizeof(*s) + (n + more) * sizeof(s->regs[0]));

	if (!s)
		return NULL;
	if (old)
		memcpy(s, old, sizeof(*s) + n * sizeof(s->regs[0]));
	else
		*s = (struct pr_state){ .holder = PR_NONE };
	s->max = n + more;
	for (uint32_t i = 0; i < n; i++)
		s->regs[i].was = i;
	return s;
}

uint32_t pr_state_find(const struct pr_state *s, const struct transportid *id, uint16_t rel_port)
{
	for (uint32_t i = 0; s && i < s->n; i++)
		if (s->regs[i].rel_port == rel_port && transportid_equal(&s->regs[i].id, id))
			return i;
	return PR_NONE;
}

void pr_state_add(struct pr_state *s, const struct transportid *id, uint16_t rel_port,
		  uint64_t key)
{
	assert(s->n < s->max);
	s->regs[s->n++] =
		(struct pr_reg){ .key = key, .rel_port = rel_port, .id = *id, .was = PR_NONE };
}

void pr_state_remove(struct pr_state *s, uint32_t i)
{
	memmove(&s->regs[i], &s->regs[i + 1], (s->n - i - 1) * sizeof(s->regs[0]));
	s->n--;
	if (s->holder == i) {
		s->holder = PR_NONE;
		s->type = PR_NO_RESERVATION;
	} else if (s->holder != PR_NONE && s->holder > i) {
		s->holder--;
	}
	/* SPC-4 5.9.11.2.3: all registrants hold it until the last is gone. */
	if (!s->n)
		s->type = PR_NO_RESERVATION;
}

bool pr_state_holds(const struct pr_state *s, uint32_t i)
{
	return s->type && (pr_all_registrants(s->type) || s->holder == i);
}

bool pr_state_persists(const struct pr_state *s)
{
	return s && s->aptpl && s->n;
}
