/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logins and sessions when the ground moves: targets that go, rights that change, logins
 * that overtake one another, memory that is short.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/login.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "t_alloc.h"
#include "t_loop.h"

#define WHO "InitiatorName=" WIRE_INITIATOR "\n"
#define NAMES WHO "TargetName=" WIRE_TARGET "\n"
#define OTHER "iqn.2026-11.org.example:other"

static struct target *other_target(struct wire *w)
{
	struct err err = { .code = ERR_OK };
	struct target *t;

	assert_int_equal(target_new(&w->core, 2, OTHER, "iscsi", &t, &err), 0);
	assert_int_equal(access_add_addr(&t->access, "ALL", &err), 0);
	return t;
}

static void a_target_may_go_in_the_middle_of_a_login(void **state)
{
	struct wire *w = *state;
	struct target *t = other_target(w);
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x81, WHO "TargetName=" OTHER "\nAuthMethod=None\n"), 0);
	assert_int_equal(target_delete(t, true, NULL, NULL, NULL), 0);
	wire_settle(w);
	wire_login_request(&c, 0x87, "");
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	assert_int_equal(iscsi.n_logins, 0);
	wire_close(&c);
}

static void rights_are_looked_at_again_at_the_end_of_a_login(void **state)
{
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	struct wire_conn c;

	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x81, NAMES "AuthMethod=None\n"), 0);
	assert_int_equal(access_del_addr(&w->target->access, "ALL", &err), 0);
	assert_int_equal(wire_login_status(&c, 0x87, ""), LOGIN_FORBIDDEN);
	wire_close(&c);
	assert_true(list_empty(&w->target->nexuses));
}

static void a_target_that_went_offline_takes_no_session(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;

	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x81, NAMES "AuthMethod=None\n"), 0);
	target_set_offline(w->target, true);
	assert_int_equal(wire_login_status(&c, 0x87, ""), LOGIN_UNAVAILABLE);
	wire_close(&c);
	assert_true(list_empty(&iscsi.sessions));
}

static void a_target_of_another_driver_is_not_there(void **state)
{
	struct wire *w = *state;
	static struct transport ring = { .name = "ring" };
	struct transport *mine = w->target->transport;
	struct wire_conn c;

	w->target->transport = &ring;
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), LOGIN_NOT_FOUND);
	wire_close(&c);
	w->target->transport = mine;
}

/* RFC 7143 6.3.1: the TSIH of a session counts together with its ISID and its names. */
static void a_tsih_is_good_for_its_own_initiator_port_only(void **state)
{
	struct wire_conn a, b;

	wire_open(&a, *state);
	wire_login(&a, "");
	wire_open(&b, *state);
	b.tsih = a.tsih;
	b.isid[5] = 7;
	assert_int_equal(wire_login_status(&b, 0x87, NAMES), LOGIN_NO_SESSION);
	wire_close(&b);
	wire_open(&b, *state);
	b.tsih = a.tsih;
	assert_int_equal(wire_login_status(&b, 0x87, "InitiatorName=iqn.else\nTargetName=" WIRE_TARGET
						     "\n"), LOGIN_NO_SESSION);
	wire_close(&b);
	wire_clear_ua(&a);
	wire_close(&a);
}

/* RFC 7143 6.3.4: the same ISID, TSIH and CID. */
static void a_connection_replaces_itself_within_its_session(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b;

	wire_open(&a, *state);
	wire_login(&a, "");
	wire_open(&b, *state);
	b.tsih = a.tsih;
	assert_int_equal(wire_login_status(&b, 0x87, NAMES), 0);
	assert_int_equal(b.tsih, a.tsih);
	assert_false(wire_recv(&a, &pdu));
	assert_true(a.closed);
	wire_clear_ua(&b);
	wire_close(&a);
	wire_clear_ua(&b);
	wire_close(&b);
}

static void many_logins_of_one_port_leave_the_last(void **state)
{
	struct wire *w = *state;
	struct wire_conn c[8];
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c); i++)
		wire_open(&c[i], w);
	for (i = 0; i < ARRAY_SIZE(c); i++)
		wire_login_request(&c[i], 0x87, NAMES);
	for (i = 0; i + 1 < ARRAY_SIZE(c); i++) {
		while (wire_recv(&c[i], &pdu))
			;
		assert_true(c[i].closed);
	}
	assert_true(wire_recv(&c[i], &pdu));
	assert_int_equal(pdu.login.status_class, 0);
	assert_int_equal(w->target->n_nexuses, 1);
	wire_clear_ua(&c[i]);
	for (i = 0; i < ARRAY_SIZE(c); i++)
		wire_close(&c[i]);
	wire_pdu_free(&pdu);
}

static void set_flag(void *arg)
{
	*(int *)arg = 1;
}

