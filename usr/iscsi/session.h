/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session (RFC 7143 4.4): the connections of one ISID to one target, the command
 * numbering they share, and the nexus. Discovery sessions have no target.
 */
#ifndef ISCSI_SESSION_H
#define ISCSI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "iscsi/fence.h"
#include "iscsi/keys.h"

struct capture;
struct iscsi;
struct iscsi_conn;
struct iscsi_target;
struct iscsi_task;
struct nexus;

struct iscsi_session {
	struct list link;	/* iscsi->sessions */
	struct hash_node tsih_node;
	struct iscsi_target *target; /* NULL: discovery, or the nexus is gone */
	struct nexus *nexus;	/* NULL: discovery, or not yet logged in, or gone */
	bool discovery;
	bool dying;
	bool ending;		/* its connections are being closed: nothing is kept */
	bool leaving;		/* it was asked to go (leave.c) */
	uint16_t tsih;		/* 0 until the login ended */
	uint16_t tpgt;		/* target portal group that it logged in through */
	uint8_t isid[6];
	char *initiator;	/* InitiatorName */
	char *alias;		/* InitiatorAlias or NULL */
	struct iscsi_params params;
	struct list conns;	/* struct iscsi_conn */
	struct list lost;	/* closed ones that still exist */
	unsigned int n_conns;	/* in @conns */
	unsigned int n_conns_left; /* that still exist, closed ones with tasks included */
	unsigned int n_kept;	/* in @lost, with tasks that are kept (retain.c) */
	unsigned int n_joining;	/* logins that keep it alive, as they are about to join */
	struct loop_call reap;
	/* Command numbering (4.2.2.1). */
	uint32_t exp_cmd_sn;
	uint32_t max_cmd_sn;	/* as last told; never goes back */
	struct list early;	/* tasks whose CmdSN is not yet due, sorted */
	struct hash_table tasks;/* struct iscsi_task by ITT */
	unsigned int n_tasks;	/* non-immediate commands that hold a place in the window */
	unsigned int n_immediate;
	struct iscsi_task **ttt;/* tasks that wait for data, by index */
	uint32_t ttt_size, ttt_free;
	struct loop_timer retain_timer, leave_timer;
	struct iscsi_fence fence;
	struct capture *capture; /* NULL: none */
	void (*ended)(void *arg);
	void *ended_arg;
};

/*
 * The session of ISID, initiator and portal group tag at a target (the nexus identifier), which may be
 * dying; NULL: none.
 */
struct iscsi_session *session_find(struct iscsi_target *t, const char *initiator,
				   const uint8_t isid[6], uint16_t tpgt);
struct iscsi_session *session_by_tsih(const struct iscsi *is, uint16_t tsih);
/* A new one without TSIH or nexus. Copies @initiator. NULL: no memory. */
struct iscsi_session *session_new(struct iscsi *is, struct iscsi_target *t, const char *initiator,
				  const uint8_t isid[6], uint16_t tpgt);
void session_add_conn(struct iscsi_session *s, struct iscsi_conn *conn);
/* Assigns a TSIH and creates the nexus. 0, -ENOMEM, -EAGAIN (target not ready). */
int session_start(struct iscsi_session *s);
/*
 * Closes all connections, destroys the nexus, frees the session when all is released, then calls
 * @ended (may be NULL) from the loop.
 */
void session_close(struct iscsi_session *s, const char *why, void (*ended)(void *arg), void *arg);
/* A connection ended (conn.c tells). The last one's end is the session's, unless its tasks are kept. */
void session_conn_gone(struct iscsi_session *s, struct iscsi_conn *conn);
/* A connection that had closed is being freed: nothing of it refers to the session any more. */
void session_conn_freed(struct iscsi_session *s);
/* The connection of that CID, which may be closed already, with tasks left; NULL: none. */
struct iscsi_conn *session_conn(const struct iscsi_session *s, uint16_t cid);
/*
 * RFC 7143 11.14.1: what a connection that goes has brought and ExpCmdSN has not passed is forgotten; the
 * initiator may send it again. Numbers that are received without a command stay so.
 */
void session_forget_early(struct iscsi_session *s, struct iscsi_conn *conn);
/* With neither connections, kept ones, nor logins that will join, it ends. */
void session_check_idle(struct iscsi_session *s);
/* While a login waits to join, the end of the last connection is not the session's. */
void session_hold(struct iscsi_session *s);
void session_unhold(struct iscsi_session *s);
/* ExpCmdSN + window, smaller while memory is short; never below what was told. */
uint32_t session_max_cmd_sn(struct iscsi_session *s);

#endif
