/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Login Requests and Responses (RFC 7143 6.3, 11.12, 11.13). A request's text is
 * collected until its C bit is off, its keys are answered, and the stage moves when
 * both sides want it. Whatever is wrong ends with a status and the connection.
 */
#include "iscsi/login.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/tracing.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/login_priv.h"
#include "iscsi/login_session.h"
#include "iscsi/pdu.h"
#include "iscsi/rx.h"
#include "iscsi/session.h"
#include "iscsi/text.h"
#include "target/core.h"
#include "target/nexus.h"
#include "target/target.h"

/* --- the connection's side -------------------------------------------------------------------- */

static void timed_out(struct loop_timer *t)
{
	conn_close(container_of(t, struct iscsi_conn, login_timer), "the login took too long");
}

void login_start(struct iscsi_conn *conn)
{
	list_push_back(&iscsi.logins, &conn->link);
	conn->logging_in = true;
	iscsi.n_logins++;
	/* Without a limit it could stay for ever. */
	if (loop_timer_set(iscsi.core->loop, &conn->login_timer,
			   iscsi.limits.login_timeout_s * NSEC_PER_SEC, timed_out))
		conn_close(conn, "out of memory");
}

void login_end(struct iscsi_conn *conn)
{
	struct iscsi_login *l = conn->login;

	if (conn->logging_in) {
		conn->logging_in = false;
		iscsi.n_logins--;
	}
	if (!l)
		return;
	conn->login = NULL;
	login_forget_old(l);
	redirect_forget(l);
	if (l->auth && l->auth->end)
		l->auth->end(l);
	strbuf_free(&l->in);
	strbuf_free(&l->out);
	free(l);
}

void login_target_gone(const struct iscsi_target *it)
{
	struct iscsi_conn *conn, *tmp;

	list_for_each_safe(conn, tmp, &iscsi.logins, link)
		if (conn->login && conn->login->target == it)
			conn_close(conn, "its target was deleted");
}

static struct iscsi_login *login_new(struct iscsi_conn *conn)
{
	struct iscsi_login *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->conn = conn;
	params_defaults(&l->ours);
	l->nego = (struct negotiation){
		.ours = &l->ours,
		.result = &conn->params,
		.out = &l->out,
	};
	conn->login = l;
	return l;
}

/* --- responses -------------------------------------------------------------------------------- */

static struct iscsi_pdu *response(struct iscsi_login *l, uint8_t flags)
{
	struct iscsi_pdu *pdu = pdu_new(l->conn, ISCSI_OP_LOGIN_RSP);

	if (!pdu) {
		conn_close(l->conn, "out of memory");
		return NULL;
	}
	pdu->login.flags = flags;
	memcpy(pdu->login.isid, l->isid, sizeof(l->isid));
	be16_put(&pdu->login.tsih, l->tsih);
	be32_put(&pdu->login.itt, l->itt);
	/* The session, once there is one, knows better (pdu_send). */
	be32_put(&pdu->login.exp_cmd_sn, l->cmd_sn);
	be32_put(&pdu->login.max_cmd_sn, l->cmd_sn);
	return pdu;
}

static void refuse(struct iscsi_login *l, enum iscsi_login_status status)
{
	struct iscsi_conn *conn = l->conn;
	struct iscsi_pdu *pdu = response(l, 0);
	char peer[ADDR_STRLEN];

	if (!pdu)
		return;
	/* The end of the old session must not make a session of a login that was refused. */
	login_forget_old(l);
	redirect_forget(l);
	trace_at(TRACE_LOGIN, "%s from %s: refused with %04X", l->initiator, addr_format(&conn->peer, peer),
		 status);
	log_limited(LOG_LVL_INFO, "login of %s from %s refused: status %04x%s%s",
		    *l->initiator ? l->initiator : "an initiator", addr_format(&conn->peer, peer),
		    status, *l->culprit ? ", a second time or out of place: " : "", l->culprit);
	pdu->login.status_class = (uint8_t)(status >> 8);
	pdu->login.status_detail = (uint8_t)status;
	/* A redirection's TargetAddress is the only text that goes with a failure. */
	if (status >> 8 == 1 && strbuf_ok(&l->out)) {
		pdu_set_data(pdu, l->out.s, (uint32_t)l->out.len, l->out.s);
		l->out = (struct strbuf)STRBUF_INIT;
	}
	pdu_send(pdu);
	conn_close_when_sent(conn);
}

