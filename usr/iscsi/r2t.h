/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ready To Transfer (RFC 7143 11.8): which data of a write is asked for, and when.
 */
#ifndef ISCSI_R2T_H
#define ISCSI_R2T_H

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
/* The task takes no more data: its transfer tags become invalid. */
void r2t_end(struct iscsi_task *task);

#endif
