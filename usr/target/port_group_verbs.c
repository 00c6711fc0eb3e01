/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of target port groups. Called by the management server through the rows in
 * target_verbtab.c; the work is port_group.c's.
 */
#include <errno.h>

#include "target/port_group.h"
#include "target/target.h"
#include "target/target_verbs.h"

static int set(struct verb_call *call, bool update)
{
	struct target *t = verb_target(call);
	struct port_group_change change = {
		.id = verb_uint(call, "group", 0),
		.state = verb_str(call, "state"),
		.ports = verb_str(call, "portal-groups"),
		.remote_ports = verb_str(call, "remote-ports"),
		.preferred = verb_arg(call, "preferred"),
	};

	return t ? port_group_set(t, &change, update, &call->err) : -EINVAL;
}

int port_group_verb_new(struct verb_call *call)
{
	return set(call, false);
}

int port_group_verb_update(struct verb_call *call)
{
	return set(call, true);
}

int port_group_verb_delete(struct verb_call *call)
{
	struct target *t = verb_target(call);

	return t ? port_group_delete(t, verb_uint(call, "group", 0), &call->err) : -EINVAL;
}

int port_group_verb_show(struct verb_call *call)
{
	struct target *t = verb_target(call);

	if (!t)
		return -EINVAL;
	call->result = port_groups_show(&t->port_groups);
	return call->result ? 0 : err_set(&call->err, ERR_NOMEM, "%s", "");
}
