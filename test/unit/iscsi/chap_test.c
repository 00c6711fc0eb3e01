/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CHAP as an initiator meets it that has to show who it is: every algorithm, wrong secrets,
 * keys that come in pieces or at the wrong time, guesses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/text.h"
#include "iscsi_chap.h"
#include "t_alloc.h"
#include "t_loop.h"

/* --- one way ---------------------------------------------------------------------------------- */

static void the_right_secret_gets_in_with_every_algorithm(void **state)
{
	static const char *const lists[] = { "5", "6", "7", "8", "9,5" };
	struct chap_exchange x;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		chap_challenged(&x, *state, CHAP_NAMES, lists[i]);
		assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, ""), 0);
		assert_int_equal(x.pdu.login.flags, 0x83);
		assert_null(chap_value(&x.pdu, "CHAP_R"));
		x.c.tsih = be16_get(x.pdu.login.tsih);
		assert_int_not_equal(x.c.tsih, 0);
		wire_clear_ua(&x.c);
		chap_finish(&x);
	}
}

static void what_is_wrong_is_one_status_for_all(void **state)
{
	static const struct {
		const char *user, *secret;
	} table[] = {
		{ "joe", "the initiator's secreT" }, { "joe", "" },	 { "joe", CHAP_SECRET "x" },
		{ "Joe", CHAP_SECRET },		     { "bob", CHAP_SECRET },	 { "", CHAP_SECRET },
		{ "joe ", CHAP_SECRET },		     { "moe", "unbound account" },
		{ "other", CHAP_OUT_SECRET },
	};
	struct wire *w = *state;
	size_t i;

	assert_int_equal(account_new("moe", "unbound account", NULL), 0);
	chap_add_account(&chap_target(w)->accounts, "other", CHAP_OUT_SECRET, true);
	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (chap_try(w, CHAP_NAMES, table[i].user, table[i].secret) != LOGIN_AUTH_FAILED)
			fail_msg("%s", table[i].user);
	assert_true(list_empty(&iscsi.sessions));
}

static void a_response_must_be_a_whole_digest(void **state)
{
	static const char *const table[] = { "", "0x", "0x00", "0xzz", "none", "12345", "0b", "0b====",
					     "0x00000000000000000000000000000000",
					     "0x000000000000000000000000000000000000" };
	struct wire *w = *state;
	struct chap_exchange x;
	char text[100];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		chap_challenged(&x, w, CHAP_NAMES, "5");
		snprintf(text, sizeof(text), "CHAP_N=joe\nCHAP_R=%s\n", table[i]);
		assert_int_equal(chap_request(&x, CHAP_TO_FULL, text), LOGIN_AUTH_FAILED);
		chap_finish(&x);
		loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	}
}

static void base64_and_capitals_are_read(void **state)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[200], *p = text;
	uint8_t d[CHAP_DIGEST_MAX + 1] = { 0 };
	struct chap_exchange x;
	unsigned int i;

	chap_challenged(&x, *state, CHAP_NAMES, "5"); /* 16 bytes: five groups, and one of a byte */
	assert_true(chap_digest(x.alg, x.id, CHAP_SECRET, x.challenge, (size_t)x.len, d));
	p += sprintf(p, "CHAP_N=joe\nCHAP_R=0B");
	for (i = 0; i < 18; i += 3) {
		*p++ = set[d[i] >> 2];
		*p++ = set[(d[i] << 4 | d[i + 1] >> 4) & 63];
		*p++ = set[(d[i + 1] << 2 | d[i + 2] >> 6) & 63];
		*p++ = set[d[i + 2] & 63];
	}
	strcpy(p - 2, "==\n");
	assert_int_equal(chap_request(&x, CHAP_TO_FULL, text), 0);
	chap_finish(&x);
	chap_challenged(&x, *state, CHAP_NAMES, "5");
	p = text + snprintf(text, sizeof(text), "CHAP_N=joe\n%s\n", chap_answer(&x, CHAP_SECRET));
	for (i = 0; p[-2 - (int)i] != 'x'; i++)
		if (p[-2 - (int)i] >= 'a')
			p[-2 - (int)i] = (char)(p[-2 - (int)i] & ~0x20);
	assert_int_equal(chap_request(&x, CHAP_TO_FULL, text), 0);
	chap_finish(&x);
}

