/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSNSP: what is written is what RFC 4171 draws, and what comes is believed only when it is.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iscsi/isns_msg.h"
#include "t_alloc.h"

static void put_pdu(struct strbuf *out, uint16_t function, uint16_t flags, uint16_t seq, size_t len)
{
	struct isns_hdr hdr;
	uint8_t zero[256] = { 0 };

	be16_put(&hdr.version, ISNS_VERSION);
	be16_put(&hdr.function, function);
	be16_put(&hdr.length, (uint16_t)len);
	be16_put(&hdr.flags, flags);
	be16_put(&hdr.xid, 7);
	be16_put(&hdr.sequence, seq);
	strbuf_add(out, &hdr, sizeof(hdr));
	strbuf_add(out, zero, len);
}

/* What isns_rx_next() says of @in. */
static int feed(const struct strbuf *in)
{
	struct isns_rx rx = { .inside = false };
	struct isns_message msg;
	const char *why;
	int r;

	assert_int_equal(isns_rx_push(&rx, in->s, in->len), 0);
	r = isns_rx_next(&rx, &msg, &why);
	assert_int_equal(!!why, r == -EPROTO);
	isns_rx_free(&rx);
	return r;
}

static void attributes_are_padded_to_four_bytes(void **state)
{
	static const uint8_t want[] = {
		0, 0, 0, 32, 0, 0, 0, 8, 'i', 'q', 'n', '.', 'a', 0, 0, 0, /* a name with its NUL */
		0, 0, 0, 33, 0, 0, 0, 4, 0,   0,   0,	1,		   /* a number */
		0, 0, 0, 0,  0, 0, 0, 0,				   /* a delimiter */
	};
	struct strbuf out = STRBUF_INIT;

	(void)state;
	isns_put_str(&out, ISNS_NODE_NAME, "iqn.a");
	isns_put_u32(&out, ISNS_NODE_TYPE, ISNS_NODE_TARGET);
	isns_put(&out, ISNS_DELIMITER, NULL, 0);
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(out.s, want, sizeof(want));
	strbuf_free(&out);
}

static void ipv4_addresses_are_written_as_mapped_ones(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 16, 0, 0, 0,	 16,   0,   0, 0, 0,
					0, 0, 0, 0,  0, 0, 0xff, 0xff, 192, 0, 2, 1 };
	struct strbuf out = STRBUF_INIT;
	struct addr a;

	(void)state;
	assert_int_equal(addr_parse(&a, "192.0.2.1", 0, NULL), 0);
	isns_put_ip(&out, ISNS_PORTAL_IP, &a);
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(out.s, want, sizeof(want));
	strbuf_reset(&out);
	assert_int_equal(addr_parse(&a, "2001:db8::1", 0, NULL), 0);
	isns_put_ip(&out, ISNS_PORTAL_IP, &a);
	assert_memory_equal(out.s + 8, &a.in6.sin6_addr, 16);
	strbuf_free(&out);
}

static void attributes_are_read_back(void **state)
{
	struct strbuf out = STRBUF_INIT;
	struct isns_reader r;
	struct isns_attr attr;
	char name[16];
	uint32_t v;

	(void)state;
	isns_put_str(&out, ISNS_NODE_NAME, "iqn.a");
	isns_put_u32(&out, ISNS_NODE_TYPE, 3);
	r = isns_reader(out.s, out.len);
	assert_true(isns_next(&r, &attr));
	assert_int_equal(attr.tag, ISNS_NODE_NAME);
	assert_true(isns_attr_str(&attr, name, sizeof(name)));
	assert_string_equal(name, "iqn.a");
	assert_false(isns_attr_str(&attr, name, 5));
	assert_false(isns_attr_u32(&attr, &v));
	assert_true(isns_next(&r, &attr));
	assert_true(isns_attr_u32(&attr, &v));
	assert_int_equal(v, 3);
	assert_false(isns_next(&r, &attr));
	assert_false(r.broken);
	strbuf_free(&out);
}

static void attributes_that_lie_about_their_length_break_the_message(void **state)
{
	static const uint8_t longer[] = { 0, 0, 0, 32, 0, 0, 0, 8, 'a', 0, 0, 0 };
	static const uint8_t odd[] = { 0, 0, 0, 32, 0, 0, 0, 3, 'a', 0, 0, 0 };
	static const uint8_t huge[] = { 0, 0, 0, 32, 0xff, 0xff, 0xff, 0xfc, 'a', 0, 0, 0 };
	static const uint8_t cut[] = { 0, 0, 0, 32, 0, 0, 0 };
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} rows[] = { { longer, sizeof(longer) }, { odd, sizeof(odd) }, { huge, sizeof(huge) },
		     { cut, sizeof(cut) } };
	struct isns_attr attr;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct isns_reader r = isns_reader(rows[i].bytes, rows[i].len);

		assert_false(isns_next(&r, &attr));
		assert_true(r.broken);
		assert_false(isns_next(&r, &attr));
	}
}

