/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text requests (text_request.h). One exchange a connection at a time: a long request
 * comes in pieces (C bit), a long answer goes out in pieces that the initiator asks
 * for with the target transfer tag.
 */
#include "iscsi/text_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/discovery.h"
#include "iscsi/iscsi.h"
#include "iscsi/keys.h"
#include "iscsi/pdu.h"
#include "iscsi/reject.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/text.h"
#include "iscsi/window.h"

/* conn->text, from the first request of an exchange to its last response. */
struct iscsi_text {
	struct strbuf in, out;
	size_t sent;	  /* bytes of @out */
	uint32_t itt;
	uint32_t ttt;
	bool final;	  /* the initiator said F */
	bool told_targets; /* in answer to the present request */
	struct negotiation nego;
	struct iscsi_params ours;
	struct iscsi_conn *conn;
};

void text_req_end(struct iscsi_conn *conn)
{
	struct iscsi_text *x = conn->text;

	if (!x)
		return;
	conn->text = NULL;
	strbuf_free(&x->in);
	strbuf_free(&x->out);
	free(x);
}

static struct iscsi_text *begin(struct iscsi_conn *conn, uint32_t itt)
{
	struct iscsi_text *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->conn = conn;
	x->itt = itt;
	if (conn->session->target)
		x->ours = conn->session->target->params;
	else
		params_defaults(&x->ours);
	x->nego = (struct negotiation){
		.ours = &x->ours,
		.result = &conn->params,
		.out = &x->out,
		.discovery = conn->session->discovery,
		.full_feature = true,
		.declared = true, /* ours does not change */
	};
	conn->text = x;
	return x;
}

static int one_key(void *arg, const char *key, char *value)
{
	struct iscsi_text *x = arg;
	int r;

	if (!strcmp(key, "SendTargets")) {
		/* A key comes once; this one's answer is as long as all targets. */
		if (x->told_targets)
			return -EPROTO;
		x->told_targets = true;
		r = discovery_send_targets(x->conn, value, &x->out);
		if (r)
			text_put(&x->out, key, "Reject");
		return 0;
	}
	r = key_negotiate(&x->nego, key, value);
	return r == -ENOENT ? 0 : r;
}

/* The next piece of the answer. C and no F: there is more, to be asked for with the tag. */
static void respond(struct iscsi_text *x)
{
	struct iscsi_conn *conn = x->conn;
	struct iscsi_pdu *pdu = pdu_new(conn, ISCSI_OP_TEXT_RSP);
	size_t left = x->out.len - x->sent;
	uint32_t len = (uint32_t)min_u64(left, conn->params.max_xmit_dsl);
	bool more = len < left;
	char *piece = len ? malloc(len) : NULL;

	if (!pdu || (len && !piece)) {
		if (pdu)
			pdu_free(pdu);
		free(piece);
		conn_close(conn, "out of memory");
		return;
	}
	if (len)
		memcpy(piece, x->out.s + x->sent, len);
	x->sent += len;
	x->ttt = more || !x->final ? 1 : ISCSI_RESERVED_TAG;
	pdu->text.flags = more ? ISCSI_TEXT_CONTINUE : x->final ? ISCSI_FINAL : 0;
	be32_put(&pdu->text.itt, x->itt);
	be32_put(&pdu->text.ttt, x->ttt);
	pdu_set_data(pdu, piece, len, piece);
	pdu_send(pdu);
	if (more)
		return;
	strbuf_reset(&x->out);
	x->sent = 0;
	x->told_targets = false;
	if (x->final)
		text_req_end(conn);
}

/* 11.10.1, 11.10.3: text that goes on is not final, and nothing new comes before the answer is told. */
static bool in_turn(const struct iscsi_text *x, const struct iscsi_text_req *req, uint32_t len)
{
	if ((req->flags & ISCSI_FINAL) && (req->flags & ISCSI_TEXT_CONTINUE))
		return false;
	return !len || !x->out.len;
}

static void refuse(struct iscsi_conn *conn, enum iscsi_reject_reason reason)
{
	text_req_end(conn);
	reject_send(conn, reason);
}

/*
 * 11.10.3: an empty request with the tag asks for the rest. What is rejected has not used up its
 * number (RFC 7143 7.3); what is answered need not wait for its turn.
 */
static void request_complete(struct iscsi_conn *conn)
{
	const struct iscsi_text_req *req = (const void *)conn->rx.hdr;
	struct iscsi_text *x = conn->text;

	if (conn->rx.bad_data)
		return;
	if (!in_turn(x, req, conn->rx.data_len)) {
		refuse(conn, REJECT_PROTOCOL_ERROR);
		return;
	}
	if (conn->rx.ctrl)
		strbuf_add(&x->in, conn->rx.ctrl, conn->rx.data_len);
	if (!strbuf_ok(&x->in) || x->in.len > iscsi.limits.max_login_text) {
		refuse(conn, REJECT_OUT_OF_RESOURCES);
		return;
	}
	x->final = req->flags & ISCSI_FINAL;
	if (!(req->flags & ISCSI_TEXT_CONTINUE) && x->in.len) {
		int r = text_each(x->in.s, x->in.len, one_key, x);

		strbuf_reset(&x->in);
		if (r || !strbuf_ok(&x->out)) {
			refuse(conn, r ? REJECT_PROTOCOL_ERROR : REJECT_OUT_OF_RESOURCES);
			return;
		}
	}
	if (command_take_number(conn) && conn->text == x)
		respond(x);
}

void text_req_header(struct iscsi_conn *conn)
{
	const struct iscsi_text_req *req = (const void *)conn->rx.hdr;
	bool immediate = req->opcode & ISCSI_IMMEDIATE;
	uint32_t ttt = be32_get(req->ttt), itt = be32_get(req->itt);
	struct iscsi_text *x = conn->text;

	if (window_check(conn->session, be32_get(req->cmd_sn), immediate) == WINDOW_DROP)
		return;
	/* A reserved tag begins anew, whatever was before (11.10.4). */
	if (ttt == ISCSI_RESERVED_TAG && !(x && x->itt == itt && x->in.len)) {
		text_req_end(conn);
		x = begin(conn, itt);
	} else if (!x || x->itt != itt || (ttt != ISCSI_RESERVED_TAG && ttt != x->ttt)) {
		reject_send(conn, REJECT_PROTOCOL_ERROR);
		return;
	}
	if (!x || (conn->rx.data_len && rx_data_to_ctrl(conn))) {
		conn_close(conn, "out of memory");
		return;
	}
	conn->rx.complete = request_complete;
}
