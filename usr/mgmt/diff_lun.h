/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files that compare LUNs: diff_lun.c and diff_said.c.
 */
#ifndef MGMT_DIFF_LUN_H
#define MGMT_DIFF_LUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct diff_plan;

struct diff_lun {
	struct diff_plan *plan;
	long long tid, lun;
	const char *target; /* name */
	bool in_use;	    /* the target has sessions */
};

/* @value with numbers for ${tid} and ${lun}: a new reference. */
json_t *diff_expand(const struct diff_lun *l, const char *value);
/* Sets a parameter in the last of @batches, each of which is one update, or in a new one. */
void diff_batch_add(const struct diff_lun *l, json_t *batches, const char *name,
		    const char *value);
/* The mode page that a write_cache parameter stands for. */
void diff_write_cache(const char *value, char *page, size_t size);
/* What was said can't be unsaid: only a new LUN can have @want's parameters. */
bool diff_said_needs_new(const struct diff_lun *l, const json_t *was, const json_t *want);
/* Updates for what the file says otherwise; @was NULL: the LUN is new. */
void diff_said(const struct diff_lun *l, const json_t *was, const json_t *want, json_t *batches);

#endif
