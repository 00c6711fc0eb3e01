/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection: from accept to the last byte, through the states of RFC 7143 chapter 8
 * (conn.c moves it). Owns its tasks; belongs to a session from login on.
 */
#ifndef ISCSI_CONN_H
#define ISCSI_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/loop.h"
#include "iscsi/iscsi_proto.h"
#include "iscsi/capture.h"
#include "iscsi/keys.h"
#include "iscsi/link.h"
#include "target/stats.h"

struct iscsi_login;
struct iscsi_pdu;
struct iscsi_portal;
struct iscsi_session;
struct iscsi_task;

#define ISCSI_AHS_MAX (255 * 4)

enum conn_state {
	CONN_LOGIN,	    /* S3, S4 of RFC 7143 8.1.2 */
	CONN_FULL_FEATURE,  /* S5 LOGGED_IN */
	CONN_IN_LOGOUT,	    /* S6: its tasks are ended; closes when the last PDU has left */
	CONN_CLOSING,	    /* socket closed, tasks still in the store */
};

/* Where the receive machine is (rx.c). */
enum rx_state { RX_BHS, RX_AHS, RX_HEADER_DIGEST, RX_DATA, RX_PAD, RX_DATA_DIGEST };

/* The PDU being received. */
struct iscsi_rx {
	enum rx_state state;
	uint32_t have;		/* bytes of the present piece */
	uint8_t hdr[ISCSI_BHS_LEN];
	uint8_t ahs[ISCSI_AHS_MAX];
	uint32_t ahs_len;
	uint8_t digest[ISCSI_DIGEST_LEN];
	uint32_t data_len;	/* DataSegmentLength */
	uint32_t pad;
	uint32_t crc;		/* of the data segment as far as it came */
	bool bad_data;		/* its digest was wrong */
	bool bad_header;	/* its header's was: it is skipped */
	bool resync;		/* the PDU before was skipped: is this one where we think? */
	bool with_data;		/* data segments came with the last bytes received */
	const struct iovec *dst;/* where the data segment goes; NULL: dropped */
	unsigned int dst_cnt;
	uint32_t dst_off;	/* byte offset in dst where the segment begins */
	uint32_t dst_len;	/* bytes of the segment that go there; the rest is dropped */
	struct iovec ctrl_iov;
	void *ctrl;		/* malloc'ed destination of control PDUs' data, owned here */
	struct iscsi_task *task;/* whose data is being received */
	/* The PDU is complete. Set by the header handler; NULL: nothing to do. */
	void (*complete)(struct iscsi_conn *conn);
	bool paused;
};

struct iscsi_tx {
	struct list queue;	/* struct iscsi_pdu, oldest first */
	uint64_t skip;		/* bytes of the first PDU that are out already */
	bool blocked;		/* the socket is full: waiting for EPOLLOUT */
	struct loop_call flush;
	uint64_t queued_bytes;
	unsigned int queued_pdus;
};

struct iscsi_conn_stats {
	uint64_t rx_bytes, tx_bytes, cmd_pdus, rsp_pdus, data_out_pdus, data_in_pdus;
};

struct iscsi_conn {
	struct list link;	/* session->conns, closed: ->lost; before: the list of logins */
	const struct iscsi_link *ops;
	void *link_priv;
	struct loop_fd fd;	/* TCP; fd.fd is -1 when closed */
	enum conn_state state;
	struct iscsi_session *session; /* NULL until the login's end; then until the connection is freed */
	struct iscsi_portal *portal; /* that accepted it, which may be deleted: a reference; may be NULL */
	uint16_t tpgt;		/* target portal group tag of the portal that accepted it */
	struct addr peer, local;
	uint16_t cid;
	bool header_digest, data_digest; /* in force now */
	bool any_order;		/* data may come in any order: task->got */
	bool logging_in;	/* counts in iscsi.n_logins */
	bool login_done;
	bool logged_out;	/* by the initiator: its end is no news */
	bool kept;		/* closed, but its tasks live on (retain.c) */
	bool recovered;		/* logged out for recovery: others may take its tasks */
	bool close_when_sent;
	bool closing;
	struct iscsi_rx rx;
	struct iscsi_tx tx;
	uint32_t stat_sn;	/* of the next status */
	bool tracks_acks;	/* @exp_stat_sn is kept: it recovers, or its session has fences */
	uint32_t exp_stat_sn;	/* the initiator's last */
	uint32_t fence_sn;	/* what a fence waits for (fence.c) */
	bool recovers;		/* error recovery level 1 or 2: the next fields, task->rec */
	struct list unacked;	/* struct iscsi_pdu that were sent, by StatSN (unacked.c) */
	unsigned int n_unacked;
	uint64_t unacked_bytes;
	struct iscsi_params params; /* negotiated */
	struct iscsi_login *login; /* while logging in */
	char *account;		/* that it logged in with by CHAP; NULL: with none */
	const struct chap_alg *chap_alg; /* ... and how */
	bool chap_mutual;	/* the target has shown who it is as well */
	struct iscsi_text *text;   /* a text exchange under way (text_request.c) */
	struct list tasks;	/* struct iscsi_task by conn_link */
	unsigned int n_tasks;
	struct loop_timer login_timer, nop_timer, close_timer, recovery_timer, retain_timer;
	unsigned int nops_unanswered;
	uint32_t nop_ttt;
	uint64_t last_rx_ns;	/* something came, or what had waited was taken */
	uint64_t nop_sent_ns, nop_rtt_ns;
	struct loop_call reap;
	bool tasks_taken;	/* closed: the target was told to give its tasks back */
	void (*emptied)(struct iscsi_conn *conn); /* conn_end_tasks() */
	struct list waiters;	/* connections that wait until this one is gone, by wait_link */
	struct list wait_link;
	void (*awaited)(struct iscsi_conn *conn); /* ... and then this is called */
	struct iscsi_pdu *logout_rsp; /* waits for the end of tasks; else NULL */
	struct iscsi_conn_stats stats;
	struct capture_conn capture;
	struct stat_path path;	/* the commands that came on it */
};

/* For a freshly accepted socket, which it takes over. NULL: no memory (the socket is closed). */
struct iscsi_conn *conn_new(const struct iscsi_link *ops, int fd, struct iscsi_portal *portal,
			    const struct addr *peer, const struct addr *local);
/*
 * Ends the connection: closes the socket now, aborts its tasks, tells the session. It and its tasks
 * are freed in the REAP phase, when the last one is released. Safe to call again, and from anywhere
 * on the loop. @why is logged.
 */
void conn_close(struct iscsi_conn *conn, const char *why);
/*
 * What is queued is the last that is sent: closes when it has left, or a peer that does not read
 * has had its time. Nothing that comes is looked at from now on.
 */
void conn_close_when_sent(struct iscsi_conn *conn);
/* Ends all tasks of a connection that stays a little longer; @done is called when there are none. */
void conn_end_tasks(struct iscsi_conn *conn, void (*done)(struct iscsi_conn *conn));
/* @fn is called when @other, which was closed, is gone with all its tasks; not if @conn closes before. */
void conn_await(struct iscsi_conn *conn, struct iscsi_conn *other,
		void (*fn)(struct iscsi_conn *conn));
/* Login is complete: enter full feature phase. */
void conn_full_feature(struct iscsi_conn *conn);

/* Neither receives nor sends any more PDUs. */
static inline bool conn_ending(const struct iscsi_conn *conn)
{
	return conn->closing || conn->close_when_sent;
}

#endif
