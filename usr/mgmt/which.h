/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WHICH of tgt-admin's options: ALL, tid=N or a target's name.
 */
#ifndef MGMT_WHICH_H
#define MGMT_WHICH_H

#include <jansson.h>
#include <stdbool.h>

/* Whether @which names something in either state (diff_state.h); sets *@name, NULL for ALL. */
bool which_target(const char *which, const json_t *running, const json_t *wanted,
		  const char **name);

#endif
