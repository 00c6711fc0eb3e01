/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking for data (r2t.h). A target transfer tag holds the task's place in the
 * session's table, the R2T's place in the task, and a count that tells a late PDU of
 * an aborted task from one of the place's next owner.
 */
#include "iscsi/r2t.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/conn.h"
#include "iscsi/extents.h"
#include "iscsi/pdu.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "target/cmd.h"

/* TTT: 12 bits of count, 12 of place in the session's table, 8 of place in the task. */
#define SLOT_BITS 8
#define INDEX_BITS 12
#define INDEX_MAX (1u << INDEX_BITS)
#define DATA_SLOT 0xfeu /* of the tag of Data-In that is to be acknowledged */
static_assert(ISCSI_R2T_MAX < DATA_SLOT, "places for R2Ts in a tag, which is never FFFFFFFFh");

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
	if (unlikely(task->more_r2t)) {
		free(task->more_r2t);
		task->more_r2t = NULL;
	}
	if (task->ttt_index == UINT32_MAX)
		return;
	s->ttt[task->ttt_index] = NULL;
	if (task->ttt_index < s->ttt_free)
		s->ttt_free = task->ttt_index;
	task->ttt_index = UINT32_MAX;
}

/* --- asking --- */

/* One of the first ISCSI_R2T_FEW, or of @more_r2t when that is there. */
static struct r2t_place *place(struct iscsi_task *task, unsigned int slot)
{
	return likely(slot < ISCSI_R2T_FEW) ? &task->r2t[slot] : &task->more_r2t[slot - ISCSI_R2T_FEW];
}

static unsigned int n_places(const struct iscsi_task *task)
{
	return unlikely(task->more_r2t) ? ISCSI_R2T_MAX : ISCSI_R2T_FEW;
}

/* Whether there is one, or can be made. */
static bool place_free(struct iscsi_task *task)
{
	if (likely(task->n_r2t < n_places(task)))
		return true;
	if (!task->more_r2t)
		task->more_r2t = calloc(ISCSI_R2T_MAX - ISCSI_R2T_FEW, sizeof(*task->more_r2t));
	return task->more_r2t && task->n_r2t < ISCSI_R2T_MAX;
}

static unsigned int free_slot(struct iscsi_task *task)
{
	unsigned int i = 0;

	while (place(task, i)->len)
		i++;
	return i;
}

static void send_place(struct iscsi_task *task, const struct r2t_place *r)
{
	struct iscsi_pdu *pdu = pdu_new(task->conn, ISCSI_OP_R2T);

	if (!pdu) {
		conn_close(task->conn, "out of memory");
		return;
	}
	pdu->status = false;
	memcpy(pdu->r2t.lun, task->cmd.lun, sizeof(pdu->r2t.lun));
	be32_put(&pdu->r2t.itt, task->itt);
	be32_put(&pdu->r2t.ttt, r->ttt);
	be32_put(&pdu->r2t.r2t_sn, r->sn);
	be32_put(&pdu->r2t.offset, r->off);
	be32_put(&pdu->r2t.length, r->len);
	pdu_send(pdu);
}

void r2t_send(struct iscsi_task *task, uint32_t off, uint32_t len)
{
	struct r2t_place *r;
	unsigned int slot;

	if (take_index(task)) {
		conn_close(task->conn, "out of memory");
		return;
	}
	slot = free_slot(task);
	r = place(task, slot);
	*r = (struct r2t_place){ .ttt = make_ttt(task->ttt_index, slot), .off = off, .len = len,
				 .sn = task->r2t_sn++ };
	task->n_r2t++;
	send_place(task, r);
}

/* --- what is missing --- */

/* The R2T that asked for the byte at @off, or for the next behind it. */
static const struct r2t_place *asked_from(struct iscsi_task *task, uint32_t off)
{
	const struct r2t_place *next = NULL;
	unsigned int i;

	for (i = 0; i < n_places(task); i++) {
		const struct r2t_place *r = place(task, i);

		if (r->len && r->off + r->len > off && (!next || r->off < next->off))
			next = r;
	}
	return next;
}

