/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CHAP's hash functions: vectors made with another implementation (Python's hashlib),
 * orders of algorithms, and a library that forbids some of them.
 */
#include "iscsi/chap_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "iscsi/text.h"

#ifdef WITH_CRYPTO
#include <openssl/evp.h>
#endif

/* The one algorithm of this name. */
static const struct chap_alg *alg(const char *name)
{
	struct chap_order o;

	assert_int_equal(chap_order_parse(&o, name, NULL), 0);
	assert_int_equal(o.n, 1);
	return o.algs[0];
}

static void digests_are_those_of_rfc_1994(void **state)
{
	static const struct {
		const char *name;
		unsigned int number, len;
		const char *digest;
	} table[] = {
		{ "MD5", 5, 16,
		  "0x4d68cfe09f17da4e7b280ba98eabca81" },
		{ "SHA1", 6, 20,
		  "0xd9d4a127dca7f311525f990d3ebe122d93c56235" },
		{ "SHA256", 7, 32,
		  "0x40a051ff975b849b03766529fb373740e5e5de9c1e840006fdf34b15d86782af" },
		{ "SHA3-256", 8, 32,
		  "0xbd42f818ac32231a83121f1453f723f3e1c02d2d5094baf9113a36fe1512d958" },
	};
	uint8_t challenge[16], want[CHAP_DIGEST_MAX], got[CHAP_DIGEST_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(challenge); i++)
		challenge[i] = (uint8_t)(0xf0 + i);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct chap_alg *a = alg(table[i].name);

		assert_int_equal(a->number, table[i].number);
		assert_int_equal(a->len, table[i].len);
		assert_int_equal(text_binary(table[i].digest, want, sizeof(want)), a->len);
		assert_true(chap_digest(a, 0x85, "a secret of bytes", challenge,
					sizeof(challenge), got));
		assert_memory_equal(got, want, a->len);
	}
}

static void digests_are_equal_when_every_byte_is(void **state)
{
	uint8_t a[CHAP_DIGEST_MAX] = { 1, 2, 3 }, b[CHAP_DIGEST_MAX] = { 1, 2, 3 };
	size_t i;

	(void)state;
	assert_true(chap_digest_equal(a, b, sizeof(a)));
	for (i = 0; i < sizeof(a); i++) {
		b[i] ^= 0x80;
		assert_false(chap_digest_equal(a, b, sizeof(a)));
		b[i] ^= 0x80;
	}
}

static void the_strongest_come_first_unless_told_otherwise(void **state)
{
	struct chap_order o;
	char text[64];

	(void)state;
	chap_order_default(&o);
	chap_order_format(&o, text, sizeof(text));
	assert_string_equal(text, "SHA3-256,SHA256,SHA1,MD5");
	assert_int_equal(chap_order_parse(&o, "MD5:SHA1,SHA256", NULL), 0);
	chap_order_format(&o, text, sizeof(text));
	assert_string_equal(text, "MD5,SHA1,SHA256");
	assert_int_equal(chap_order_parse(&o, "", NULL), 0);
	assert_int_equal(o.n, 4);
}

static void orders_that_make_no_sense_are_refused(void **state)
{
	static const char *const table[] = { "SHA512", "MD5,", ",MD5", "MD5,MD5", "md5", "5",
					     "SHA2561", "MD5,SHA1,SHA256,SHA3-256,MD5", " MD5" };
	struct chap_order o = { .n = 77 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct err err = { .code = ERR_OK };

		if (!chap_order_parse(&o, table[i], &err))
			fail_msg("'%s' was taken", table[i]);
		assert_int_equal(err.code, ERR_INVALID_REQUEST);
		assert_int_equal(o.n, 77);
	}
}

static void our_order_chooses_among_what_is_offered(void **state)
{
	static const struct {
		const char *order, *offer;
		unsigned int number; /* 0: none */
	} table[] = {
		{ "", "5", 5 },
		{ "", "5,6,7,8", 8 },
		{ "", "7,5", 7 },
		{ "", "0x6,5", 6 },
		{ "", "5,5,5", 5 },
		{ "MD5,SHA256", "7,5", 5 },
		{ "SHA256", "5,6,8", 0 },
		{ "", "9,0,-5,MD5", 0 },
		{ "", "", 0 },
		{ "", ",,", 0 },
		{ "", "99999999999999999999,5", 5 },
		{ "", "4294967301", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct chap_alg *a;
		struct chap_order o;
		char offer[64];

		snprintf(offer, sizeof(offer), "%s", table[i].offer);
		assert_int_equal(chap_order_parse(&o, table[i].order, NULL), 0);
		a = chap_order_choose(&o, offer);
		if ((a ? a->number : 0) != table[i].number)
			fail_msg("row %zu: %u", i, a ? a->number : 0);
	}
}

#if defined(WITH_CRYPTO) && OPENSSL_VERSION_MAJOR >= 3
/* As with FIPS mode, where the properties ask for a provider that does not have the function. */
static void what_the_library_forbids_is_not_there(void **state)
{
	struct err err = { .code = ERR_OK };
	uint8_t out[CHAP_DIGEST_MAX];
	const struct chap_alg *md5 = alg("MD5");
	char offer[] = "5,7";
	struct chap_order o;

	(void)state;
	assert_true(EVP_set_default_properties(NULL, "fips=yes"));
	assert_false(chap_digest(md5, 1, "secret", "c", 1, out));
	assert_int_not_equal(chap_order_parse(&o, "MD5", &err), 0);
	assert_non_null(strstr(err.text, "does not give MD5"));
	chap_order_default(&o);
	assert_int_equal(o.n, 0);
	assert_null(chap_order_choose(&o, offer));
	assert_true(EVP_set_default_properties(NULL, ""));
	assert_true(chap_digest(md5, 1, "secret", "c", 1, out));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_rfc_1994),
		cmocka_unit_test(digests_are_equal_when_every_byte_is),
		cmocka_unit_test(the_strongest_come_first_unless_told_otherwise),
		cmocka_unit_test(orders_that_make_no_sense_are_refused),
		cmocka_unit_test(our_order_chooses_among_what_is_offered),
#if defined(WITH_CRYPTO) && OPENSSL_VERSION_MAJOR >= 3
		cmocka_unit_test(what_the_library_forbids_is_not_there),
#endif
	};
	struct chap_order usable;

	chap_order_default(&usable);
	if (!usable.n) {
		puts("[  SKIPPED ] all of it: no algorithm of CHAP can be used here");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
