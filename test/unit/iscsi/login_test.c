/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Login: keys and their answers, stages, statuses, text cut anywhere, sessions that
 * replace one another; discovery.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi/portal.h"
#include "iscsi_wire.h"
#include "t_loop.h"

#define NAMES "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"

/* The value of @key in the answer, or NULL. */
static const char *value_of(const struct wire_pdu *pdu, const char *key)
{
	const char *p = (const char *)pdu->data, *end = p + pdu->len;
	size_t n = strlen(key);

	for (; p < end; p += strlen(p) + 1)
		if (!strncmp(p, key, n) && p[n] == '=')
			return p + n + 1;
	return NULL;
}

static void each_key_is_answered_by_its_rule(void **state)
{
	static const struct {
		const char *key, *offer, *answer;
	} table[] = {
		{ "HeaderDigest", "CRC32C,None", "CRC32C" },
		{ "HeaderDigest", "None,CRC32C", "None" },
		{ "HeaderDigest", "MD5,CRC32C", "CRC32C" },
		{ "HeaderDigest", "MD5", "Reject" },
		{ "DataDigest", "None", "None" },
		{ "InitialR2T", "No", "No" },
		{ "InitialR2T", "Yes", "Yes" },
		{ "InitialR2T", "maybe", "Reject" },
		{ "ImmediateData", "Yes", "Yes" },
		{ "ImmediateData", "No", "No" },
		{ "MaxBurstLength", "16777215", "16776192" },
		{ "MaxBurstLength", "512", "512" },
		{ "MaxBurstLength", "0x1000", "4096" },
		{ "MaxBurstLength", "511", "Reject" },
		{ "MaxBurstLength", "16777216", "Reject" },
		{ "MaxBurstLength", "99999999999999999999", "Reject" },
		{ "MaxBurstLength", "-1", "Reject" },
		{ "MaxBurstLength", "", "Reject" },
		{ "FirstBurstLength", "65536", "65536" },
		{ "MaxOutstandingR2T", "1", "1" },
		{ "MaxOutstandingR2T", "0", "Reject" },
		{ "MaxConnections", "8", "1" },
		{ "ErrorRecoveryLevel", "2", "0" },
		{ "ErrorRecoveryLevel", "3", "Reject" },
		{ "DefaultTime2Wait", "0", "2" },
		{ "DefaultTime2Wait", "30", "30" },
		{ "DefaultTime2Retain", "0", "0" },
		{ "DefaultTime2Retain", "3600", "20" },
		{ "DataPDUInOrder", "No", "Yes" },
		{ "DataSequenceInOrder", "No", "Yes" },
		{ "IFMarker", "Yes", "No" },
		{ "OFMarkInt", "2048~8192", "Reject" },
		{ "MaxRecvDataSegmentLength", "1024", "262144" },
		{ "MaxRecvDataSegmentLength", "1", "Reject" },
		{ "TaskReporting", "FastAbort,RFC3720", "FastAbort" },
		{ "TaskReporting", "X-better,ResponseFence", "ResponseFence" },
		{ "TaskReporting", "RFC3720,FastAbort", "RFC3720" },
		{ "TaskReporting", "X-better", "Reject" },
		{ "iSCSIProtocolLevel", "1", "1" },
		{ "iSCSIProtocolLevel", "2", "2" },
		{ "iSCSIProtocolLevel", "31", "2" },
		{ "X-com.example.foo", "bar", "NotUnderstood" },
		{ "NoSuchKey", "1", "NotUnderstood" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;
		char text[600];
		const char *got;

		wire_open(&c, *state);
		snprintf(text, sizeof(text), NAMES "%s=%s\n", table[i].key, table[i].offer);
		wire_login_request(&c, 0x04, text);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.login.status_class, 0);
		got = value_of(&pdu, table[i].key);
		if (!got || strcmp(got, table[i].answer))
			fail_msg("%s=%s was answered %s, not %s", table[i].key, table[i].offer,
				 got ? got : "(not)", table[i].answer);
		assert_string_equal(value_of(&pdu, "TargetPortalGroupTag"), "1");
		wire_pdu_free(&pdu);
		wire_close(&c);
	}
}

