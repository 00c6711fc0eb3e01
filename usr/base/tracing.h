/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace points: lines of the log that are switched on and off while the daemon runs.
 * Off, one costs a branch.
 */
#ifndef BASE_TRACING_H
#define BASE_TRACING_H

#include "base/err.h"
#include "base/strbuf.h"
#include "base/util.h"

enum trace_point {
	TRACE_COMMANDS, /* each command, when it ends */
	TRACE_ERRORS,	/* commands that end with another status than GOOD */
	TRACE_TASK_MGMT,
	TRACE_LOGIN,	/* requests, stages, how they end; never a secret */
	TRACE_POINTS
};

extern unsigned int trace_points_on; /* bits; for the macros only */

static inline bool trace_on(enum trace_point p)
{
	return unlikely(trace_points_on & 1u << p);
}

/* At most some thousand lines a second; how many were left out stands in the next second's. */
void trace_write(enum trace_point p, const char *fmt, ...) printf_like(2, 3);

#define trace_at(p, ...)                                                                           \
	do {                                                                                       \
		if (trace_on(p))                                                                   \
			trace_write(p, __VA_ARGS__);                                               \
	} while (0)

/* "commands,login", "all", "off". 0, or -EINVAL with @err; then nothing has changed. */
int trace_set(const char *list, struct err *err);
/* The same, as it is. */
void trace_show(struct strbuf *out);
/* From and to bits of points, for who only compares. */
int trace_parse(const char *list, unsigned int *bits, struct err *err);
void trace_format(unsigned int bits, struct strbuf *out);

#endif
