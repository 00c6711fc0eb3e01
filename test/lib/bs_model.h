/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store against a model in memory: random operations at odd places, of any length and
 * alignment that the store allows, each compared. For every store that keeps bytes.
 */
#ifndef BS_MODEL_H
#define BS_MODEL_H

#include "bs_box.h"

/* What model_run() leaves: the bytes that the store must hold. Freed by the caller. */
uint8_t *model_run(struct bs_box *box, struct bs *bs, unsigned int seed, unsigned int steps,
		   void (*each)(void *arg, unsigned int step), void *arg);

#endif
