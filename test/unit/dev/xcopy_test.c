/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EXTENDED COPY: what is copied in whatever way, who may, what is said of errors, and what
 * RECEIVE COPY RESULTS knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/xcopy.h"
#include "dev_copy.h"
#include "t_alloc.h"
#include "t_loop.h"
#include "target/lun_map.h"
#include "target/reserve.h"
#include "target/ua.h"

static uint64_t rnd(uint64_t below)
{
	static uint64_t state = 11;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static void random_copies_agree_with_the_model(void **state)
{
	struct pair *p = *state;
	struct lu *lu[2] = { p->a, p->b };
	uint8_t *model[2] = { malloc(PAIR_SIZE), malloc(PAIR_SIZE) };

	for (unsigned int i = 0; i < 2; i++)
		pair_fill(p, lu[i], i, model[i]);
	for (unsigned int i = 0; i < 200; i++) {
		unsigned int s = (unsigned int)rnd(2), d = (unsigned int)rnd(2);
		/* Whole blocks of either. */
		uint64_t unit = max_u64(lu[s]->block_size, lu[d]->block_size);
		uint64_t len = (rnd(rnd(4) ? 64 : PAIR_SIZE / 4096 / 2) + 1) * unit;
		uint64_t from = rnd((PAIR_SIZE - len) / unit + 1) * unit;
		uint64_t to = rnd((PAIR_SIZE - len) / unit + 1) * unit;

		assert_int_equal(pair_copy(p, lu[s], from / lu[s]->block_size, lu[d],
					     to / lu[d]->block_size,
					     (uint16_t)(len / lu[s]->block_size)), RES_GOOD);
		memmove(model[d] + to, model[s] + from, len);
	}
	pair_expect(p, p->a, model[0]);
	pair_expect(p, p->b, model[1]);
	free(model[0]);
	free(model[1]);
}

static void files_copy_as_well(void **state)
{
	struct disk *d = disk_new("mem", "4M", 512);
	struct pair p = { .d = d };
	char path[2][128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "%s", box_file(d->box, i ? "b" : "a", PAIR_SIZE));
		*(i ? &p.b : &p.a) = disk_add_lu(d, NULL, (uint64_t)(i + 2), "rdwr", path[i], 512);
		nexus_itl(d->a, (uint64_t)(i + 2));
	}
	pair_clear_ua(&p);
	{
		uint8_t *model = malloc(PAIR_SIZE);

		pair_fill(&p, p.a, 3, model);
		assert_int_equal(pair_copy(&p, p.a, 0, p.b, 0, PAIR_BLOCKS), RES_GOOD);
		pair_expect(&p, p.b, model);
		/* The first half over the second, overlapping. */
		assert_int_equal(pair_copy(&p, p.a, 0, p.a, 1000, PAIR_BLOCKS - 1000), RES_GOOD);
		memmove(model + 1000 * 512, model, PAIR_SIZE - 1000 * 512);
		pair_expect(&p, p.a, model);
		free(model);
	}
	disk_free(d);
}

static void holes_stay_holes(void **state)
{
	struct pair *p = *state;
	uint8_t *buf = malloc(MiB), cdb[32], status[8 + 4 * 16];

	disk_set(p->d, "thin_provisioning", "1");
	memset(buf, 7, MiB);
	for (unsigned int i = 0; i < 4; i++)
		pair_write(p, p->b, i * MiB, buf, MiB);
	pair_write(p, p->a, 65536, buf, 512);
	assert_int_equal(pair_copy(p, p->a, 0, p->b, 0, PAIR_BLOCKS), RES_GOOD);
	assert_int_equal(lu_set(p->b, "thin_provisioning", "1", NULL), 0);
	pair_clear_ua(p);
	p->d->lun = 2;
	cdb16(cdb, 0x9e, 0x12, 0, sizeof(status));
	expect_run(GOOD, p->d, cdb, NULL, 0, status, sizeof(status));
	assert_int_equal(get_be32(status) - 4, 3 * 16);
	assert_int_equal(status[8 + 12], 1);
	assert_int_equal(get_be32(status + 24 + 8), 128);
	assert_int_equal(status[24 + 12], 0);
	assert_int_equal(status[40 + 12], 1);
	free(buf);
}

