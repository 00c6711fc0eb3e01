/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be done to get from one state to another: the difference of the running state
 * and targets.conf, as requests. apply_plan.c runs them; --diff and --pretend print them.
 *
 *   step  { "say": "a sentence's worth for people", "sign": "+", "-", "~" or "#",
 *           "where": "FILE:LINE", "rank": N, "object", "verb", "args" }
 *
 * A step with the sign "#" has no request: it says what is left as it is, and why. Steps come in
 * the order that people read, by target; diff_order() makes of it the one to run them in.
 */
#ifndef MGMT_DIFF_PLAN_H
#define MGMT_DIFF_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/util.h"

/*
 * What can fail and be undone comes first, what ends sessions or closes stores after it, and what
 * needs a number or a store that another has until then comes last but for letting initiators in.
 */
enum diff_rank { DIFF_BUILD, DIFF_CHANGE, DIFF_DELETE, DIFF_AFTER, DIFF_OPEN };

struct diff_opts {
	const char *only; /* a target's name; NULL: all */
	bool add_only;	  /* what runs already is not changed */
	bool exact;	  /* also accounts that are bound to nothing */
	bool force;	  /* also what ends sessions, or uses a device that is in use */
};

struct diff_plan {
	json_t *steps;	/* owned by who calls diff_plan() */
	const json_t *running, *wanted;
	const struct diff_opts *opts;
	json_t *before, *after; /* targets of both by name in small letters */
	json_t *tids;	/* diff_tid.c: in use or spoken for, by number as text */
	json_t *claims;	/* targets of the file by the number that it names */
	json_t *paths;	/* of running LUNs */
	json_t *kept;	/* accounts of targets that stay against the file, by name */
	long long next_tid;
	enum diff_rank rank; /* of the steps that are being made */
	const char *where;   /* and what asks for them; may be NULL */
};

/* An array of steps, a new reference; NULL: no memory. */
json_t *diff_plan(const json_t *running, const json_t *wanted, const struct diff_opts *opts);
/* The same steps by rank, a new reference; NULL: no memory. */
json_t *diff_order(const json_t *steps);

/* diff_tid.c */
void diff_tid_survey(struct diff_plan *p);
/* The running target with this number, or NULL. */
const json_t *diff_tid_owner(const struct diff_plan *p, long long tid);
/* The running target that keeps the number which the file gives to @want, or NULL. */
const json_t *diff_tid_holder(const struct diff_plan *p, const json_t *want);
void diff_tid_take(struct diff_plan *p, long long tid);
long long diff_tid_free(struct diff_plan *p);
/* Why only a new target can be what is wanted; NULL: it can be changed. */
const char *diff_target_anew(const struct diff_plan *p, const json_t *was, const json_t *want);
/* --update of one target leaves the others alone. */
bool diff_concerned(const struct diff_plan *p, const json_t *t);
/* diff_plan.c: the target of @map, by name, with the name of @t. */
json_t *diff_same_name(const json_t *map, const json_t *t);

/* For diff_*.c. @args is taken over; NULL @object: sign "#". */
void diff_step(struct diff_plan *p, const char *sign, const char *object, const char *verb,
	       json_t *args, const char *fmt, ...) printf_like(6, 7);
/* Where the file says this parameter or address of a target or portal. */
const char *diff_said_at(const json_t *t, const char *what);
/* Whose access lists change. */
struct diff_door {
	const char *object, *name; /* "target", and its name for people */
	const json_t *args;	   /* that name it in requests */
	const json_t *was, *want;  /* with "addresses" and "names"; @was NULL: it is new */
};
/* Leaves p->rank at DIFF_DELETE when it is not new. */
void diff_access(struct diff_plan *p, const struct diff_door *d);
void diff_portals(struct diff_plan *p);
void diff_system(struct diff_plan *p);
/* Steps for the LUNs of a target; @was NULL: it is new. */
void diff_luns(struct diff_plan *p, long long tid, const json_t *was, const json_t *wanted);
/* The same for limits of its initiators. */
void diff_limits(struct diff_plan *p, long long tid, const json_t *was, const json_t *want);
/* The same for its LUN maps. */
void diff_maps(struct diff_plan *p, long long tid, const json_t *was, const json_t *wanted);
/* The same for its target port groups. */
void diff_port_groups(struct diff_plan *p, long long tid, const json_t *was, const json_t *want);
/* Accounts of a target, or of discovery, as they are and as they shall be. */
struct diff_bound {
	const char *target; /* NULL: discovery */
	long long tid;
	const json_t *was, *want;
};
/* Makes accounts, and changes passwords. */
void diff_accounts(struct diff_plan *p);
void diff_bindings(struct diff_plan *p, const struct diff_bound *b);
void diff_bindings_removed(struct diff_plan *p, const struct diff_bound *b);
/* The running @target stays. */
void diff_keep_accounts(struct diff_plan *p, const json_t *target);
void diff_accounts_removed(struct diff_plan *p);
/* NULL when the store of a LUN can be opened, or why not. @force: in use or not. */
const char *diff_store_trouble(const json_t *new, bool force);

#endif
