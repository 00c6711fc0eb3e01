/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passthrough: what reaches the device, what comes back of it, and what the target keeps to itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/dev_types.h"
#include "dev/pt.h"
#include "target/nexus.h"
#include "target/ua.h"
#include "target_fake.h"
#include "target_pass.h"

struct pt_box {
	struct fake *f;
	struct target *t;
	struct lu *lu;
	struct nexus *a, *b;
};

static const struct dev_type *const devs[] = { &dev_controller, &dev_pt, &dev_wlun, NULL };

static int setup(void **state)
{
	struct pt_box *p = calloc(1, sizeof(*p));
	struct lu_conf conf = { .lun = 1, .dev_type = "pt", .path = "/dev/sg0" };

	pass_reset();
	p->f = fake_new(devs);
	p->t = fake_target(p->f, 1, "iqn.2026-11.org.example:t1");
	p->lu = fake_lu(p->f, p->t, &conf);
	p->a = fake_nexus(p->f, p->t, "iqn.2026-11.org.example:a");
	p->b = fake_nexus(p->f, p->t, "iqn.2026-11.org.example:b");
	fake_clear_ua(p->a, 1);
	fake_clear_ua(p->b, 1);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pt_box *p = *state;

	pass_device.hold = false;
	pass_go(-ENODEV);
	fake_free(p->f);
	free(p);
	return 0;
}

/* CDB in hexadecimal digits, spaces between bytes. */
static unsigned int cdb_of(const char *text, uint8_t *cdb)
{
	unsigned int n = 0;
	char *end;

	for (; *text; text = end, n++)
		cdb[n] = (uint8_t)strtoul(text, &end, 16);
	return n;
}

static struct fake_cmd *run(struct nexus *n, const char *text, const void *out, uint32_t out_len,
			    uint32_t in_len)
{
	uint8_t cdb[32];

	return fake_run(n, 1, cdb, cdb_of(text, cdb), out, out_len, in_len);
}

/* Fixed format sense data. */
static void answer_check(uint8_t key, uint8_t asc, uint8_t ascq)
{
	struct pass_device *d = &pass_device;

	memset(d->sense, 0, sizeof(d->sense));
	d->sense[0] = 0x70;
	d->sense[2] = key;
	d->sense[7] = 10;
	d->sense[12] = asc;
	d->sense[13] = ascq;
	d->sense_len = 18;
	d->status = SAM_CHECK_CONDITION;
}

static void answer_data(const void *data, uint32_t len)
{
	memcpy(pass_device.in, data, len);
	pass_device.in_len = len;
}

/* --- data */

static void a_command_reaches_the_device_as_it_is(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c = run(p->a, "00 00 00 00 00 00", NULL, 0, 0);

	assert_result(c, GOOD);
	assert_int_equal(pass_device.commands, 1);
	assert_int_equal(pass_device.cdb_len, 6);
	assert_int_equal(pass_device.dir, BS_PASS_NO_DATA);
	/* Vendor's own, of a group whose length nobody knows. */
	assert_result(run(p->a, "c1 02 03 04 05 06 07 08 09 00", NULL, 0, 0), GOOD);
	assert_memory_equal(pass_device.cdb, "\xc1\2\3\4\5\6\7\x8\x9", 9);
	assert_int_equal(pass_device.cdb_len, 10);
}

static void data_goes_both_ways_with_residuals(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c;

	answer_data("0123456789", 10);
	c = run(p->a, "08 00 00 00 10 00", NULL, 0, 16);
	assert_result(c, GOOD);
	assert_int_equal(pass_device.len, 16);
	assert_int_equal(c->in_len, 10);
	assert_memory_equal(c->in, "0123456789", 10);
	assert_true(c->in_res.under && c->in_res.count == 6);
	c = run(p->a, "0a 00 00 00 08 00", "abcdefgh", 8, 0);
	assert_result(c, GOOD);
	assert_memory_equal(pass_device.out, "abcdefgh", 8);
	assert_false(c->out_res.under || c->out_res.over);
	pass_device.out_short = 3;
	c = run(p->a, "0a 00 00 00 08 00", "abcdefgh", 8, 0);
	assert_true(c->out_res.under && c->out_res.count == 3);
}

