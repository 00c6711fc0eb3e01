/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations that fail on demand. Tests are linked so that malloc, calloc,
 * realloc and posix_memalign of everything in the program come through here
 * (not those inside shared libraries: jansson's with t_alloc_jansson()).
 */
#ifndef T_ALLOC_H
#define T_ALLOC_H

#include <stdbool.h>

/* The @n-th allocation from now, of any thread, fails, once; 1 is the next. 0: none. */
void t_alloc_fail_nth(unsigned long n);
/* Whether it did since t_alloc_fail_nth(). */
bool t_alloc_failed(void);
/* Allocations so far. */
unsigned long t_alloc_count(void);
/* Makes jansson allocate through here as well. */
void t_alloc_jansson(void);
/*
 * Calls @body with the first, second, ... allocation failing, until it ran without reaching the
 * one that would have failed. Returns how often @body was called; 1: it allocates nothing.
 */
unsigned long t_alloc_each(void (*body)(void *arg), void *arg);

#endif