static void no_challenge_comes_twice(void **state)
{
	uint8_t seen[20][32];
	struct chap_exchange x;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		chap_challenged(&x, *state, CHAP_NAMES, "5");
		assert_int_equal(x.len, 32);
		memcpy(seen[i], x.challenge, 32);
		for (j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], 32);
		chap_finish(&x);
	}
}

static void the_order_of_the_target_or_the_driver_chooses(void **state)
{
	struct wire *w = *state;
	struct err err = { .code = ERR_OK };
	struct chap_exchange x;

	chap_challenged(&x, w, CHAP_NAMES, "5,6,7,8");
	assert_int_equal(x.alg->number, 8);
	chap_finish(&x);
	assert_int_equal(iscsi_transport.target_set(w->target, "CHAPAlgorithms", "SHA1,MD5", &err), 0);
	chap_challenged(&x, w, CHAP_NAMES, "5,6,7,8");
	assert_int_equal(x.alg->number, 6);
	chap_finish(&x);
	wire_open(&x.c, w);
	assert_int_equal(chap_request(&x, 0, CHAP_NAMES "AuthMethod=CHAP\n"), 0);
	assert_int_equal(chap_request(&x, 0, "CHAP_A=7,8\n"), LOGIN_AUTH_FAILED);
	chap_finish(&x);
	assert_int_not_equal(iscsi_transport.target_set(w->target, "CHAPAlgorithms", "SHA9", &err), 0);
	assert_int_equal(iscsi_transport.target_set(w->target, "CHAPAlgorithms", "", NULL), 0);
	chap_challenged(&x, w, CHAP_NAMES, "5,7");
	assert_int_equal(x.alg->number, 7);
	chap_finish(&x);
}

/* --- who must, who may ------------------------------------------------------------------------ */

static void nobody_gets_past_a_target_with_accounts(void **state)
{
	static const struct {
		uint8_t flags;
		const char *text;
	} table[] = {
		{ 0x87, CHAP_NAMES },			/* from the operational stage on */
		{ 0x04, CHAP_NAMES },
		{ 0x83, CHAP_NAMES },			/* without a word about it */
		{ 0x81, CHAP_NAMES },
		{ 0x00, CHAP_NAMES "AuthMethod=None\n" },
		{ 0x83, CHAP_NAMES "AuthMethod=None\n" },
		{ 0x00, CHAP_NAMES "AuthMethod=KRB5,SRP,None\n" },
		{ 0x87, CHAP_NAMES "AuthMethod=None\n" },
	};
	struct wire_conn c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		uint16_t status;

		wire_open(&c, *state);
		status = wire_login_status(&c, table[i].flags, table[i].text);
		if (status != LOGIN_AUTH_FAILED && status != LOGIN_INITIATOR_ERROR)
			fail_msg("row %zu: %04x", i, status);
		wire_close(&c);
	}
	assert_true(list_empty(&iscsi.sessions));
}

/* It hoped for None, and is told what comes first. */
static void an_early_wish_to_move_on_is_declined(void **state)
{
	struct chap_exchange x = { .id = 0 };

	wire_open(&x.c, *state);
	assert_int_equal(chap_request(&x, CHAP_TO_OPERATIONAL, CHAP_NAMES "AuthMethod=None,CHAP\n"), 0);
	assert_int_equal(x.pdu.login.flags, 0);
	assert_string_equal(chap_value(&x.pdu, "AuthMethod"), "CHAP");
	assert_int_equal(chap_request(&x, CHAP_TO_FULL, "CHAP_A=5\n"), 0);
	assert_int_equal(x.pdu.login.flags, 0);
	assert_non_null(chap_value(&x.pdu, "CHAP_C"));
	chap_finish(&x);
}

static void a_target_without_accounts_asks_for_nothing(void **state)
{
	struct wire *w = *state;
	struct chap_exchange x = { .id = 0 };

	chap_add_account(&chap_target(w)->accounts, "out", CHAP_OUT_SECRET, true);
	assert_int_equal(account_unbind(&chap_target(w)->accounts, "joe", false, NULL), 0);
	wire_open(&x.c, w);
	assert_int_equal(chap_request(&x, 0, CHAP_NAMES "AuthMethod=CHAP,None\n"), 0);
	assert_string_equal(chap_value(&x.pdu, "AuthMethod"), "None");
	chap_finish(&x);
	wire_open(&x.c, w);
	assert_int_equal(chap_request(&x, 0, CHAP_NAMES "AuthMethod=CHAP\n"), LOGIN_AUTH_FAILED);
	chap_finish(&x);
	wire_open(&x.c, w);
	assert_int_equal(chap_request(&x, 0x87, CHAP_NAMES), 0);
	chap_finish(&x);
}

