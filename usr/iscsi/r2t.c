/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-Out and R2T (r2t.h). A target transfer tag holds the task's place in the
 * session's table, the R2T's place in the task, and a count that tells a late PDU of
 * an aborted task from one of the place's next owner. Everything in a Data-Out that
 * could lead outside of the buffer is checked in check_solicited()/check_unsolicited().
 */
#include "iscsi/r2t.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/pdu.h"
#include "iscsi/reject.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "target/cmd.h"

/* TTT: 13 bits of count, 15 of place in the session's table, 4 of place in the task. */
#define SLOT_BITS 4
#define INDEX_BITS 15
#define INDEX_MAX ((1u << INDEX_BITS) - 2) /* so that no tag is FFFFFFFFh */
static_assert(ISCSI_R2T_MAX <= 1 << SLOT_BITS, "places for R2Ts in a tag");

static uint32_t ttt_count;

static uint32_t make_ttt(uint32_t index, uint32_t slot)
{
	return ++ttt_count << (INDEX_BITS + SLOT_BITS) | index << SLOT_BITS | slot;
}

/* --- the session's table of tasks that wait for data --- */

static int grow(struct iscsi_session *s)
{
	uint32_t size = s->ttt_size ? s->ttt_size * 2 : 16;
	struct iscsi_task **table;

	if (size > INDEX_MAX)
		return -ENOMEM;
	table = realloc(s->ttt, size * sizeof(*table));
	if (!table)
		return -ENOMEM;
	memset(table + s->ttt_size, 0, (size - s->ttt_size) * sizeof(*table));
	s->ttt = table;
	s->ttt_free = s->ttt_size;
	s->ttt_size = size;
	return 0;
}

/* ttt_free is where the search for a free place starts. */
static int take_index(struct iscsi_task *task)
{
	struct iscsi_session *s = task->conn->session;
	uint32_t i;

	if (task->ttt_index != UINT32_MAX)
		return 0;
	for (i = s->ttt_free; i < s->ttt_size && s->ttt[i]; i++)
		;
	if (i == s->ttt_size) {
		int r = grow(s);

		if (r)
			return r;
		i = s->ttt_free;
	}
	s->ttt[i] = task;
	s->ttt_free = i + 1;
	task->ttt_index = i;
	memset(task->r2t, 0, sizeof(task->r2t));
	return 0;
}

void r2t_end(struct iscsi_task *task)
{
	struct iscsi_session *s = task->conn->session;

	task->data_wanted = false;
	task->n_r2t = 0;
	if (task->ttt_index == UINT32_MAX)
		return;
	s->ttt[task->ttt_index] = NULL;
	if (task->ttt_index < s->ttt_free)
		s->ttt_free = task->ttt_index;
	task->ttt_index = UINT32_MAX;
}

/* --- asking --- */

static unsigned int free_slot(const struct iscsi_task *task)
{
	unsigned int i = 0;

	while (task->r2t[i].len)
		i++;
	return i;
}

void r2t_send(struct iscsi_task *task, uint32_t off, uint32_t len)
{
	struct iscsi_conn *conn = task->conn;
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_R2T);
	unsigned int slot;

	if (!pdu || take_index(task)) {
		if (pdu)
			pdu_free(pdu);
		conn_close(conn, "out of memory");
		return;
	}
	slot = free_slot(task);
	task->r2t[slot].ttt = make_ttt(task->ttt_index, slot);
	task->r2t[slot].off = off;
	task->r2t[slot].len = len;
	task->r2t[slot].got = task->r2t[slot].data_sn = 0;
	task->n_r2t++;
	pdu->status = false;
	memcpy(pdu->r2t.lun, task->cmd.lun, sizeof(pdu->r2t.lun));
	be32_put(&pdu->r2t.itt, task->itt);
	be32_put(&pdu->r2t.ttt, task->r2t[slot].ttt);
	be32_put(&pdu->r2t.r2t_sn, task->r2t_sn++);
	be32_put(&pdu->r2t.offset, off);
	be32_put(&pdu->r2t.length, len);
	pdu_send(pdu);
}

void r2t_progress(struct iscsi_task *task)
{
	struct iscsi_conn *conn = task->conn;
	uint32_t total = task->cmd.out_want;
	uint32_t most = min_u32(conn->params.max_outstanding_r2t, ISCSI_R2T_MAX);

	if (!task->data_wanted || task->unsolicited_open)
		return;
	while (task->requested < total && task->n_r2t < most && !conn->closing) {
		uint32_t len = min_u32(conn->params.max_burst, total - task->requested);
		uint32_t off = task->requested;

		task->requested += len;
		conn->ops->request_data(task, off, len);
	}
	if (conn->closing || task->n_r2t || task->received < total)
		return;
	task->data_wanted = false;
	target_data_arrived(&task->cmd, task->bad_data ? RES_AC_PROTOCOL_CRC : RES_GOOD);
}

