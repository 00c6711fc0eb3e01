/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calling the verbs of the target folder, one at a time, with a fake core (target_fake.h).
 */
#ifndef TARGET_CALL_H
#define TARGET_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/verb.h"
#include "target_fake.h"

extern struct verb_call t_call; /* kept until the next */
extern bool t_ended;
extern json_t *t_answer; /* its result, or its text parsed; borrowed until the next */

/* Starts it; true: it has ended. In @json ' stands for ". */
bool t_call_start(struct fake *f, const char *object, const char *verb, const char *json);
/* Turns the loop until it ends, and parses; the code of its error. */
enum err_code t_call_end(struct fake *f);
/* Both. */
enum err_code t_call_run(struct fake *f, const char *object, const char *verb, const char *json);
/* Call it in teardown. */
void t_call_forget(void);

#endif
