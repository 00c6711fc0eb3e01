/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that are asked to leave: who goes in time is not disturbed, who does not is dropped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "t_loop.h"
#include "target/target.h"

#define WAIT_S 5

static int setup(void **state)
{
	int r = wire_setup(state);

	iscsi.logout_wait_s = WAIT_S;
	return r;
}

static int teardown(void **state)
{
	iscsi.logout_wait_s = 0;
	return wire_teardown(state);
}

static void expect_event(struct wire_conn *c, enum iscsi_async_event event, uint16_t p3)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_ASYNC);
	assert_int_equal(pdu.async.event, event);
	assert_int_equal(be16_get(pdu.async.param3), p3);
	c->exp_stat_sn = be32_get(pdu.async.stat_sn) + 1;
	wire_pdu_free(&pdu);
}

static void log_out(struct wire_conn *c)
{
	struct iscsi_logout_req h = { .opcode = ISCSI_OP_LOGOUT_REQ | ISCSI_IMMEDIATE,
				      .flags = 0x80 | LOGOUT_SESSION };
	struct wire_pdu pdu = { .data = NULL };

	be32_put(&h.itt, c->itt++);
	be32_put(&h.cmd_sn, c->cmd_sn);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_send(c, &h, NULL, 0);
	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_LOGOUT_RSP);
	assert_int_equal(pdu.logout.response, LOGOUT_OK);
	wire_pdu_free(&pdu);
	wire_settle(c->w);
}

static bool closed(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	return !wire_recv(c, &pdu) && c->closed;
}

static void pass(struct wire *w, unsigned int seconds)
{
	loop_clock_advance(w->core.loop, seconds * NSEC_PER_SEC);
	wire_settle(w);
}

static void commands_go_on_until_the_initiator_logs_out(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;

	wire_open(&c, w);
	wire_login(&c, "");
	wire_clear_ua(&c);
	target_set_offline(w->target, true);
	wire_settle(w);
	expect_event(&c, ISCSI_ASYNC_LOGOUT, WAIT_S);
	assert_int_equal(wire_status(&c, wire_read10(&c, 0, 1), NULL, 0), 0);
	pass(w, WAIT_S - 1);
	log_out(&c);
	assert_true(closed(&c));
	assert_true(list_empty(&iscsi.sessions));
	wire_close(&c);
}

static void who_does_not_go_in_time_is_told_and_dropped(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;

	wire_open(&c, w);
	wire_login(&c, "");
	target_set_offline(w->target, true);
	wire_settle(w);
	expect_event(&c, ISCSI_ASYNC_LOGOUT, WAIT_S);
	/* Asked once, however often there is a reason. */
	target_set_offline(w->target, true);
	pass(w, WAIT_S - 1);
	assert_false(list_empty(&iscsi.sessions));
	pass(w, 1);
	expect_event(&c, ISCSI_ASYNC_DROP_SESSION, 0);
	assert_true(closed(&c));
	assert_true(list_empty(&iscsi.sessions));
	wire_close(&c);
}

/* RFC 7143 11.9.1: the message goes out on the connection that is meant. */
static void every_connection_of_a_session_is_asked(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	iscsi_target_of(w->target)->params.max_connections = 2;
	wire_open(&a, w);
	wire_login(&a, "MaxConnections=2\n");
	wire_open(&b, w);
	b.tsih = a.tsih;
	b.cid = 1;
	b.cmd_sn = a.cmd_sn;
	wire_login(&b, "");
	target_set_offline(w->target, true);
	wire_settle(w);
	expect_event(&a, ISCSI_ASYNC_LOGOUT, WAIT_S);
	expect_event(&b, ISCSI_ASYNC_LOGOUT, WAIT_S);
	log_out(&b);
	assert_true(closed(&a));
	assert_true(list_empty(&iscsi.sessions));
	wire_close(&a);
	wire_close(&b);
}

static void set(void *arg)
{
	*(int *)arg = 1;
}

static void a_deleted_target_waits_for_who_leaves(void **state)
{
	struct wire *w = *state;
	int deleted = 0;
	struct err err = { .code = ERR_OK };
	struct target *t;
	struct wire_conn c;

	wire_open(&c, w);
	wire_login(&c, "");
	assert_int_equal(target_delete(w->target, true, set, &deleted, &err), 0);
	wire_settle(w);
	expect_event(&c, ISCSI_ASYNC_LOGOUT, WAIT_S);
	assert_false(deleted);
	log_out(&c);
	assert_true(t_loop_until_set(w->core.loop, &deleted));
	wire_close(&c);
	assert_int_equal(target_new(&w->core, 1, WIRE_TARGET, "iscsi", &t, &err), 0);
	w->target = t;
}

static void a_stop_waits_for_who_leaves_and_not_for_others(void **state)
{
	struct wire *w = *state;
	struct wire_conn polite, deaf, looking;
	char text[512];
	int stopped = 0;

	wire_open(&polite, w);
	wire_login(&polite, "");
	wire_open(&deaf, w);
	deaf.isid[5] = 9;
	wire_login(&deaf, "");
	wire_open(&looking, w);
	assert_int_equal(wire_discover(&looking, text, sizeof(text)), 0);
	iscsi_transport.stop(&w->core, set, &stopped);
	wire_settle(w);
	expect_event(&looking, ISCSI_ASYNC_DROP_SESSION, 0);
	assert_true(closed(&looking));
	expect_event(&polite, ISCSI_ASYNC_LOGOUT, WAIT_S);
	log_out(&polite);
	assert_false(stopped);
	pass(w, WAIT_S);
	assert_true(stopped);
	wire_close(&polite);
	wire_close(&deaf);
	wire_close(&looking);
	iscsi_init(&w->core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commands_go_on_until_the_initiator_logs_out, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_does_not_go_in_time_is_told_and_dropped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_connection_of_a_session_is_asked, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_deleted_target_waits_for_who_leaves, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_stop_waits_for_who_leaves_and_not_for_others,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
