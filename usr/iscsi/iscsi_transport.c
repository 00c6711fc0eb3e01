/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSCSI as the target core sees it: struct transport, the driver's start and stop,
 * and what iSCSI keeps of each target.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/log.h"
#include "base/pool.h"
#include "iscsi/admit.h"
#include "iscsi/auth_limit.h"
#include "iscsi/command.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/iscsi_options.h"
#include "iscsi/iscsi_target.h"
#include "iscsi/iscsi_verbs.h"
#include "iscsi/isns.h"
#include "iscsi/leave.h"
#include "iscsi/pdu.h"
#include "iscsi/portal.h"
#include "iscsi/session.h"
#include "iscsi/task.h"
#include "iscsi/tcp.h"
#include "scsi/transportid.h"
#include "target/core.h"
#include "target/nexus.h"
#include "target/target.h"

#define STOP_GRACE_NS (3 * NSEC_PER_SEC) /* for peers to take what was queued; tgtd waits longer */
#define LOGOUT_WAIT_S 3 /* unless an option says something else */
#define POOL_KEEP 4096 /* tasks and PDUs that are kept for reuse */

struct iscsi iscsi;

static const struct iscsi_limits default_limits = {
	.logins = { .all = 512, .each = 256 },
	.login_timeout_s = 15,
	.max_login_text = 65536,
	.max_connections = 65536,
	.connection_rate = { .all = 2000, .each = 500 },
	.login_rate = { .all = 1000, .each = 250 },
};

/* --- start ------------------------------------------------------------------------------------ */

static void tell_algorithms(void)
{
	char text[64];

	chap_order_format(&iscsi.chap_order, text, sizeof(text));
	if (iscsi.chap_order.n < CHAP_ALGORITHMS)
		log_info("algorithms of CHAP that are used: %s", *text ? text : "none");
}

void iscsi_init(struct core *core)
{
	iscsi.core = core;
	list_init(&iscsi.portals);
	list_init(&iscsi.logins);
	list_init(&iscsi.sessions);
	accounts_init();
	account_set_init(&iscsi.discovery_accounts, NULL);
	auth_limit_init();
	isns_init();
	if (!iscsi.chap_order.n)
		chap_order_default(&iscsi.chap_order);
	pool_init(&iscsi.tasks, sizeof(struct iscsi_task), POOL_KEEP);
	pool_init(&iscsi.pdus, sizeof(struct iscsi_pdu), POOL_KEEP);
	if (!iscsi.limits.login_timeout_s)
		iscsi.limits = default_limits;
	iscsi.staging = malloc(TCP_STAGING);
	take_init(&iscsi.take);
	iscsi.stopping = false;
	iscsi.stopped = NULL;
}

static void done(void)
{
	child_cancel_all();
	isns_done();
	portal_del_all();
	accounts_done();
	auth_limit_done();
	peer_limit_done();
	pool_done(&iscsi.tasks);
	pool_done(&iscsi.pdus);
	hash_free(&iscsi.by_tsih);
	free(iscsi.staging);
	iscsi.staging = NULL;
}

static int start(struct core *core, const char *opts, struct err *err)
{
	int r;

	if (!iscsi.staging)
		iscsi_init(core);
	if (!iscsi.staging)
		return err_set(err, ERR_NOMEM, "%s", "");
	iscsi.logout_wait_s = LOGOUT_WAIT_S;
	r = iscsi_options(opts ? opts : "", err);
	if (r) {
		done();
		return r;
	}
	peer_limit_start();
	tell_algorithms();
	return 0;
}

/* --- stop ------------------------------------------------------------------------------------- */

static void stopped(struct loop_call *call)
{
	void (*fn)(void *arg) = iscsi.stopped;

	(void)call;
	loop_timer_cancel(&iscsi.stop_timer);
	done();
	iscsi.stopped = NULL;
	fn(iscsi.stopped_arg);
}

void iscsi_check_stopped(void)
{
	if (iscsi.stopping && iscsi.stopped && !iscsi.n_conns && list_empty(&iscsi.sessions) &&
	    !isns_is_busy())
		loop_call_queue(iscsi.core->loop, &iscsi.stop_call);
}

/* Whoever does not read must not keep the targets from closing their stores in order. */
static void stop_overdue(struct loop_timer *t)
{
	struct iscsi_session *s, *tmp;

	(void)t;
	list_for_each_safe(s, tmp, &iscsi.sessions, link)
		session_close(s, "tgtd stops, and the initiator does not read", NULL, NULL);
}

