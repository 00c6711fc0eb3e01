/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initiator's part of CHAP in tests (iscsi_chap.h).
 */
#include "iscsi_chap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/text.h"

struct iscsi_target *chap_target(struct wire *w)
{
	return iscsi_target_of(w->target);
}

void chap_add_account(struct account_set *set, const char *name, const char *secret, bool out)
{
	if (!account_find(name))
		assert_int_equal(account_new(name, secret, NULL), 0);
	assert_int_equal(account_bind(set, name, out, NULL), 0);
}

int chap_setup(void **state)
{
	int r = wire_setup(state);

	chap_add_account(&chap_target(*state)->accounts, "joe", CHAP_SECRET, false);
	return r;
}

const char *chap_value(const struct wire_pdu *pdu, const char *key)
{
	const char *p = (const char *)pdu->data, *end = p + pdu->len;
	size_t n = strlen(key);

	for (; p < end; p += strlen(p) + 1)
		if (!strncmp(p, key, n) && p[n] == '=')
			return p + n + 1;
	return NULL;
}

/* The status of the next response, which stays in x->pdu. */
static uint16_t chap_response(struct chap_exchange *x)
{
	assert_true(wire_recv(&x->c, &x->pdu));
	assert_int_equal(x->pdu.bhs[0], ISCSI_OP_LOGIN_RSP);
	x->c.exp_stat_sn = be32_get(x->pdu.login.stat_sn) + 1;
	return (uint16_t)(x->pdu.login.status_class << 8 | x->pdu.login.status_detail);
}

uint16_t chap_request(struct chap_exchange *x, uint8_t flags, const char *text)
{
	wire_login_request(&x->c, flags, text);
	return chap_response(x);
}

void chap_finish(struct chap_exchange *x)
{
	wire_pdu_free(&x->pdu);
	wire_close(&x->c);
}

void chap_challenged(struct chap_exchange *x, struct wire *w, const char *names, const char *list)
{
	char text[600];
	struct chap_order all;
	unsigned int i;
	uint32_t n;

	memset(x, 0, sizeof(*x));
	wire_open(&x->c, w);
	snprintf(text, sizeof(text), "%sAuthMethod=CHAP,None\n", names);
	assert_int_equal(chap_request(x, 0, text), 0);
	assert_string_equal(chap_value(&x->pdu, "AuthMethod"), "CHAP");
	snprintf(text, sizeof(text), "CHAP_A=%s\n", list);
	assert_int_equal(chap_request(x, 0, text), 0);
	assert_true(text_number(chap_value(&x->pdu, "CHAP_A"), &n));
	chap_order_default(&all);
	for (i = 0; i < all.n; i++)
		if (all.algs[i]->number == n)
			x->alg = all.algs[i];
	assert_non_null(x->alg);
	assert_true(text_number(chap_value(&x->pdu, "CHAP_I"), &n) && n < 256);
	x->id = (uint8_t)n;
	x->len = text_binary(chap_value(&x->pdu, "CHAP_C"), x->challenge, sizeof(x->challenge));
	assert_true(x->len >= 16);
}

const char *chap_answer(const struct chap_exchange *x, const char *secret)
{
	static char text[7 + CHAP_HEX(CHAP_DIGEST_MAX)];
	uint8_t digest[CHAP_DIGEST_MAX];
	unsigned int i;

	assert_true(chap_digest(x->alg, x->id, secret, x->challenge, (size_t)x->len, digest));
	strcpy(text, "CHAP_R=0x");
	for (i = 0; i < x->alg->len; i++)
		sprintf(text + 9 + 2 * i, "%02x", digest[i]);
	return text;
}

uint16_t chap_respond(struct chap_exchange *x, const char *user, const char *secret, const char *more)
{
	char text[4096];

	snprintf(text, sizeof(text), "CHAP_N=%s\n%s\n%s", user, chap_answer(x, secret), more);
	return chap_request(x, CHAP_TO_FULL, text);
}

uint16_t chap_try(struct wire *w, const char *names, const char *user, const char *secret)
{
	struct chap_exchange x;
	uint16_t status;

	chap_challenged(&x, w, names, "7,5");
	status = chap_respond(&x, user, secret, "");
	chap_finish(&x);
	return status;
}

int chap_skipped(void)
{
	struct chap_order usable;

	chap_order_default(&usable);
	if (usable.n)
		return -1;
	puts("[  SKIPPED ] all of it: no algorithm of CHAP can be used here");
	return 0;
}