/*
 * Before full feature phase a segment holds 8192 bytes (13.12); our answers are bounded by the
 * request's size, which is too, so what does not fit is an abuse.
 */
static bool answer_fits(const struct iscsi_login *l)
{
	return strbuf_ok(&l->out) && l->out.len <= 8192;
}

/* Sends the collected text. */
static void respond(struct iscsi_login *l, uint8_t flags)
{
	struct iscsi_pdu *pdu = response(l, flags);

	if (!pdu)
		return;
	pdu_set_data(pdu, l->out.s, (uint32_t)l->out.len, l->out.s);
	l->out = (struct strbuf)STRBUF_INIT;
	pdu_send(pdu);
}

/* --- the final response ----------------------------------------------------------------------- */

/* RFC 7144 4.2: the version descriptor that INQUIRY tells counts from "no version claimed". */
static void tell_level(struct iscsi_session *s)
{
	if (s->nexus)
		s->nexus->version = (uint16_t)(0x0960 + s->params.protocol_level);
}

void login_finish(struct iscsi_login *l)
{
	struct iscsi_conn *conn = l->conn;
	enum iscsi_login_status status = login_make_session(l);

	if (status) {
		refuse(l, status);
		return;
	}
	l->tsih = conn->session->tsih;
	trace_at(TRACE_LOGIN, "%s: session %u, connection %u", l->initiator, l->tsih, conn->cid);
	respond(l, l->final_flags);
	if (conn->closing)
		return;
	conn->params.max_recv_dsl = l->ours.max_recv_dsl;
	if (!l->nego.joins) {
		conn->session->params = conn->params;
		conn->session->params.max_queue_cmd = l->ours.max_queue_cmd;
		tell_level(conn->session);
		fence_agreed(conn->session);
	}
	login_end(conn);
	conn_full_feature(conn);
}

/* --- requests --------------------------------------------------------------------------------- */

static int security_key(struct iscsi_login *l, const char *key, char *value)
{
	if (!strcmp(key, "AuthMethod")) {
		if (l->auth || l->auth_list || l->stage != STAGE_SECURITY)
			return -EPROTO;
		l->auth_list = value;
		return 0;
	}
	return l->auth && l->auth->key ? l->auth->key(l, key, value) : -ENOENT;
}

