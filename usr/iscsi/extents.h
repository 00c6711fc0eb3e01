/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bytes of a write have arrived, when they may come in any order: a sorted list of ranges
 * that neither touch nor overlap. Exists only for tasks whose data does so (data_out.c).
 */
#ifndef ISCSI_EXTENTS_H
#define ISCSI_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#define EXTENTS_MAX 4096 /* ranges: who scatters more than that over one command has no good reason */

struct extents;

/* Bytes @from up to @to arrived. *@e NULL: none before. 0, -ENOMEM, -E2BIG. */
int extents_add(struct extents **e, uint32_t from, uint32_t to);
/* ... are to be overwritten, and do not count any more. 0, -ENOMEM, -E2BIG. */
int extents_del(struct extents **e, uint32_t from, uint32_t to);
/* The first range in @from up to @to that has not arrived. False: there is none. */
bool extents_gap(const struct extents *e, uint32_t from, uint32_t to, uint32_t *gap_from,
		 uint32_t *gap_to);
void extents_free(struct extents *e);

#endif
