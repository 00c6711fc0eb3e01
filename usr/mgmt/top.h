/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tgtadm top: what runs now, from the difference of two "system stat". top_rates.c makes rows
 * of numbers, top_text.c lines of text, top.c keeps the screen.
 */
#ifndef MGMT_TOP_H
#define MGMT_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "base/verb.h"
#include "mgmt/adm.h"

enum top_view { TOP_LUNS, TOP_TARGETS, TOP_SESSIONS, TOP_VIEWS };

/* Columns, which are also what rows are sorted by; the largest first, names by alphabet. */
enum top_column {
	TOP_NAME,
	TOP_READS,
	TOP_WRITES,
	TOP_READ_BYTES,
	TOP_WRITE_BYTES,
	TOP_MEAN,	/* latency of reads and writes */
	TOP_READ_P99,
	TOP_WRITE_P99,
	TOP_DEPTH,
	TOP_ERRORS,
	TOP_COLUMNS
};

struct top_row {
	const char *name; /* of a target or initiator; borrowed from the later stat */
	const char *target; /* of a session */
	long long lun;	  /* -1: not one LUN's */
	double v[TOP_COLUMNS]; /* a second; latencies in ns, INFINITY: more than is measured */
};

struct top_table {
	struct top_row *rows;
	size_t n;
	struct top_row sum;
	size_t targets, luns, sessions;
};

/* What the screen is to show. */
struct top_opts {
	unsigned int control_port;
	enum top_view view;
	enum top_column sort;
	unsigned int interval; /* seconds */
	unsigned int count;    /* tables to show; 0: no end */
	bool batch;	       /* no terminal: one table after the other */
	bool json;
	bool debug;
};

extern const char *const top_view_names[TOP_VIEWS];
extern const char *const top_column_names[TOP_COLUMNS];
/* The arguments, in the form of a verb's. */
extern const struct verb top_verb;

/* top_rates.c. Between two results of "system stat", of which both must outlive the table. 0 or -ENOMEM. */
int top_rates(const json_t *before, const json_t *after, enum top_view view,
	      enum top_column sort, struct top_table *out);
void top_free(struct top_table *t);
/* The sort column or view of that name; -1: none. */
int top_find(const char *const *names, int n, const char *name);

/* top_text.c. Lines of at most @width columns; each a string of its own with a newline. */
void top_summary(const struct top_table *t, const struct top_opts *o, unsigned int width,
		 struct strbuf *out);
void top_head(const struct top_opts *o, unsigned int width, struct strbuf *out);
void top_line(const struct top_row *row, enum top_view view, unsigned int width,
	      struct strbuf *out);
json_t *top_json(const struct top_table *t, enum top_view view);

/* top.c. @args: as of top_verb. The exit code; errors are in @fail and not printed. */
int top_run(const json_t *args, const struct adm_request *req, struct adm_fail *fail);

#endif
