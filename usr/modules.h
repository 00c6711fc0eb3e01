/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this tgtd is composed of. Every array is ended by an empty entry.
 */
#ifndef MODULES_H
#define MODULES_H

#include "base/verb.h"

struct bs_type;
struct dev_type;
struct transport;

extern struct transport *const modules_transports[];
extern const struct dev_type *const modules_dev_types[];
extern const struct bs_type *const modules_stores[];
extern const struct verb_table modules_verb_tables[];

#endif
