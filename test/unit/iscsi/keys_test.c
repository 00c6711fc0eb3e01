/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys against one another and against what the administrator set: the order in which
 * they come, and in how many requests, makes no difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi_wire.h"

#define WHO "InitiatorName=" WIRE_INITIATOR "\n"
#define NAMES WHO "TargetName=" WIRE_TARGET "\n"

/* The value of @key in the answer, or NULL; @count: how often it is there. */
static const char *value_of(const struct wire_pdu *pdu, const char *key, unsigned int *count)
{
	const char *p = (const char *)pdu->data, *end = p + pdu->len, *found = NULL;
	size_t n = strlen(key);

	*count = 0;
	for (; p < end; p += strlen(p) + 1) {
		if (strncmp(p, key, n) || p[n] != '=')
			continue;
		found = p + n + 1;
		++*count;
	}
	return found;
}

/* Sends @text as a first request and expects @key answered once, with @want; NULL: not at all. */
static void expect(struct wire *w, uint8_t flags, const char *text, const char *key, const char *want)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	unsigned int count;
	const char *got;

	wire_open(&c, w);
	wire_login_request(&c, flags, text);
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.login.status_class, 0);
	got = value_of(&pdu, key, &count);
	if (count != (want ? 1 : 0) || (want && strcmp(got, want)))
		fail_msg("%s was answered %s (%u times), not %s", key, got ? got : "(not)", count,
			 want ? want : "(not)");
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void set(struct wire *w, const char *key, const char *value)
{
	struct err err = { .code = ERR_OK };

	if (iscsi_transport.target_set(w->target, key, value, &err))
		fail_msg("%s=%s: %s", key, value, err.text);
}

static void what_the_administrator_set_holds_from_the_first_request_on(void **state)
{
	static const struct {
		const char *key, *set, *offer, *answer;
	} table[] = {
		{ "HeaderDigest", "CRC32C", "None", "Reject" },
		{ "HeaderDigest", "CRC32C", "None,CRC32C", "CRC32C" },
		{ "DataDigest", "None", "CRC32C,None", "None" },
		{ "InitialR2T", "Yes", "No", "Yes" },
		{ "ImmediateData", "No", "Yes", "No" },
		{ "MaxBurstLength", "65536", "262144", "65536" },
		{ "FirstBurstLength", "4096", "65536", "4096" },
		{ "MaxOutstandingR2T", "1", "16", "1" },
		{ "MaxRecvDataSegmentLength", "8192", "65536", "8192" },
		{ "DefaultTime2Wait", "5", "2", "5" },
		{ "DefaultTime2Retain", "7", "20", "7" },
		{ "ErrorRecoveryLevel", "1", "2", "1" },
		{ "ErrorRecoveryLevel", "2", "2", "2" },
		{ "ErrorRecoveryLevel", "1", "0", "0" },
		{ "MaxConnections", "4", "8", "4" },
		{ "MaxConnections", "4", "1", "1" },
		{ "DataPDUInOrder", "No", "No", "No" },
		{ "DataPDUInOrder", "No", "Yes", "Yes" },
		{ "DataSequenceInOrder", "No", "No", "No" },
		{ "MaxOutstandingR2T", "65535", "65535", "65535" },
	};
	char text[600];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		set(*state, table[i].key, table[i].set);
		snprintf(text, sizeof(text), NAMES "%s=%s\n", table[i].key, table[i].offer);
		expect(*state, 0x04, text, table[i].key, table[i].answer);
		/* The names come last. */
		snprintf(text, sizeof(text), "%s=%s\n" NAMES, table[i].key, table[i].offer);
		expect(*state, 0x04, text, table[i].key, table[i].answer);
	}
}

/* Files for the predecessor set what iSCSI has no more. */
static void markers_may_be_set_and_are_never_agreed_on(void **state)
{
	static const struct {
		const char *key, *set, *offer, *answer;
	} table[] = {
		{ "IFMarker", "Yes", "Yes", "No" },
		{ "OFMarkInt", "2048", "4096", "Reject" },
	};
	struct err err = { .code = ERR_OK };
	char text[600];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		set(*state, table[i].key, table[i].set);
		snprintf(text, sizeof(text), NAMES "%s=%s\n", table[i].key, table[i].offer);
		expect(*state, 0x04, text, table[i].key, table[i].answer);
		assert_int_not_equal(iscsi_transport.target_set(((struct wire *)*state)->target,
								table[i].key, "x", &err), 0);
	}
}

