/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TransportIDs: spelling, padding, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/util.h"
#include "scsi/transportid.h"

static const uint8_t isid[6] = { 0x80, 0x01, 0x02, 0xab, 0xcd, 0xef };

static void an_iscsi_port_is_its_name_and_isid(void **state)
{
	static const char want[] = "iqn.2026-01.test:a,i,0x800102abcdef";
	struct transportid id;
	char text[TRANSPORTID_TEXT_MAX];

	(void)state;
	transportid_iscsi(&id, "iqn.2026-01.TEST:A", isid);
	assert_int_equal(id.bytes[0], 0x45);
	assert_int_equal(id.len % 4, 0);
	assert_int_equal(get_be16(id.bytes + 2), id.len - 4);
	assert_string_equal((char *)id.bytes + 4, want);
	assert_int_equal(id.len, 4 + 36);
	transportid_text(&id, text);
	assert_string_equal(text, want);
	assert_int_equal(transportid_protocol(&id), 5);
	assert_false(transportid_any_port(&id));
}

static void a_short_name_is_padded_to_the_minimum(void **state)
{
	struct transportid id, back;

	(void)state;
	transportid_iscsi(&id, "a", NULL);
	assert_int_equal(id.len, 24);
	assert_true(transportid_any_port(&id));
	assert_int_equal(transportid_parse(&back, id.bytes, id.len), 24);
	assert_true(transportid_equal(&id, &back));
}

static void the_longest_name_fits(void **state)
{
	char name[224];
	struct transportid id, back;

	(void)state;
	memset(name, 'x', 223);
	name[223] = '\0';
	transportid_iscsi(&id, name, isid);
	assert_true(id.len <= TRANSPORTID_MAX);
	assert_int_equal(transportid_parse(&back, id.bytes, id.len), id.len);
	assert_true(transportid_equal(&id, &back));
	assert_int_equal(transportid_parse(&back, id.bytes, id.len - 1u), 0);
}

static void other_spellings_are_the_same_port(void **state)
{
	uint8_t raw[64] = { 0x45, 0, 0, 60 };
	struct transportid id, want;

	(void)state;
	strcpy((char *)raw + 4, "IQN.2026-01.test:a,i,0X800102ABCDEF");
	assert_int_equal(transportid_parse(&id, raw, sizeof(raw)), 64);
	transportid_iscsi(&want, "iqn.2026-01.test:a", isid);
	assert_true(transportid_equal(&id, &want));
}

static void a_port_belongs_to_its_initiator_only(void **state)
{
	struct transportid port, any, other;

	(void)state;
	transportid_iscsi(&port, "iqn.a:b", isid);
	transportid_iscsi(&any, "iqn.a:b", NULL);
	transportid_iscsi(&other, "iqn.a:", NULL);
	assert_true(transportid_port_of(&port, &any));
	assert_false(transportid_port_of(&port, &other));
	assert_false(transportid_port_of(&any, &any));
}

static void fixed_ids_of_other_protocols_are_taken_as_they_are(void **state)
{
	uint8_t fc[24] = { 0x00, [8] = 0x50, 1, 2, 3, 4, 5, 6, 7 };
	struct transportid id;
	char text[TRANSPORTID_TEXT_MAX];

	(void)state;
	assert_int_equal(transportid_parse(&id, fc, 24), 24);
	assert_int_equal(transportid_protocol(&id), 0);
	assert_memory_equal(id.bytes, fc, 24);
	transportid_text(&id, text);
	assert_string_equal(text, "000000000000000050010203040506070000000000000000");
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		uint8_t first, len;
		const char *text;
	} bad[] = {
		{ 0x45, 20, "iqn.a" },			     /* a port without ISID */
		{ 0x05, 40, "iqn.a,i,0x800102abcdef" },	     /* no port with one */
		{ 0x45, 40, "iqn.a,t,0x800102abcdef" },	     /* a target port */
		{ 0x45, 40, "iqn.a,i,0x800102abcde" },	     /* too short */
		{ 0x45, 40, "iqn.a,i,0x800102abcdeg" },	     /* no digit */
		{ 0x45, 40, "iqn.a,i,0x800102abcdef0" },     /* too long */
		{ 0x45, 40, ",i,0x800102abcdef" },	     /* no name */
		{ 0x85, 40, "iqn.a,i,0x800102abcdef" },	     /* format 10b */
		{ 0x45, 30, "iqn.a,i,0x800102abcdef" },	     /* no multiple of four */
		{ 0x45, 8, "iqn.a" },			     /* below the minimum */
		{ 0x05, 20, "12345678901234567890" },	     /* no NUL */
		{ 0x40, 20, "" },			     /* a format that FC has not */
	};
	struct transportid id;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t raw[64] = { bad[i].first, 0, 0, bad[i].len };

		memcpy(raw + 4, bad[i].text, strlen(bad[i].text));
		if (transportid_parse(&id, raw, 4u + bad[i].len))
			fail_msg("%zu: %s", i, bad[i].text);
	}
}

static void unprintable_names_are_told_as_numbers(void **state)
{
	struct transportid id;
	char text[TRANSPORTID_TEXT_MAX];

	(void)state;
	transportid_iscsi(&id, "a\nb", NULL);
	transportid_text(&id, text);
	assert_int_equal(strlen(text), 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_iscsi_port_is_its_name_and_isid),
		cmocka_unit_test(a_short_name_is_padded_to_the_minimum),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(other_spellings_are_the_same_port),
		cmocka_unit_test(a_port_belongs_to_its_initiator_only),
		cmocka_unit_test(fixed_ids_of_other_protocols_are_taken_as_they_are),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(unprintable_names_are_told_as_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
