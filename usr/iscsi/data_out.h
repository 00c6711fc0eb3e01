/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-Out (RFC 7143 11.7): how the data of a write arrives.
 */
#ifndef ISCSI_DATA_OUT_H
#define ISCSI_DATA_OUT_H

#include <stdbool.h>
#include <stdint.h>

struct iscsi_conn;
struct iscsi_task;

void data_out_header(struct iscsi_conn *conn);
/* Where any order was agreed on: @len bytes at @off came. False: the connection was closed. */
bool data_out_scattered(struct iscsi_task *task, uint32_t off, uint32_t len);

#endif