static void what_is_wrong_is_told_by_the_status(void **state)
{
	static const struct {
		uint8_t flags;
		const char *text;
		uint16_t status;
	} table[] = {
		{ 0x87, "TargetName=" WIRE_TARGET "\n", LOGIN_MISSING_PARAMETER },
		{ 0x87, "InitiatorName=" WIRE_INITIATOR "\n", LOGIN_MISSING_PARAMETER },
		{ 0x87, "InitiatorName=" WIRE_INITIATOR "\nTargetName=iqn.none\n", LOGIN_NOT_FOUND },
		{ 0x87, NAMES "SessionType=Strange\n", LOGIN_BAD_SESSION_TYPE },
		{ 0x87, NAMES "InitialR2T=Yes\nInitialR2T=Yes\n", LOGIN_INITIATOR_ERROR },
		{ 0x87, NAMES "TargetAddress=1.2.3.4\n", LOGIN_INITIATOR_ERROR },
		{ 0x87, NAMES "no equals sign\n", LOGIN_INITIATOR_ERROR },
		{ 0x87, NAMES "cut=off", LOGIN_INITIATOR_ERROR },
		{ 0x87, "InitiatorName=\n", LOGIN_INITIATOR_ERROR },
		{ 0x81, NAMES "AuthMethod=CHAP\n", LOGIN_AUTH_FAILED },
		{ 0x84, NAMES, LOGIN_INITIATOR_ERROR },	    /* T backwards */
		{ 0x86, NAMES, LOGIN_INITIATOR_ERROR },	    /* to the stage that does not exist */
		{ 0x8b, NAMES, LOGIN_INVALID_REQUEST },	    /* from it */
		{ 0x87, "InitiatorName=" WIRE_INITIATOR "\nTargetName=IQN.2026-11.ORG.EXAMPLE:WIRE\n", 0 },
		{ 0x81, NAMES "AuthMethod=CHAP,None\n", 0 },
		{ 0x83, NAMES "AuthMethod=None\n", 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct wire_conn c;
		uint16_t got;

		wire_open(&c, *state);
		got = wire_login_status(&c, table[i].flags, table[i].text);
		if (got != table[i].status)
			fail_msg("row %zu: status %04x, not %04x", i, got, table[i].status);
		wire_close(&c);
	}
}

/* RFC 7143 6.3, 13.4, 13.5: it must be detected, and answered with initiator error. */
static void what_is_declared_again_even_the_same_ends_the_login(void **state)
{
	static const char *const again[] = { "InitiatorName=" WIRE_INITIATOR "\n",
					     "TargetName=" WIRE_TARGET "\n", "SessionType=Normal\n" };
	struct wire_conn c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(again); i++) {
		wire_open(&c, *state);
		assert_int_equal(wire_login_status(&c, 0x81, NAMES "SessionType=Normal\n"
							     "AuthMethod=CHAP,None\n"), 0);
		assert_int_equal(wire_login_status(&c, 0x87, again[i]), LOGIN_INITIATOR_ERROR);
		wire_close(&c);
	}
}

static void access_redirection_and_state_decide_who_gets_in(void **state)
{
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	struct wire_conn c;

	access_del_addr(&w->target->access, "ALL", &err);
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), LOGIN_FORBIDDEN);
	wire_close(&c);
	access_add_addr(&w->target->access, "192.0.2.0/24", &err);
	access_add_name(&w->target->access, "iqn.other", &err);
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), LOGIN_FORBIDDEN);
	wire_close(&c);
	access_add_name(&w->target->access, "iqn.2026-11.org.example:*", &err);
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), 0);
	wire_close(&c);
	target_set_offline(w->target, true);
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), LOGIN_UNAVAILABLE);
	wire_close(&c);
	target_set_offline(w->target, false);
	assert_int_equal(iscsi_transport.target_set(w->target, "RedirectAddress", "192.0.2.9", &err), 0);
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), LOGIN_MOVED_TEMPORARILY);
	wire_close(&c);
	assert_int_equal(err.code, ERR_OK);
}

