/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of targets: which are taken, who has to give one up for another whose file names it, and
 * who keeps his because he is in use. Called by diff_plan.c.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

/* A running target under its number; true for a number that is spoken for. */
static json_t *at(const struct diff_plan *p, long long tid)
{
	char key[24];

	snprintf(key, sizeof(key), "%lld", tid);
	return json_object_get(p->tids, key);
}

static void put(json_t *map, long long tid, json_t *what)
{
	char key[24];

	snprintf(key, sizeof(key), "%lld", tid);
	json_object_set(map, key, what);
}

void diff_tid_survey(struct diff_plan *p)
{
	json_t *t;
	size_t i;

	json_array_foreach(json_object_get(p->running, "targets"), i, t) {
		put(p->tids, diff_int(t, "tid"), t);
		if (diff_int(t, "tid") > p->next_tid)
			p->next_tid = diff_int(t, "tid");
	}
	json_array_foreach(json_object_get(p->wanted, "targets"), i, t) {
		if (!diff_int(t, "tid"))
			continue;
		if (!at(p, diff_int(t, "tid")))
			put(p->tids, diff_int(t, "tid"), json_true());
		put(p->claims, diff_int(t, "tid"), t);
	}
}

const json_t *diff_tid_owner(const struct diff_plan *p, long long tid)
{
	const json_t *t = at(p, tid);

	return json_is_object(t) ? t : NULL;
}

void diff_tid_take(struct diff_plan *p, long long tid)
{
	if (!at(p, tid))
		put(p->tids, tid, json_true());
}

long long diff_tid_free(struct diff_plan *p)
{
	do
		p->next_tid++;
	while (at(p, p->next_tid));
	return p->next_tid;
}

bool diff_concerned(const struct diff_plan *p, const json_t *t)
{
	return !p->opts->only || !strcasecmp(p->opts->only, diff_str(t, "name"));
}

/* The target whose file names the number that @was has, when that is another. */
static const json_t *claimer(const struct diff_plan *p, const json_t *was)
{
	char key[24];
	const json_t *t;

	snprintf(key, sizeof(key), "%lld", diff_int(was, "tid"));
	t = json_object_get(p->claims, key);
	if (!t || !diff_concerned(p, t) || !strcasecmp(diff_str(t, "name"), diff_str(was, "name")))
		return NULL;
	return t;
}

const char *diff_target_anew(const struct diff_plan *p, const json_t *was, const json_t *want)
{
	long long tid = diff_int(want, "tid");

	if (strcmp(diff_str(was, "driver"), diff_str(want, "driver")))
		return "its driver differs";
	if (tid && tid != diff_int(was, "tid"))
		return "its tid differs";
	return !tid && claimer(p, was) ? "another target is to have its tid" : NULL;
}

#define CHAIN_MAX 100 /* who waits for whom; a longer one ends where it began: all of them go */

static const json_t *holder(const struct diff_plan *p, const json_t *want, unsigned int depth);

/* Whether a running target will be deleted, be it to be made anew. */
static bool goes(const struct diff_plan *p, const json_t *was, unsigned int depth)
{
	const json_t *want = diff_same_name(p->after, was);

	if (!diff_concerned(p, was) || (diff_int(was, "sessions") && !p->opts->force))
		return false;
	if (!want)
		return true;
	return !p->opts->add_only && diff_target_anew(p, was, want) &&
	       (depth > CHAIN_MAX || !holder(p, want, depth + 1));
}

static const json_t *holder(const struct diff_plan *p, const json_t *want, unsigned int depth)
{
	long long tid = diff_int(want, "tid");
	const json_t *owner = tid ? diff_tid_owner(p, tid) : NULL;

	if (!owner || !strcasecmp(diff_str(owner, "name"), diff_str(want, "name")) ||
	    goes(p, owner, depth))
		return NULL;
	return owner;
}

const json_t *diff_tid_holder(const struct diff_plan *p, const json_t *want)
{
	return holder(p, want, 0);
}
