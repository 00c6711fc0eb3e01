/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of persistent reservations share beyond pr.h.
 */
#ifndef TARGET_PR_PRIV_H
#define TARGET_PR_PRIV_H

#include <stdbool.h>

struct loop_call;
struct lu;
struct pr_change;
struct pr_request;
struct scsi_cmd;
struct tmf;

/* pr.c: the LU's next PERSISTENT RESERVE OUT; for reserve_init(). */
void pr_run_next(struct loop_call *c);
/*
 * pr_commit.c: @change->next takes over, which it owns from now on. I_T_L nexuses get their new
 * registrations and Unit Attentions; with @abort those that lost theirs are marked preempted.
 */
void pr_commit(struct lu *lu, struct pr_change *change, const struct pr_request *rq, bool abort);
/*
 * pr_abort.c: aborts the commands of nexuses marked preempted, but @by. False: none is left.
 * True: @ended follows when the last has gone, perhaps after a long time.
 */
bool pr_abort(struct scsi_cmd *by, struct tmf *tmf, void (*ended)(struct tmf *tmf));

#endif