/* Where data may come in any order: the first range that neither came nor was asked for. */
static bool next_scattered(struct iscsi_task *task, uint32_t *off, uint32_t *len)
{
	uint32_t pos = 0, from, to;

	while (extents_gap(task->got, pos, task->cmd.out_want, &from, &to)) {
		const struct r2t_place *r = task->n_r2t ? asked_from(task, from) : NULL;

		if (!r || r->off > from) {
			*off = from;
			*len = r ? min_u32(to, r->off) - from : to - from;
			return true;
		}
		pos = r->off + r->len;
	}
	return false;
}

static bool next_range(struct iscsi_task *task, uint32_t *off, uint32_t *len)
{
	if (unlikely(task->conn->any_order))
		return next_scattered(task, off, len);
	/* More than the command wants may have come unasked. */
	if (task->requested >= task->cmd.out_want)
		return false;
	*off = task->requested;
	*len = task->cmd.out_want - task->requested;
	return true;
}

static bool all_there(const struct iscsi_task *task)
{
	uint32_t from, to;

	if (unlikely(task->conn->any_order))
		return !extents_gap(task->got, 0, task->cmd.out_want, &from, &to);
	return task->received >= task->cmd.out_want;
}

void r2t_progress(struct iscsi_task *task)
{
	struct iscsi_conn *conn = task->conn;
	uint32_t most = min_u32(conn->params.max_outstanding_r2t, ISCSI_R2T_MAX), off, len;

	if (!task->data_wanted || task->unsolicited_open)
		return;
	while (task->n_r2t < most && !conn->closing && next_range(task, &off, &len) &&
	       place_free(task)) {
		len = min_u32(len, conn->params.max_burst);
		task->requested = off + len;
		conn->ops->request_data(task, off, len);
	}
	if (conn->closing || task->n_r2t || !all_there(task))
		return;
	task->data_wanted = false;
	target_data_arrived(&task->cmd, task->bad_data ? RES_AC_PROTOCOL_CRC : RES_GOOD);
}

/* --- recovery (RFC 7143 7.8, 11.8, 11.16) --- */

void r2t_forget(struct iscsi_task *task)
{
	unsigned int i;

	for (i = 0; task->n_r2t && i < n_places(task); i++)
		place(task, i)->len = 0;
	task->n_r2t = 0;
}

static const struct r2t_place *find_sn(struct iscsi_task *task, uint32_t sn)
{
	unsigned int i;

	for (i = 0; task->n_r2t && i < n_places(task); i++)
		if (place(task, i)->len && place(task, i)->sn == sn)
			return place(task, i);
	return NULL;
}

bool r2t_resend(struct iscsi_task *task, uint32_t first, uint32_t end)
{
	uint32_t sn;

	/* No more than are out: the loops are short. */
	if (end < first || end - first > task->n_r2t)
		return false;
	for (sn = first; sn != end; sn++)
		if (!find_sn(task, sn))
			return false;
	for (sn = first; sn != end && !task->conn->closing; sn++)
		send_place(task, find_sn(task, sn));
	return true;
}

uint32_t r2t_data_tag(struct iscsi_task *task)
{
	return take_index(task) ? 0 : make_ttt(task->ttt_index, DATA_SLOT);
}

struct iscsi_task *r2t_data_task(const struct iscsi_session *s, uint32_t ttt)
{
	uint32_t index = ttt >> SLOT_BITS & (INDEX_MAX - 1);
	struct iscsi_task *task = index < s->ttt_size ? s->ttt[index] : NULL;

	return task && ttt && task->rec.data_tag == ttt ? task : NULL;
}

/* --- answers --- */

struct r2t_place *r2t_find(const struct iscsi_session *s, uint32_t ttt, uint32_t itt,
			   struct iscsi_task **owner)
{
	uint32_t index = ttt >> SLOT_BITS & ((1u << INDEX_BITS) - 1);
	uint32_t slot = ttt & ((1u << SLOT_BITS) - 1);
	struct iscsi_task *task = index < s->ttt_size ? s->ttt[index] : NULL;
	struct r2t_place *r;

	if (!task || task->itt != itt || slot >= n_places(task))
		return NULL;
	r = place(task, slot);
	if (!r->len || r->ttt != ttt)
		return NULL;
	*owner = task;
	return r;
}

void r2t_answered(struct iscsi_task *task, struct r2t_place *r)
{
	r->len = 0;
	task->n_r2t--;
}
