/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The digests of RFC 3720 appendix B.4 (RFC 7143 appendix A.4), of both
 * versions, whole and in pieces.
 */
#include "base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint8_t read_pdu[48] = {
	0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
	0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* On the wire the least significant byte goes first: aa 36 91 8a is 0x8a9136aa. */
static void check(const void *data, size_t len, uint32_t want)
{
	const uint8_t *p = data;

	assert_int_equal(crc32c(0, data, len), want);
	assert_int_equal(crc32c_by_table(0, data, len), want);
	for (size_t cut = 0; cut <= len; cut++) {
		assert_int_equal(crc32c(crc32c(0, p, cut), p + cut, len - cut), want);
		assert_int_equal(crc32c_by_table(crc32c_by_table(0, p, cut), p + cut, len - cut),
				 want);
	}
}

static void the_vectors_of_rfc3720_b4(void **state)
{
	uint8_t b[32];

	(void)state;
	check(memset(b, 0, sizeof(b)), sizeof(b), 0x8a9136aa);
	check(memset(b, 0xff, sizeof(b)), sizeof(b), 0x62a8ab43);
	for (unsigned int i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)i;
	check(b, sizeof(b), 0x46dd794e);
	for (unsigned int i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(31 - i);
	check(b, sizeof(b), 0x113fdb5c);
	check(read_pdu, sizeof(read_pdu), 0xd9963a56);
	check("123456789", 9, 0xe3069283);
}

static void nothing_has_digest_zero(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c_by_table(0, "", 0), 0);
}

static void both_versions_agree_at_any_length_and_alignment(void **state)
{
	static uint8_t b[5000];
	uint32_t r = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)((r = r * 1103515245 + 12345) >> 16);
	for (size_t len = 0; len < 4900; len += 1 + len / 7)
		for (size_t off = 0; off < 9; off++)
			assert_int_equal(crc32c(7, b + off, len), crc32c_by_table(7, b + off, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc3720_b4),
		cmocka_unit_test(nothing_has_digest_zero),
		cmocka_unit_test(both_versions_agree_at_any_length_and_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