static void what_means_nothing_in_a_discovery_session_is_irrelevant(void **state)
{
	static const char *const keys[] = { "MaxConnections", "InitialR2T", "ImmediateData",
					    "MaxBurstLength", "FirstBurstLength",
					    "MaxOutstandingR2T", "DataPDUInOrder",
					    "DataSequenceInOrder" };
	char text[600];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(text, sizeof(text), WHO "SessionType=Discovery\n%s=1\n", keys[i]);
		expect(*state, 0x04, text, keys[i], "Irrelevant");
		snprintf(text, sizeof(text), "%s=1\nSessionType=Discovery\n" WHO, keys[i]);
		expect(*state, 0x04, text, keys[i], "Irrelevant");
	}
	expect(*state, 0x04, WHO "SessionType=Discovery\nHeaderDigest=CRC32C\n", "HeaderDigest", "CRC32C");
	expect(*state, 0x04, WHO "SessionType=Discovery\n", "TargetPortalGroupTag", NULL);
}

/* RFC 7143 13.14 */
static void a_first_burst_is_never_longer_than_a_burst(void **state)
{
	expect(*state, 0x04, NAMES "MaxBurstLength=4096\nFirstBurstLength=65536\n",
	       "FirstBurstLength", "4096");
	expect(*state, 0x04, NAMES "FirstBurstLength=65536\nMaxBurstLength=4096\n",
	       "FirstBurstLength", "4096");
	expect(*state, 0x04, NAMES "FirstBurstLength=16777215\n", "FirstBurstLength", "262144");
	set(*state, "MaxBurstLength", "8192");
	expect(*state, 0x04, NAMES "MaxBurstLength=65536\nFirstBurstLength=65536\n",
	       "FirstBurstLength", "8192");
}

static void a_key_is_answered_in_whatever_request_it_comes(void **state)
{
	struct wire_pdu pdu = { .data = NULL };
	struct wire_conn c;
	unsigned int count;

	wire_open(&c, *state);
	wire_login_request(&c, 0x04, NAMES "MaxBurstLength=4096\n");
	assert_true(wire_recv(&c, &pdu));
	assert_string_equal(value_of(&pdu, "MaxBurstLength", &count), "4096");
	assert_string_equal(value_of(&pdu, "MaxRecvDataSegmentLength", &count), "262144");
	wire_login_request(&c, 0x04, "FirstBurstLength=65536\n");
	assert_true(wire_recv(&c, &pdu));
	assert_string_equal(value_of(&pdu, "FirstBurstLength", &count), "4096");
	assert_null(value_of(&pdu, "MaxRecvDataSegmentLength", &count));
	wire_login_request(&c, 0x87, "MaxRecvDataSegmentLength=65536\n");
	assert_true(wire_recv(&c, &pdu));
	assert_int_equal(pdu.login.flags, 0x87);
	assert_null(value_of(&pdu, "MaxRecvDataSegmentLength", &count));
	wire_pdu_free(&pdu);
	wire_close(&c);
}

static void a_key_is_offered_once_in_a_login(void **state)
{
	struct wire_conn c;

	wire_open(&c, *state);
	assert_int_equal(wire_login_status(&c, 0x04, NAMES "MaxBurstLength=4096\n"), 0);
	assert_int_equal(wire_login_status(&c, 0x04, "MaxBurstLength=4096\n"), LOGIN_INITIATOR_ERROR);
	wire_close(&c);
}

static void the_alias_of_the_target_comes_with_its_tag(void **state)
{
	set(*state, "TargetAlias", "the big disk");
	expect(*state, 0x00, NAMES "AuthMethod=None\n", "TargetAlias", "the big disk");
	expect(*state, 0x00, NAMES "AuthMethod=None\n", "TargetPortalGroupTag", "1");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_administrator_set_holds_from_the_first_request_on),
		TEST(markers_may_be_set_and_are_never_agreed_on),
		TEST(what_means_nothing_in_a_discovery_session_is_irrelevant),
		TEST(a_first_burst_is_never_longer_than_a_burst),
		TEST(a_key_is_answered_in_whatever_request_it_comes),
		TEST(a_key_is_offered_once_in_a_login),
		TEST(the_alias_of_the_target_comes_with_its_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
