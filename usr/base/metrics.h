/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as text, in pieces: what serves them (mgmt/metrics_http.h) asks, what knows them
 * (target/openmetrics.c) writes. Neither knows the other; tgtd.c puts them together.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdbool.h>

#include "base/strbuf.h"

struct metrics_source {
	void *context;
	/* @openmetrics: OpenMetrics 1.0, else Prometheus' text format 0.0.4. NULL: no memory. */
	void *(*begin)(void *context, bool openmetrics);
	/* Appends the next piece, work of some hundred microseconds. 1: there is more; 0; -ENOMEM. */
	int (*next)(void *walk, struct strbuf *out);
	/* At any time after begin(). */
	void (*end)(void *walk);
};

#endif
