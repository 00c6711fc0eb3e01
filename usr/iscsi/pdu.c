/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PDUs that go out: made by the files of their kind, numbered and digested here,
 * handed to the link.
 */
#include "iscsi/pdu.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/pool.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"

void pdu_init(struct iscsi_pdu *pdu, struct iscsi_conn *conn, enum iscsi_opcode op,
	      void (*sent)(struct iscsi_pdu *pdu))
{
	list_init(&pdu->link);
	pdu->conn = conn;
	memset(pdu->bytes, 0, sizeof(pdu->bytes));
	pdu->bhs.opcode = (uint8_t)op;
	pdu->bhs.flags = ISCSI_FINAL;
	pdu->tail_len = 0;
	pdu->has_digest = false;
	pdu->kept = false;
	pdu->status = true;
	pdu->data_len = 0;
	pdu->data = NULL;
	pdu->data_cnt = 0;
	pdu->owned = NULL;
	pdu->sent = sent;
	pdu->arg = NULL;
}

struct iscsi_pdu *pdu_new(struct iscsi_conn *conn, enum iscsi_opcode op)
{
	struct iscsi_pdu *pdu = pool_get(&iscsi.pdus);

	if (pdu)
		pdu_init(pdu, conn, op, pdu_free);
	return pdu;
}

void pdu_free(struct iscsi_pdu *pdu)
{
	free(pdu->owned);
	pool_put(&iscsi.pdus, pdu);
}

void pdu_set_data(struct iscsi_pdu *pdu, const void *data, uint32_t len, void *owned)
{
	pdu->owned = owned;
	pdu->data_len = len;
	if (!len)
		return;
	pdu->one[0] = (struct iovec){ (void *)(uintptr_t)data, len };
	pdu->data = pdu->one;
	pdu->data_cnt = 1;
}

/* RFC 7143 13.1: least significant byte first. */
static void put_digest(uint8_t *out, uint32_t crc)
{
	out[0] = (uint8_t)crc;
	out[1] = (uint8_t)(crc >> 8);
	out[2] = (uint8_t)(crc >> 16);
	out[3] = (uint8_t)(crc >> 24);
}

static void add_tail(struct iscsi_pdu *pdu, bool digest)
{
	uint32_t pad = -pdu->data_len & 3, crc = 0;
	unsigned int i;

	memset(pdu->tail, 0, pad);
	pdu->tail_len = (uint8_t)pad;
	if (!digest)
		return;
	for (i = 0; i < pdu->data_cnt; i++)
		crc = crc32c(crc, pdu->data[i].iov_base, pdu->data[i].iov_len);
	put_digest(pdu->tail + pad, crc32c(crc, pdu->tail, pad));
	pdu->tail_len += ISCSI_DIGEST_LEN;
}

static void number_window(struct iscsi_conn *conn, struct iscsi_pdu *pdu)
{
	if (conn->session) {
		be32_put(&pdu->nop.exp_cmd_sn, conn->session->exp_cmd_sn);
		be32_put(&pdu->nop.max_cmd_sn, session_max_cmd_sn(conn->session));
	}
}

/* StatSN, ExpCmdSN and MaxCmdSN stand at the same place in everything that we send. */
static void number(struct iscsi_conn *conn, struct iscsi_pdu *pdu)
{
	struct iscsi_nop_in *h = &pdu->nop;
	bool data_in = (pdu->bhs.opcode & ISCSI_OPCODE_MASK) == ISCSI_OP_DATA_IN;

	if (pdu->status)
		be32_put(&h->stat_sn, conn->stat_sn++);
	else if (!data_in)
		be32_put(&h->stat_sn, conn->stat_sn);
	number_window(conn, pdu);
}

void pdu_send(struct iscsi_pdu *pdu)
{
	struct iscsi_conn *conn = pdu->conn;

	if (conn_ending(conn)) {
		pdu->sent(pdu);
		return;
	}
	be24_put(&pdu->bhs.data_len, pdu->data_len);
	number(conn, pdu);
	if (conn->header_digest) {
		put_digest(pdu->header_digest, crc32c(0, pdu->bytes, ISCSI_BHS_LEN));
		pdu->has_digest = true;
	}
	if (pdu->data_len)
		add_tail(pdu, conn->data_digest);
	conn->ops->send(conn, pdu);
}

void pdu_send_again(struct iscsi_pdu *pdu)
{
	struct iscsi_conn *conn = pdu->conn;

	if (conn_ending(conn)) {
		pdu->sent(pdu);
		return;
	}
	number_window(conn, pdu);
	if (conn->header_digest)
		put_digest(pdu->header_digest, crc32c(0, pdu->bytes, ISCSI_BHS_LEN));
	conn->ops->send(conn, pdu);
}