static void data_that_came_with_an_error_is_sent_with_it(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c;

	answer_data("block", 5);
	answer_check(0, 0, 0);
	pass_device.sense[2] = 0x20; /* ILI: a shorter block of a tape */
	c = run(p->a, "08 00 00 00 10 00", NULL, 0, 16);
	assert_int_equal(c->status, SAM_CHECK_CONDITION);
	assert_int_equal(c->in_len, 5);
	assert_memory_equal(c->in, "block", 5);
	assert_int_equal(c->sense_len, 18);
	assert_memory_equal(c->sense, pass_device.sense, 18);
}

static void sense_and_status_are_the_devices(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c;

	answer_check(0x03, 0x11, 0x42);
	c = run(p->a, "00 00 00 00 00 00", NULL, 0, 0);
	assert_int_equal(c->key, 3);
	assert_int_equal(c->asc << 8 | c->ascq, 0x1142);
	memcpy(pass_device.sense, "\x72\x05\x24\x00\0\0\0\0", 8);
	pass_device.sense_len = 8;
	c = run(p->a, "00 00 00 00 00 00", NULL, 0, 0);
	assert_int_equal(c->sense_len, 8);
	assert_memory_equal(c->sense, "\x72\x05\x24", 3);
	pass_device.status = SAM_TASK_SET_FULL;
	pass_device.sense_len = 0;
	assert_result(run(p->a, "00 00 00 00 00 00", NULL, 0, 0), TASK_SET_FULL);
	pass_device.status = SAM_CONDITION_MET;
	assert_result(run(p->a, "34 00 00 00 00 00 00 00 01 00", NULL, 0, 0), CONDITION_MET);
}

static void a_device_that_was_not_reached_has_its_sense_too(void **state)
{
	static const struct {
		int error;
		enum scsi_result result;
	} cases[] = {
		{ -EAGAIN, RES_BUSY },	       { -ETIMEDOUT, RES_AC_TIMEOUT },
		{ -ECANCELED, RES_AC_NONE },   { -EINVAL, RES_INVALID_FIELD_CDB },
		{ -ENODEV, RES_HW_COMM },      { -EIO, RES_HW_INTERNAL },
		{ -EPERM, RES_INVALID_OPCODE },
	};
	struct pt_box *p = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		pass_device.result = cases[i].error;
		assert_int_equal(fake_result(run(p->a, "08 00 00 00 10 00", NULL, 0, 16)),
				 cases[i].result);
		assert_int_equal(fake_result(run(p->a, "0a 00 00 00 08 00", "abcdefgh", 8, 0)),
				 cases[i].result);
		assert_int_equal(fake_result(run(p->a, "12 00 00 00 24 00", NULL, 0, 36)),
				 cases[i].error == -ENODEV ? RES_GOOD : cases[i].result);
	}
	assert_int_equal(p->f->core.bufs.used, 0);
}

static void what_can_not_be_done_does_not_reach_the_device(void **state)
{
	struct pt_box *p = *state;

	assert_result(run(p->a, "88 00 00 00 00 00 00 00 00 00 00 00 10 00 00 00", NULL, 0, 65537),
		      INVALID_FIELD_CDB);
	assert_result(run(p->a, "53 00 00 00 00 00 00 00 01 00", "x", 1, 1), INVALID_OPCODE);
	assert_result(run(p->a, "28 00 00 00 00 00 00 00 01 04", NULL, 0, 512), INVALID_FIELD_CDB);
	assert_result(run(p->a, "83 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", NULL, 0, 0),
		      INVALID_OPCODE);
	assert_result(run(p->a, "a3 0a 00 00 00 00 00 00 01 00 00 00", NULL, 0, 256),
		      INVALID_OPCODE);
	assert_int_equal(pass_device.commands, 0);
}

static void times_are_those_of_the_kind_of_device(void **state)
{
	struct pt_box *p = *state;
	uint8_t inquiry[36] = { PDT_TAPE, 0x80, 6, 2, 31 };

	answer_data(inquiry, sizeof(inquiry));
	run(p->a, "12 00 00 00 24 00", NULL, 0, 36);
	run(p->a, "08 00 00 00 10 00", NULL, 0, 16);
	assert_int_equal(pass_device.timeout_ms, 14000 * 1000);
	pass_device.in[0] = PDT_DISK;
	run(p->a, "12 00 00 00 24 00", NULL, 0, 36);
	run(p->a, "08 00 00 00 10 00", NULL, 0, 16);
	assert_int_equal(pass_device.timeout_ms, 60 * 1000);
	run(p->a, "04 00 00 00 00 00", NULL, 0, 0);
	assert_int_equal(pass_device.timeout_ms, 48 * 3600 * 1000);
}

