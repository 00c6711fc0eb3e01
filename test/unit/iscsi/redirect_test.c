/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logins that are sent elsewhere, by a setting or by what a program says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/worker.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/redirect.h"
#include "iscsi_wire.h"
#include "t_alloc.h"
#include "t_loop.h"

#define NAMES "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"

static char program[] = "/tmp/redirect_test.XXXXXX"; /* each test writes its own */

static void set(struct wire *w, const char *name, const char *value)
{
	struct err err = { .code = ERR_OK };

	if (iscsi_transport.target_set(w->target, name, value, &err))
		fail_msg("%s", err.text);
}

static void refused(struct wire *w, const char *name, const char *value)
{
	struct err err = { .code = ERR_OK };

	assert_int_equal(iscsi_transport.target_set(w->target, name, value, &err), -EINVAL);
	assert_non_null(strstr(err.text, name));
}

static void write_program(struct wire *w, const char *script)
{
	FILE *f = fopen(program, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	assert_int_equal(chmod(program, 0700), 0);
	set(w, "RedirectCallback", program);
}

static bool answered(void *arg)
{
	struct wire_conn *c = arg;

	wire_settle(c->w);
	return !list_empty(&iscsi.sessions) || list_empty(&iscsi.logins);
}

/* A login; what the target answers is in @pdu, its status returned. */
static uint16_t log_in(struct wire_conn *c, struct wire *w, struct wire_pdu *pdu)
{
	wire_open(c, w);
	wire_login_request(c, 0x87, NAMES);
	assert_true(t_loop_until(w->core.loop, answered, c));
	assert_true(wire_recv(c, pdu));
	assert_int_equal(pdu->bhs[0], ISCSI_OP_LOGIN_RSP);
	return (uint16_t)(pdu->login.status_class << 8 | pdu->login.status_detail);
}

/* Where a login is sent: "status TargetAddress=...", "here", or the status. */
static const char *sent_to(struct wire *w)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	static char text[400];
	uint16_t status = log_in(&c, w, &pdu);

	if (status >> 8 == 1)
		snprintf(text, sizeof(text), "%04x %s", status, (char *)pdu.data);
	else
		snprintf(text, sizeof(text), status ? "%04x" : "here", status);
	wire_pdu_free(&pdu);
	wire_close(&c);
	return text;
}

static void an_address_is_told_as_the_standard_writes_it(void **state)
{
	struct wire *w = *state;

	set(w, "RedirectAddress", "192.0.2.9");
	assert_string_equal(sent_to(w), "0101 TargetAddress=192.0.2.9:3260");
	set(w, "RedirectPort", "3333");
	set(w, "RedirectReason", "Permanent");
	set(w, "RedirectAddress", "2001:db8::1");
	assert_string_equal(sent_to(w), "0102 TargetAddress=[2001:db8::1]:3333");
	set(w, "RedirectAddress", "[2001:db8::2]");
	assert_string_equal(sent_to(w), "0102 TargetAddress=[2001:db8::2]:3333");
	set(w, "RedirectAddress", "store.example");
	assert_string_equal(sent_to(w), "0102 TargetAddress=store.example:3333");
	set(w, "RedirectAddress", "");
	assert_string_equal(sent_to(w), "here");
}

static void who_is_where_he_is_sent_to_stays(void **state)
{
	struct wire *w = *state;

	set(w, "RedirectAddress", "192.0.2.1"); /* wire_open() */
	assert_string_equal(sent_to(w), "here");
	set(w, "RedirectPort", "3261");
	assert_string_equal(sent_to(w), "0101 TargetAddress=192.0.2.1:3261");
}

/* A connection more belongs where its session is. */
static void a_connection_that_joins_a_session_is_not_sent_away(void **state)
{
	struct wire *w = *state;
	struct wire_conn a, b;

	iscsi_target_of(w->target)->params.max_connections = 2;
	wire_open(&a, w);
	wire_login(&a, "MaxConnections=2\n");
	set(w, "RedirectAddress", "192.0.2.9");
	wire_open(&b, w);
	b.tsih = a.tsih;
	b.cid = 1;
	b.cmd_sn = a.cmd_sn;
	wire_login(&b, "");
	wire_close(&a);
	wire_close(&b);
}

static void what_can_not_be_meant_is_refused(void **state)
{
	struct wire *w = *state;
	char text[1100];

	refused(w, "RedirectAddress", "a b");
	refused(w, "RedirectAddress", "[]");
	refused(w, "RedirectAddress", "host\n");
	memset(text, 'a', sizeof(text));
	text[256] = '\0';
	refused(w, "RedirectAddress", text);
	refused(w, "RedirectPort", "0");
	refused(w, "RedirectPort", "65536");
	refused(w, "RedirectReason", "Whim");
	refused(w, "RedirectCallback", "program");
	memset(text, '/', sizeof(text));
	text[1024] = '\0';
	refused(w, "RedirectCallback", text);
	refused(w, "RedirectCallback", "/ 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17");
}