static void a_version_that_is_too_new_is_refused(void **state)
{
	struct iscsi_login_req h = { .opcode = 0x43, .flags = 0x87, .version_min = 1, .version_max = 1 };
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, *state);
	wire_send(&c, &h, "", 0);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.login.status_class << 8 | pdu.login.status_detail, LOGIN_BAD_VERSION);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	wire_close(&c);
}

static void text_may_be_cut_at_any_byte(void **state)
{
	static const char text[] = NAMES "MaxBurstLength=65536\nInitialR2T=Yes\n";
	size_t cut;

	for (cut = 1; cut < sizeof(text) - 1; cut++) {
		struct wire_pdu pdu = { .data = NULL };
		char head[sizeof(text)];
		struct wire_conn c;

		wire_open(&c, *state);
		memcpy(head, text, cut);
		head[cut] = '\0';
		wire_login_request(&c, 0x44, head);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.len, 0);
		assert_int_equal(pdu.login.flags, 0x04);
		wire_login_request(&c, 0x87, text + cut);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.login.status_class, 0);
		assert_string_equal(value_of(&pdu, "MaxBurstLength"), "65536");
		assert_string_equal(value_of(&pdu, "InitialR2T"), "Yes");
		wire_pdu_free(&pdu);
		wire_close(&c);
	}
}

static void endless_text_is_refused(void **state)
{
	static char text[8000];
	uint16_t status = 0;
	struct wire_conn c;
	unsigned int i;

	memset(text, 'a', sizeof(text) - 1);
	wire_open(&c, *state);
	for (i = 0; i < 20 && !status; i++)
		status = wire_login_status(&c, 0x44, text);
	assert_int_equal(status, LOGIN_NO_RESOURCES);
	wire_close(&c);
}

static void a_login_that_takes_too_long_is_ended(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, w);
	wire_send_bytes(&c, "\x43", 1);
	wire_settle(w);
	assert_int_equal(iscsi.n_logins, 1);
	loop_clock_advance(w->core.loop, 16 * NSEC_PER_SEC);
	assert_false(wire_recv(&c, &pdu));
	assert_true(c.closed);
	assert_int_equal(iscsi.n_logins, 0);
	wire_close(&c);
}

static void the_same_initiator_port_replaces_its_session(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn a, b, other;

	wire_open(&a, *state);
	wire_login(&a, "");
	wire_open(&other, *state);
	other.isid[5] = 9;
	wire_login(&other, "");
	wire_open(&b, *state);
	wire_login(&b, "");
	assert_int_not_equal(a.tsih, b.tsih);
	assert_false(wire_recv(&a, &pdu));
	assert_true(a.closed);
	wire_clear_ua(&b);
	wire_clear_ua(&other);
	wire_close(&a);
	wire_close(&b);
	wire_close(&other);
}

static void a_connection_cannot_join_what_is_not_there_or_full(void **state)
{
	struct wire_conn a, b;

	wire_open(&a, *state);
	wire_login(&a, "");
	wire_open(&b, *state);
	b.tsih = 0x7777;
	assert_int_equal(wire_login_status(&b, 0x87, NAMES), LOGIN_NO_SESSION);
	wire_close(&b);
	wire_open(&b, *state);
	b.tsih = a.tsih;
	b.cid = 1;
	assert_int_equal(wire_login_status(&b, 0x87, NAMES), LOGIN_TOO_MANY_CONNECTIONS);
	wire_close(&b);
	wire_clear_ua(&a);
	wire_close(&a);
}

