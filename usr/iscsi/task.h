/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An iSCSI task: a SCSI command or a task management function, from its header to
 * the last byte of its response. From a pool; embeds what the target borrows.
 */
#ifndef ISCSI_TASK_H
#define ISCSI_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "iscsi/iscsi_proto.h"
#include "iscsi/pdu.h"
#include "target/cmd.h"
#include "target/tmf.h"

struct extents;
struct iscsi_conn;
struct iscsi_session;

#define IMMEDIATE_MAX 64 /* immediate commands of a session at once; they have no window */
#define ISCSI_R2T_FEW 8	  /* R2Ts unanswered at once by default, with places in the task */
#define ISCSI_R2T_MAX 250 /* ... at most, whatever was negotiated */

/* An R2T that was sent. */
struct r2t_place {
	uint32_t ttt, off, len;	/* len 0: a free place */
	uint32_t sn;		/* R2TSN */
	uint32_t got, data_sn;	/* in order: bytes that came; DataSN of the next Data-Out */
};

/* What a task has at error recovery level 1 and 2 only. */
struct iscsi_recovery {
	/* Data-In before @base_off, DataSN before @base_sn, will not be sent again. */
	uint32_t base_off, base_sn;
	uint32_t segment;	/* at most so long were its Data-In segments; 0: none was sent */
	uint32_t snack_tag;	/* of an R-Data SNACK; 0: none came */
	uint32_t data_tag;	/* the tag that a DataACK names; 0: none is expected */
	bool resegment;		/* an R-Data SNACK waits until the status has left */
	unsigned int again;	/* how often data was asked for that should have come */
	uint64_t asked_ns;	/* data came, or was asked for */
	uint64_t patience_ns;	/* before it is asked for again */
};

struct iscsi_task {
	union {
		struct scsi_cmd cmd;
		struct tmf tmf;
	};
	struct iscsi_conn *conn;	/* allegiance */
	struct list conn_link;		/* conn->tasks */
	struct list early_link;		/* session->early; when it has ended, session->fence.held */
	struct loop_call reap;		/* frees it when the target gives it back inside its own call */
	bool header_taken;		/* command_header() is done with it */
	struct hash_node itt_node;	/* session->tasks */
	bool is_tmf;
	bool immediate;
	bool counted;			/* holds a place in the command window */
	bool submitted;			/* the target has, or had, it */
	bool ended;			/* the target gave it back: respond or aborted */
	bool no_response;		/* ... aborted: nothing is sent */
	bool responding;		/* its response is queued */
	bool hole;			/* aborted before its turn: only its CmdSN is left */
	bool bad_data;			/* a data digest was wrong: the task will fail */
	uint32_t itt, cmd_sn;
	uint8_t *cdb_ext;		/* malloc'ed when longer than that; NULL else */
	/* Data-out (data_out.c, r2t.c). Offsets count from the first byte of the command's data. */
	uint32_t received;		/* bytes that arrived; in any order: up to the highest */
	uint32_t unsolicited_end;	/* offset up to which data may come unsolicited */
	uint32_t unsolicited_sn;	/* DataSN of the next unsolicited Data-Out */
	bool unsolicited_open;		/* no F bit yet in the unsolicited sequence */
	bool data_wanted;		/* data_out() was called by the target */
	uint32_t requested;		/* bytes asked for by R2T so far, unsolicited included */
	struct extents *got;		/* where data comes in any order: what came */
	struct r2t_place *more_r2t;	/* beyond the few; NULL: none needed */
	uint32_t r2t_sn;
	uint32_t ttt_index;		/* place in session->ttt; UINT32_MAX: none */
	unsigned int n_r2t;
	uint8_t *early_data;		/* unsolicited data of a task that is not yet due */
	uint32_t early_size;
	struct iovec early_iov;
	/* Data-in and status. */
	uint32_t data_sn;
	struct be16 sense_len;		/* as sent in front of the sense data */
	unsigned int pdus_out;		/* queued PDUs that refer to this task */
	/* From here on nothing is reset by task_new(), which runs for every command. */
	struct iscsi_recovery rec;	/* cleared where the connection recovers */
	struct iscsi_pdu rsp;
	uint8_t cdb[32];		/* BHS CDB and a short extension */
	struct r2t_place r2t[ISCSI_R2T_FEW]; /* while ttt_index is there */
	uint8_t tmf_req[ISCSI_BHS_LEN];	/* the request of a task management function */
};

/* From the pool, on @conn's list, all zero but for the command or function, which the caller inits. */
struct iscsi_task *task_new(struct iscsi_conn *conn, uint32_t itt);
/* Nothing may refer to it any more; what it holds of the target is released. */
void task_free(struct iscsi_task *task);
/* The command or function of this ITT in the session, or NULL. */
struct iscsi_task *task_find(const struct iscsi_session *s, uint32_t itt);
/* Frees the task if it has ended and neither rx nor a queued PDU refers to it. */
void task_check_done(struct iscsi_task *task);
/* The same from the loop: for callbacks of the target, which may still be using the task. */
void task_defer_free(struct iscsi_task *task);
/* The receive machine must not touch the task's buffer any more. */
void task_forget_rx(struct iscsi_task *task);

/* Another connection of the session takes it over. */
void task_move(struct iscsi_task *task, struct iscsi_conn *conn);

/* Takes its place in the window, or among the immediate ones. */
void task_count(struct iscsi_task *task, bool immediate);
/* Gives it up, so that the response already tells of the larger window. Idempotent. */
void task_uncount(struct iscsi_task *task);

static inline struct iscsi_task *task_of_cmd(struct scsi_cmd *cmd)
{
	return container_of(cmd, struct iscsi_task, cmd);
}

#endif