static const struct {
	const char *text, *host;
	uint16_t port;
	bool permanent;
} good[] = {
	{ "192.0.2.9:3260:Temporary", "192.0.2.9", 3260, false },
	{ "192.0.2.9:1:Permanent\n", "192.0.2.9", 1, true },
	{ "2001:db8::1:65535:permanent \r\n", "2001:db8::1", 65535, true },
	{ "[2001:db8::1]:3260:temporary", "2001:db8::1", 3260, false },
	{ "a.example:3260:Temporary", "a.example", 3260, false },
	{ "", "", ISCSI_PORT, false },
	{ " \n", "", ISCSI_PORT, false },
};

static void answers_are_read(void **state)
{
	struct redirect_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(redirect_parse(&a, good[i].text, strlen(good[i].text)));
		assert_string_equal(a.host, good[i].host);
		assert_int_equal(a.port, good[i].port);
		assert_int_equal(a.permanent, good[i].permanent);
	}
}

static void what_is_no_answer_is_none(void **state)
{
	static const char *const bad[] = {
		"192.0.2.9", "192.0.2.9:3260", ":3260:Temporary", "192.0.2.9::Temporary",
		"192.0.2.9:0:Temporary", "192.0.2.9:65536:Temporary", "192.0.2.9:3260:Soon",
		"192.0.2.9:3260:", "a b:3260:Temporary", "a\nb:3260:Temporary", "[]:3260:Temporary",
		"192.0.2.9:-1:Temporary", "192.0.2.9:3260:Temporary\nmore",
	};
	struct redirect_answer a;
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(redirect_parse(&a, bad[i], strlen(bad[i])));
	assert_false(redirect_parse(&a, "a\0b:1:Temporary", 15));
	memset(text, 'a', sizeof(text));
	memcpy(text + 1000, ":3260:Temporary", 15);
	assert_false(redirect_parse(&a, text, 1015));
	assert_false(redirect_parse(&a, text, sizeof(text)));
	memmove(text + 255, text + 1000, 15);
	assert_true(redirect_parse(&a, text, 270));
}

static void a_program_says_where_to(void **state)
{
	struct wire *w = *state;

	write_program(w, "echo 192.0.2.9:3333:Temporary");
	assert_string_equal(sent_to(w), "0101 TargetAddress=192.0.2.9:3333");
	write_program(w, "echo 2001:db8::1:3333:Permanent");
	assert_string_equal(sent_to(w), "0102 TargetAddress=[2001:db8::1]:3333");
	write_program(w, "echo 192.0.2.1:3260:Temporary"); /* where it is */
	assert_string_equal(sent_to(w), "here");
	write_program(w, "");
	assert_string_equal(sent_to(w), "here");
	set(w, "RedirectAddress", "192.0.2.10");
	assert_string_equal(sent_to(w), "here"); /* the program goes before */
	set(w, "RedirectCallback", "");
	assert_string_equal(sent_to(w), "0101 TargetAddress=192.0.2.10:3260");
}

static void a_program_learns_who_asks(void **state)
{
	struct wire *w = *state;
	char text[100];

	write_program(w, "[ \"$*\" = \"one two " WIRE_TARGET " 192.0.2.7\" ] || exit 1\n"
			 "[ \"$TGT_INITIATOR $TGT_TARGET\" = '" WIRE_INITIATOR " " WIRE_TARGET "' ] || exit 2\n"
			 "[ \"$TGT_INITIATOR_ADDRESS $TGT_PORTAL\" = '192.0.2.7 192.0.2.1:3260' ] || exit 3\n"
			 "echo it-is-right:1:Temporary");
	snprintf(text, sizeof(text), "%s  one two ", program);
	set(w, "RedirectCallback", text);
	assert_string_equal(sent_to(w), "0101 TargetAddress=it-is-right:1");
}

/* RFC 7143 11.13.5: 0301, service unavailable: the initiator comes again. */
static void who_gets_no_answer_may_come_again(void **state)
{
	struct wire *w = *state;

	write_program(w, "echo 192.0.2.9:3333:Temporary; exit 1");
	assert_string_equal(sent_to(w), "0301");
	write_program(w, "echo nonsense");
	assert_string_equal(sent_to(w), "0301");
	set(w, "RedirectCallback", "/nonexistent/program");
	assert_string_equal(sent_to(w), "0301");
	write_program(w, "echo 192.0.2.9:3333:Temporary");
	assert_string_equal(sent_to(w), "0101 TargetAddress=192.0.2.9:3333");
}