static void discovery_has_accounts_of_its_own(void **state)
{
	static const char names[] = "InitiatorName=" WIRE_INITIATOR "\nSessionType=Discovery\n";
	struct wire *w = *state;
	struct wire_conn c;

	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, names), 0);
	wire_close(&c);
	chap_add_account(&iscsi.discovery_accounts, "finder", "secret of discovery", false);
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, names), LOGIN_AUTH_FAILED);
	wire_close(&c);
	assert_int_equal(chap_try(w, names, "finder", "secret of discovery"), 0);
	assert_int_equal(chap_try(w, names, "finder", CHAP_SECRET), LOGIN_AUTH_FAILED);
	assert_int_equal(chap_try(w, names, "joe", CHAP_SECRET), LOGIN_AUTH_FAILED);
	assert_int_equal(chap_try(w, CHAP_NAMES, "finder", "secret of discovery"), LOGIN_AUTH_FAILED);
	assert_int_equal(chap_try(w, CHAP_NAMES, "joe", CHAP_SECRET), 0);
}

static void an_account_that_goes_during_the_login_is_no_account(void **state)
{
	struct wire *w = *state;
	struct chap_exchange x;

	chap_add_account(&chap_target(w)->accounts, "moe", "stays until the end", false);
	chap_challenged(&x, w, CHAP_NAMES, "7");
	assert_int_equal(account_delete("joe", NULL), 0);
	assert_int_equal(chap_respond(&x, "joe", CHAP_SECRET, ""), LOGIN_AUTH_FAILED);
	chap_finish(&x);
	chap_challenged(&x, w, CHAP_NAMES, "7");
	assert_int_equal(account_set_secret("moe", "a new one", NULL), 0);
	assert_int_equal(chap_respond(&x, "moe", "stays until the end", ""), LOGIN_AUTH_FAILED);
	chap_finish(&x);
	assert_int_equal(chap_try(w, CHAP_NAMES, "moe", "a new one"), 0);
}

/* --- the course of it ------------------------------------------------------------------------- */

static void keys_may_come_in_pieces_of_any_size(void **state)
{
	char text[200], head[200];
	struct chap_exchange x;
	size_t cut, len;

	for (cut = 1, len = 2; cut < len; cut += 5) {
		chap_challenged(&x, *state, CHAP_NAMES, "7");
		len = (size_t)snprintf(text, sizeof(text), "CHAP_N=joe\n%s\n", chap_answer(&x, CHAP_SECRET));
		snprintf(head, sizeof(head), "%.*s", (int)cut, text);
		assert_int_equal(chap_request(&x, 0x40, head), 0);
		assert_int_equal(x.pdu.len, 0);
		assert_int_equal(chap_request(&x, CHAP_TO_FULL, text + cut), 0);
		assert_int_equal(x.pdu.login.flags, 0x83);
		chap_finish(&x);
	}
}

static void a_stage_more_may_follow(void **state)
{
	char text[200];
	struct chap_exchange x;

	chap_challenged(&x, *state, CHAP_NAMES, "7");
	snprintf(text, sizeof(text), "CHAP_N=joe\n%s\n", chap_answer(&x, CHAP_SECRET));
	assert_int_equal(chap_request(&x, 0, text), 0);
	assert_int_equal(x.pdu.login.flags, 0);
	assert_int_equal(chap_request(&x, CHAP_TO_OPERATIONAL, ""), 0);
	assert_int_equal(x.pdu.login.flags, 0x81);
	assert_int_equal(chap_request(&x, 0x87, "MaxBurstLength=4096\n"), 0);
	assert_string_equal(chap_value(&x.pdu, "MaxBurstLength"), "4096");
	assert_int_equal(x.pdu.login.flags, 0x87);
	chap_finish(&x);
}