/* --- reservations, Unit Attentions, protection */

static void initiators_are_kept_apart_by_the_target(void **state)
{
	static const uint8_t key[24] = { [15] = 1 };
	struct pt_box *p = *state;

	assert_result(run(p->a, "5f 00 00 00 00 00 00 00 18 00", key, 24, 0), GOOD);
	/* Write Exclusive */
	assert_result(run(p->a, "5f 01 01 00 00 00 00 00 18 00",
			  ((const uint8_t[24]){ [7] = 1 }), 24, 0), GOOD);
	assert_int_equal(pass_device.commands, 0);
	assert_result(run(p->b, "0a 00 00 00 08 00", "abcdefgh", 8, 0), RESERVATION_CONFLICT);
	assert_result(run(p->b, "c1 02 03 04 05 06 07 08 09 00", NULL, 0, 0), RESERVATION_CONFLICT);
	assert_result(run(p->b, "19 00 00 00 00 00", NULL, 0, 0), RESERVATION_CONFLICT);
	assert_int_equal(pass_device.commands, 0);
	assert_result(run(p->b, "08 00 00 00 10 00", NULL, 0, 16), GOOD);
	assert_result(run(p->b, "00 00 00 00 00 00", NULL, 0, 0), GOOD);
	assert_result(run(p->a, "0a 00 00 00 08 00", "abcdefgh", 8, 0), GOOD);
	assert_int_equal(pass_device.commands, 3);
}

static void an_attention_of_the_device_reaches_all_initiators(void **state)
{
	struct pt_box *p = *state;

	answer_check(SK_UNIT_ATTENTION, 0x28, 0x00);
	assert_result(run(p->a, "00 00 00 00 00 00", NULL, 0, 0), UA_MEDIUM_CHANGED);
	pass_device.status = 0;
	assert_result(run(p->a, "00 00 00 00 00 00", NULL, 0, 0), GOOD);
	assert_result(run(p->b, "00 00 00 00 00 00", NULL, 0, 0), UA_MEDIUM_CHANGED);
	assert_result(run(p->b, "00 00 00 00 00 00", NULL, 0, 0), GOOD);
}

static void request_sense_gives_the_targets_attention_first(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c;

	ua_raise_lu(p->lu, UA_MODE_CHANGED, NULL);
	c = run(p->a, "03 00 00 00 12 00", NULL, 0, 18);
	assert_result(c, GOOD);
	assert_int_equal(c->in[2] & 15, SK_UNIT_ATTENTION);
	assert_int_equal(pass_device.commands, 0);
	answer_data("\x70\0\0\0\0\0\0\x0a\0\0\0\0\0\x1d\0\0\0", 18);
	c = run(p->a, "03 00 00 00 12 00", NULL, 0, 18);
	assert_int_equal(c->in[13], 0x1d);
}

static void who_may_only_read_does_not_write(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c;

	p->lu->readonly = true;
	assert_result(run(p->a, "0a 00 00 00 08 00", "abcdefgh", 8, 0), WRITE_PROTECTED);
	assert_result(run(p->a, "19 00 00 00 00 00", NULL, 0, 0), WRITE_PROTECTED);
	answer_data("\3\0\0\0", 4);
	c = run(p->a, "1a 00 3f 00 04 00", NULL, 0, 4);
	assert_int_equal(c->in[2], 0x80);
}

static void the_medium_is_free_when_the_last_allows_it(void **state)
{
	struct pt_box *p = *state;

	run(p->a, "1e 00 00 00 01 00", NULL, 0, 0);
	run(p->b, "1e 00 00 00 01 00", NULL, 0, 0);
	assert_int_equal(pass_device.commands, 2);
	assert_result(run(p->a, "1e 00 00 00 00 00", NULL, 0, 0), GOOD);
	assert_int_equal(pass_device.commands, 2);
	assert_result(run(p->b, "1e 00 00 00 00 00", NULL, 0, 0), GOOD);
	assert_int_equal(pass_device.commands, 3);
	assert_int_equal(pass_device.cdb[4], 0);
}