static void several_segments_and_the_unit_itself(void **state)
{
	struct pair *p = *state;
	uint8_t *model = malloc(PAIR_SIZE), buf[1024];
	struct plist l;

	pair_fill(p, p->a, 5, model);
	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, p->b, false);
	plist_seg(&l, 0, XCOPY_CSCD_SELF, 0, 2, 100, 0);
	plist_seg(&l, 0, XCOPY_CSCD_SELF, 0, 0, 0, 0); /* nothing, and no error */
	plist_seg(&l, 2, XCOPY_CSCD_SELF, 0, 1, 200, 2); /* DC: in blocks of the destination */
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	pair_read(p, p->b, 0, buf, 1024);
	assert_memory_equal(buf, model + 51200, 1024);
	free(model);
}

static void what_is_less_than_a_block_needs_pad(void **state)
{
	struct pair *p = *state; /* blocks of 512 and 4096 */
	uint8_t *model = malloc(PAIR_SIZE), buf[8192];
	struct plist l;

	pair_fill(p, p->a, 6, model);
	assert_int_equal(pair_copy(p, p->a, 0, p->b, 0, 9), RES_CA_INEXACT);
	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, p->a, false);
	plist_cscd(&l, p->b, true);
	plist_seg(&l, 0, 0, 1, 9, 0, 0);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	pair_read(p, p->b, 0, buf, 8192);
	assert_memory_equal(buf, model, 9 * 512);
	for (unsigned int i = 9 * 512; i < 8192; i++)
		assert_int_equal(buf[i], 0);
	/* DC: one block of 512 bytes from one of 4096, whose rest is dropped if it may. */
	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, p->b, true);
	plist_cscd(&l, p->a, false);
	plist_seg(&l, 2, 0, 1, 1, 1, 77);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	pair_read(p, p->a, 77 * 512, buf + 4096, 512);
	assert_memory_equal(buf + 4096, model + 4096, 512);
	l.buf[16 + 28] = 0;
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_CA_INEXACT);
	free(model);
}

/* --- errors */

static enum scsi_result list_error(struct pair *p, const struct plist *l, int *field)
{
	struct shot *s = plist_send(p, l);
	enum scsi_result r;

	shot_wait(s);
	r = shot_result(s);
	*field = shot_field(s);
	free(s);
	return r;
}

