/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Response Fence (RFC 7143 4.2.2.3): in a session of several connections, some responses must not
 * overtake those before them, nor be overtaken.
 */
#ifndef ISCSI_FENCE_H
#define ISCSI_FENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"

struct iscsi_conn;
struct iscsi_session;
struct iscsi_task;

/* Embedded in the session. */
struct iscsi_fence {
	bool needed;		/* it was agreed on, and there may be several connections */
	struct list held;	/* struct iscsi_task by early_link: responses that wait, oldest first */
	struct iscsi_conn *conn;/* carries the last fenced response, which is not acknowledged; or NULL */
	uint32_t stat_sn;	/* of that */
	bool noted;		/* conn->fence_sn is what the first of @held waits for */
	uint64_t since_ns;	/* it has been waited for something */
	struct loop_call call;
	struct loop_timer timer;
};

void fence_init(struct iscsi_session *s);
/* The session's parameters are agreed on. */
void fence_agreed(struct iscsi_session *s);
void fence_end(struct iscsi_session *s);
/*
 * The response of @task, which has ended, is due. True: it waits, and will come through
 * command_check_held() or task_mgmt_respond(). For fence.needed only.
 */
bool fence_hold(struct iscsi_task *task);
/* Something was acknowledged, or a connection has closed. */
void fence_poke(struct iscsi_session *s);
/* @conn closes: nothing is waited for on it any more. */
void fence_conn_gone(struct iscsi_session *s, const struct iscsi_conn *conn);

#endif