/* Requests in a row, up to the one that must be refused; "@" stands for the right CHAP_R. */
static void what_comes_at_the_wrong_time_ends_the_login(void **state)
{
	static const struct {
		const char *texts[4];
		uint8_t flags;
	} table[] = {
		{ { "CHAP_N=joe\nCHAP_R=0x00\n" }, 0 },
		{ { "CHAP_A=5\nCHAP_N=joe\n" }, 0 },
		{ { "CHAP_A=5\nCHAP_A=7\n" }, 0 },
		{ { "CHAP_A=5\nCHAP_I=1\nCHAP_C=0x11\n" }, 0 },
		{ { "" }, 0 },
		{ { "InitialR2T=Yes\n" }, 0 },
		{ { "AuthMethod=CHAP\n" }, 0 },
		{ { "CHAP_A=\n" }, 0 },
		{ { "CHAP_A=4,9,banana\n" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_A=5\n" }, 0 },
		{ { "CHAP_A=5\n", "" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n" }, 0 },
		{ { "CHAP_A=5\n", "@" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\nCHAP_N=joe\n@" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n@", "CHAP_N=joe\n@" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n@", "CHAP_A=5\n" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n@CHAP_I=1\n" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n@CHAP_C=0x11223344\n" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n@CHAP_I=256\nCHAP_C=0x11223344\n" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n@CHAP_I=1\nCHAP_C=0x\n" }, 0 },
		{ { "CHAP_A=5\n", "CHAP_N=joe\n@CHAP_I=1\nCHAP_C=hello\n" }, 0 },
		{ { "CHAP_A=5\n", "" }, 0x04 }, /* the operational stage, of its own accord */
		{ { "CHAP_A=5\n", "" }, 0x87 },
	};
	struct wire *w = *state;
	struct chap_order md5;
	size_t i, j;

	assert_int_equal(chap_order_parse(&md5, "MD5", NULL), 0);
	chap_add_account(&chap_target(w)->accounts, "out", CHAP_OUT_SECRET, true);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct chap_exchange x = { .id = 0 };
		uint16_t status = 0;

		wire_open(&x.c, w);
		assert_int_equal(chap_request(&x, 0, CHAP_NAMES "AuthMethod=CHAP\n"), 0);
		for (j = 0; j < 4 && table[i].texts[j]; j++) {
			const char *text = table[i].texts[j], *r = strchr(text, '@');
			bool last = j == 3 || !table[i].texts[j + 1];
			char all[300];

			if (status)
				fail_msg("row %zu was refused too early: %04x", i, status);
			snprintf(all, sizeof(all), "%.*s%s%s%s",
				 r ? (int)(r - text) : (int)strlen(text), text,
				 r ? chap_answer(&x, CHAP_SECRET) : "", r ? "\n" : "", r ? r + 1 : "");
			status = chap_request(&x, last ? table[i].flags : 0, all);
			if (!j && !status && chap_value(&x.pdu, "CHAP_C")) {
				x.alg = md5.algs[0];
				x.len = text_binary(chap_value(&x.pdu, "CHAP_C"), x.challenge, 1024);
				x.id = (uint8_t)strtoul(chap_value(&x.pdu, "CHAP_I"), NULL, 10);
			}
		}
		if (!status)
			fail_msg("row %zu was borne", i);
		assert_false(wire_recv(&x.c, &x.pdu));
		assert_true(x.c.closed);
		chap_finish(&x);
		loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	}
	assert_true(list_empty(&iscsi.sessions));
}

static void random_answers_never_get_in(void **state)
{
	static const char *const keys[] = { "CHAP_A", "CHAP_I", "CHAP_C", "CHAP_N", "CHAP_R", "AuthMethod" };
	struct wire *w = *state;
	unsigned int i, j, k;
	char text[900], *p;

	srand(11);
	for (i = 0; i < 400; i++) {
		struct chap_exchange x = { .id = 0 };
		uint16_t status;

		wire_open(&x.c, w);
		status = chap_request(&x, 0, CHAP_NAMES "AuthMethod=CHAP\n");
		if (!status && rand() % 4)
			status = chap_request(&x, 0, "CHAP_A=8,7,6,5\n");
		for (j = 0; j < 4 && !status; j++) {
			p = text;
			for (k = (unsigned int)rand() % 4; k; k--) {
				unsigned int n = (unsigned int)rand() % 100;

				p += sprintf(p, "%s=%s", keys[rand() % 6], rand() % 2 ? "0x" : "0b");
				while (n--)
					*p++ = (char)(rand() % 8 ? "0123456789abcdef"[rand() % 16] :
								   ' ' + rand() % 95);
				*p++ = '\n';
			}
			*p = '\0';
			status = chap_request(&x, rand() % 2 ? CHAP_TO_FULL : 0, text);
		}
		assert_true(list_empty(&iscsi.sessions));
		chap_finish(&x);
		loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	}
}

/* --- limits ----------------------------------------------------------------------------------- */

static void guessing_is_slowed_down_by_address(void **state)
{
	struct wire *w = *state;
	struct chap_exchange x, waiting;
	unsigned int i;

	chap_challenged(&waiting, w, CHAP_NAMES, "7");
	for (i = 0; i < 10; i++)
		assert_int_equal(chap_try(w, CHAP_NAMES, "joe", "guess"), LOGIN_AUTH_FAILED);
	memset(&x, 0, sizeof(x));
	wire_open(&x.c, w);
	assert_int_equal(chap_request(&x, 0, CHAP_NAMES "AuthMethod=CHAP\n"), LOGIN_UNAVAILABLE);
	chap_finish(&x);
	/* What was challenged before is not a way around it. */
	assert_int_equal(chap_respond(&waiting, "joe", "guess", ""), LOGIN_UNAVAILABLE);
	chap_finish(&waiting);
	loop_clock_advance(w->core.loop, 3 * NSEC_PER_SEC);
	assert_int_equal(chap_try(w, CHAP_NAMES, "joe", CHAP_SECRET), 0);
}

/* A request whose @nth allocation fails. False: the connection has ended, or the login. */
static bool request_failing(struct chap_exchange *x, const char *text, unsigned int nth, bool *failed)
{
	wire_login_request(&x->c, 0, text);
	t_alloc_fail_nth(nth);
	wire_settle(x->c.w);
	*failed = t_alloc_failed();
	t_alloc_fail_nth(0);
	return wire_recv(&x->c, &x->pdu) && !x->pdu.login.status_class;
}

static void a_login_bears_any_allocation_that_fails(void **state)
{
	static const char *const texts[] = { CHAP_NAMES "AuthMethod=CHAP\n", "CHAP_A=7\n",
					     "CHAP_N=joe\nCHAP_R=0x00\nCHAP_I=1\nCHAP_C=0x11\n" };
	struct wire *w = *state;
	unsigned int at, nth, i;
	bool failed = true;

	for (at = 0; at < ARRAY_SIZE(texts); at++, failed = true)
		for (nth = 1; failed; nth++) {
			struct chap_exchange x = { .id = 0 };
			bool on = true;

			wire_open(&x.c, w);
			for (i = 0; on && i < at; i++)
				on = !chap_request(&x, 0, texts[i]);
			request_failing(&x, texts[at], nth, &failed);
			chap_finish(&x);
			assert_true(list_empty(&iscsi.sessions));
			assert_int_equal(iscsi.n_logins, 0);
			loop_clock_advance(w->core.loop, 30 * NSEC_PER_SEC);
		}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, chap_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_right_secret_gets_in_with_every_algorithm),
		TEST(what_is_wrong_is_one_status_for_all),
		TEST(a_response_must_be_a_whole_digest),
		TEST(base64_and_capitals_are_read),
		TEST(no_challenge_comes_twice),
		TEST(the_order_of_the_target_or_the_driver_chooses),
		TEST(nobody_gets_past_a_target_with_accounts),
		TEST(an_early_wish_to_move_on_is_declined),
		TEST(a_target_without_accounts_asks_for_nothing),
		TEST(discovery_has_accounts_of_its_own),
		TEST(an_account_that_goes_during_the_login_is_no_account),
		TEST(keys_may_come_in_pieces_of_any_size),
		TEST(a_stage_more_may_follow),
		TEST(what_comes_at_the_wrong_time_ends_the_login),
		TEST(random_answers_never_get_in),
		TEST(guessing_is_slowed_down_by_address),
		TEST(a_login_bears_any_allocation_that_fails),
	};

	return chap_skipped() < 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