static void a_stop_does_not_wait_for_ever_for_who_does_not_read(void **state)
{
	struct wire *w = *state;
	struct wire_conn reader, deaf;
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i;
	int done = 0;

	wire_open(&reader, w);
	wire_login(&reader, "");
	wire_open(&deaf, w);
	deaf.isid[5] = 2;
	wire_login(&deaf, "");
	wire_clear_ua(&deaf);
	for (i = 0; i < 32; i++)
		wire_read10(&deaf, 0, 2048);
	wire_settle(w);
	iscsi_transport.stop(&w->core, set_flag, &done);
	/* Who reads is told, and gone at once. */
	assert_true(wire_recv(&reader, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_ASYNC);
	assert_int_equal(pdu.async.event, ISCSI_ASYNC_DROP_SESSION);
	assert_false(wire_recv(&reader, &pdu));
	assert_true(reader.closed);
	wire_settle(w);
	assert_int_equal(done, 0);
	loop_clock_advance(w->core.loop, 4 * NSEC_PER_SEC);
	assert_true(t_loop_until_set(w->core.loop, &done));
	assert_int_equal(iscsi.n_conns, 0);
	iscsi_init(&w->core); /* the teardown stops it again */
	wire_pdu_free(&pdu);
	wire_close(&reader);
	wire_close(&deaf);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* What an initiator sends in its life, made beforehand: the helpers allocate too. */
struct script {
	struct wire *w;
	size_t len;
	uint8_t bytes[4096];
};

static void record(struct script *s, void (*talk)(struct wire_conn *c))
{
	int sv[2];
	struct wire_conn c = { .w = s->w, .isid = { 0x80, 1 }, .itt = 1, .cmd_sn = 1 };
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	c.fd = sv[1];
	talk(&c);
	n = read(sv[0], s->bytes, sizeof(s->bytes));
	assert_true(n > 0);
	s->len = (size_t)n;
	close(sv[0]);
	close(sv[1]);
}

static void live(void *arg)
{
	const struct script *s = arg;
	struct addr addr = { .len = sizeof(addr.in4), .in4 = { .sin_family = AF_INET } };
	struct iscsi_conn *conn;
	ssize_t n;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
	conn = conn_new(&tcp_link, sv[0], NULL, &addr, &addr);
	if (conn) {
		login_start(conn);
		/* Without memory for its time limit it is closed already. */
		n = send(sv[1], s->bytes, s->len, MSG_NOSIGNAL);
		assert_true(n == (ssize_t)s->len || (n < 0 && errno == EPIPE));
		wire_settle(s->w);
	}
	close(sv[1]);
	wire_settle(s->w);
	assert_int_equal(iscsi.n_conns, 0);
	assert_int_equal(iscsi.n_logins, 0);
	assert_true(list_empty(&iscsi.logins));
	assert_true(list_empty(&iscsi.sessions));
	assert_true(list_empty(&s->w->target->nexuses));
}

static void log_in_and_use(struct wire_conn *c)
{
	static const uint8_t tur[6] = { 0 };
	static const char data[512];

	wire_login_request(c, 0x44, WHO "InitiatorAlias=somebody\nTargetNa");
	wire_login_request(c, 0x04, "me=" WIRE_TARGET "\nMaxBurstLength=65536\n");
	wire_login_request(c, 0x87, "FirstBurstLength=65536\n");
	wire_cmd(c, tur, sizeof(tur), 0x81, 0, NULL, 0);
	wire_write10(c, 0, 1, data, sizeof(data), true);
	wire_read10(c, 0, 8);
}

static void discover(struct wire_conn *c)
{
	struct iscsi_text_req h = { .opcode = ISCSI_OP_TEXT_REQ, .flags = ISCSI_FINAL };

	wire_login_request(c, 0x87, WHO "SessionType=Discovery\n");
	be32_put(&h.itt, 0x55);
	be32_put(&h.ttt, ISCSI_RESERVED_TAG);
	be32_put(&h.cmd_sn, c->cmd_sn);
	wire_send(c, &h, "SendTargets=All", 16);
}

static void any_allocation_of_a_session_may_fail(void **state)
{
	struct wire *w = *state;
	struct script s = { .w = w };
	struct wire_conn c;

	record(&s, log_in_and_use);
	assert_true(t_alloc_each(live, &s) > 5);
	record(&s, discover);
	assert_true(t_alloc_each(live, &s) > 5);
	wire_open(&c, w);
	wire_login(&c, "");
	wire_clear_ua(&c);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_target_may_go_in_the_middle_of_a_login),
		TEST(rights_are_looked_at_again_at_the_end_of_a_login),
		TEST(a_target_that_went_offline_takes_no_session),
		TEST(a_target_of_another_driver_is_not_there),
		TEST(a_tsih_is_good_for_its_own_initiator_port_only),
		TEST(a_connection_replaces_itself_within_its_session),
		TEST(many_logins_of_one_port_leave_the_last),
		TEST(a_stop_does_not_wait_for_ever_for_who_does_not_read),
		TEST(any_allocation_of_a_session_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