/* Keys that only a target sends, or only in full feature phase. */
static bool misplaced(const char *key)
{
	static const char *const keys[] = { "SendTargets", "TargetAddress", "TargetAlias",
					    "TargetPortalGroupTag" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

/* What refuse() will say: initiators are told a status only. */
static int blame(struct iscsi_login *l, const char *key, int r)
{
	if (r == -EPROTO)
		snprintf(l->culprit, sizeof(l->culprit), "%s", key);
	return r;
}

/* RFC 7143 6.3: whatever is declared once more, even the same, ends the login with initiator error. */
static int ident_key(void *arg, const char *key, char *value)
{
	int r = login_ident_key(arg, key, value);

	return r == -ENOENT ? 0 : blame(arg, key, r);
}

static int take_key(struct iscsi_login *l, const char *key, char *value)
{
	int r;

	if (login_ident_is(key))
		return 0;
	r = security_key(l, key, value);
	if (r != -ENOENT)
		return r;
	if (misplaced(key))
		return -EPROTO;
	if (!strcmp(value, "Reject") || !strcmp(value, "NotUnderstood") || !strcmp(value, "Irrelevant"))
		return key_refused(&l->nego, key); /* an answer to something that we said */
	r = key_negotiate(&l->nego, key, value);
	return r == -ENOENT ? 0 : r;
}

static int other_key(void *arg, const char *key, char *value)
{
	return blame(arg, key, take_key(arg, key, value));
}

static enum iscsi_login_status authenticate(struct iscsi_login *l)
{
	enum iscsi_login_status status;

	if (l->auth_list) {
		l->auth = auth_choose(l, l->auth_list);
		l->auth_list = NULL;
		if (!l->auth)
			return LOGIN_AUTH_FAILED;
		text_put(&l->out, "AuthMethod", l->auth->name);
		status = l->auth->begin(l);
	} else {
		status = l->auth && l->auth->step && !l->auth_done ? l->auth->step(l) : LOGIN_OK;
	}
	return status;
}

/* With the first response of a login to a target (13.9). */
static void tell_target(struct iscsi_login *l)
{
	if (l->told_tpgt || !l->target)
		return;
	l->told_tpgt = true;
	if (l->target->alias)
		text_put(&l->out, "TargetAlias", l->target->alias);
	text_put_number(&l->out, "TargetPortalGroupTag", l->conn->tpgt);
}

/*
 * 11.12.3: T with a next stage that lies ahead, and nothing of this one left to do. Turns the T of
 * @flags off when we have something to ask first, or authentication is under way.
 */
static enum iscsi_login_status check_transit(struct iscsi_login *l, uint8_t *flags)
{
	uint8_t csg = ISCSI_LOGIN_CSG(*flags), nsg = ISCSI_LOGIN_NSG(*flags);
	int open = 0;

	if (nsg <= csg || nsg == 2)
		return LOGIN_INITIATOR_ERROR;
	if (l->auth && !l->auth_done) {
		*flags &= (uint8_t)~ISCSI_LOGIN_TRANSIT;
		return LOGIN_OK;
	}
	if (!l->auth_done && !auth_skippable(l))
		return LOGIN_AUTH_FAILED;
	if (csg == STAGE_OPERATIONAL)
		open = key_demand(&l->nego);
	if (open < 0)
		return LOGIN_INITIATOR_ERROR;
	if (open)
		*flags &= (uint8_t)~ISCSI_LOGIN_TRANSIT;
	else if (nsg == STAGE_FULL_FEATURE && !key_digests_allowed(&l->nego))
		return LOGIN_INITIATOR_ERROR;
	return LOGIN_OK;
}

static void transit(struct iscsi_login *l, uint8_t flags)
{
	uint8_t nsg = ISCSI_LOGIN_NSG(flags);

	flags &= ISCSI_LOGIN_TRANSIT | 0x0f;
	if (nsg != STAGE_FULL_FEATURE) {
		l->stage = nsg;
		respond(l, flags);
		return;
	}
	l->final_flags = flags;
	if (login_wait_for_old(l))
		return; /* login_finish() follows */
	login_finish(l);
}

/* 6.3.1: what holds for the session was agreed on by its leading login. */
static bool join_begin(struct iscsi_login *l)
{
	const struct iscsi_session *s = login_joined(l);

	if (s)
		params_join(&l->conn->params, &s->params);
	l->nego.joins = true;
	return s;
}

/* Who and what for comes first, wherever it stands: the other answers depend on it. */
static enum iscsi_login_status identify(struct iscsi_login *l)
{
	enum iscsi_login_status status;

	if (text_each(l->in.s, l->in.len, ident_key, l))
		return LOGIN_INITIATOR_ERROR;
	trace_at(TRACE_LOGIN, "%s: stage %u, TSIH %u, %zu bytes of keys", l->initiator, l->stage, l->tsih,
		 l->in.len);
	if (l->identified)
		return LOGIN_OK;
	status = login_identify(l);
	if (status)
		return status;
	l->identified = true;
	l->nego.discovery = l->discovery;
	if (l->tsih && !join_begin(l))
		return LOGIN_NO_SESSION;
	return redirect_decide(l);
}

static enum iscsi_login_status process(struct iscsi_login *l)
{
	enum iscsi_login_status status;

	if (text_each(l->in.s, l->in.len, other_key, l))
		return LOGIN_INITIATOR_ERROR;
	key_settle(&l->nego);
	if (l->stage == STAGE_SECURITY) {
		status = authenticate(l);
		if (status)
			return status;
	} else if (!l->auth_done && !auth_skippable(l)) {
		return LOGIN_AUTH_FAILED;
	}
	tell_target(l);
	if (l->stage == STAGE_OPERATIONAL)
		key_declare(&l->nego);
	return LOGIN_OK;
}

static void answer(struct iscsi_login *l)
{
	enum iscsi_login_status status = process(l);
	uint8_t flags = l->flags;

	strbuf_reset(&l->in);
	if (!status && (flags & ISCSI_LOGIN_TRANSIT))
		status = check_transit(l, &flags);
	if (!status && !answer_fits(l))
		status = LOGIN_NO_RESOURCES;
	if (status)
		refuse(l, status);
	else if (flags & ISCSI_LOGIN_TRANSIT)
		transit(l, flags);
	else
		respond(l, flags & 0x0c);
}

void login_redirected(struct iscsi_login *l, enum iscsi_login_status status)
{
	if (status)
		refuse(l, status);
	else
		answer(l);
}

static void request_complete(struct iscsi_conn *conn)
{
	const struct iscsi_login_req *req = (const void *)conn->rx.hdr;
	struct iscsi_login *l = conn->login;
	enum iscsi_login_status status;

	l->flags = req->flags;
	if (conn->rx.ctrl)
		strbuf_add(&l->in, conn->rx.ctrl, conn->rx.data_len);
	if (!strbuf_ok(&l->in) || l->in.len > iscsi.limits.max_login_text) {
		refuse(l, LOGIN_NO_RESOURCES);
		return;
	}
	if (l->flags & ISCSI_LOGIN_CONTINUE) {
		if (l->flags & ISCSI_LOGIN_TRANSIT)
			refuse(l, LOGIN_INITIATOR_ERROR);
		else
			respond(l, l->flags & 0x0c);
		return;
	}
	status = identify(l);
	if (status)
		refuse(l, status);
	else if (!l->asking)
		answer(l);
}

static enum iscsi_login_status first_request(struct iscsi_login *l,
					     const struct iscsi_login_req *req)
{
	struct iscsi_conn *conn = l->conn;

	l->started = true;
	memcpy(l->isid, req->isid, sizeof(l->isid));
	l->tsih = be16_get(req->tsih);
	l->itt = be32_get(req->itt);
	l->cmd_sn = be32_get(req->cmd_sn);
	l->stage = ISCSI_LOGIN_CSG(req->flags);
	conn->cid = be16_get(req->cid);
	conn->stat_sn = be32_get(req->exp_stat_sn);
	if (req->version_min > ISCSI_VERSION)
		return LOGIN_BAD_VERSION;
	return peer_limit_login(&conn->peer, loop_now(iscsi.core->loop)) ? LOGIN_OK :
									   LOGIN_NO_RESOURCES;
}

/* What must not change from one request of a login to the next (6.3, 11.12). */
static enum iscsi_login_status check_request(struct iscsi_login *l,
					     const struct iscsi_login_req *req)
{
	uint8_t csg = ISCSI_LOGIN_CSG(req->flags);

	if (!l->started) {
		enum iscsi_login_status status = first_request(l, req);

		if (status)
			return status;
	}
	if (!(req->opcode & ISCSI_IMMEDIATE))
		return LOGIN_INITIATOR_ERROR;
	if (memcmp(l->isid, req->isid, sizeof(l->isid)) || l->itt != be32_get(req->itt) ||
	    l->conn->cid != be16_get(req->cid))
		return LOGIN_INVALID_REQUEST;
	if (csg != l->stage || csg > STAGE_OPERATIONAL || l->reinstated ||
	    l->joins || l->asking)
		return LOGIN_INVALID_REQUEST;
	return LOGIN_OK;
}

static void refuse_complete(struct iscsi_conn *conn)
{
	refuse(conn->login, conn->login->status);
}

void login_header(struct iscsi_conn *conn)
{
	const struct iscsi_login_req *req = (const void *)conn->rx.hdr;
	struct iscsi_login *l = conn->login ? conn->login : login_new(conn);

	if (!l || (conn->rx.data_len && rx_data_to_ctrl(conn))) {
		conn_close(conn, "out of memory");
		return;
	}
	l->status = check_request(l, req);
	conn->rx.complete = l->status ? refuse_complete : request_complete;
}
