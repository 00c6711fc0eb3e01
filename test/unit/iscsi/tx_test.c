/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending: into a socket that takes a few bytes at a time nothing is lost or doubled;
 * a turn's answers leave with one call; a peer that is slow but takes what it gets lives.
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
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "t_loop.h"

static uint8_t data[128 * 1024], back[128 * 1024];

static struct iscsi_conn *target_end(void)
{
	struct iscsi_session *s = list_first(&iscsi.sessions, struct iscsi_session, link);

	return list_first(&s->conns, struct iscsi_conn, link);
}

static void start(struct wire_conn *c, struct wire *w, const char *keys)
{
	size_t i;

	wire_open(c, w);
	wire_login(c, keys);
	wire_clear_ua(c);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 ^ i >> 9);
}

static void narrow(int size)
{
	int fd = target_end()->fd.fd;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

static void write_half(struct wire_conn *c, unsigned int half)
{
	uint32_t itt = wire_write10(c, half * 128, 128, data + half * 65536u, 65536, true);

	assert_int_equal(wire_status(c, itt, NULL, 0), 0);
}

/* Digests show every byte; odd segment lengths need padding. */
static void a_narrow_socket_changes_nothing(void **state)
{
	static const char *const keys[] = {
		"HeaderDigest=CRC32C\nDataDigest=CRC32C\nMaxRecvDataSegmentLength=1021\n",
		"HeaderDigest=CRC32C\nDataDigest=CRC32C\nMaxRecvDataSegmentLength=65536\n",
		"MaxRecvDataSegmentLength=513\n",
	};
	size_t i;
	int size;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		for (size = 1; size < 20000; size = size * 3 + 1) {
			struct wire_conn c;
			uint32_t a, b;

			start(&c, *state, keys[i]);
			write_half(&c, 0);
			write_half(&c, 1);
			narrow(size);
			a = wire_read10(&c, 0, 256);
			b = wire_read10(&c, 0, 256);
			assert_int_equal(wire_status(&c, a, back, sizeof(back)), 0);
			assert_memory_equal(back, data, sizeof(back));
			memset(back, 0, sizeof(back));
			assert_int_equal(wire_status(&c, b, back, sizeof(back)), 0);
			assert_memory_equal(back, data, sizeof(back));
			wire_close(&c);
		}
	}
}

static void the_answers_of_a_turn_leave_together(void **state)
{
	struct iscsi_conn *conn;
	struct wire_conn c;
	unsigned int i;

	start(&c, *state, "");
	conn = target_end();
	for (i = 0; i < 8; i++)
		wire_read10(&c, 0, 8);
	/* All of them come with one readv and are answered in the same turn. */
	assert_int_equal(loop_turn(c.w->core.loop, 0), 0);
	assert_int_equal(conn->tx.queued_bytes, 0);
	assert_int_equal(conn->tx.queued_pdus, 0);
	assert_false(conn->tx.blocked);
	assert_int_equal(conn->n_tasks, 0);
	wire_close(&c);
}

/* What is waited for follows what is needed: no turn is spent on a socket that could take more. */
static void a_socket_is_waited_for_only_while_it_is_full(void **state)
{
	struct iscsi_conn *conn;
	struct wire_conn c;
	unsigned int i;
	uint32_t itt;

	start(&c, *state, "");
	conn = target_end();
	for (i = 0; i < 3; i++) {
		narrow(4096);
		itt = wire_read10(&c, 0, 256);
		wire_settle(c.w);
		assert_true(conn->tx.blocked);
		assert_int_equal(conn->fd.events, EPOLLIN | EPOLLOUT);
		assert_int_equal(wire_status(&c, itt, back, sizeof(back)), 0);
		wire_settle(c.w);
		assert_false(conn->tx.blocked);
		assert_int_equal(conn->fd.events, EPOLLIN);
	}
	wire_close(&c);
}

/* It cannot answer a NOP-In that stands behind megabytes, but it takes them. */
static void a_slow_reader_is_not_taken_for_dead(void **state)
{
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	struct wire_conn c;
	unsigned int i;
	char few[3000];

	assert_int_equal(iscsi_transport.target_set(w->target, "nop_interval", "5", &err), 0);
	assert_int_equal(iscsi_transport.target_set(w->target, "nop_count", "2", &err), 0);
	loop_clock_advance(w->core.loop, 1);
	start(&c, w, "");
	narrow(4096);
	for (i = 0; i < 8; i++)
		wire_read10(&c, 0, 256);
	for (i = 0; i < 30; i++) {
		loop_clock_advance(w->core.loop, 4 * NSEC_PER_SEC);
		wire_settle(w);
		while (recv(c.fd, few, sizeof(few), MSG_DONTWAIT) > 0)
			;
		wire_settle(w);
	}
	assert_int_equal(iscsi.n_conns, 1);
	assert_false(target_end()->tx.queued_bytes == 0);
	/* Now it takes nothing more. */
	for (i = 0; i < 5; i++) {
		loop_clock_advance(w->core.loop, 6 * NSEC_PER_SEC);
		wire_settle(w);
	}
	assert_int_equal(iscsi.n_conns, 0);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_narrow_socket_changes_nothing),
		TEST(the_answers_of_a_turn_leave_together),
		TEST(a_socket_is_waited_for_only_while_it_is_full),
		TEST(a_slow_reader_is_not_taken_for_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
