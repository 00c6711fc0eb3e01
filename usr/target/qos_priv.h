/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between qos.c, which makes commands wait, and qos_set.c, which knows the limits.
 */
#ifndef TARGET_QOS_PRIV_H
#define TARGET_QOS_PRIV_H

#include <stdbool.h>

struct loop;
struct qos;
struct qos_conf;

void qos_init(struct qos *q, struct loop *loop);
/* No command waits. */
void qos_done(struct qos *q);
/* New limits: what waits goes on under them. */
void qos_configure(struct qos *q, const struct qos_conf *conf);
/* Lets go what may; and the first, in any case. */
void qos_run(struct qos *q);
void qos_let_go(struct qos *q);
/* It has a limit, or commands that waited for one. @q may be NULL. */
bool qos_active(const struct qos *q);

#endif
