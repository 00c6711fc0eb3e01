/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text requests: SendTargets in its forms, requests and answers in pieces, and what a
 * hostile initiator may try with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/portal.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "t_loop.h"

#define WHO "InitiatorName=" WIRE_INITIATOR "\n"
#define MORE ISCSI_TEXT_CONTINUE

/* Text with newlines for NULs. */
static void ask(struct wire_conn *c, uint32_t itt, uint32_t ttt, uint8_t flags, const char *text)
{
	struct iscsi_text_req h = { .opcode = ISCSI_OP_TEXT_REQ | ISCSI_IMMEDIATE, .flags = flags };
	char *copy = strdup(text), *p;
	size_t len = strlen(text);

	assert_non_null(copy);
	for (p = copy; (p = strchr(p, '\n')); p++)
		*p = '\0';
	be32_put(&h.itt, itt);
	be32_put(&h.ttt, ttt);
	be32_put(&h.cmd_sn, c->cmd_sn);
	wire_send(c, &h, copy, (uint32_t)len);
	free(copy);
}

static void ask_new(struct wire_conn *c, uint8_t flags, const char *text)
{
	ask(c, 0x55, ISCSI_RESERVED_TAG, flags, text);
}

/* The next PDU is a Text Response with these flags; its text with blanks for NULs. */
static uint32_t answer(struct wire_conn *c, uint8_t flags, char *text, size_t size)
{
	struct wire_pdu pdu = { .data = NULL };
	uint32_t ttt, i;

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_TEXT_RSP);
	assert_int_equal(pdu.bhs[1], flags);
	assert_true(pdu.len < size);
	for (i = 0; i < pdu.len; i++)
		text[i] = (char)(pdu.data[i] ? pdu.data[i] : ' ');
	text[i] = '\0';
	ttt = be32_get(pdu.text.ttt);
	wire_pdu_free(&pdu);
	return ttt;
}

static void expect(struct wire_conn *c, const char *request, const char *want)
{
	char got[4096];

	ask_new(c, ISCSI_FINAL, request);
	assert_int_equal(answer(c, ISCSI_FINAL, got, sizeof(got)), ISCSI_RESERVED_TAG);
	if (strcmp(got, want))
		fail_msg("%swas answered '%s', not '%s'", request, got, want);
}

static void expect_reject(struct wire_conn *c, uint8_t reason)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_REJECT);
	assert_int_equal(pdu.reject.reason, reason);
	wire_pdu_free(&pdu);
}

static void discover(struct wire_conn *c, struct wire *w, const char *keys)
{
	char text[400];

	snprintf(text, sizeof(text), WHO "SessionType=Discovery\n%s", keys);
	wire_open(c, w);
	assert_int_equal(wire_login_status(c, 0x87, text), 0);
}

static struct target *another(struct wire *w, uint32_t tid, const char *name, const char *acl)
{
	struct err err = { .code = ERR_OK };
	struct target *t;

	assert_int_equal(target_new(&w->core, tid, name, "iscsi", &t, &err), 0);
	assert_int_equal(access_add_name(&t->access, acl, &err), 0);
	return t;
}

static void each_form_of_sendtargets_tells_what_it_should(void **state)
{
	struct wire *w = *state;
	struct target *mine = another(w, 2, "iqn.x:mine", WIRE_INITIATOR);
	struct target *theirs = another(w, 3, "iqn.x:theirs", "iqn.somebody.else");
	struct wire_conn c;

	discover(&c, w, "");
	expect(&c, "SendTargets=All\n", "TargetName=" WIRE_TARGET " TargetName=iqn.x:mine ");
	expect(&c, "SendTargets=iqn.x:mine\n", "TargetName=iqn.x:mine ");
	expect(&c, "SendTargets=IQN.X:MINE\n", "TargetName=iqn.x:mine ");
	expect(&c, "SendTargets=iqn.x:theirs\n", "");
	expect(&c, "SendTargets=iqn.x:nobody\n", "");
	expect(&c, "SendTargets=\n", "SendTargets=Reject ");
	target_set_offline(mine, true);
	expect(&c, "SendTargets=All\n", "TargetName=" WIRE_TARGET " ");
	wire_close(&c);
	assert_int_equal(target_delete(mine, true, NULL, NULL, NULL), 0);
	assert_int_equal(target_delete(theirs, true, NULL, NULL, NULL), 0);
	wire_settle(w);
}

