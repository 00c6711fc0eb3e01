/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INQUIRY: standard data and vital product data, of a disk, the controller, the well
 * known LU and nothing at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"
#include "scsi/lun.h"
#include "target/transport.h"

#define ABSENT_LUN 77

struct inquiry {
	struct shot s;
	enum scsi_result result;
	uint8_t data[4096];
};

static int setup(void **state)
{
	*state = disk_new(NULL, "1M", 512);
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void inquire(struct inquiry *q, struct disk *d, uint8_t evpd, uint8_t page, uint16_t alloc)
{
	uint8_t cdb[32] = { 0x12, evpd, page };

	put_be16(cdb + 3, alloc);
	memset(q, 0xee, sizeof(*q));
	q->result = disk_run(d, &q->s, cdb, NULL, 0, q->data, alloc);
}

static void vpd(struct inquiry *q, struct disk *d, uint8_t page)
{
	inquire(q, d, 1, page, 4096);
	assert_int_equal(q->result, RES_GOOD);
	assert_int_equal(q->data[1], page);
	assert_int_equal(q->s.in_len, 4 + get_be16(q->data + 2));
}

static void standard_data_describes_a_disk(void **state)
{
	struct inquiry q;

	inquire(&q, *state, 0, 0, 255);
	assert_int_equal(q.result, RES_GOOD);
	assert_int_equal(q.s.in_len, 96);
	assert_int_equal(q.data[0], 0x00);
	assert_int_equal(q.data[1], 0x00);
	assert_int_equal(q.data[2], 0x06);
	assert_int_equal(q.data[3], 0x12);
	assert_int_equal(q.data[4], 91);
	assert_int_equal(q.data[5], 0x08); /* 3PC */
	assert_int_equal(q.data[7], 0x02);
	assert_memory_equal(q.data + 16, "VIRTUAL-DISK    ", 16);
	assert_int_equal(get_be16(q.data + 58), 0x00a0);
	assert_int_equal(get_be16(q.data + 60), 0x0460);
	assert_int_equal(get_be16(q.data + 62), 0x04c0);
	assert_int_equal(get_be16(q.data + 64), 0); /* of the transport, which has none here */
	assert_int_equal(get_be16(q.data + 66), 0);
}

static void strings_are_those_of_the_administrator_padded_with_spaces(void **state)
{
	struct disk *d = *state;
	struct inquiry q;

	disk_set(d, "vendor_id", "ACME");
	disk_set(d, "product_id", "EXACTLY 16 BYTES");
	disk_set(d, "product_rev", "7");
	inquire(&q, d, 0, 0, 96);
	assert_memory_equal(q.data + 8, "ACME    EXACTLY 16 BYTES7   ", 28);
}

static void allocation_length_cuts_and_is_no_error(void **state)
{
	struct inquiry q;

	inquire(&q, *state, 0, 0, 5);
	assert_int_equal(q.result, RES_GOOD);
	assert_int_equal(q.s.in_len, 5);
	assert_int_equal(q.data[4], 91);
	assert_int_equal(q.data[5], 0xee);
	inquire(&q, *state, 0, 0, 0);
	assert_int_equal(q.result, RES_GOOD);
	assert_int_equal(q.s.in_len, 0);
}

static void removable_disks_say_so(void **state)
{
	struct inquiry q;

	disk_set(*state, "removable", "1");
	inquire(&q, *state, 0, 0, 96);
	assert_int_equal(q.data[1], 0x80);
}

static void page_code_without_evpd_is_refused_with_a_pointer(void **state)
{
	struct inquiry q;

	inquire(&q, *state, 0, 0x83, 96);
	assert_int_equal(q.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&q.s), 2 << 8 | 0xff);
}

static void unknown_page_is_refused_with_a_pointer(void **state)
{
	struct inquiry q;

	inquire(&q, *state, 1, 0xc7, 96);
	assert_int_equal(q.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&q.s), 2 << 8 | 0xff);
}

static void obsolete_cmddt_bit_is_refused(void **state)
{
	struct inquiry q;

	inquire(&q, *state, 2, 0, 96);
	assert_int_equal(q.result, RES_INVALID_FIELD_CDB);
	assert_int_equal(shot_field(&q.s), 1 << 8 | 1);
}

static void every_listed_page_can_be_read(void **state)
{
	struct inquiry list, q;

	vpd(&list, *state, 0x00);
	assert_true(list.s.in_len >= 4 + 6);
	for (unsigned int i = 4; i < list.s.in_len; i++) {
		vpd(&q, *state, list.data[i]);
		assert_true(i == 4 || list.data[i] > list.data[i - 1]);
	}
}

static void serial_number_is_the_configured_one(void **state)
{
	struct inquiry q;

	disk_set(*state, "scsi_sn", "abc-0815");
	vpd(&q, *state, 0x80);
	assert_int_equal(q.s.in_len, 12);
	assert_memory_equal(q.data + 4, "abc-0815", 8);
}

/* The designator of an association and type; NULL: there is none. */
static const uint8_t *designator(const uint8_t *p, uint32_t len, uint8_t assoc_type)
{
	while (len >= 4) {
		uint32_t n = 4u + p[3];

		assert_true(n <= len);
		if ((p[1] & 0x3f) == assoc_type)
			return p;
		p += n;
		len -= n;
	}
	assert_int_equal(len, 0);
	return NULL;
}

