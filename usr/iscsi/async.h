/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asynchronous Messages (RFC 7143 11.9): what the target has to say by itself.
 */
#ifndef ISCSI_ASYNC_H
#define ISCSI_ASYNC_H

#include <stdint.h>

#include "iscsi/iscsi_proto.h"

struct iscsi_conn;
struct iscsi_session;

/* On @conn, with the event's three parameters. */
void async_send_conn(struct iscsi_conn *conn, enum iscsi_async_event event, uint16_t p1,
		     uint16_t p2, uint16_t p3);
/* On the first connection of the session that can carry it. */
void async_send(struct iscsi_session *s, enum iscsi_async_event event, uint16_t p1, uint16_t p2,
		uint16_t p3);
/* All tasks of a logical unit that this connection has are gone. */
void async_send_terminated(struct iscsi_conn *conn, const uint8_t *lun);

#endif
