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

/*
 * Parameters in the order they were given, so that "online=0,path=..." and "path=...,online=1"
 * mean what they say. Opening a path takes time: the walk over them stops there and goes on
 * from the loop.
 */
struct setting {
	struct verb_call *call;
	json_t *params;	/* the call's */
	void *next;	/* iterator; NULL: at the end */
	bool fresh;	/* the LU was just made: a parameter that fails unmakes it */
};

static int set_next(struct setting *s, struct lu *lu);

/* The call ends from the loop. */
static void set_end(struct setting *s, struct lu *lu)
{
	struct verb_call *call = s->call;

	if (lu)
		lu->fresh = false;
	if (call->err.code != ERR_OK && s->fresh && lu)
		lu_delete(lu, true, NULL, NULL, NULL);
	free(s);
	verb_finish(call);
}

static void path_set(void *arg, const struct err *err)
{
	struct setting *s = arg;
	struct lu *lu;

	if (err)
		s->call->err = *err;
	lu = verb_lu(s->call);
	if (!lu || err || set_next(s, lu) != -EINPROGRESS)
		set_end(s, lu);
}

/* 0: all are set. -EINPROGRESS: path_set() goes on. Another: call->err is set. */
static int set_next(struct setting *s, struct lu *lu)
{
	int r = 0;

	while (!r && s->next) {
		const char *name = json_object_iter_key(s->next);
		const char *value = json_string_value(json_object_iter_value(s->next));

		s->next = json_object_iter_next(s->params, s->next);
		if (!strcmp(name, "path")) {
			lu_set_path(lu, *value ? value : NULL, path_set, s);
			return -EINPROGRESS;
		}
		r = lu_set(lu, name, value, &s->call->err);
	}
	return r;
}

static struct setting *setting_new(struct verb_call *call, bool fresh)
{
	struct setting *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(&call->err, ERR_NOMEM, "%s", "");
		return NULL;
	}
	s->call = call;
	s->params = verb_arg(call, "params");
	s->next = json_object_iter(s->params);
	s->fresh = fresh;
	return s;
}

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	struct setting *s = arg;

	if (!lu)
		s->call->err = *err;
	else
		lu->fresh = true;
	if (!lu || set_next(s, lu) != -EINPROGRESS)
		set_end(s, lu);
}

/* The controller that every target has at LUN 0 gives way only when that is plainly meant. */
static int check_lun0(const struct target *t, const struct lu_conf *conf, struct err *err)
{
	const struct lu *lu = target_lu(t, conf->lun);

	if (conf->dev_type || !lu || !lu->automatic)
		return 0;
	return err_set(err, ERR_LUN_EXISTS,
		       "LUN 0 is the target's controller: --device-type disk puts a disk in its place");
}

static int new_run(struct verb_call *call)
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
	struct setting *s;

	if (!t)
		return -EINVAL;
	if (parse_bsoflags(verb_str(call, "bsoflags"), &conf, &call->err))
		return -EINVAL;
	if (block_size > UINT32_MAX)
		return err_set(&call->err, ERR_INVALID_REQUEST, "the block size is too large");
	conf.block_size = (uint32_t)block_size;
	if (check_lun0(t, &conf, &call->err))
		return -EINVAL;
	s = setting_new(call, true);
	if (!s)
		return -EINVAL;
	lu_new(t, &conf, lu_made, s);
	return -EINPROGRESS;
}

static void new_looked(void *arg)
{
	struct verb_call *call = arg;

	if (new_run(call) != -EINPROGRESS)
		verb_finish(call);
}

/* A store that nobody knows may have been installed a moment ago. */
int lu_verb_new(struct verb_call *call)
{
	const struct core *core = call->context;

	if (bs_module_look(core->stores, verb_str(call, "bstype"), new_looked, call))
		return -EINPROGRESS;
	return new_run(call);
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
	if (lu->automatic)
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

int lu_verb_update(struct verb_call *call)
{
	struct lu *lu = verb_lu(call);
	struct setting *s = lu ? setting_new(call, false) : NULL;
	int r = s ? set_next(s, lu) : -EINVAL;

	if (r != -EINPROGRESS)
		free(s);
	return r;
}
