/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of portals, sessions and connections. Called by the management server
 * through the rows in iscsi_verbtab.c.
 */
#include "iscsi/iscsi_verbs.h"

#include <errno.h>

#include "iscsi/chap_hash.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "target/nexus.h"
#include "target/stats.h"
#include "target/stats_show.h"
#include "target/target.h"
#include "target/target_verbs.h"
#include "target/verb_walk.h"

/* By --sid, which is unique over targets; with --tid it must be that target's. */
struct iscsi_session *verb_session(struct verb_call *call)
{
	uint64_t sid = verb_uint(call, "sid", 0), tid = verb_uint(call, "tid", 0);
	struct target *t = tid ? verb_target(call) : NULL;
	struct iscsi_session *s = NULL;

	if (tid && !t)
		return NULL;
	if (sid && sid <= UINT16_MAX)
		s = session_by_tsih(&iscsi, (uint16_t)sid);
	if (s && (!s->target || !s->nexus || (t && s->target->t != t)))
		s = NULL;
	if (!s)
		err_set(&call->err, ERR_NO_SESSION, "there is no session %llu%s",
			(unsigned long long)sid, t ? " with this target" : "");
	return s;
}

static struct iscsi_conn *call_conn(struct verb_call *call)
{
	struct iscsi_session *s = verb_session(call);
	uint64_t cid = verb_uint(call, "cid", 0);
	struct iscsi_conn *conn;

	if (!s)
		return NULL;
	list_for_each(conn, &s->conns, link)
		if (conn->cid == cid)
			return conn;
	err_set(&call->err, ERR_NO_CONNECTION, "session %u has no connection %llu", s->tsih,
		(unsigned long long)cid);
	return NULL;
}

static json_t *chap_to_json(const struct iscsi_conn *conn)
{
	if (!conn->account)
		return json_null();
	return json_pack("{s:s s:s s:b}", "account", conn->account, "algorithm",
			 conn->chap_alg->name, "mutual", conn->chap_mutual);
}

json_t *conn_to_json(const struct iscsi_conn *conn)
{
	char host[ADDR_STRLEN];

	return json_pack("{s:i s:s s:o}", "cid", conn->cid, "address",
			 addr_format_host(&conn->peer, host), "chap", chap_to_json(conn));
}

static json_t *session_to_json(const struct iscsi_session *s)
{
	const struct iscsi_conn *conn;
	json_t *obj, *conns;

	obj = json_pack("{s:i s:s s:s? s:[]}", "sid", s->tsih, "initiator", s->initiator, "alias",
			s->alias, "connections");
	conns = json_object_get(obj, "connections");
	list_for_each(conn, &s->conns, link)
		if (!obj || json_array_append_new(conns, conn_to_json(conn))) {
			json_decref(obj);
			return NULL;
		}
	return obj;
}

static int no_memory(struct verb_call *call)
{
	return err_set(&call->err, ERR_NOMEM, "%s", "");
}

int session_verb_show(struct verb_call *call)
{
	struct iscsi_session *s = verb_session(call);
	json_t *params;

	if (!s)
		return -EINVAL;
	call->result = session_to_json(s);
	if (s->capture && call->result)
		json_object_set_new(call->result, "capture", capture_show(s));
	params = json_object();
	params_show(&s->params, params);
	params_show_agreed(&s->params, params);
	if (!call->result || json_object_set_new(call->result, "params", params))
		return no_memory(call);
	return 0;
}

static void put_conn_stats(struct strbuf *out, const struct iscsi_conn *conn)
{
	const struct iscsi_conn_stats *st = &conn->stats;

	strbuf_putc(out, '{');
	stats_put_num(out, "sid", conn->session->tsih);
	stats_put_num(out, "cid", conn->cid);
	stats_put_num(out, "rxdata_octets", st->rx_bytes);
	stats_put_num(out, "txdata_octets", st->tx_bytes);
	stats_put_num(out, "dataout_pdus", st->data_out_pdus);
	stats_put_num(out, "datain_pdus", st->data_in_pdus);
	stats_put_num(out, "cmd_pdus", st->cmd_pdus);
	stats_put_num(out, "rsp_pdus", st->rsp_pdus);
	stats_put_num(out, "in_flight", conn->n_tasks);
	stats_put_num(out, "tx_queued_bytes", conn->tx.queued_bytes);
	stats_put_num(out, "nop_rtt_us", conn->nop_rtt_ns / 1000); /* of the last ping; 0: none yet */
	stats_put_num(out, "nops_unanswered", conn->nops_unanswered);
	stats_put(out, &conn->path.io);
	strbuf_putc(out, '}');
}

int session_verb_stat(struct verb_call *call)
{
	struct iscsi_session *s = verb_session(call);
	struct strbuf *out = &call->text;
	const struct iscsi_conn *conn;
	struct io_stats sum;
	const char *sep = "";

	if (!s)
		return -EINVAL;
	strbuf_putc(out, '{');
	stats_put_num(out, "sid", s->tsih);
	if (verb_put(call, ",\"initiator\":", json_string(s->initiator)))
		return no_memory(call);
	sum = stats_of_nexus(s->nexus);
	stats_put_num(out, "in_flight", s->nexus->n_cmds);
	stats_put_num(out, "tmfs", s->nexus->tmfs);
	stats_put(out, &sum);
	stats_done(&sum);
	strbuf_puts(out, ",\"connections\":[");
	list_for_each(conn, &s->conns, link) {
		strbuf_puts(out, sep);
		put_conn_stats(out, conn);
		sep = ",";
	}
	strbuf_putc(out, ']');
	return stats_nexus_luns(call, s->nexus);
}

static int show_nexus(struct verb_walk *w, const struct nexus *n)
{
	return verb_put(w->call, w->rows++ ? "," : "", session_to_json(n->priv)) ? -ENOMEM : 1;
}

static bool show_end(struct verb_walk *w)
{
	strbuf_puts(&w->call->text, "]");
	return false;
}

/* There may be thousands. */
int connection_verb_show(struct verb_call *call)
{
	static const struct verb_walk_ops ops = { .nexus = show_nexus, .end = show_end };
	struct target *t = verb_target(call);

	if (!t)
		return -EINVAL;
	strbuf_puts(&call->text, "[");
	return verb_walk(call, &ops, t);
}

/* The predecessor's tgt-admin unbinds all, which ends the sessions here, and then deletes those. */
static bool was_cut(struct verb_call *call)
{
	uint64_t sid = verb_uint(call, "sid", 0);

	return sid <= UINT16_MAX && iscsi.cut[sid / 8] & 1 << sid % 8;
}

int connection_verb_delete(struct verb_call *call)
{
	struct iscsi_conn *conn = call_conn(call);

	if (!conn && was_cut(call)) {
		call->err = (struct err){ .code = ERR_OK };
		return 0;
	}
	if (!conn)
		return -EINVAL;
	conn->logged_out = true; /* nobody is to come back for its tasks */
	conn_close(conn, "closed by the administrator");
	return 0;
}

int connection_verb_stat(struct verb_call *call)
{
	const struct iscsi_conn *conn = call_conn(call);

	if (!conn)
		return -EINVAL;
	put_conn_stats(&call->text, conn);
	return strbuf_ok(&call->text) ? 0 : no_memory(call);
}
