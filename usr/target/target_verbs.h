/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator can ask of the daemon, its targets and logical units; the
 * rows stand in target_verbtab.c. call->context is the struct core.
 */
#ifndef TARGET_TARGET_VERBS_H
#define TARGET_TARGET_VERBS_H

#include <jansson.h>

#include "base/verb.h"

struct core;
struct lu;
struct nexus;
struct target;

extern const struct verb target_verbs[27];

int system_show(struct verb_call *call);
int system_update(struct verb_call *call);
int system_delete(struct verb_call *call);
int system_stat(struct verb_call *call);
int lld_show(struct verb_call *call);
int lld_start(struct verb_call *call);
int lld_stop(struct verb_call *call);
int lunmap_verb_new(struct verb_call *call);
int lunmap_verb_delete(struct verb_call *call);
int lunmap_verb_show(struct verb_call *call);
int lunmap_verb_update(struct verb_call *call);
int port_group_verb_new(struct verb_call *call);
int port_group_verb_delete(struct verb_call *call);
int port_group_verb_show(struct verb_call *call);
int port_group_verb_update(struct verb_call *call);
int target_verb_new(struct verb_call *call);
int target_verb_delete(struct verb_call *call);
int target_verb_show(struct verb_call *call);
int target_verb_update(struct verb_call *call);
int target_verb_bind(struct verb_call *call);
int target_verb_unbind(struct verb_call *call);
int target_verb_stat(struct verb_call *call);
int lu_verb_new(struct verb_call *call);
int lu_verb_delete(struct verb_call *call);
int lu_verb_show(struct verb_call *call);
int lu_verb_update(struct verb_call *call);
int lu_verb_stat(struct verb_call *call);

/* The target of --tid, or the LU of --tid and --lun; NULL with call->err set. */
struct target *verb_target(struct verb_call *call);
struct lu *verb_lu(struct verb_call *call);

/* show.c. The whole of a show verb, for all targets (@only NULL) or one: what run() returns. */
int targets_show(struct verb_call *call, const struct target *only);
/* New reference, NULL when memory is short. */
json_t *lu_to_json(const struct lu *lu);

#endif
