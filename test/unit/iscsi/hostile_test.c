/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a broken or hostile initiator may try in full feature phase: it costs that
 * initiator its connection at most, never the daemon's time, memory or data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
#include "scsi/scsi.h"
#include "t_alloc.h"
#include "t_loop.h"

static uint8_t data[65536];

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	wire_open(c, w);
	wire_login(c, keys);
	wire_clear_ua(c);
}

/* The target's end of the only session's only connection. */
static struct iscsi_conn *target_end(void)
{
	struct iscsi_session *s = list_first(&iscsi.sessions, struct iscsi_session, link);

	return list_first(&s->conns, struct iscsi_conn, link);
}

static void expect_op(struct wire_conn *c, struct wire_pdu *pdu, uint8_t op)
{
	assert_true(wire_recv(c, pdu));
	assert_int_equal(pdu->bhs[0], op);
}

static void send_nop(struct wire_conn *c, uint32_t itt, const void *p, uint32_t len)
{
	struct iscsi_nop_out h = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE,
				   .flags = ISCSI_FINAL };

	be32_put(&h.itt, itt);
	be32_put(&h.ttt, ISCSI_RESERVED_TAG);
	be32_put(&h.cmd_sn, c->cmd_sn);
	wire_send(c, &h, p, len);
}

static void send_tmf(struct wire_conn *c, uint8_t function, uint32_t itt, uint32_t ref_itt,
		     uint32_t cmd_sn, uint32_t ref_sn)
{
	struct iscsi_tmf_req h = { .opcode = ISCSI_OP_TMF_REQ | ISCSI_IMMEDIATE,
				   .flags = 0x80 | function };

	h.lun[1] = 1;
	be32_put(&h.itt, itt);
	be32_put(&h.ref_itt, ref_itt);
	be32_put(&h.ref_cmd_sn, ref_sn);
	be32_put(&h.cmd_sn, cmd_sn);
	wire_send(c, &h, NULL, 0);
}

/* --- framing ---------------------------------------------------------------------------------- */

static void what_follows_a_fatal_error_is_not_looked_at(void **state)
{
	struct iscsi_nop_out h = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE,
				   .flags = ISCSI_FINAL };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	start(&c, *state, "");
	be24_put(&h.data_len, 0xffffff);
	be32_put(&h.ttt, ISCSI_RESERVED_TAG);
	memcpy(data, &h, sizeof(h));
	memset(data + sizeof(h), 0, 4096);
	alarm(20); /* it must not go round in circles over what follows */
	wire_send_bytes(&c, data, 4096);
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	alarm(0);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

static void immediate_data_with_a_wrong_digest_is_never_written(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	uint8_t back[512];
	struct wire_conn c;

	memset(data, 0xaa, 512);
	start(&c, *state, "DataDigest=CRC32C\n");
	assert_int_equal(wire_status(&c, wire_write10(&c, 3, 1, data, 512, true), NULL, 0), 0);
	memset(data, 0xbb, 512);
	c.ddigest = false; /* zeroes instead of the digest */
	wire_write10(&c, 3, 1, data, 512, true);
	wire_send_bytes(&c, "\0\0\0\0", 4);
	c.ddigest = true;
	expect_op(&c, &pdu, ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, REJECT_DATA_DIGEST);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
	start(&c, *state, "");
	assert_int_equal(wire_status(&c, wire_read10(&c, 3, 1), back, sizeof(back)), 0);
	memset(data, 0xaa, 512);
	assert_memory_equal(back, data, 512);
	wire_close(&c);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* As much as the socket takes; false: not all of it, now or ever. */
static bool push(struct wire_conn *c, const uint8_t *p, size_t n)
{
	unsigned int stuck = 0;

	while (n && stuck < 4) {
		ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);

		wire_settle(c->w);
		stuck = sent > 0 ? 0 : stuck + 1;
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
	}
	return !n;
}

