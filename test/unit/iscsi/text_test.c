/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text as bytes: what is a sequence of pairs and what is not, numbers, lists.
 */
#include "iscsi/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

/* Writes what it is given as "<key|value>". */
static int note(void *arg, const char *key, char *value)
{
	strbuf_printf(arg, "<%s|%s>", key, value);
	return strcmp(key, "Stop") ? 0 : -EPROTO;
}

/* A copy of exactly @len bytes, so that a step beyond is seen by the sanitizer. */
static int each(const char *text, size_t len, char *out, size_t size)
{
	struct strbuf sb = strbuf_fixed(out, size);
	char *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	*out = '\0';
	memcpy(copy, text, len);
	r = text_each(copy, len, note, &sb);
	assert_memory_equal(copy, text, len); /* whole again */
	free(copy);
	return r;
}

static void text_is_pairs_each_ended_by_a_nul(void **state)
{
#define ROW(text, r, out) { text, sizeof(text) - 1, r, out }
	static const struct {
		const char *text;
		size_t len;
		int r;
		const char *out;
	} table[] = {
		ROW("", 0, ""),
		ROW("A=1\0", 0, "<A|1>"),
		ROW("A=1\0B=2\0", 0, "<A|1><B|2>"),
		ROW("A=\0", 0, "<A|>"),
		ROW("A=b=c\0", 0, "<A|b=c>"),
		ROW("A=1\0\0\0\0", 0, "<A|1>"),
		ROW("\0\0A=1\0", 0, "<A|1>"),
		ROW("X-com.example+a@b_c#1=v\0", 0, "<X-com.example+a@b_c#1|v>"),
		ROW("A=1", -EINVAL, ""),
		ROW("A=1\0B", -EINVAL, "<A|1>"),
		ROW("A=1\0B\0", -EINVAL, "<A|1>"),
		ROW("=1\0", -EINVAL, ""),
		ROW("1A=1\0", -EINVAL, ""),
		ROW(" A=1\0", -EINVAL, ""),
		ROW("A B=1\0", -EINVAL, ""),
		ROW("\xff\xfe=1\0", -EINVAL, ""),
		ROW("A=1\0Stop=2\0B=3\0", -EPROTO, "<A|1><Stop|2>"),
	};
#undef ROW
	char out[200];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		int r = each(table[i].text, table[i].len, out, sizeof(out));

		if (r != table[i].r || strcmp(out, table[i].out))
			fail_msg("row %zu: %d %s", i, r, out);
	}
}

static void keys_and_values_have_a_longest_length(void **state)
{
	static char text[TEXT_KEY_MAX + TEXT_VALUE_MAX + 10], out[sizeof(text) + 10];
	size_t n;

	(void)state;
	memset(text, 'k', TEXT_KEY_MAX + 1);
	memcpy(text + TEXT_KEY_MAX, "=v", 3);
	assert_int_equal(each(text, TEXT_KEY_MAX + 3, out, sizeof(out)), 0);
	memset(text, 'k', TEXT_KEY_MAX + 1);
	memcpy(text + TEXT_KEY_MAX + 1, "=v", 3);
	assert_int_equal(each(text, TEXT_KEY_MAX + 4, out, sizeof(out)), -EINVAL);
	for (n = TEXT_VALUE_MAX - 2; n < TEXT_VALUE_MAX + 3; n++) {
		memset(text, 'v', sizeof(text));
		memcpy(text, "K=", 2);
		text[2 + n] = '\0';
		assert_int_equal(each(text, n + 3, out, sizeof(out)), n < TEXT_VALUE_MAX ? 0 : -EINVAL);
	}
}