static void identification_names_unit_port_and_device(void **state)
{
	struct disk *d = *state;
	struct inquiry q;
	const uint8_t *p;
	uint32_t len;

	vpd(&q, d, 0x83);
	len = q.s.in_len - 4;
	p = designator(q.data + 4, len, 0x01);
	assert_int_equal(p[0], 0x02);
	assert_memory_equal(p + 4 + 8, d->lu->id.scsi_id, strlen(d->lu->id.scsi_id));
	p = designator(q.data + 4, len, 0x03);
	assert_int_equal(p[3], sizeof(d->lu->id.naa));
	assert_memory_equal(p + 4, d->lu->id.naa, sizeof(d->lu->id.naa));
	p = designator(q.data + 4, len, 0x08);
	assert_memory_equal(p + 4, "naa.3", 5);
	assert_int_equal(p[3] % 4, 0);
	p = designator(q.data + 4, len, 0x14);
	assert_int_equal(p[0], 0x51);
	assert_int_equal(p[1] & 0x80, 0x80);
	assert_int_equal(get_be32(p + 4), 1);
	p = designator(q.data + 4, len, 0x18);
	assert_string_equal((const char *)p + 4, "iqn.2026-01.test:disk,t,0x0001");
	p = designator(q.data + 4, len, 0x28);
	assert_int_equal(p[3] % 4, 0);
	assert_string_equal((const char *)p + 4, "iqn.2026-01.test:disk");
}

static void ports_page_names_the_port_that_was_asked(void **state)
{
	struct inquiry q;

	vpd(&q, *state, 0x88);
	assert_int_equal(get_be16(q.data + 6), 1);
	assert_int_equal(get_be16(q.data + 10), 0);
	assert_int_equal(get_be16(q.data + 14), q.s.in_len - 16);
	assert_non_null(designator(q.data + 16, q.s.in_len - 16, 0x18));
}

static unsigned int three_ports(const struct target *t, uint16_t *out, unsigned int max)
{
	(void)t;
	for (uint16_t i = 0; i < 3 && i < max; i++)
		out[i] = (uint16_t)(i * 2 + 1);
	return 3;
}

static void ports_page_has_all_that_the_transport_knows(void **state)
{
	struct disk *d = *state;
	struct transport *tr = d->a->transport;
	uint32_t at = 4;
	struct inquiry q;

	tr->ports = three_ports;
	vpd(&q, d, 0x88);
	tr->ports = NULL;
	for (uint16_t i = 0; i < 3; i++) {
		const uint8_t *name = q.data + at + 12;
		char want[16];

		assert_int_equal(get_be16(q.data + at + 2), i * 2 + 1);
		name = designator(name, get_be16(q.data + at + 10), 0x18);
		assert_non_null(name);
		snprintf(want, sizeof(want), ",t,0x%04x", i * 2 + 1);
		assert_non_null(strstr((const char *)q.data + at + 16, want));
		at += 12U + get_be16(q.data + at + 10);
	}
	assert_int_equal(at, q.s.in_len);
}

static void extended_data_tells_task_attributes_and_sense_length(void **state)
{
	struct inquiry q;

	vpd(&q, *state, 0x86);
	assert_int_equal(q.s.in_len, 64);
	assert_int_equal(q.data[5], 0x0f);
	assert_int_equal(q.data[7], 0x01);
	assert_int_equal(q.data[13], SCSI_SENSE_MAX);
}

static void mode_pages_are_shared(void **state)
{
	struct inquiry q;

	vpd(&q, *state, 0x87);
	assert_int_equal(q.s.in_len, 8);
	assert_int_equal(get_be32(q.data + 4), 0x3fff0000);
}

static void absent_lun_has_no_device(void **state)
{
	struct disk *d = *state;
	struct inquiry q;

	d->lun = ABSENT_LUN;
	inquire(&q, d, 0, 0, 255);
	assert_int_equal(q.result, RES_GOOD);
	assert_int_equal(q.s.in_len, 96);
	assert_int_equal(q.data[0], 0x7f);
	assert_int_equal(q.data[2], 0x06);
	inquire(&q, d, 1, 0x00, 255);
	assert_int_equal(q.result, RES_GOOD);
	assert_int_equal(q.s.in_len, 5);
	assert_int_equal(q.data[0], 0x7f);
	inquire(&q, d, 1, 0x83, 255);
	assert_int_equal(q.result, RES_INVALID_FIELD_CDB);
}

static void inquiry_leaves_a_unit_attention_pending(void **state)
{
	struct disk *d = *state;
	struct itl *itl = nexus_itl(d->a, 1);
	struct inquiry q;

	itl->ua = 1;
	inquire(&q, d, 0, 0, 96);
	assert_int_equal(q.result, RES_GOOD);
	assert_int_equal(itl->ua, 1);
	itl->ua = 0;
}

static void scattered_buffers_get_the_same_data(void **state)
{
	struct disk *d = *state;
	struct inquiry flat, pieces;

	vpd(&flat, d, 0x83);
	d->scatter = 7;
	vpd(&pieces, d, 0x83);
	assert_memory_equal(flat.data, pieces.data, flat.s.in_len);
}

#define with_disk(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_disk(standard_data_describes_a_disk),
		with_disk(strings_are_those_of_the_administrator_padded_with_spaces),
		with_disk(allocation_length_cuts_and_is_no_error),
		with_disk(removable_disks_say_so),
		with_disk(page_code_without_evpd_is_refused_with_a_pointer),
		with_disk(unknown_page_is_refused_with_a_pointer),
		with_disk(obsolete_cmddt_bit_is_refused),
		with_disk(every_listed_page_can_be_read),
		with_disk(serial_number_is_the_configured_one),
		with_disk(identification_names_unit_port_and_device),
		with_disk(ports_page_names_the_port_that_was_asked),
		with_disk(ports_page_has_all_that_the_transport_knows),
		with_disk(extended_data_tells_task_attributes_and_sense_length),
		with_disk(mode_pages_are_shared),
		with_disk(absent_lun_has_no_device),
		with_disk(inquiry_leaves_a_unit_attention_pending),
		with_disk(scattered_buffers_get_the_same_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