static void other_keys_are_answered_as_the_phase_allows(void **state)
{
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "");
	expect(&c, "MaxBurstLength=512\n", "MaxBurstLength=Reject ");
	expect(&c, "X-com.example=1\n", "X-com.example=NotUnderstood ");
	expect(&c, "MaxRecvDataSegmentLength=1024\n", "");
	expect(&c, "", "");
	wire_clear_ua(&c);
	wire_close(&c);
}

static void a_request_may_be_cut_at_any_byte(void **state)
{
	static const char text[] = "SendTargets=All\nX-a.b=1\n";
	char got[400], head[sizeof(text)];
	struct wire_conn c;
	size_t cut;

	discover(&c, *state, "");
	for (cut = 1; cut < sizeof(text) - 1; cut++) {
		uint32_t ttt;

		memcpy(head, text, cut);
		head[cut] = '\0';
		ask_new(&c, MORE, head);
		ttt = answer(&c, 0, got, sizeof(got));
		assert_string_equal(got, "");
		assert_int_not_equal(ttt, ISCSI_RESERVED_TAG);
		ask(&c, 0x55, ttt, ISCSI_FINAL, text + cut);
		answer(&c, ISCSI_FINAL, got, sizeof(got));
		assert_string_equal(got, "TargetName=" WIRE_TARGET " X-a.b=NotUnderstood ");
	}
	wire_close(&c);
}

/* A text of 5 * 512 bytes and some, of unknown keys: what an initiator gets in pieces. */
static void many_keys(char *text, size_t size, unsigned int n)
{
	unsigned int i;

	*text = '\0';
	for (i = 0; i < n; i++)
		snprintf(text + strlen(text), size - strlen(text), "X-key.%u=1\n", i);
}

static void an_answer_in_pieces_is_asked_for_by_its_tag_only(void **state)
{
	char text[4096], got[1024];
	struct wire_conn c;
	uint32_t ttt;

	discover(&c, *state, "MaxRecvDataSegmentLength=512\n");
	many_keys(text, sizeof(text), 100);
	ask_new(&c, ISCSI_FINAL, text);
	ttt = answer(&c, MORE, got, sizeof(got));
	assert_int_equal(strlen(got), 512);
	/* A wrong tag, and one of another task. */
	ask(&c, 0x55, ttt + 7, ISCSI_FINAL, "");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	ask(&c, 0x56, ttt, ISCSI_FINAL, "");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	ask(&c, 0x55, ttt, ISCSI_FINAL, "");
	answer(&c, MORE, got, sizeof(got));
	/* Before all of it has been fetched nothing new is taken (11.10.3). */
	ask(&c, 0x55, ttt, ISCSI_FINAL, "X-y=1\n");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	/* The exchange is over; a new one begins from nothing. */
	expect(&c, "X-z=1\n", "X-z=NotUnderstood ");
	wire_close(&c);
}

static void a_new_exchange_forgets_an_old_one(void **state)
{
	char text[4096], got[1024];
	struct wire_conn c;
	uint32_t ttt;

	discover(&c, *state, "MaxRecvDataSegmentLength=512\n");
	many_keys(text, sizeof(text), 100);
	ask_new(&c, ISCSI_FINAL, text);
	ttt = answer(&c, MORE, got, sizeof(got));
	ask(&c, 0x56, ISCSI_RESERVED_TAG, ISCSI_FINAL, "X-z=1\n");
	answer(&c, ISCSI_FINAL, got, sizeof(got));
	assert_string_equal(got, "X-z=NotUnderstood ");
	ask(&c, 0x55, ttt, ISCSI_FINAL, "");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	wire_close(&c);
}

static void a_request_cannot_be_final_and_go_on(void **state)
{
	struct wire_conn c;

	discover(&c, *state, "");
	ask_new(&c, ISCSI_FINAL | MORE, "SendTarg");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	expect(&c, "X-z=1\n", "X-z=NotUnderstood ");
	wire_close(&c);
}

