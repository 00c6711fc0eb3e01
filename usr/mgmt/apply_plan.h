/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the steps of diff_plan.h through one connection, or tells what it would run.
 * Used by usr/tgt-admin.c and reload.c.
 */
#ifndef MGMT_APPLY_PLAN_H
#define MGMT_APPLY_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/strbuf.h"
#include "mgmt/call.h"

enum apply_event {
	APPLY_DONE,    /* a step: its sign and sentence */
	APPLY_LEFT,    /* what is left as it is, and why */
	APPLY_ERROR,   /* the step that failed, and why */
	APPLY_UNDONE,  /* what became of the way back */
	APPLY_COMMAND, /* lines for tgtadm that do a step */
};

struct apply_opts {
	bool pretend;	    /* tell the lines for tgtadm, do nothing */
	bool verbose;	    /* tell them, and do it */
	bool ignore_errors; /* go on after one */
	unsigned int control_port;
	void (*event)(void *arg, enum apply_event event, const char *text);
	void *arg;
};

/* What tgtd has now (diff_state.h): a new reference; NULL with @fail. */
json_t *apply_running(struct call *c, struct adm_fail *fail);
/*
 * Runs the steps of @plan in their order and tells of each when it is done, or why it could not be done. 0, or the exit code of the first error, after which the state is made again what @before says, unless
 * errors are ignored or @before is NULL.
 */
int apply_plan(struct call *c, const json_t *plan, const json_t *before,
	       const struct apply_opts *opts);
/* A step as one or two lines of the shell that run tgtadm; without the last newline. */
void apply_command(const json_t *step, unsigned int control_port, struct strbuf *out);

#endif
