/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutual CHAP: the target answers too, and what an attacker would make of that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/text.h"
#include "iscsi_chap.h"

static void the_target_answers_with_its_own_account(void **state)
{
	static const char *const lists[] = { "5", "6", "7", "8" };
	uint8_t want[CHAP_DIGEST_MAX], got[CHAP_DIGEST_MAX];
	struct wire *w = *state;
	struct chap_exchange x;
	size_t i;

	chap_add_account(&chap_target(w)->accounts, "target 1", CHAP_OUT_SECRET, true);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		chap_challenged(&x, w, CHAP_NAMES, lists[i]);
		assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, "CHAP_I=0xfe\nCHAP_C=0x616263\n"), 0);
		assert_int_equal(x.pdu.login.flags, 0x83);
		assert_string_equal(chap_value(&x.pdu, "CHAP_N"), "target 1");
		assert_true(chap_digest(x.alg, 0xfe, CHAP_OUT_SECRET, "abc", 3, want));
		assert_int_equal(text_binary(chap_value(&x.pdu, "CHAP_R"), got, sizeof(got)), x.alg->len);
		assert_memory_equal(got, want, x.alg->len);
		chap_finish(&x);
	}
}

static void the_longest_challenge_is_answered_and_a_longer_one_refused(void **state)
{
	static char more[64 + CHAP_HEX(1025)];
	struct wire *w = *state;
	struct chap_exchange x;
	size_t n;

	chap_add_account(&chap_target(w)->accounts, "out", CHAP_OUT_SECRET, true);
	n = (size_t)sprintf(more, "CHAP_I=0\nCHAP_C=0x");
	memset(more + n, '7', 2048);
	strcpy(more + n + 2048, "\n");
	chap_challenged(&x, w, CHAP_NAMES, "7");
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, more), 0);
	assert_non_null(chap_value(&x.pdu, "CHAP_R"));
	chap_finish(&x);
	strcpy(more + n + 2048, "7\n");
	more[n + 2049] = '7';
	strcpy(more + n + 2050, "\n");
	chap_challenged(&x, w, CHAP_NAMES, "7");
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, more), LOGIN_INITIATOR_ERROR);
	chap_finish(&x);
}

static void without_an_outgoing_account_the_target_cannot_answer(void **state)
{
	struct chap_exchange x;

	chap_challenged(&x, *state, CHAP_NAMES, "7");
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, "CHAP_I=1\nCHAP_C=0x616263\n"), LOGIN_AUTH_FAILED);
	assert_null(chap_value(&x.pdu, "CHAP_R"));
	chap_finish(&x);
}

/* Nobody learns what the target would answer before he has shown who he is. */
static void a_wrong_secret_gets_no_answer(void **state)
{
	struct wire *w = *state;
	struct chap_exchange x;

	chap_add_account(&chap_target(w)->accounts, "out", CHAP_OUT_SECRET, true);
	chap_challenged(&x, w, CHAP_NAMES, "7");
	assert_int_equal(chap_respond(&x, "joe", "wrong", "CHAP_I=1\nCHAP_C=0x616263\n"), LOGIN_AUTH_FAILED);
	assert_int_equal(x.pdu.len, 0);
	chap_finish(&x);
}

static void put_challenge(char *text, const struct chap_exchange *x)
{
	int i, n = sprintf(text, "CHAP_I=%u\nCHAP_C=0x", x->id);

	for (i = 0; i < x->len; i++)
		n += sprintf(text + n, "%02x", x->challenge[i]);
	strcpy(text + n, "\n");
}

static void our_own_challenge_is_not_answered(void **state)
{
	struct wire *w = *state;
	struct chap_exchange x, other;
	char text[200];

	chap_add_account(&chap_target(w)->accounts, "out", CHAP_OUT_SECRET, true);
	chap_challenged(&x, w, CHAP_NAMES, "7");
	put_challenge(text, &x);
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, text), LOGIN_AUTH_FAILED);
	assert_int_equal(x.pdu.len, 0);
	chap_finish(&x);
	/* Nor that of another connection. */
	chap_challenged(&other, w, CHAP_NAMES, "7");
	chap_challenged(&x, w, CHAP_NAMES, "7");
	put_challenge(text, &other);
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, text), LOGIN_AUTH_FAILED);
	assert_int_equal(x.pdu.len, 0);
	chap_finish(&x);
	chap_finish(&other);
}

static void one_secret_for_both_ways_is_refused(void **state)
{
	struct wire *w = *state;
	struct chap_exchange x;

	chap_add_account(&chap_target(w)->accounts, "out", CHAP_SECRET, true);
	chap_challenged(&x, w, CHAP_NAMES, "7");
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, "CHAP_I=1\nCHAP_C=0x616263\n"), LOGIN_AUTH_FAILED);
	chap_finish(&x);
	chap_challenged(&x, w, CHAP_NAMES, "7");
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, ""), LOGIN_AUTH_FAILED);
	chap_finish(&x);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, chap_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_target_answers_with_its_own_account),
		TEST(the_longest_challenge_is_answered_and_a_longer_one_refused),
		TEST(without_an_outgoing_account_the_target_cannot_answer),
		TEST(a_wrong_secret_gets_no_answer),
		TEST(our_own_challenge_is_not_answered),
		TEST(one_secret_for_both_ways_is_refused),
	};

	return chap_skipped() < 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