static void an_initiator_that_is_lost_prevents_nothing(void **state)
{
	struct pt_box *p = *state;

	run(p->a, "1e 00 00 00 01 00", NULL, 0, 0);
	run(p->b, "1e 00 00 00 01 00", NULL, 0, 0);
	fake_nexus_end(p->f, p->a);
	fake_settle(p->f);
	assert_int_equal(pass_device.commands, 2);
	fake_nexus_end(p->f, p->b);
	fake_settle(p->f);
	assert_int_equal(pass_device.commands, 3);
	assert_memory_equal(pass_device.cdb, "\x1e\0\0\0\0\0", 6);
}

/* --- INQUIRY */

static void standard_inquiry_is_put_right(void **state)
{
	struct pt_box *p = *state;
	uint8_t data[96] = { PDT_CHANGER, 0x80, 6, 0x22, 91, 0x39, 0x10, 0 };
	struct fake_cmd *c;

	memcpy(data + 8, "STK     L700            0310", 28);
	put_be16(data + 58, 0x0c00); /* SAS */
	put_be16(data + 60, 0x0460); /* SPC-4 */
	answer_data(data, sizeof(data));
	c = run(p->a, "12 00 00 00 60 00", NULL, 0, 96);
	assert_result(c, GOOD);
	assert_int_equal(c->in_len, 96);
	assert_int_equal(c->in[0], PDT_CHANGER);
	assert_int_equal(c->in[3], 0x12);
	assert_int_equal(c->in[5], 0);
	assert_int_equal(c->in[6], 0);
	assert_int_equal(c->in[7], 2);
	assert_memory_equal(c->in + 8, "STK     L700", 12);
	assert_int_equal(get_be16(c->in + 58), 0x0960);
	assert_int_equal(get_be16(c->in + 60), 0x0460);
	/* And a short one is short. */
	c = run(p->a, "12 00 00 00 05 00", NULL, 0, 5);
	assert_int_equal(c->in_len, 5);
}

static struct fake_cmd *vpd(struct pt_box *p, uint8_t page, const void *data, uint32_t len)
{
	char cdb[32];

	answer_data(data, len);
	snprintf(cdb, sizeof(cdb), "12 01 %02x 04 00 00", page);
	return run(p->a, cdb, NULL, 0, 1024);
}

static void the_list_of_pages_has_what_there_is(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c = vpd(p, 0, "\0\0\0\6\0\x80\x86\x90\x91\xb0", 10);

	assert_int_equal(c->in_len, 4 + 6);
	assert_int_equal(get_be16(c->in + 2), 6);
	assert_memory_equal(c->in + 4, "\0\x80\x83\x86\x88\xb0", 6);
	assert_result(vpd(p, 0x90, "", 0), INVALID_FIELD_CDB);
	assert_int_equal(vpd(p, 0x88, "", 0)->in[1], 0x88);
}

/* The NAA of the device and its SAS port's. */
static const uint8_t designation[] = {
	PDT_DISK, 0x83, 0, 24,
	0x01, 0x03, 0, 8, 0x50, 1, 2, 3, 4, 5, 6, 7,
	0x61, 0x93, 0, 8, 0x50, 9, 9, 9, 9, 9, 9, 9,
};

/* How many designators of @assoc there are, and the first of them. */
static unsigned int count(const struct fake_cmd *c, uint8_t assoc, const uint8_t **first)
{
	unsigned int n = 0;

	for (uint32_t at = 4; at < c->in_len; at += 4U + c->in[at + 3]) {
		if ((c->in[at + 1] & 0x30) != assoc)
			continue;
		if (!n++)
			*first = c->in + at;
	}
	return n;
}