static bool is_gone(void *arg)
{
	(void)arg;
	return waitpid(-1, NULL, WNOHANG) < 0;
}

/* The program has started, and waits; so does the login. */
static void begin_to_wait(struct wire_conn *c, struct wire *w)
{
	struct wire_pdu pdu = { .data = NULL };

	write_program(w, "sleep 1000");
	wire_open(c, w);
	wire_login_request(c, 0x87, NAMES);
	wire_settle(w);
	while (workers_pending(w->core.workers))
		loop_turn(w->core.loop, NSEC_PER_MSEC);
	assert_false(wire_recv(c, &pdu));
	assert_false(c->closed);
}

static void others_are_served_while_a_program_runs(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b;

	wire_open(&a, w);
	wire_login(&a, "");
	begin_to_wait(&b, w);
	wire_clear_ua(&a);
	loop_clock_advance(w->core.loop, 5 * NSEC_PER_SEC);
	wire_settle(w);
	assert_true(wire_recv(&b, &pdu));
	assert_int_equal(pdu.login.status_class << 8 | pdu.login.status_detail, LOGIN_UNAVAILABLE);
	wire_pdu_free(&pdu);
	wire_close(&a);
	wire_close(&b);
}

static void whoever_does_not_wait_is_refused(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	begin_to_wait(&c, w);
	wire_login_request(&c, 0x87, "");
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.login.status_class << 8 | pdu.login.status_detail,
			 LOGIN_INVALID_REQUEST);
	wire_pdu_free(&pdu);
	wire_close(&c);
	assert_true(t_loop_until(w->core.loop, is_gone, NULL));
}

static void whoever_goes_leaves_no_program_behind(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;

	begin_to_wait(&c, w);
	wire_close(&c);
	assert_int_equal(iscsi.n_conns, 0);
	assert_true(t_loop_until(w->core.loop, is_gone, NULL));
}

static void a_target_may_go_or_change_while_its_program_runs(void **state)
{
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	int gone = 0;
	struct wire_conn c;

	begin_to_wait(&c, w);
	set(w, "RedirectCallback", "");
	loop_clock_advance(w->core.loop, 5 * NSEC_PER_SEC);
	wire_settle(w);
	wire_close(&c);
	begin_to_wait(&c, w);
	assert_int_equal(target_delete(w->target, true, NULL, NULL, &err), 0);
	while (!gone) {
		struct wire_pdu pdu = { .data = NULL };

		loop_turn(w->core.loop, NSEC_PER_MSEC);
		gone = !wire_recv(&c, &pdu) && c.closed;
	}
	wire_close(&c);
	assert_int_equal(target_new(&w->core, 1, WIRE_TARGET, "iscsi", &w->target, &err), 0);
}

static void memory_that_runs_out_refuses_a_login_and_nothing_else(void **state)
{
	struct wire *w = *state;
	unsigned long n;

	write_program(w, "echo 192.0.2.9:3333:Temporary");
	for (n = 1; n < 200; n++) {
		struct wire_conn c;

		wire_open(&c, w);
		wire_login_request(&c, 0x87, NAMES); /* not seen before a turn of the loop */
		t_alloc_fail_nth(n);
		assert_true(t_loop_until(w->core.loop, answered, &c));
		wire_close(&c);
		if (!t_alloc_failed())
			break;
	}
	t_alloc_fail_nth(0);
	assert_true(n > 4 && n < 200);
	assert_string_equal(sent_to(w), "0101 TargetAddress=192.0.2.9:3333");
}

static int make_program(void **state)
{
	int fd = mkstemp(program);

	(void)state;
	return fd < 0 || close(fd) ? -1 : 0;
}

static int remove_program(void **state)
{
	(void)state;
	return unlink(program);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_told_as_the_standard_writes_it),
		TEST(who_is_where_he_is_sent_to_stays),
		TEST(a_connection_that_joins_a_session_is_not_sent_away),
		TEST(what_can_not_be_meant_is_refused),
		TEST(answers_are_read),
		TEST(what_is_no_answer_is_none),
		TEST(a_program_says_where_to),
		TEST(a_program_learns_who_asks),
		TEST(who_gets_no_answer_may_come_again),
		TEST(others_are_served_while_a_program_runs),
		TEST(whoever_does_not_wait_is_refused),
		TEST(whoever_goes_leaves_no_program_behind),
		TEST(a_target_may_go_or_change_while_its_program_runs),
		TEST(memory_that_runs_out_refuses_a_login_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, make_program, remove_program);
}
