/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-Out (RFC 7143 11.7) and Ready To Transfer (11.8): how the data of a write
 * arrives.
 */
#ifndef ISCSI_R2T_H
#define ISCSI_R2T_H

#include <stdint.h>

struct iscsi_conn;
struct iscsi_task;

void data_out_header(struct iscsi_conn *conn);
/* Asks for what is missing, or tells the target that all is there. For tasks whose data the target wants. */
void r2t_progress(struct iscsi_task *task);
/* link->request_data of TCP: one R2T. */
void r2t_send(struct iscsi_task *task, uint32_t off, uint32_t len);
/* The task takes no more data: its transfer tags become invalid. */
void r2t_end(struct iscsi_task *task);

#endif
