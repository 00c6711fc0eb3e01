/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of tape images: making and showing (img_tape.c), checking (img_tape_check.c).
 */
#ifndef IMG_IMG_TAPE_H
#define IMG_IMG_TAPE_H

#include "dev/tape_format.h"
#include "img/img.h"

/* How many of the two superblocks are good; the one that counts in @sb. */
unsigned int img_tape_superblocks(const uint8_t *head, size_t len, struct tape_sb *sb);
int img_tape_check(int fd, bool repair, json_t *obj, struct err *err);

#endif