/* Each answer may be as long as all targets: asking for many at once is no way to our memory. */
static void sendtargets_is_answered_once_a_request(void **state)
{
	struct wire_conn c;

	discover(&c, *state, "");
	ask_new(&c, ISCSI_FINAL, "SendTargets=All\nSendTargets=All\n");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	expect(&c, "SendTargets=All\n", "TargetName=" WIRE_TARGET " ");
	expect(&c, "SendTargets=All\n", "TargetName=" WIRE_TARGET " ");
	wire_close(&c);
}

static void each_answer_of_a_long_exchange_is_told_once(void **state)
{
	uint32_t ttt = ISCSI_RESERVED_TAG;
	char text[64], got[512], want[64];
	struct wire_conn c;
	unsigned int i;

	discover(&c, *state, "");
	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "X-key.%u=1\n", i);
		snprintf(want, sizeof(want), "X-key.%u=NotUnderstood ", i);
		ask(&c, 0x55, ttt, 0, text);
		ttt = answer(&c, 0, got, sizeof(got));
		assert_string_equal(got, want);
		assert_int_not_equal(ttt, ISCSI_RESERVED_TAG);
	}
	ask(&c, 0x55, ttt, ISCSI_FINAL, "");
	answer(&c, ISCSI_FINAL, got, sizeof(got));
	assert_string_equal(got, "");
	wire_close(&c);
}

static void endless_or_broken_text_is_rejected(void **state)
{
	static char text[8000];
	char got[100];
	uint32_t ttt = ISCSI_RESERVED_TAG;
	struct wire_conn c;
	unsigned int i;

	memset(text, 'a', sizeof(text) - 1);
	discover(&c, *state, "");
	for (i = 0; i < 8; i++) {
		ask(&c, 0x55, ttt, MORE, text);
		ttt = answer(&c, 0, got, sizeof(got));
	}
	ask(&c, 0x55, ttt, MORE, text);
	expect_reject(&c, REJECT_OUT_OF_RESOURCES);
	ask_new(&c, ISCSI_FINAL, "no pair\n");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	ask_new(&c, ISCSI_FINAL, "A=not ended");
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	expect(&c, "X-z=1\n", "X-z=NotUnderstood ");
	wire_close(&c);
}

static void a_discovery_session_takes_no_commands(void **state)
{
	static const uint8_t tur[6] = { 0 };
	struct wire_conn c;

	discover(&c, *state, "");
	wire_cmd(&c, tur, 6, 0x81, 0, NULL, 0);
	expect_reject(&c, REJECT_PROTOCOL_ERROR);
	wire_close(&c);
}

/* An interface's number is this host's own; initiators take such an address for a strange name. */
static void an_address_is_told_without_its_interface(void **state)
{
	const struct iscsi_session *s;
	struct err err = { .code = ERR_OK };
	char want[200], port[ADDR_STRLEN];
	struct iscsi_conn *conn;
	struct wire_conn c;

	discover(&c, *state, "");
	s = list_first(&iscsi.sessions, struct iscsi_session, link);
	conn = list_first(&s->conns, struct iscsi_conn, link);
	assert_int_equal(addr_parse(&conn->local, "[fe80::1]:3260", 0, &err), 0);
	conn->local.in6.sin6_scope_id = 7;
	if (portal_add("[::]:0", &(struct portal_conf){ .tag = 1 }, &err))
		skip(); /* no IPv6 here */
	addr_format(&list_first(&iscsi.portals, struct iscsi_portal, link)->addr, port);
	snprintf(want, sizeof(want), "TargetName=" WIRE_TARGET " TargetAddress=[fe80::1]%s,1 ",
		 strrchr(port, ':'));
	expect(&c, "SendTargets=All\n", want);
	portal_del_all();
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_form_of_sendtargets_tells_what_it_should),
		TEST(other_keys_are_answered_as_the_phase_allows),
		TEST(a_request_may_be_cut_at_any_byte),
		TEST(an_answer_in_pieces_is_asked_for_by_its_tag_only),
		TEST(a_new_exchange_forgets_an_old_one),
		TEST(a_request_cannot_be_final_and_go_on),
		TEST(sendtargets_is_answered_once_a_request),
		TEST(each_answer_of_a_long_exchange_is_told_once),
		TEST(endless_or_broken_text_is_rejected),
		TEST(a_discovery_session_takes_no_commands),
		TEST(an_address_is_told_without_its_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
