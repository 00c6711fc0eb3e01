/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a loop from a test: so many turns, or until something is true.
 */
#ifndef T_LOOP_H
#define T_LOOP_H

#include <stdbool.h>

#include "base/loop.h"

/* @n turns that do not sleep. Fails the test when waiting fails. */
void t_loop_turns(struct loop *loop, unsigned int n);
/*
 * Turns until @pred is true, sleeping for events between. False when that takes more than ten
 * seconds of real time. For what depends on threads and the kernel; else count turns.
 */
bool t_loop_until(struct loop *loop, bool (*pred)(void *arg), void *arg);
/* The same until *@flag is not 0. */
bool t_loop_until_set(struct loop *loop, const int *flag);
/* The same until *@value is @want. */
bool t_loop_until_equal(struct loop *loop, const unsigned int *value, unsigned int want);

#endif