static void lists_are_checked_before_anything_is_copied(void **state)
{
	struct pair *p = *state;
	struct plist good, l;
	int field;

	plist_begin(&good, false, 9, 0);
	plist_cscd(&good, p->a, false);
	plist_seg(&good, 0, 0, 0, 8, 0, 100);
#define bad(change, want, at)                                                                      \
	do {                                                                                       \
		l = good;                                                                          \
		change;                                                                            \
		assert_int_equal(list_error(p, &l, &field), RES_##want);                           \
		if ((at) >= 0)                                                                     \
			assert_int_equal(field, ((at) & 0xff) << 8 | 0xff);                                 \
	} while (0)
	bad(l.len = 15, PARAM_LIST_LENGTH, -1);
	bad(l.len = 47, PARAM_LIST_LENGTH, -1);
	bad(l.len = 75, PARAM_LIST_LENGTH, -1);
	bad(put_be16(l.buf + 2, 31), INVALID_FIELD_PARAM, 2);
	bad(put_be32(l.buf + 12, 1), INLINE_LENGTH, -1);
	bad(put_be32(l.buf + 8, 27), PARAM_LIST_LENGTH, -1);
	bad(put_be32(l.buf + 8, XCOPY_LIST_MAX), PARAM_LIST_LENGTH, -1);
	bad(l.buf[16] = 0xe0, UNSUPPORTED_CSCD, 16);
	bad(l.buf[48] = 0x03, UNSUPPORTED_SEGMENT, 48);
	bad(l.buf[51] = 0x17, INVALID_FIELD_PARAM, 50);
	bad(l.buf[1] = 0x18, INVALID_FIELD_PARAM, 0); /* no list identifier is wanted: 9 */
	bad(l.buf[1] = 0x08, INVALID_FIELD_PARAM, -1);
	bad(put_be16(l.buf + 2, 17 * 32), TOO_MANY_CSCDS, -1);
	bad({
		for (unsigned int i = 0; i < XCOPY_SEGMENTS; i++)
			plist_seg(&l, 0, 0, 0, 8, 0, 100);
	}, TOO_MANY_SEGMENTS, -1);
	bad(, GOOD, -1);
	l.len = 0;
	assert_int_equal(list_error(p, &l, &field), RES_GOOD);
}

static void lists_of_four_byte_identifiers_are_checked_too(void **state)
{
	struct pair *p = *state;
	struct plist good, l;
	int field;

	plist_begin(&good, true, 9, 0);
	plist_cscd(&good, p->a, false);
	plist_seg(&good, 0, 0, 0, 8, 0, 100);
	bad(l.len = 47, PARAM_LIST_LENGTH, -1);
	bad(l.buf[0] = 2, INVALID_FIELD_PARAM, 0);
	bad(l.buf[3] = 0, INVALID_FIELD_PARAM, 2);
	bad(l.buf[16] = 0, INVALID_FIELD_PARAM, 16);
	bad(l.buf[1] = 0x18, INVALID_FIELD_PARAM, 20);
	bad(, GOOD, -1);
}

static void expect_segment_error(struct pair *p, const struct plist *l, enum scsi_result want,
				 unsigned int segment, int field)
{
	struct shot *s = plist_send(p, l);

	shot_wait(s);
	assert_int_equal(shot_result(s), want);
	assert_int_equal(get_be16(s->sense + 10), segment);
	assert_int_equal(get_be16(s->sense + 8), 0);
	if (field >= 0) {
		assert_int_equal(s->sense[15] & 0xe0, 0xa0); /* SKSV, SD */
		assert_int_equal(get_be16(s->sense + 16), field);
	}
	free(s);
}

static void segments_that_can_not_be_say_which_one_it_was(void **state)
{
	struct pair *p = *state;
	struct plist good, l;

	plist_begin(&good, false, 0, 3);
	plist_cscd(&good, p->a, false);
	plist_cscd(&good, p->b, false);
	plist_seg(&good, 0, 0, 1, 8, 0, 100);
	l = good;
	plist_seg(&l, 0, 0, 2, 8, 0, 0);
	expect_segment_error(p, &l, RES_CA_UNREACHABLE, 1, -1);
	l = good;
	plist_seg(&l, 0, 0, 1, 8, PAIR_BLOCKS - 7, 0);
	expect_segment_error(p, &l, RES_CA_SEGMENT, 1, 12);
	l = good;
	plist_seg(&l, 0, 0, 1, 8, 0, UINT64_MAX);
	expect_segment_error(p, &l, RES_CA_SEGMENT, 1, 20);
	l = good;
	l.buf[16 + 15] ^= 1; /* nobody has that designator */
	expect_segment_error(p, &l, RES_CA_NOT_REACHABLE, 0, -1);
	l = good;
	l.buf[48 + 1] = 0x01; /* a tape, it says */
	expect_segment_error(p, &l, RES_CA_DEVICE_TYPE, 0, -1);
}

static void other_designators_name_it_as_well(void **state)
{
	struct pair *p = *state;
	struct plist l;
	char name[32] = "naa.";

	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, p->b, false);
	plist_seg(&l, 0, 0, 0, 8, 0, 100);
	for (unsigned int i = 0; i < 8; i++)
		snprintf(name + 4 + 2 * i, 3, "%02x", p->b->id.naa[i]);
	l.buf[16 + 4] = 3;
	l.buf[16 + 5] = 8;
	l.buf[16 + 7] = 20;
	memcpy(l.buf + 16 + 8, name, 20);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	assert_int_equal(lu_set(p->b, "scsi_id", "short", NULL), 0);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_CA_NOT_REACHABLE); /* it has another NAA now */
	l.buf[16 + 4] = 2;
	l.buf[16 + 5] = 1;
	l.buf[16 + 7] = 13;
	memcpy(l.buf + 16 + 8, "IET     short", 13);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	l.buf[16 + 5] = 0x11; /* a port's */
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_CA_NOT_REACHABLE);
	l.buf[16 + 5] = 0x01;
	l.buf[16 + 7] = 25; /* more than the descriptor has */
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_CA_NOT_REACHABLE);
}