static void the_device_keeps_its_name_and_has_our_ports(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c = vpd(p, 0x83, designation, sizeof(designation));
	const uint8_t *d = NULL;

	assert_int_equal(get_be16(c->in + 2) + 4, c->in_len);
	assert_int_equal(count(c, 0x00, &d), 1);
	assert_memory_equal(d, designation + 4, 12);
	assert_int_equal(count(c, 0x10, &d), 2);
	assert_int_equal(d[0] >> 4, 5); /* iSCSI */
	assert_null(memmem(c->in, c->in_len, "\x50\x9\x9", 3));
}

static void a_name_of_the_administrators_is_the_devices(void **state)
{
	struct pt_box *p = *state;
	struct err err;
	struct fake_cmd *c;
	const uint8_t *d = NULL;

	assert_int_equal(lu_set(p->lu, "scsi_id", "shelf4", &err), 0);
	assert_int_equal(lu_set(p->lu, "scsi_sn", "SN77", &err), 0);
	fake_clear_ua(p->a, 1);
	c = vpd(p, 0x83, designation, sizeof(designation));
	assert_true(count(c, 0x00, &d) > 1);
	assert_null(memmem(c->in, c->in_len, "\x50\1\2", 3));
	assert_non_null(memmem(c->in, c->in_len, "shelf4", 6));
	c = vpd(p, 0x80, "\x08\x80\0\2AB", 6);
	assert_memory_equal(c->in, "\x08\x80\0\4SN77", 8);
}

static void an_old_device_without_a_name_gets_one(void **state)
{
	struct pt_box *p = *state;
	struct fake_cmd *c;
	const uint8_t *d = NULL;

	answer_check(SK_ILLEGAL_REQUEST, 0x24, 0);
	c = run(p->a, "12 01 83 04 00 00", NULL, 0, 1024);
	assert_result(c, GOOD);
	assert_true(count(c, 0x00, &d) >= 1);
	assert_result(run(p->a, "12 01 86 04 00 00", NULL, 0, 1024), INVALID_FIELD_CDB);
}

static void a_device_that_is_not_there_still_has_an_inquiry(void **state)
{
	static const char *const cdbs[] = { "12 00 00 00 24 00", "12 01 00 04 00 00", "12 01 83 04 00 00",
					    "12 01 88 04 00 00" };
	struct pt_box *p = *state;
	struct bs *bs = p->lu->bs;

	answer_data(((const uint8_t[36]){ PDT_TAPE }), 36);
	run(p->a, "12 00 00 00 24 00", NULL, 0, 36);
	pass_device.result = -ENODEV;
	for (unsigned int i = 0; i < ARRAY_SIZE(cdbs); i++) {
		struct fake_cmd *c = run(p->a, cdbs[i], NULL, 0, 1024);

		assert_result(c, GOOD);
		/* The last is not asked of the device. */
		assert_int_equal(c->in[0], (i < 3 ? 0x20 : 0) | PDT_TAPE);
		assert_true(c->in_len >= 7);
	}
	assert_result(run(p->a, "12 01 b0 04 00 00", NULL, 0, 1024), INVALID_FIELD_CDB);
	/* Nor when the administrator has closed it. */
	pass_device.commands = 0;
	p->lu->bs = NULL;
	for (unsigned int i = 0; i < ARRAY_SIZE(cdbs); i++)
		assert_result(run(p->a, cdbs[i], NULL, 0, 1024), GOOD);
	assert_result(run(p->a, "00 00 00 00 00 00", NULL, 0, 0), NR_NO_MEDIUM);
	p->lu->bs = bs;
	assert_int_equal(pass_device.commands, 0);
	assert_result(run(p->a, "00 00 00 00 00 00", NULL, 0, 0), HW_COMM);
	assert_int_equal(p->f->core.bufs.used, 0);
}

static void broken_pages_do_no_harm(void **state)
{
	static const uint8_t codes[] = { 0, 0x80, 0x83, 0x86, 0xb0 };
	struct pt_box *p = *state;
	uint8_t page[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(codes); i++) {
		for (uint32_t len = 0; len <= sizeof(page); len++) {
			memset(page, 0xff, sizeof(page));
			page[1] = codes[i];
			vpd(p, codes[i], page, len);
			page[2] = 0;
			page[3] = 40;
			page[7] = 200;
			assert_result(vpd(p, codes[i], page, len), GOOD);
		}
	}
	assert_int_equal(p->f->core.bufs.used, 0);
}

