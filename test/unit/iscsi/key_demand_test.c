/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the target asks for by itself when the administrator wants something else than what
 * holds when the initiator says nothing; and what it does not ask or answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "iscsi/iscsi.h"
#include "iscsi_wire.h"

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

static void a_first_burst_that_cannot_be_is_irrelevant(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;

	wire_open(&c, *state);
	wire_login_request(&c, 0x87, NAMES "FirstBurstLength=65536\nInitialR2T=Yes\nImmediateData=No\n");
	assert_true(wire_recv(&c, &pdu));
	assert_string_equal(value_of(&pdu, "FirstBurstLength"), "Irrelevant");
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void demand(struct wire *w, const char *key, const char *value)
{
	struct err err = { .code = ERR_OK };

	if (iscsi_transport.target_set(w->target, key, value, &err))
		fail_msg("%s=%s: %s", key, value, err.text);
}

/* What was offered, except what only declares, back as the answer, with T. */
static void send_answers(struct wire_conn *c, const struct wire_pdu *pdu)
{
	const char *p = (const char *)pdu->data, *end = p + pdu->len;
	struct strbuf sb = STRBUF_INIT;

	for (; p < end; p += strlen(p) + 1)
		if (strncmp(p, "Target", 6) && strncmp(p, "MaxRecv", 7))
			strbuf_printf(&sb, "%s\n", p);
	wire_login_request(c, 0x87, strbuf_str(&sb));
	strbuf_free(&sb);
}

/* The demand for @key, answered by @text, ends the login. */
static void expect_end(struct wire *w, const char *key, const char *text)
{
	struct wire_conn c;
	uint16_t status;

	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), 0);
	status = wire_login_status(&c, 0x87, text);
	if (status != LOGIN_INITIATOR_ERROR)
		fail_msg("%s answered by '%s': status %04x", key, text, status);
	wire_close(&c);
}

/* RFC 7143 6.2: either side may offer. */
static void what_the_administrator_demands_is_asked_for(void **state)
{
	static const struct {
		const char *key, *set;
	} table[] = {
		{ "HeaderDigest", "CRC32C" },  { "DataDigest", "CRC32C" },
		{ "ImmediateData", "No" },     { "MaxBurstLength", "65536" },
		{ "FirstBurstLength", "4096" }, { "DefaultTime2Wait", "5" },
		{ "DefaultTime2Retain", "7" },
	};
	struct wire *w = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct wire_pdu pdu = { .data = NULL };
		struct wire_conn c;
		char text[100];
		const char *got;

		demand(w, "ImmediateData", "Yes"); /* else FirstBurstLength would mean nothing */
		demand(w, table[i].key, table[i].set);
		wire_open(&c, w);
		wire_login_request(&c, 0x87, NAMES);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.login.flags, 0x04);
		got = value_of(&pdu, table[i].key);
		if (!got || strcmp(got, table[i].set))
			fail_msg("%s was offered as %s", table[i].key, got ? got : "(not)");
		/* All the answers, each as it was offered. */
		send_answers(&c, &pdu);
		assert_true(wire_recv(&c, &pdu));
		assert_int_equal(pdu.login.status_class, 0);
		assert_int_equal(pdu.login.flags, 0x87);
		assert_null(value_of(&pdu, table[i].key));
		wire_close(&c);
		/* No answer, a refusal, and another value end the login. */
		expect_end(w, table[i].key, "");
		snprintf(text, sizeof(text), "%s=Reject\n", table[i].key);
		expect_end(w, table[i].key, text);
		snprintf(text, sizeof(text), "%s=NotUnderstood\n", table[i].key);
		expect_end(w, table[i].key, text);
		snprintf(text, sizeof(text), "%s=Nonsense\n", table[i].key);
		expect_end(w, table[i].key, text);
		wire_pdu_free(&pdu);
	}
}

static void a_digest_that_is_demanded_is_not_gone_around(void **state)
{
	struct wire_conn c;

	demand(*state, "DataDigest", "CRC32C");
	wire_open(&c, *state);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES "DataDigest=None\n"), LOGIN_INITIATOR_ERROR);
	wire_close(&c);
	/* Straight from the security stage. */
	wire_open(&c, *state);
	assert_int_equal(wire_login_status(&c, 0x83, NAMES "AuthMethod=None\n"), LOGIN_INITIATOR_ERROR);
	wire_close(&c);
	wire_open(&c, *state);
	wire_login(&c, "DataDigest=None,CRC32C\n");
	c.ddigest = true;
	wire_clear_ua(&c);
	wire_close(&c);
}

static void an_ordinary_target_asks_for_nothing(void **state)
{
	struct wire_conn c;

	wire_open(&c, *state);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), 0);
	assert_int_not_equal(c.tsih, 0);
	wire_close(&c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_first_burst_that_cannot_be_is_irrelevant),
		TEST(what_the_administrator_demands_is_asked_for),
		TEST(a_digest_that_is_demanded_is_not_gone_around),
		TEST(an_ordinary_target_asks_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