static void text_request(struct wire_conn *c, uint32_t ttt, uint8_t flags, const char *text, uint32_t len)
{
	struct iscsi_text_req h = { .opcode = ISCSI_OP_TEXT_REQ | ISCSI_IMMEDIATE, .flags = flags };

	be32_put(&h.itt, 0x55);
	be32_put(&h.ttt, ttt);
	be32_put(&h.cmd_sn, c->cmd_sn);
	wire_send(c, &h, text, len);
}

static void a_discovery_session_lists_targets_in_pieces_if_need_be(void **state)
{
	struct wire *w = *state;
	struct wire_pdu pdu = { .data = NULL };
	struct err err = { .code = ERR_OK };
	char all[65536];
	size_t len = 0;
	unsigned int i, found = 0;
	struct wire_conn c;
	struct target *t;

	assert_int_equal(portal_add("127.0.0.1:0", &(struct portal_conf){ .tag = 1 }, &err), 0);
	for (i = 2; i < 60; i++) {
		char name[64];

		snprintf(name, sizeof(name), "iqn.2026-11.org.example:t%u", i);
		assert_int_equal(target_new(&w->core, i, name, "iscsi", &t, &err), 0);
		if (i % 2)
			access_add_addr(&t->access, "ALL", &err);
	}
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, "InitiatorName=" WIRE_INITIATOR
						       "\nSessionType=Discovery\n"
						       "MaxRecvDataSegmentLength=512\n"), 0);
	text_request(&c, ISCSI_RESERVED_TAG, 0x80, "SendTargets=All", 16);
	for (;;) {
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.bhs[0], ISCSI_OP_TEXT_RSP);
		assert_true(pdu.len <= 512);
		memcpy(all + len, pdu.data, pdu.len);
		len += pdu.len;
		if (pdu.bhs[1] & ISCSI_FINAL)
			break;
		assert_true(pdu.bhs[1] & ISCSI_TEXT_CONTINUE);
		text_request(&c, be32_get(pdu.text.ttt), 0x80, "", 0);
	}
	for (i = 0; i < len; i += (unsigned int)strlen(all + i) + 1)
		found += !strncmp(all + i, "TargetName=", 11);
	assert_int_equal(found, 1 + 29);
	wire_pdu_free(&pdu);
	wire_close(&c);
	while ((t = target_next(&w->core, w->target)))
		assert_int_equal(target_delete(t, true, NULL, NULL, &err), 0);
	wire_settle(w);
	portal_del_all();
}

static void a_normal_session_learns_of_its_own_target_only(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login(&c, "");
	text_request(&c, ISCSI_RESERVED_TAG, 0x80, "SendTargets=", 13);
	assert_true(wire_recv(&c, &pdu));
	assert_string_equal(value_of(&pdu, "TargetName"), WIRE_TARGET);
	text_request(&c, ISCSI_RESERVED_TAG, 0x80, "SendTargets=All", 16);
	assert_true(wire_recv(&c, &pdu));
	assert_string_equal(value_of(&pdu, "SendTargets"), "Reject");
	wire_pdu_free(&pdu);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_key_is_answered_by_its_rule),
		TEST(what_is_wrong_is_told_by_the_status),
		TEST(what_is_declared_again_even_the_same_ends_the_login),
		TEST(access_redirection_and_state_decide_who_gets_in),
		TEST(a_version_that_is_too_new_is_refused),
		TEST(text_may_be_cut_at_any_byte),
		TEST(endless_text_is_refused),
		TEST(a_login_that_takes_too_long_is_ended),
		TEST(the_same_initiator_port_replaces_its_session),
		TEST(a_connection_cannot_join_what_is_not_there_or_full),
		TEST(a_discovery_session_lists_targets_in_pieces_if_need_be),
		TEST(a_normal_session_learns_of_its_own_target_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
