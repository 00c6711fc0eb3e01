/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ready To Transfer (RFC 7143 11.8): which data of a write is asked for, and when.
 */
#ifndef ISCSI_R2T_H
#define ISCSI_R2T_H

#include <stdbool.h>
#include <stdint.h>

struct iscsi_session;
struct iscsi_task;
struct r2t_place;

/* Asks for what is missing, or tells the target that all is there. For tasks whose data the target wants. */
void r2t_progress(struct iscsi_task *task);
/* link->request_data of TCP: one R2T. */
void r2t_send(struct iscsi_task *task, uint32_t off, uint32_t len);
/* The outstanding R2T of this tag, and its task; NULL: it has ended. */
struct r2t_place *r2t_find(const struct iscsi_session *s, uint32_t ttt, uint32_t itt,
			   struct iscsi_task **owner);
/* The last data for it came. */
void r2t_answered(struct iscsi_task *task, struct r2t_place *r);
/* What was asked for and did not come will be asked for anew; answers to old tags are ignored. */
void r2t_forget(struct iscsi_task *task);
/* The R2Ts of these R2TSNs once more. False: some were never sent, or were answered. */
bool r2t_resend(struct iscsi_task *task, uint32_t first, uint32_t end);
/* A tag for Data-In that the initiator is to acknowledge; 0: no room. */
uint32_t r2t_data_tag(struct iscsi_task *task);
/* The task whose rec.data_tag that is; NULL: none any more. */
struct iscsi_task *r2t_data_task(const struct iscsi_session *s, uint32_t ttt);
/* The task takes no more data: its transfer tags become invalid. */
void r2t_end(struct iscsi_task *task);

#endif
