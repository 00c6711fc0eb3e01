/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings back what was kept of a logical unit's persistent reservations, before
 * the first command can reach it. Called by lu_open.c.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/worker.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/pr.h"
#include "target/pr_store.h"
#include "target/target.h"

/* Owner: the worker, from pr_load() to loaded(). */
struct load {
	struct job job;
	struct lu *lu;
	void (*done)(struct lu *lu);
	char path[PR_PATH_MAX];
	struct pr_owner owner;
	struct pr_state *state;
	struct err err;
};

static void load(struct job *job)
{
	struct load *l = container_of(job, struct load, job);

	pr_store_load(l->path, &l->owner, &l->state, &l->err);
}

static void loaded(struct job *job)
{
	struct load *l = container_of(job, struct load, job);
	void (*done)(struct lu *lu) = l->done;
	struct lu *lu = l->lu;

	if (l->err.code != ERR_OK) {
		log_err("%s", l->err.text);
		lu->err = l->err;
	} else if (l->state) {
		lu->resv.state = l->state;
		lu->resv.type = l->state->type;
		log_info("LUN %llu of %s: %u persistent registrations, reservation type %u",
			 (unsigned long long)lu->lun, lu->target->name, l->state->n,
			 l->state->type);
	}
	free(l);
	done(lu);
}

bool pr_load(struct lu *lu, void (*done)(struct lu *lu))
{
	struct core *core = lu->target->core;
	struct load *l;

	if (!core->state_dir)
		return false;
	l = calloc(1, sizeof(*l));
	if (!l) {
		err_set(&lu->err, ERR_NOMEM, "%s", "");
		return false;
	}
	l->owner = (struct pr_owner){ lu->target->name, lu->lun };
	if (pr_store_path(l->path, core->state_dir, &l->owner)) {
		free(l);
		err_set(&lu->err, ERR_INVALID_REQUEST,
			"the path of the state directory is too long: %s", core->state_dir);
		return false;
	}
	l->lu = lu;
	l->done = done;
	l->job.run = load;
	l->job.done = loaded;
	worker_submit(core->workers, &l->job);
	return true;
}
