/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters of targets, logical units and sessions for Prometheus and its like.
 */
#ifndef TARGET_OPENMETRICS_H
#define TARGET_OPENMETRICS_H

#include "base/metrics.h"

struct core;

struct metrics_source target_metrics(struct core *core);

#endif