/* --- what the devices say */

/* The copy failed at that end with that result; *@info: the residual, or -1. */
static void expect_third(struct pair *p, struct nexus *n, struct lu *from, struct lu *to,
			 uint64_t src, uint64_t dst, uint16_t blocks, bool at_src,
			 enum scsi_result want, int64_t residual)
{
	const struct scsi_result_info *i = scsi_result_info(want);
	struct plist l;
	struct shot *s;

	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, from, false);
	plist_cscd(&l, to, false);
	plist_seg(&l, 0, 0, 1, blocks, src, dst);
	s = plist_send_by(p->d, &l, n);
	shot_wait(s);
	assert_int_equal(shot_result(s), RES_CA_THIRD_PARTY);
	assert_int_equal(s->sense[8], at_src ? 18 : 0);
	assert_int_equal(s->sense[9], at_src ? 0 : 18);
	assert_int_equal(s->sense[18], i->status);
	if (i->status == SAM_CHECK_CONDITION) {
		assert_int_equal(s->sense[7], 18 - 8 + 19);
		assert_int_equal(s->sense[19 + 2], i->key);
		assert_int_equal(s->sense[19 + 12], i->asc);
		assert_int_equal(s->sense[19 + 13], i->ascq);
	}
	assert_int_equal(!!(s->sense[0] & 0x80), residual >= 0);
	if (residual >= 0)
		assert_int_equal(get_be32(s->sense + 3), residual);
	free(s);
}

static void errors_of_the_stores_are_told_with_what_is_left(void **state)
{
	struct pair *p = *state; /* reads fail from 2M to 3M of a, writes at 3M of b */

	expect_third(p, p->d->a, p->a, p->b, 0, 0, 5000, true, RES_ME_READ, 5000 - 4096);
	expect_third(p, p->d->a, p->a, p->b, 4096, 0, 10, true, RES_ME_READ, -1);
	expect_third(p, p->d->a, p->a, p->b, 0, 4096, 2049, false, RES_ME_WRITE, 1);
}

static void reservations_and_protection_are_heeded(void **state)
{
	struct pair *p = *state;
	struct disk *d = p->d;

	reserve_take(p->b, d->b);
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_RESERVATION_CONFLICT, -1);
	expect_third(p, d->a, p->b, p->a, 0, 0, 8, true, RES_RESERVATION_CONFLICT, -1);
	reserve_release(p->b, d->b);
	assert_int_equal(lu_set(p->b, "readonly", "1", NULL), 0);
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_WRITE_PROTECTED, -1);
	assert_int_equal(pair_copy(p, p->b, 0, p->a, 0, 8), RES_GOOD);
	assert_int_equal(lu_set(p->b, "readonly", "0", NULL), 0);
	assert_int_equal(lu_set(p->b, "swp", "1", NULL), 0);
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_SW_WRITE_PROTECTED, -1);
	assert_int_equal(lu_set(p->b, "swp", "0", NULL), 0);
	p->b->background = RES_NR_SANITIZE;
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_NR_SANITIZE, -1);
	p->b->background = RES_GOOD;
	p->b->stopped = true;
	expect_third(p, d->a, p->b, p->a, 0, 0, 8, true, RES_NR_INIT_REQUIRED, -1);
}

