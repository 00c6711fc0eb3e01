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

struct iscsi_conn;
struct iscsi_session;

struct iscsi_task {
	union {
		struct scsi_cmd cmd;
		struct tmf tmf;
	};
	struct iscsi_conn *conn;	/* allegiance */
	struct list conn_link;		/* conn->tasks */
	struct list early_link;		/* session->early */
	struct hash_node itt_node;	/* session->tasks */
	bool in_hash;
	bool is_tmf;
	bool immediate;
	bool counted;			/* holds a place in the command window */
	bool submitted;
	bool ended;			/* the target gave it back: respond or aborted */
	bool no_response;		/* aborted: release as soon as nothing refers to it */
	uint32_t itt, cmd_sn;
	uint8_t cdb[32];		/* BHS CDB and a short extension */
	uint8_t *cdb_ext;		/* malloc'ed when longer than that; NULL else */
	/* Data-out (r2t.c). Offsets count from the first byte of the command's data. */
	uint32_t received;		/* in-order bytes that arrived */
	uint32_t unsolicited_left;	/* bytes that may still come unsolicited */
	bool unsolicited_open;		/* no F bit yet in the unsolicited sequence */
	bool data_wanted;		/* data_out() was called by the target */
	uint32_t requested;		/* bytes asked for by R2T so far, unsolicited included */
	uint32_t r2t_sn;
	uint32_t ttt_index;		/* place in session->ttt; UINT32_MAX: none */
	struct {
		uint32_t ttt, off, len, got, data_sn;
	} r2t[8];			/* outstanding ones; a ring when more were negotiated */
	unsigned int n_r2t;
	unsigned int rx_busy;		/* rx is filling its buffer: don't free */
	/* Data-in and status. */
	uint32_t data_sn;
	unsigned int pdus_out;		/* queued PDUs that refer to this task */
	struct iscsi_pdu rsp;
};

#endif