/* The initiators are asked to leave; who has not when it is time is dropped. */
static void stop(struct core *core, void (*fn)(void *arg), void *arg)
{
	struct iscsi_session *s, *next;
	struct iscsi_conn *conn, *tmp;

	iscsi.stopping = true;
	iscsi.stopped = fn;
	iscsi.stopped_arg = arg;
	loop_call_init(&iscsi.stop_call, LOOP_REAP, stopped);
	isns_stop();
	portal_del_all();
	list_for_each_safe(conn, tmp, &iscsi.logins, link)
		conn_close(conn, "tgtd stops");
	list_for_each_safe(s, next, &iscsi.sessions, link)
		leave_ask(s, "tgtd stops");
	loop_timer_set(core->loop, &iscsi.stop_timer,
		       iscsi.logout_wait_s * NSEC_PER_SEC + STOP_GRACE_NS, stop_overdue);
	iscsi_check_stopped();
}

/* --- sessions, for the target ----------------------------------------------------------------- */

static void access_changed(struct target *t)
{
	admit_again(t);
}

static void nexus_kill(struct nexus *n, const char *why)
{
	leave_ask(n->priv, why);
}

static void system_show(json_t *obj)
{
	json_object_set_new(obj, "accounts", account_set_show(&iscsi.discovery_accounts));
	json_object_set_new(obj, "isns", isns_show());
	json_object_set_new(obj, "default_portal", json_boolean(iscsi.default_portal));
}

static void nexus_show(const struct nexus *n, json_t *obj)
{
	const struct iscsi_session *s = n->priv;
	const struct iscsi_conn *conn;
	json_t *conns = json_array();

	list_for_each(conn, &s->conns, link)
		json_array_append_new(conns, conn_to_json(conn));
	json_object_set_new(obj, "alias", s->alias ? json_string(s->alias) : json_null());
	json_object_set_new(obj, "connections", conns);
}

static void nexus_conns(const struct nexus *n, void (*each)(void *arg, const struct nexus_conn *c),
			void *arg)
{
	const struct iscsi_session *s = n->priv;
	const struct iscsi_conn *conn;
	char host[ADDR_STRLEN];

	list_for_each(conn, &s->conns, link) {
		struct nexus_conn c = {
			.id = conn->cid,
			.address = addr_format_host(&conn->peer, host),
			.rx_bytes = conn->stats.rx_bytes,
			.tx_bytes = conn->stats.tx_bytes,
			.cmd_pdus = conn->stats.cmd_pdus,
			.rsp_pdus = conn->stats.rsp_pdus,
			.data_out_pdus = conn->stats.data_out_pdus,
			.data_in_pdus = conn->stats.data_in_pdus,
			.in_flight = conn->n_tasks,
			.queued_bytes = conn->tx.queued_bytes,
			.rtt_ns = conn->nop_rtt_ns,
			.io = &conn->path.io,
		};
		each(arg, &c);
	}
}

static unsigned int transport_id(const struct nexus *n, uint8_t *out, unsigned int max)
{
	struct transportid id;

	transportid_iscsi(&id, n->initiator, n->isid);
	if (id.len > max)
		return 0;
	memcpy(out, id.bytes, id.len);
	return id.len;
}

/* SPC-4 7.7.3.8 and RFC 7143 3.4.6: the SCSI name string of the target port. */
static unsigned int port_name(const struct target *t, uint16_t port, char *out, unsigned int max)
{
	int len = snprintf(out, max, "%s,t,0x%04x", t->name, port);

	return len < 0 ? 0 : min_u32((uint32_t)len, max ? max - 1 : 0);
}

static bool has_peer(const struct iscsi_session *s, const char *host)
{
	const struct iscsi_conn *conn;
	char other[ADDR_STRLEN];

	list_for_each(conn, &s->conns, link)
		if (!strcmp(addr_format_host(&conn->peer, other), host))
			return true;
	return false;
}

/* A name alone anybody can say; an address, and a login from it, is more. */
static bool same_host(const struct nexus *a, const struct nexus *b)
{
	const struct iscsi_session *s = a->priv, *other = b->priv;
	const struct iscsi_conn *conn;
	char host[ADDR_STRLEN];

	list_for_each(conn, &s->conns, link)
		if (has_peer(other, addr_format_host(&conn->peer, host)))
			return true;
	return false;
}

struct transport iscsi_transport = {
	.name = "iscsi",
	.protocol_id = 5,
	.start = start,
	.stop = stop,
	.target_added = iscsi_target_added,
	.target_removed = iscsi_target_removed,
	.target_set = iscsi_target_set,
	.target_show = iscsi_target_show,
	.system_show = system_show,
	.system_set = isns_set,
	.nexus_show = nexus_show,
	.nexus_conns = nexus_conns,
	.access_changed = access_changed,
	.alloc_data = iscsi_alloc_data,
	.free_data = iscsi_free_data,
	.data_out = iscsi_data_out,
	.respond = iscsi_respond,
	.aborted = iscsi_aborted,
	.tmf_respond = iscsi_tmf_respond,
	.nexus_kill = nexus_kill,
	.transport_id = transport_id,
	.ports = admit_ports,
	.same_host = same_host,
	.port_name = port_name,
};