static void only_what_the_initiator_sees_can_be_named(void **state)
{
	json_t *luns = json_pack("{s:s}", "1", "1");
	struct lun_map_change map = { .initiator = "iqn.2026-01.test:a", .luns = luns };
	struct pair *p = *state;
	struct err err = { .code = ERR_OK };

	assert_int_equal(lun_map_set(p->d->target, &map, false, &err), 0);
	pair_clear_ua(p);
	assert_int_equal(pair_copy(p, p->a, 0, p->b, 0, 8), RES_CA_NOT_REACHABLE);
	assert_int_equal(pair_copy(p, p->a, 0, p->a, 100, 8), RES_GOOD);
	json_decref(luns);
	luns = json_pack("{s:s s:s}", "1", "1", "7", "2:ro");
	map.luns = luns;
	assert_int_equal(lun_map_set(p->d->target, &map, true, &err), 0);
	pair_clear_ua(p);
	assert_int_equal(pair_copy(p, p->b, 0, p->a, 0, 8), RES_GOOD);
	expect_third(p, p->d->a, p->a, p->b, 0, 0, 8, false, RES_WRITE_PROTECTED, -1);
	json_decref(luns);
}

static void another_target_is_reached_by_a_session_from_the_same_host(void **state)
{
	struct pair *p = *state;
	struct disk *d = p->d;
	struct target *t = disk_add_target(d, 7);
	struct lu *far = disk_add_lu(d, t, 5, "mem", "4M", 512);
	struct nexus *n;

	assert_int_equal(pair_copy(p, p->a, 0, far, 0, 8), RES_CA_NOT_REACHABLE);
	n = disk_login(d, t, "iqn.2026-01.test:stranger", NULL);
	assert_int_equal(pair_copy(p, p->a, 0, far, 0, 8), RES_CA_NOT_REACHABLE);
	disk_logout(d, n);
	n = disk_login(d, t, "iqn.2026-01.test:a", d); /* the name, from elsewhere */
	assert_int_equal(pair_copy(p, p->a, 0, far, 0, 8), RES_CA_NOT_REACHABLE);
	disk_logout(d, n);
	n = disk_login(d, t, "iqn.2026-01.test:a", NULL);
	assert_int_equal(pair_copy(p, p->a, 0, far, 0, 8), RES_GOOD);
	disk_logout(d, n);
}

static void copy_once(void *arg)
{
	static struct plist l;
	struct pair *p = arg;
	uint8_t cdb[32] = { 0x83 };
	struct shot s;

	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, p->a, false);
	plist_cscd(&l, p->b, false);
	plist_seg(&l, 0, 0, 1, 8, 0, 0);
	put_be32(cdb + 10, l.len);
	disk_run(p->d, &s, cdb, l.buf, l.len, NULL, 0);
}

static void any_allocation_may_fail(void **state)
{
	assert_true(t_alloc_each(copy_once, *state) > 2);
}

#define on(f, with) cmocka_unit_test_setup_teardown(f, with, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on(random_copies_agree_with_the_model, pair_setup),
		{ "random_copies_through_memory", random_copies_agree_with_the_model, pair_setup_filter,
		  pair_teardown, NULL },
		{ "random_copies_between_block_sizes", random_copies_agree_with_the_model,
		  pair_setup_sizes, pair_teardown, NULL },
		cmocka_unit_test(files_copy_as_well),
		on(holes_stay_holes, pair_setup),
		on(several_segments_and_the_unit_itself, pair_setup),
		on(what_is_less_than_a_block_needs_pad, pair_setup_sizes),
		on(lists_are_checked_before_anything_is_copied, pair_setup),
		on(lists_of_four_byte_identifiers_are_checked_too, pair_setup),
		on(segments_that_can_not_be_say_which_one_it_was, pair_setup),
		on(other_designators_name_it_as_well, pair_setup),
		on(errors_of_the_stores_are_told_with_what_is_left, pair_setup_bad),
		on(reservations_and_protection_are_heeded, pair_setup),
		on(only_what_the_initiator_sees_can_be_named, pair_setup),
		on(another_target_is_reached_by_a_session_from_the_same_host, pair_setup),
		on(any_allocation_may_fail, pair_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