/* --- receiving --- */

static void data_out_taken(struct iscsi_task *task, const struct iscsi_data_out *h, uint32_t len)
{
	bool final = h->flags & ISCSI_FINAL;
	unsigned int slot = be32_get(h->ttt) & ((1u << SLOT_BITS) - 1);

	task->received += len;
	if (be32_get(h->ttt) == ISCSI_RESERVED_TAG) {
		task->requested = task->received;
		if (final)
			task->unsolicited_open = false;
	} else if (!task->ended && final) {
		task->r2t[slot].len = 0;
		task->n_r2t--;
	}
	command_check_held(task);
	if (task->submitted && !task->ended)
		r2t_progress(task);
}

static void data_out_complete(struct iscsi_conn *conn)
{
	struct iscsi_task *task = conn->rx.task;

	conn->rx.task = NULL;
	if (task)
		data_out_taken(task, (const void *)conn->rx.hdr, conn->rx.data_len);
	command_run_early(conn->session);
}

/* The task of a solicited Data-Out; NULL: it has ended, the data is dropped. */
static struct iscsi_task *find_solicited(const struct iscsi_session *s, uint32_t ttt, uint32_t itt)
{
	uint32_t index = ttt >> SLOT_BITS & ((1u << INDEX_BITS) - 1);
	uint32_t slot = ttt & ((1u << SLOT_BITS) - 1);
	struct iscsi_task *task = index < s->ttt_size ? s->ttt[index] : NULL;

	if (!task || task->itt != itt || slot >= ISCSI_R2T_MAX || !task->r2t[slot].len ||
	    task->r2t[slot].ttt != ttt)
		return NULL;
	return task;
}

static const char *check_solicited(struct iscsi_task *task, const struct iscsi_data_out *h,
				   uint32_t len)
{
	unsigned int slot = be32_get(h->ttt) & ((1u << SLOT_BITS) - 1);
	uint32_t off = be32_get(h->offset), left = task->r2t[slot].len - task->r2t[slot].got;

	if (off != task->r2t[slot].off + task->r2t[slot].got)
		return "Data-Out at the wrong offset";
	if (len > left)
		return "more data than the R2T asked for";
	if (!(h->flags & ISCSI_FINAL) != (len < left))
		return "the F bit does not match the length of the R2T";
	/* As if a PDU before it had been lost to a digest error (RFC 7143 7.9): the task will fail. */
	if (be32_get(h->data_sn) != task->r2t[slot].data_sn++)
		task->bad_data = true;
	task->r2t[slot].got += len;
	return NULL;
}

static const char *check_unsolicited(struct iscsi_task *task, const struct iscsi_data_out *h,
				     uint32_t len)
{
	if (!task->unsolicited_open)
		return "unsolicited data after its end";
	if (be32_get(h->offset) != task->received)
		return "Data-Out at the wrong offset";
	if (len > task->unsolicited_left)
		return "more unsolicited data than FirstBurstLength";
	if (be32_get(h->data_sn) != task->unsolicited_sn++)
		task->bad_data = true;
	task->unsolicited_left -= len;
	return NULL;
}

static void choose_place(struct iscsi_conn *conn, struct iscsi_task *task, uint32_t off)
{
	if (!task->submitted)
		rx_data_to(conn, &task->early_iov, 1, off, task->early_size);
	else if (!task->ended && task->cmd.out.iov)
		rx_data_to(conn, task->cmd.out.iov, task->cmd.out.iovcnt, off, task->cmd.out.len);
}

void data_out_header(struct iscsi_conn *conn)
{
	const struct iscsi_data_out *h = (const void *)conn->rx.hdr;
	uint32_t ttt = be32_get(h->ttt), itt = be32_get(h->itt);
	bool solicited = ttt != ISCSI_RESERVED_TAG;
	struct iscsi_task *task;
	const char *bad;

	conn->stats.data_out_pdus++;
	task = solicited ? find_solicited(conn->session, ttt, itt) : task_find(conn->session, itt);
	if (!task || task->is_tmf || task->conn != conn || task->no_response || task->hole)
		return;
	bad = solicited ? check_solicited(task, h, conn->rx.data_len) :
			  check_unsolicited(task, h, conn->rx.data_len);
	if (bad) {
		reject_and_close(conn, REJECT_PROTOCOL_ERROR, bad);
		return;
	}
	conn->rx.task = task;
	conn->rx.complete = data_out_complete;
	choose_place(conn, task, be32_get(h->offset));
}
