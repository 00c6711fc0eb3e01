/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a login may not do any more once it was refused: no session, no command, nobody
 * else's session ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "t_loop.h"
#include "target/lu.h"

#define NAMES "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"

/* A login of one request whose answers would be longer than 8192 bytes (RFC 7143 13.12). */
static void send_login_of_600_keys(struct wire_conn *c)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned int i;

	strbuf_puts(&sb, NAMES);
	for (i = 0; i < 600; i++)
		strbuf_printf(&sb, "k%u=1\n", i);
	wire_login_request(c, 0x87, strbuf_str(&sb));
	strbuf_free(&sb);
}

static void a_login_whose_last_answer_is_too_long_is_refused(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c, old;

	wire_open(&old, w);
	wire_login(&old, "");
	wire_open(&c, w);
	send_login_of_600_keys(&c);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.login.status_class << 8 | pdu.login.status_detail, LOGIN_NO_RESOURCES);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
	/* It has not replaced the session of the same initiator port. */
	wire_clear_ua(&old);
	wire_close(&old);
}

static void nothing_runs_behind_a_refused_login(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	uint8_t ones[512], back[512];
	unsigned int others = 0;
	struct wire_conn c;

	memset(ones, 1, sizeof(ones));
	wire_open(&c, w);
	send_login_of_600_keys(&c);
	wire_write10(&c, 0, 1, ones, 512, true);
	while (wire_recv(&c, &pdu))
		others += (pdu.bhs[0] & ISCSI_OPCODE_MASK) != ISCSI_OP_LOGIN_RSP;
	wire_close(&c);
	wire_open(&c, w);
	wire_login(&c, "");
	wire_clear_ua(&c);
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), back, 512), 0);
	wire_close(&c);
	assert_int_equal(others, 0);
	assert_int_equal(back[0], 0);
}

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	(void)err;
	*(int *)arg = lu ? 1 : -1;
}

/* A read of LUN 2 takes ten seconds: so long does its session's end take. */
static void start_slow_read(struct wire *w, struct wire_conn *c)
{
	static const struct lu_conf conf = { .lun = 2, .path = "delay:read=10s:1M", .bstype = "mem" };
	struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = 0x80 | ISCSI_CMD_READ | 1,
				    .lun = { 0, 2 }, .cdb = { 0x28, [8] = 1 } };
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i;
	int made = 0;

	lu_new(w->target, &conf, lu_made, &made);
	assert_true(t_loop_until_set(w->core.loop, &made));
	assert_int_equal(made, 1);
	wire_open(c, w);
	wire_login(c, "");
	/* The first ones report Unit Attentions; the one that gets no answer is in the store. */
	for (i = 0; i < 8; i++) {
		be32_put(&h.itt, 100 + i);
		be32_put(&h.edtl, 512);
		be32_put(&h.cmd_sn, c->cmd_sn++);
		wire_send(c, &h, "", 0);
		if (!wire_recv(c, &pdu))
			break;
	}
	assert_true(i < 8);
	wire_pdu_free(&pdu);
}

static void a_login_refused_while_it_waits_gets_no_session(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn slow, c;
	struct iscsi_conn *conn;
	unsigned int i, refused = 0;
	int small = 4096;

	start_slow_read(w, &slow);
	wire_open(&c, w);
	/* Its answers stay queued, and it stays open, as nobody reads them. */
	conn = list_first(&iscsi.logins, struct iscsi_conn, link);
	assert_int_equal(setsockopt(conn->fd.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (i = 0; i < 100; i++)
		wire_login_request(&c, 0x44, "");
	wire_settle(w);
	assert_true(conn->tx.blocked);
	wire_login_request(&c, 0x87, NAMES);
	wire_settle(w);
	wire_login_request(&c, 0x87, ""); /* out of turn */
	wire_settle(w);
	assert_int_equal(iscsi.n_logins, 1);
	loop_clock_advance(w->core.loop, 11 * NSEC_PER_SEC);
	wire_settle(w);
	assert_int_equal(w->target->n_nexuses, 0);
	while (wire_recv(&c, &pdu))
		refused += pdu.login.status_class != 0;
	assert_int_equal(refused, 1);
	assert_true(c.closed);
	wire_close(&c);
	wire_close(&slow);
}

static void the_method_is_asked_for_once(void **state)
{
	struct wire_conn c;

	wire_open(&c, *state);
	assert_int_equal(wire_login_status(&c, 0x81, NAMES "AuthMethod=CHAP\nAuthMethod=None\n"),
			 LOGIN_INITIATOR_ERROR);
	wire_close(&c);
}

static void a_reason_that_is_none_changes_nothing(void **state)
{
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	const struct iscsi_target *it = iscsi_target_of(w->target);

	assert_int_equal(iscsi_transport.target_set(w->target, "RedirectReason", "Permanent", &err), 0);
	assert_true(it->redirect.permanent);
	assert_int_not_equal(iscsi_transport.target_set(w->target, "RedirectReason", "Whim", &err), 0);
	assert_true(it->redirect.permanent);
	assert_int_not_equal(err.code, ERR_OK);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_login_whose_last_answer_is_too_long_is_refused),
		TEST(nothing_runs_behind_a_refused_login),
		TEST(a_login_refused_while_it_waits_gets_no_session),
		TEST(the_method_is_asked_for_once),
		TEST(a_reason_that_is_none_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
