/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receive machine: bytes in, PDUs out. How the bytes are cut makes no
 * difference. It stops by itself when the connection is closing.
 */
#ifndef ISCSI_RX_H
#define ISCSI_RX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct iscsi_conn;

void rx_init(struct iscsi_conn *conn);
void rx_push(struct iscsi_conn *conn, const uint8_t *p, size_t n);
/*
 * The rest of the data segment that is being received, as places for readv: entries
 * used, 0 when the bytes should go through rx_push(). Afterwards tell rx_placed().
 */
unsigned int rx_places(struct iscsi_conn *conn, struct iovec *out, unsigned int max);
/* @n bytes, at most what rx_places() gave, were received in place. */
void rx_placed(struct iscsi_conn *conn, size_t n);
/* For header handlers: the data segment goes to @iov from byte @off on, what is too long is dropped. */
void rx_data_to(struct iscsi_conn *conn, const struct iovec *iov, unsigned int cnt, uint32_t off,
		uint32_t room);
/*
 * For header handlers: the data segment, or its first @max bytes, goes to a buffer of its own,
 * conn->rx.ctrl, NUL-terminated. 0 or -ENOMEM.
 */
int rx_data_to_ctrl_max(struct iscsi_conn *conn, uint32_t max);
int rx_data_to_ctrl(struct iscsi_conn *conn);
void rx_done(struct iscsi_conn *conn);

#endif