/* No bytes make it read where it must not. */
static void random_bytes_are_pairs_or_refused(void **state)
{
	static const char letters[] = "Ak=1,\0\0\0=\xff-x";
	unsigned int i, j, good = 0;
	uint32_t seed = 1;
	char text[24], out[400];

	(void)state;
	for (i = 0; i < 200000; i++) {
		size_t len = i % sizeof(text);
		int r;

		for (j = 0; j < len; j++) {
			seed = seed * 1664525 + 1013904223;
			text[j] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		r = each(text, len, out, sizeof(out));
		assert_true(r == 0 || r == -EINVAL);
		good += !r && *out;
	}
	assert_true(good > 100);
}

static void numbers_are_decimal_or_hex_and_fit_32_bits(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint32_t value;
	} table[] = {
		{ "0", true, 0 },	  { "8192", true, 8192 },
		{ "0x2000", true, 8192 }, { "0X2000", true, 8192 },
		{ "0xfF", true, 255 },	  { "007", true, 7 },
		{ "4294967295", true, UINT32_MAX }, { "0xffffffff", true, UINT32_MAX },
		{ "4294967296", false, 0 }, { "0x100000000", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },	  { "0x", false, 0 },
		{ "-1", false, 0 },	  { "+1", false, 0 },
		{ " 1", false, 0 },	  { "1 ", false, 0 },
		{ "1a", false, 0 },	  { "0xg", false, 0 },
		{ "0b1", false, 0 },	  { "Yes", false, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		uint32_t v = 0;
		bool ok = text_number(table[i].text, &v);

		if (ok != table[i].ok || v != table[i].value)
			fail_msg("'%s': %d %u", table[i].text, ok, v);
	}
}

static void lists_are_cut_at_commas(void **state)
{
	char text[] = "CHAP,None,,x", *p = text;

	(void)state;
	assert_true(text_in_list(text, "CHAP"));
	assert_true(text_in_list(text, "None"));
	assert_true(text_in_list(text, "x"));
	assert_true(text_in_list(text, ""));
	assert_false(text_in_list(text, "Non"));
	assert_false(text_in_list(text, "None,"));
	assert_false(text_in_list("", "None"));
	assert_string_equal(text_next(&p), "CHAP");
	assert_string_equal(text_next(&p), "None");
	assert_string_equal(text_next(&p), "");
	assert_string_equal(text_next(&p), "x");
	assert_null(text_next(&p));
}

static void what_is_put_can_be_read(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char out[100];

	(void)state;
	text_put(&sb, "TargetName", "iqn.a");
	text_put_number(&sb, "MaxBurstLength", UINT32_MAX);
	assert_true(strbuf_ok(&sb));
	assert_int_equal(each(sb.s, sb.len, out, sizeof(out)), 0);
	assert_string_equal(out, "<TargetName|iqn.a><MaxBurstLength|4294967295>");
	strbuf_free(&sb);
}

static void binary_values_are_hex_or_base64(void **state)
{
	static const struct {
		const char *text;
		int len;
		const char *bytes;
	} table[] = {
		{ "0x00", 1, "\0" },
		{ "0x5aFf", 2, "\x5a\xff" },
		{ "0X123", 2, "\x01\x23" },
		{ "0xf", 1, "\x0f" },
		{ "0x0102030405060708", 8, "\1\2\3\4\5\6\7\10" },
		{ "0x010203040506070809", -1, "" },
		{ "0x10102030405060708", -1, "" },
		{ "0x", -1, "" },
		{ "0x0g", -1, "" },
		{ "0x@@", -1, "" },
		{ "0xPP", -1, "" },
		{ "0x-1", -1, "" },
		{ "1234", -1, "" },
		{ "", -1, "" },
		{ "0", -1, "" },
		{ "x00", -1, "" },
		{ "0bTQ==", 1, "M" },
		{ "0BTWE=", 2, "Ma" },
		{ "0bTWFu", 3, "Man" },
		{ "0b+/+/", 3, "\xfb\xff\xbf" },
		{ "0bTWFuTWFuTWE=", 8, "ManManMa" },
		{ "0bTWFuTWFuTWFu", -1, "" },
		{ "0bTWF", -1, "" },
		{ "0bT===", -1, "" },
		{ "0b====", -1, "" },
		{ "0b=WFu", -1, "" },
		{ "0bTQ=u", -1, "" },
		{ "0bTW-u", -1, "" },
		{ "0b", -1, "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		uint8_t *out = malloc(8); /* a step beyond is seen by the sanitizer */
		int len = text_binary(table[i].text, out, 8);

		if (len != table[i].len)
			fail_msg("%s: %d", table[i].text, len);
		if (len > 0)
			assert_memory_equal(out, table[i].bytes, (size_t)len);
		free(out);
	}
}

static void what_is_put_in_hex_is_read_back(void **state)
{
	uint8_t bytes[256], back[256];
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	text_put_binary(&sb, "C", bytes, sizeof(bytes));
	assert_true(strbuf_ok(&sb));
	assert_int_equal(sb.len, 2 + 2 + 512 + 1);
	assert_int_equal(text_binary(sb.s + 2, back, sizeof(back)), sizeof(bytes));
	assert_memory_equal(bytes, back, sizeof(bytes));
	strbuf_free(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_pairs_each_ended_by_a_nul),
		cmocka_unit_test(keys_and_values_have_a_longest_length),
		cmocka_unit_test(random_bytes_are_pairs_or_refused),
		cmocka_unit_test(numbers_are_decimal_or_hex_and_fit_32_bits),
		cmocka_unit_test(lists_are_cut_at_commas),
		cmocka_unit_test(what_is_put_can_be_read),
		cmocka_unit_test(binary_values_are_hex_or_base64),
		cmocka_unit_test(what_is_put_in_hex_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