/* An answer costs memory too, however few of its bytes will be sent. */
static void answers_that_nobody_reads_are_bounded_by_what_they_cost(void **state)
{
	static uint8_t pdus[64][ISCSI_BHS_LEN];
	struct wire *w = *state;
	struct wire_conn c;
	unsigned int i;

	start(&c, w, "");
	for (i = 0; i < 64; i++) {
		struct iscsi_nop_out h = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE,
					   .flags = ISCSI_FINAL };

		be32_put(&h.itt, i);
		be32_put(&h.ttt, ISCSI_RESERVED_TAG);
		memcpy(pdus[i], &h, sizeof(h));
	}
	for (i = 0; i < 1000 && push(&c, pdus[0], sizeof(pdus)); i++)
		;
	assert_true(i < 1000);
	assert_true(target_end()->rx.paused);
	assert_true(iscsi.pdus.n_used < 16384);
	wire_close(&c);
	assert_int_equal(iscsi.pdus.n_used, 0);
}

static void a_ping_is_kept_only_as_far_as_it_will_be_sent_back(void **state)
{
	struct iscsi_conn *conn;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	memset(data, 'x', sizeof(data));
	start(&c, *state, "MaxRecvDataSegmentLength=512\n");
	conn = target_end();
	/* Stop in the middle: what was set aside for it can be seen. */
	c.chop = 0;
	{
		struct iscsi_nop_out h = { .opcode = ISCSI_OP_NOP_OUT | ISCSI_IMMEDIATE,
					   .flags = ISCSI_FINAL };

		be32_put(&h.itt, 7);
		be32_put(&h.ttt, ISCSI_RESERVED_TAG);
		be24_put(&h.data_len, sizeof(data));
		wire_send_bytes(&c, &h, sizeof(h));
	}
	wire_send_bytes(&c, data, 100);
	wire_settle(c.w);
	assert_non_null(conn->rx.ctrl);
	assert_int_equal(conn->rx.ctrl_iov.iov_len, 512);
	wire_send_bytes(&c, data, sizeof(data) - 100);
	expect_op(&c, &pdu, ISCSI_OP_NOP_IN);
	assert_int_equal(pdu.len, 512);
	assert_memory_equal(pdu.data, data, 512);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

/* Those that wait for a command in the store. */
static void task_management_requests_that_wait_are_bounded(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i, rejected = 0;
	struct wire_conn c;

	start(&c, w, "");
	/* A gap in the command numbers: what is immediate and concerns it waits. */
	for (i = 0; i < 1000; i++)
		send_tmf(&c, TMF_ABORT_TASK_SET, 0x10000 + i, 0, c.cmd_sn + 1, 0);
	while (wire_recv(&c, &pdu)) {
		assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
		assert_int_equal(pdu.reject.reason, REJECT_TOO_MANY_IMMEDIATE);
		rejected++;
	}
	assert_true(rejected > 800);
	assert_true(iscsi.tasks.n_used < 200);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void aborting_commands_that_never_came_is_bounded_by_the_window(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i, gone = 0, unknown = 0;
	struct wire_conn c;

	start(&c, *state, "");
	for (i = 1; i < 2000; i++) {
		send_tmf(&c, TMF_ABORT_TASK, 0x10000 + i, 0x20000 + i, c.cmd_sn + 100000,
			 c.cmd_sn + i);
		expect_op(&c, &pdu, ISCSI_OP_TMF_RSP);
		gone += pdu.tmf.response == TMF_RSP_COMPLETE;
		unknown += pdu.tmf.response == TMF_RSP_NO_TASK;
	}
	assert_int_equal(gone + unknown, 1999);
	assert_in_range(gone, 100, 127);
	assert_true(iscsi.tasks.n_used <= 128);
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void who_does_not_take_the_last_pdu_is_closed_all_the_same(void **state)
{
	struct iscsi_logout_req h = { .opcode = ISCSI_OP_LOGOUT_REQ | ISCSI_IMMEDIATE,
				      .flags = ISCSI_FINAL };
	struct wire *w = *state;
	struct wire_conn c;
	unsigned int i;

	start(&c, w, "");
	for (i = 0; i < 6; i++)
		wire_read10(&c, 0, 2048);
	wire_settle(w);
	assert_true(target_end()->tx.blocked);
	be32_put(&h.cmd_sn, c.cmd_sn);
	wire_send(&c, &h, NULL, 0);
	wire_settle(w);
	if (!target_end()->close_when_sent)
		fail_msg("the logout was not seen");
	loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
	wire_settle(w);
	assert_int_equal(iscsi.n_conns, 0);
	wire_close(&c);
}

/* --- allocations ------------------------------------------------------------------------------ */

/* What one connection sends, made beforehand: the helpers allocate too. */
struct script {
	struct wire *w;
	size_t len;
	uint8_t bytes[200000];
};

static void record(struct script *s, void (*talk)(struct wire_conn *c))
{
	int sv[2], size = 1 << 20;
	struct wire_conn c = { .w = s->w, .isid = { 0x80, 1 }, .itt = 1, .cmd_sn = 1 };
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(setsockopt(sv[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	c.fd = sv[1];
	talk(&c);
	s->len = 0;
	while ((n = recv(sv[0], s->bytes + s->len, sizeof(s->bytes) - s->len, MSG_DONTWAIT)) > 0)
		s->len += (size_t)n;
	close(sv[0]);
	close(sv[1]);
}

/* Commands of every kind that allocates, some of them before their turn. */
static void talk_of_everything(struct wire_conn *c)
{
	static const uint8_t tur[6] = { 0 }, bad[6] = { 0xff };
	uint32_t first;

	wire_login_request(c, 0x87, "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"
				    "InitialR2T=No\nFirstBurstLength=4096\nMaxBurstLength=4096\n");
	wire_cmd(c, tur, sizeof(tur), 0x81, 0, NULL, 0);
	wire_cmd(c, bad, sizeof(bad), 0x81, 0, NULL, 0);
	wire_write10(c, 0, 16, data, 1024, true); /* R2Ts that stay open */
	first = c->cmd_sn;
	c->cmd_sn = first + 1;
	wire_write10(c, 8, 4, data, 1024, false); /* early, and its unsolicited data */
	wire_data_out(c, c->itt - 1, ISCSI_RESERVED_TAG, 0, 1024, data, 1024, true);
	send_tmf(c, TMF_ABORT_TASK, 0x9001, 0x9999, first + 4, first + 3);
	c->cmd_sn = first;
	wire_read10(c, 0, 8);
	send_nop(c, 0x77, data, 5000);
	send_tmf(c, TMF_LUN_RESET, 0x9000, 0, first + 2, 0);
}

static void live(void *arg)
{
	const struct script *s = arg;
	struct addr addr = { .len = sizeof(addr.in4), .in4 = { .sin_family = AF_INET } };
	struct iscsi_conn *conn;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
	conn = conn_new(&tcp_link, sv[0], NULL, &addr, &addr);
	if (conn)
		login_start(conn);
	if (conn && !conn->closing) {
		assert_int_equal(send(sv[1], s->bytes, s->len, MSG_NOSIGNAL), s->len);
		t_loop_turns(s->w->core.loop, 30);
	}
	close(sv[1]);
	t_loop_turns(s->w->core.loop, 30);
	assert_int_equal(iscsi.n_conns, 0);
	assert_true(list_empty(&iscsi.sessions));
	assert_int_equal(iscsi.tasks.n_used, 0);
	assert_int_equal(iscsi.pdus.n_used, 0);
	assert_int_equal(s->w->core.bufs.used, 0);
}

static void any_allocation_may_fail(void **state)
{
	static struct script s;

	s = (struct script){ .w = *state };
	record(&s, talk_of_everything);
	assert_true(t_alloc_each(live, &s) > 10);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_follows_a_fatal_error_is_not_looked_at),
		TEST(immediate_data_with_a_wrong_digest_is_never_written),
		TEST(answers_that_nobody_reads_are_bounded_by_what_they_cost),
		TEST(a_ping_is_kept_only_as_far_as_it_will_be_sent_back),
		TEST(task_management_requests_that_wait_are_bounded),
		TEST(aborting_commands_that_never_came_is_bounded_by_the_window),
		TEST(who_does_not_take_the_last_pdu_is_closed_all_the_same),
		TEST(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
