/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of targets. Called by the management server through the rows in
 * target_verbtab.c; the work is target.c's and access.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/core.h"
#include "target/qos.h"
#include "target/target.h"
#include "target/target_verbs.h"

struct target *verb_target(struct verb_call *call)
{
	uint64_t tid = verb_uint(call, "tid", 0);
	struct target *t = tid && tid <= UINT32_MAX ? target_by_tid(call->context, (uint32_t)tid) :
						      NULL;

	if (!t)
		err_set(&call->err, ERR_NO_TARGET, "there is no target with tid %llu",
			(unsigned long long)tid);
	return t;
}

int target_verb_new(struct verb_call *call)
{
	uint64_t tid = verb_uint(call, "tid", 0);
	struct target *t;

	if (!tid || tid > UINT32_MAX)
		return err_set(&call->err, ERR_INVALID_REQUEST,
			       "tid is a number from 1 to 4294967295");
	return target_new(call->context, (uint32_t)tid, verb_str(call, "targetname"),
			  verb_str(call, "lld"), &t, &call->err);
}

static void finished(void *arg)
{
	verb_finish(arg);
}

int target_verb_delete(struct verb_call *call)
{
	struct target *t = verb_target(call);
	int r;

	if (!t)
		return -EINVAL;
	r = target_delete(t, verb_bool(call, "force", false), finished, call, &call->err);
	return r ? r : -EINPROGRESS;
}

int target_verb_show(struct verb_call *call)
{
	struct target *t = verb_arg(call, "tid") ? verb_target(call) : NULL;

	return call->err.code == ERR_OK ? targets_show(call, t) : -EINVAL;
}

static int set_state(struct target *t, const char *value, struct err *err)
{
	bool offline = !strcmp(value, "offline");

	if (!offline && strcmp(value, "ready"))
		return err_set(err, ERR_INVALID_REQUEST, "state is ready or offline, not '%s'",
			       value);
	target_set_offline(t, offline);
	return 0;
}

int target_verb_update(struct verb_call *call)
{
	const char *name = verb_str(call, "name"), *value = verb_str(call, "value");
	struct target *t = verb_target(call);
	int r = -ENOENT;

	if (!t)
		return -EINVAL;
	if (!strcmp(name, "state"))
		return set_state(t, value, &call->err);
	if (!strcmp(name, "initiator_limit"))
		return qos_target_set(t, value, &call->err);
	r = port_groups_target_set(t, name, value, &call->err);
	if (r == -ENOENT && t->transport->target_set)
		r = t->transport->target_set(t, name, value, &call->err);
	if (r == -ENOENT)
		return err_set(&call->err, ERR_INVALID_REQUEST,
			       "a target of driver %s has no parameter '%s'", t->transport->name,
			       name);
	return r;
}

static void tell_access(struct target *t)
{
	if (t->transport->access_changed)
		t->transport->access_changed(t);
}

static int change_access(struct verb_call *call, bool add)
{
	struct target *t = verb_target(call);
	int r;

	if (!t)
		return -EINVAL;
	if (verb_arg(call, "host") || verb_arg(call, "bus"))
		return err_set(&call->err, ERR_UNSUPPORTED,
			       "driver %s does not bind targets to SCSI hosts", t->transport->name);
	r = access_change(&t->access, add, verb_str(call, "initiator-address"),
			  verb_str(call, "initiator-name"), &call->err);
	if (!r)
		tell_access(t);
	return r;
}

int target_verb_bind(struct verb_call *call)
{
	return change_access(call, true);
}

int target_verb_unbind(struct verb_call *call)
{
	return change_access(call, false);
}
