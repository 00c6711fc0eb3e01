/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of LUN maps. Called by the management server through the rows in
 * target_verbtab.c; the work is lun_map.c's.
 */
#include <errno.h>

#include "target/lun_map.h"
#include "target/target.h"
#include "target/target_verbs.h"

static int set(struct verb_call *call, bool update)
{
	struct target *t = verb_target(call);
	struct lun_map_change change = {
		.initiator = verb_str(call, "initiator-name"),
		.luns = verb_arg(call, "luns"),
		.all = verb_arg(call, "all"),
		.readonly = verb_arg(call, "readonly"),
	};

	return t ? lun_map_set(t, &change, update, &call->err) : -EINVAL;
}

int lunmap_verb_new(struct verb_call *call)
{
	return set(call, false);
}

int lunmap_verb_update(struct verb_call *call)
{
	return set(call, true);
}

int lunmap_verb_delete(struct verb_call *call)
{
	struct target *t = verb_target(call);

	return t ? lun_map_delete(t, verb_str(call, "initiator-name"), &call->err) : -EINVAL;
}

int lunmap_verb_show(struct verb_call *call)
{
	struct target *t = verb_target(call);

	if (!t)
		return -EINVAL;
	call->result = lun_maps_show(&t->lun_maps);
	return call->result ? 0 : err_set(&call->err, ERR_NOMEM, "%s", "");
}
