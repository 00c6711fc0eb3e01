/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a long work is, in one line of a terminal: done, of what, how fast, how long still.
 */
#ifndef IMG_PROGRESS_H
#define IMG_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROGRESS_COLUMNS 80

struct progress {
	FILE *out; /* NULL: nobody looks */
	uint64_t start_ns, drawn_ns;
};

/* Nothing is shown unless @out is a terminal. */
void progress_start(struct progress *p, FILE *out);
/* Draws at most ten times a second, and not in the first half second. */
void progress_show(struct progress *p, uint64_t done, uint64_t total);
/* Removes the line. */
void progress_end(struct progress *p);
/* The line, below PROGRESS_COLUMNS characters. For progress_show(), and tests. */
void progress_line(char line[PROGRESS_COLUMNS], uint64_t done, uint64_t total, uint64_t ns);

#endif