static void names_with_control_characters_are_no_names(void **state)
{
	static const uint8_t bell[4] = { 'a', 7, 'b', 0 }, nul[4] = { 'a', 0, 'b', 0 };
	char name[8];

	(void)state;
	assert_false(isns_attr_str(&(struct isns_attr){ 32, 4, bell }, name, sizeof(name)));
	assert_false(isns_attr_str(&(struct isns_attr){ 32, 4, nul }, name, sizeof(name)));
	assert_false(isns_attr_str(&(struct isns_attr){ 32, 0, nul }, name, sizeof(name)));
}

static void a_response_without_a_status_is_known_as_such(void **state)
{
	struct isns_reader r = isns_reader("\0\0\0\x09", 4);
	uint32_t status;

	(void)state;
	assert_true(isns_read_status(&r, &status));
	assert_int_equal(status, ISNS_NO_SUCH_ENTRY);
	r = isns_reader("\0\0", 2);
	assert_false(isns_read_status(&r, &status));
}

/* A payload of @len bytes through the writer and, @step bytes at a time, the reader. */
static void travel(size_t len, size_t step)
{
	struct isns_rx rx = { .inside = false };
	struct strbuf out = STRBUF_INIT;
	struct isns_message msg;
	uint8_t *payload = malloc(len + 1);
	const char *why;
	size_t at, i;
	int r = 0;

	assert_non_null(payload);
	for (i = 0; i < len; i++)
		payload[i] = (uint8_t)(i * 7 + i / 256);
	isns_put_message(&out, ISNS_DEV_ATTR_REG, ISNS_FLAG_CLIENT | ISNS_FLAG_REPLACE, 513, payload,
			 len);
	for (at = 0; at < out.len; at += step) {
		assert_int_equal(r, 0);
		assert_int_equal(isns_rx_push(&rx, out.s + at, step < out.len - at ? step : out.len - at),
				 0);
		r = isns_rx_next(&rx, &msg, &why);
	}
	assert_int_equal(r, 1);
	assert_int_equal(msg.function, ISNS_DEV_ATTR_REG);
	assert_int_equal(msg.xid, 513);
	assert_true(msg.flags & ISNS_FLAG_REPLACE);
	assert_int_equal(msg.len, len);
	assert_memory_equal(msg.payload, payload, len);
	assert_int_equal(isns_rx_next(&rx, &msg, &why), 0);
	isns_rx_free(&rx);
	strbuf_free(&out);
	free(payload);
}

static void messages_travel_in_as_many_pdus_as_they_need(void **state)
{
	(void)state;
	travel(0, 5);
	travel(4, 1);
	travel(ISNS_PDU_MAX, 1000);
	travel(ISNS_PDU_MAX + 4, 70000);
	travel(5 * ISNS_PDU_MAX, 4096);
}

static void two_messages_in_one_piece_are_two(void **state)
{
	struct isns_rx rx = { .inside = false };
	struct strbuf out = STRBUF_INIT;
	struct isns_message msg;
	const char *why;

	(void)state;
	isns_put_message(&out, ISNS_SCN, ISNS_FLAG_SERVER, 1, "abcd", 4);
	isns_put_message(&out, ISNS_ESI, ISNS_FLAG_SERVER, 2, "efgh", 4);
	assert_int_equal(isns_rx_push(&rx, out.s, out.len), 0);
	assert_int_equal(isns_rx_next(&rx, &msg, &why), 1);
	assert_memory_equal(msg.payload, "abcd", 4);
	assert_int_equal(isns_rx_next(&rx, &msg, &why), 1);
	assert_int_equal(msg.xid, 2);
	assert_memory_equal(msg.payload, "efgh", 4);
	assert_int_equal(isns_rx_next(&rx, &msg, &why), 0);
	isns_rx_free(&rx);
	strbuf_free(&out);
}

#define FIRST (ISNS_FLAG_SERVER | ISNS_FLAG_FIRST)
#define LAST (ISNS_FLAG_SERVER | ISNS_FLAG_LAST)

