/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WHICH of tgt-admin's options (which.h).
 */
#include "mgmt/which.h"

#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "mgmt/adm.h"
#include "mgmt/diff_state.h"

/* "tid=N": the name of what runs or, failing that, is configured with this number. */
static const char *name_by_tid(const char *text, const json_t *running, const json_t *wanted)
{
	const json_t *states[] = { running, wanted }, *t;
	unsigned long long tid;
	size_t i, j;

	if (adm_number(text, UINT32_MAX, &tid) || !tid)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(states); i++)
		json_array_foreach(json_object_get(states[i], "targets"), j, t)
			if (diff_int(t, "tid") == (long long)tid)
				return diff_str(t, "name");
	return NULL;
}

bool which_target(const char *which, const json_t *running, const json_t *wanted,
		  const char **name)
{
	*name = NULL;
	if (!strcmp(which, "ALL"))
		return true;
	if (!strncmp(which, "tid=", 4)) {
		*name = name_by_tid(which + 4, running, wanted);
		return *name != NULL;
	}
	*name = which;
	return diff_target(running, *name) || diff_target(wanted, *name);
}
