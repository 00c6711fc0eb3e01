/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an administrator can ask for. Every object's owner publishes a table of
 * verbs; from these tables come the JSON requests, tgtadm's options and help,
 * completion and doc/verbs.md.
 *
 * Tables stand in files named *_verbtab.c that hold nothing else. They are
 * compiled twice: for tgtd, and with VERB_TABLES_ONLY for tgtadm, which knows
 * every verb but runs none.
 */
#ifndef BASE_VERB_H
#define BASE_VERB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

enum verb_type {
	VERB_STRING,
	VERB_UINT,   /* JSON integer >= 0; in text, base 10, or hex with 0x */
	VERB_BOOL,   /* JSON true/false; in text on|off, yes|no, 1|0 */
	VERB_PARAMS, /* JSON object of strings; in text k=v,k=v with "\," for a comma */
	VERB_SECRET, /* a string that is never logged nor shown */
};

struct verb_arg {
	const char *name;    /* JSON member: "tid", "backing-store" */
	enum verb_type type;
	bool required;
	const char *help;    /* one line, no full stop */
};

/*
 * One request under way. Owner: the management server's client; a verb keeps it
 * from run() until it returns 0 or an error, or, after -EINPROGRESS, until it
 * calls verb_finish(). It outlives its client's connection.
 */
struct verb_call {
	const struct verb *verb;
	json_t *args;	/* object, checked against verb->args; borrowed by the verb */
	json_t *result; /* new reference set by the verb; NULL: nothing to tell */
	/*
	 * Instead of @result, for what may be long: the result as JSON text, made with verb_put().
	 * A tree of many thousand values would hold up the loop when it is freed at the latest.
	 */
	struct strbuf text;
	struct err err; /* set when the verb fails */
	bool admin;	/* the caller may change things; false: show and stat only */
	void *context;	/* of who runs the verbs: the daemon's struct core */
	void (*finished)(struct verb_call *call);
	void *owner;
};

struct verb {
	const char *object;    /* "target": the name of the mode in words */
	const char *verb;      /* "new" */
	const char *help;      /* one sentence */
	const struct verb_arg *args; /* ended by a NULL name; may be NULL */
	bool read_only;	       /* changes nothing */
	/*
	 * On the loop thread. 0: done. -EINPROGRESS: verb_finish() will follow.
	 * Another negative: failed, call->err is set.
	 */
	int (*run)(struct verb_call *call);
};

struct verb_table {
	const struct verb *verbs; /* sorted by object, verb */
	size_t count;
};

#ifdef VERB_TABLES_ONLY
#define VERB_RUN(fn) NULL
#else
#define VERB_RUN(fn) fn
#endif

/* Ends a call that run() left in progress; call->err.code tells how. */
void verb_finish(struct verb_call *call);

/* Appends @before and, compact, @v, whose reference it takes, to call->text. 0 or -ENOMEM. */
int verb_put(struct verb_call *call, const char *before, json_t *v);

/* @tables is ended by a NULL verbs pointer. NULL when there is no such verb. */
const struct verb *verb_find(const struct verb_table *tables, const char *object, const char *verb);
/* Checks @args (an object) against the verb's: unknown, missing, of the wrong type. */
int verb_check_args(const struct verb *verb, json_t *args, struct err *err);

/*
 * The argument as the administrator writes it, as JSON: a new reference in @out. 0, or -EINVAL or
 * -ENOMEM with @err set, which never shows a secret.
 */
int verb_arg_from_text(const struct verb_arg *arg, const char *text, json_t **out, struct err *err);

/* Arguments by name; NULL, or the default, when absent. */
const char *verb_str(const struct verb_call *call, const char *name);
uint64_t verb_uint(const struct verb_call *call, const char *name, uint64_t dflt);
bool verb_bool(const struct verb_call *call, const char *name, bool dflt);
json_t *verb_arg(const struct verb_call *call, const char *name);

#endif