static void a_disk_takes_no_more_than_its_adapter(void **state)
{
	struct pt_box *p = *state;
	uint8_t page[64] = { PDT_DISK, 0xb0, 0, 60 }, capacity[8] = { [6] = 2 };
	struct fake_cmd *c;

	answer_data(((const uint8_t[36]){ PDT_DISK }), 36);
	run(p->a, "12 00 00 00 24 00", NULL, 0, 36);
	put_be32(page + 12, 100000);
	c = vpd(p, 0xb0, page, sizeof(page));
	assert_int_equal(get_be32(c->in + 8), 65536 / 4096);
	answer_data(capacity, 8);
	run(p->a, "25 00 00 00 00 00 00 00 00 00", NULL, 0, 12);
	c = vpd(p, 0xb0, page, sizeof(page));
	assert_int_equal(get_be32(c->in + 8), 65536 / 512);
	assert_int_equal(get_be32(c->in + 12), 65536 / 512);
	put_be32(page + 8, 7);
	put_be32(page + 12, 0);
	c = vpd(p, 0xb0, page, sizeof(page));
	assert_int_equal(get_be32(c->in + 8), 7);
	assert_int_equal(get_be32(c->in + 12), 0);
}

/* --- task management */

static void a_reset_of_the_unit_resets_the_device_and_ends_its_commands(void **state)
{
	struct pt_box *p = *state;
	struct fake_tmf tmf;
	struct fake_cmd *c;
	uint8_t rewind[6] = { 0x01 };

	pass_device.hold = true;
	c = fake_prepare(p->a, 1, rewind, 6);
	fake_send(c);
	fake_settle(p->f);
	assert_false(c->ended);
	fake_tmf(p->b, &tmf, TMF_LUN_RESET, 1, 0);
	fake_settle(p->f);
	assert_int_equal(pass_device.resets, 1);
	assert_true(c->ended && c->aborted);
	assert_true(tmf.ended && tmf.ended_at > c->ended_at);
	pass_device.hold = false;
	assert_result(run(p->a, "00 00 00 00 00 00", NULL, 0, 0), UA_DEVICE_RESET);
}

static void an_aborted_command_is_waited_for(void **state)
{
	struct pt_box *p = *state;
	struct fake_tmf tmf;
	struct fake_cmd *c;
	uint8_t rewind[6] = { 0x01 };

	pass_device.hold = true;
	c = fake_prepare(p->a, 1, rewind, 6);
	c->cmd.tag = 77;
	fake_send(c);
	fake_settle(p->f);
	fake_tmf(p->a, &tmf, TMF_ABORT_TASK, 1, 77);
	fake_settle(p->f);
	assert_false(tmf.ended);
	assert_int_equal(pass_device.resets, 0);
	pass_device.hold = false;
	pass_go(0);
	fake_settle(p->f);
	assert_true(tmf.ended && c->ended && c->aborted);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_reaches_the_device_as_it_is),
		TEST(data_goes_both_ways_with_residuals),
		TEST(data_that_came_with_an_error_is_sent_with_it),
		TEST(sense_and_status_are_the_devices),
		TEST(a_device_that_was_not_reached_has_its_sense_too),
		TEST(what_can_not_be_done_does_not_reach_the_device),
		TEST(times_are_those_of_the_kind_of_device),
		TEST(initiators_are_kept_apart_by_the_target),
		TEST(an_attention_of_the_device_reaches_all_initiators),
		TEST(request_sense_gives_the_targets_attention_first),
		TEST(who_may_only_read_does_not_write),
		TEST(the_medium_is_free_when_the_last_allows_it),
		TEST(an_initiator_that_is_lost_prevents_nothing),
		TEST(standard_inquiry_is_put_right),
		TEST(the_list_of_pages_has_what_there_is),
		TEST(the_device_keeps_its_name_and_has_our_ports),
		TEST(a_name_of_the_administrators_is_the_devices),
		TEST(an_old_device_without_a_name_gets_one),
		TEST(a_device_that_is_not_there_still_has_an_inquiry),
		TEST(broken_pages_do_no_harm),
		TEST(a_disk_takes_no_more_than_its_adapter),
		TEST(a_reset_of_the_unit_resets_the_device_and_ends_its_commands),
		TEST(an_aborted_command_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
