/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of logical units. Called by the management server through the rows in
 * target_verbtab.c; opening and closing stores takes time, so new, delete and a
 * change of path end later, from the loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/lun.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/target.h"
#include "target/target_verbs.h"

struct lu *verb_lu(struct verb_call *call)
{
	struct target *t = verb_target(call);
	uint64_t lun = verb_uint(call, "lun", 0);
	struct lu *lu = t ? target_lu(t, lun) : NULL;

	if (t && !lu)
		err_set(&call->err, ERR_NO_LUN, "target %u has no LUN %llu", t->tid,
			(unsigned long long)lun);
	return lu;
}

static int parse_bsoflags(const char *flags, struct lu_conf *conf, struct err *err)
{
	static const struct {
		const char *text;
		bool sync, direct;
	} known[] = {
		{ "sync", true, false },
		{ "direct", false, true },
		{ "sync:direct", true, true },
		{ "direct:sync", true, true },
	};
	size_t i;

	if (!flags)
		return 0;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(flags, known[i].text))
			continue;
		conf->sync = known[i].sync;
		conf->direct = known[i].direct;
		return 0;
	}
	return err_set(err, ERR_INVALID_REQUEST,
		       "bsoflags are sync, direct or sync:direct, not '%s'", flags);
}

/* Sets every parameter of a fresh LU but its path; the first that fails is told. */
static int set_params(struct lu *lu, json_t *params, struct err *err)
{
	const char *name;
	json_t *value;
	int r = 0;

	json_object_foreach(params, name, value)
	{
		if (!strcmp(name, "path"))
			continue;
		r = lu_set(lu, name, json_string_value(value), err);
		if (r)
			break;
	}
	return r;
}

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	struct verb_call *call = arg;

	if (!lu)
		call->err = *err;
	else if (set_params(lu, verb_arg(call, "params"), &call->err))
		lu_delete(lu, true, NULL, NULL, NULL);
	verb_finish(call);
}

int lu_verb_new(struct verb_call *call)
{
	struct target *t = verb_target(call);
	struct lu_conf conf = {
		.lun = verb_uint(call, "lun", 0),
		.dev_type = verb_str(call, "device-type"),
		.path = verb_str(call, "backing-store"),
		.bstype = verb_str(call, "bstype"),
		.bsopts = verb_str(call, "bsopts"),
	};
	uint64_t block_size = verb_uint(call, "blocksize", 0);

	if (!t)
		return -EINVAL;
	if (parse_bsoflags(verb_str(call, "bsoflags"), &conf, &call->err))
		return -EINVAL;
	if (block_size > UINT32_MAX)
		return err_set(&call->err, ERR_INVALID_REQUEST, "the block size is too large");
	conf.block_size = (uint32_t)block_size;
	lu_new(t, &conf, lu_made, call);
	return -EINPROGRESS;
}

static void finished(void *arg)
{
	verb_finish(arg);
}

int lu_verb_delete(struct verb_call *call)
{
	struct lu *lu = verb_lu(call);
	int r;

	if (!lu)
		return -EINVAL;
	if (!lu->lun && lu->dev->pdt == PDT_CONTROLLER)
		return err_set(&call->err, ERR_INVALID_REQUEST,
			       "LUN 0 is the target's controller and goes with the target");
	r = lu_delete(lu, verb_bool(call, "force", false), finished, call, &call->err);
	return r ? r : -EINPROGRESS;
}

int lu_verb_show(struct verb_call *call)
{
	struct lu *lu = verb_lu(call);

	call->result = lu ? lu_to_json(lu) : NULL;
	return lu ? 0 : -EINVAL;
}

static void path_set(void *arg, const struct err *err)
{
	struct verb_call *call = arg;

	if (err)
		call->err = *err;
	verb_finish(call);
}

int lu_verb_update(struct verb_call *call)
{
	json_t *params = verb_arg(call, "params");
	json_t *path = json_object_get(params, "path");
	struct lu *lu = verb_lu(call);
	int r;

	if (!lu)
		return -EINVAL;
	r = set_params(lu, params, &call->err);
	if (r || !path)
		return r;
	lu_set_path(lu, *json_string_value(path) ? json_string_value(path) : NULL, path_set, call);
	return -EINPROGRESS;
}

int lu_verb_stat(struct verb_call *call)
{
	struct lu *lu = verb_lu(call);

	if (!lu)
		return -EINVAL;
	call->result = json_array();
	if (target_stats_to_json(lu->target, lu->lun, verb_uint(call, "sid", 0), call->result))
		return err_set(&call->err, ERR_NOMEM, "%s", "");
	return 0;
}