static void pdus_that_do_not_follow_each_other_end_the_stream(void **state)
{
	static const struct {
		uint16_t function, flags, seq, len;
	} second[] = {
		{ ISNS_SCN, LAST, 2, 4 },		  /* one is missing */
		{ ISNS_SCN, LAST, 0, 4 },		  /* twice the same */
		{ ISNS_ESI, LAST, 1, 4 },		  /* of another message */
		{ ISNS_SCN, FIRST | ISNS_FLAG_LAST, 0, 4 }, /* a second beginning */
		{ ISNS_SCN, LAST | ISNS_FLAG_AUTH, 1, 4 },
		{ ISNS_SCN, LAST, 1, 6 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(second); i++) {
		struct strbuf in = STRBUF_INIT;

		put_pdu(&in, ISNS_SCN, FIRST, 0, 8);
		put_pdu(&in, second[i].function, second[i].flags, second[i].seq, second[i].len);
		assert_int_equal(feed(&in), -EPROTO);
		strbuf_free(&in);
	}
}

static void a_stream_begins_with_a_first_pdu_of_version_1(void **state)
{
	struct strbuf in = STRBUF_INIT;

	(void)state;
	put_pdu(&in, ISNS_SCN, LAST, 0, 4);
	assert_int_equal(feed(&in), -EPROTO);
	strbuf_reset(&in);
	put_pdu(&in, ISNS_SCN, FIRST | LAST, 1, 4);
	assert_int_equal(feed(&in), -EPROTO);
	strbuf_reset(&in);
	put_pdu(&in, ISNS_SCN, FIRST | LAST, 0, 4);
	assert_int_equal(feed(&in), 1);
	in.s[1] = 2;
	assert_int_equal(feed(&in), -EPROTO);
	strbuf_free(&in);
}

static void a_message_without_end_is_cut_off_at_16_mib(void **state)
{
	static uint8_t pdu[sizeof(struct isns_hdr) + ISNS_PDU_MAX];
	struct isns_rx rx = { .inside = false };
	struct isns_hdr *hdr = (struct isns_hdr *)pdu;
	struct isns_message msg;
	const char *why;
	unsigned int i;
	int r = 0;

	(void)state;
	be16_put(&hdr->version, ISNS_VERSION);
	be16_put(&hdr->function, ISNS_SCN);
	be16_put(&hdr->length, ISNS_PDU_MAX);
	for (i = 0; !r; i++) {
		be16_put(&hdr->flags, i ? ISNS_FLAG_SERVER : FIRST);
		be16_put(&hdr->sequence, (uint16_t)i);
		assert_int_equal(isns_rx_push(&rx, pdu, sizeof(pdu)), 0);
		r = isns_rx_next(&rx, &msg, &why);
	}
	assert_int_equal(r, -EPROTO);
	assert_int_equal(i, ISNS_MESSAGE_MAX / ISNS_PDU_MAX + 1);
	isns_rx_free(&rx);
}

static void receive_once(void *arg)
{
	const struct strbuf *in = arg;
	struct isns_rx rx = { .inside = false };
	struct isns_message msg;
	const char *why;

	if (!isns_rx_push(&rx, in->s, in->len))
		isns_rx_next(&rx, &msg, &why);
	isns_rx_free(&rx);
}

static void without_memory_nothing_breaks(void **state)
{
	struct strbuf in = STRBUF_INIT;

	(void)state;
	put_pdu(&in, ISNS_SCN, FIRST, 0, 8);
	put_pdu(&in, ISNS_SCN, LAST, 1, 8);
	assert_true(t_alloc_each(receive_once, &in) > 1);
	strbuf_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_padded_to_four_bytes),
		cmocka_unit_test(ipv4_addresses_are_written_as_mapped_ones),
		cmocka_unit_test(attributes_are_read_back),
		cmocka_unit_test(attributes_that_lie_about_their_length_break_the_message),
		cmocka_unit_test(names_with_control_characters_are_no_names),
		cmocka_unit_test(a_response_without_a_status_is_known_as_such),
		cmocka_unit_test(messages_travel_in_as_many_pdus_as_they_need),
		cmocka_unit_test(two_messages_in_one_piece_are_two),
		cmocka_unit_test(pdus_that_do_not_follow_each_other_end_the_stream),
		cmocka_unit_test(a_stream_begins_with_a_first_pdu_of_version_1),
		cmocka_unit_test(a_message_without_end_is_cut_off_at_16_mib),
		cmocka_unit_test(without_memory_nothing_breaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
