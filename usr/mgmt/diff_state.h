/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running state in the shape of conf_model.h, and what parameters are when nobody
 * sets them. Used by diff_plan.c and dump_conf.c.
 */
#ifndef MGMT_DIFF_STATE_H
#define MGMT_DIFF_STATE_H

#include <jansson.h>
#include <stdbool.h>

/*
 * @shown: the result of "target show". A new reference, or NULL: no memory. A target also has
 * "sessions", how many there are; a LUN also has "disk"; what it was told and can't
 * show as a value comes last in its "params". Controllers that tgtd makes are left out.
 */
json_t *diff_state(const json_t *shown);
/*
 * Adds accounts and discovery. @shown: the result of "account show"; without passwords when it was
 * not asked with --secrets. An account also has "bound", whether anything is.
 */
void diff_state_accounts(json_t *state, const json_t *shown);
/* Adds portals. @shown: the result of "portal show". */
void diff_state_portals(json_t *state, const json_t *shown);
/* Adds parameters of the daemon. @shown: the result of "system show". */
void diff_state_system(json_t *state, const json_t *shown);

/* A parameter's value when nobody set it; NULL: it has none that is known, so it stays. */
const char *diff_target_default(const char *name);
const char *diff_lun_default(const char *name, bool disk);
/* A parameter of LUNs whose value is known from tgtd. */
bool diff_lun_shown(const char *name);
/* "Yes" is "1", "0x10" is "16": whether two values of a parameter are the same. */
bool diff_same_value(const char *a, const char *b);
/* Of a LUN's "params", the last one with this name, or NULL. */
const char *diff_param(const json_t *lun, const char *name);
/* A member as text, "" when absent. */
const char *diff_str(const json_t *obj, const char *name);
long long diff_int(const json_t *obj, const char *name);
/* The target with this name, NULL when there is none. */
json_t *diff_target(const json_t *state, const char *name);

#endif
