/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of commands and bytes a second in targets.conf: as directives of a logical unit, and of
 * a target for its initiators, "initiator-limit NAME iops=N,bps=N". Used by conf_lun.c,
 * conf_model.c, diff_state.c.
 */
#ifndef MGMT_CONF_LIMIT_H
#define MGMT_CONF_LIMIT_H

#include <jansson.h>
#include <stdbool.h>

#include "mgmt/conf_tree.h"

/* iops, bps_rd, ... */
bool conf_limit_name(const char *name);
/* "10M" as a number; a new reference, NULL: no number. */
json_t *conf_limit_value(const char *text);
/* "NAME k=v,...", of @n, into @limits: {NAME: {"iops": N, ...}}. False: noted. */
bool conf_initiator_limit(struct conf_notes *notes, const struct conf_node *n, json_t *limits);
/* k=v,...: a new reference. */
json_t *conf_limit_text(const json_t *limit);

#endif
