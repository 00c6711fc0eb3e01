/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EXTENDED COPY while it is at work: aborts, ends of sessions and disks, other writers; and
 * what RECEIVE COPY RESULTS and VPD 8Fh know.
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

/* --- in the middle */

static struct shot *slow_copy(struct pair *p)
{
	static struct plist l;

	plist_begin(&l, false, 5, 0);
	plist_cscd(&l, p->a, false);
	plist_cscd(&l, p->b, false);
	plist_seg(&l, 0, 0, 1, PAIR_BLOCKS, 0, 0);
	return plist_send(p, &l);
}

static enum scsi_result receive(struct pair *p, uint8_t sa, uint32_t id, uint8_t *buf, uint32_t max)
{
	uint8_t cdb[32] = { 0x84, sa };
	struct shot s;

	if (sa >= 5)
		put_be32(cdb + 2, id);
	else
		cdb[2] = (uint8_t)id;
	put_be32(cdb + 10, max);
	memset(buf, 0, max);
	return disk_run(p->d, &s, cdb, NULL, 0, buf, max);
}

static void an_abort_ends_it_soon(void **state)
{
	struct pair *p = *state;
	struct shot *s;
	uint8_t buf[64], cdb[32];

	memset(buf, 1, 64);
	s = slow_copy(p);
	t_loop_turns(p->d->core.loop, 5);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(buf[4], 0); /* in progress */
	shot_abort(s);
	assert_true(s->aborted);
	free(s);
	assert_true(list_empty(&p->b->ranges));
	assert_int_equal(p->b->n_holds, 0);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(buf[4], 2);
	(void)cdb;
}

static void the_end_of_a_session_ends_its_copies(void **state)
{
	struct pair *p = *state;
	struct nexus *n = disk_login(p->d, NULL, "iqn.2026-01.test:z", NULL);
	struct plist l;
	struct shot *s;

	nexus_itl(n, 1)->ua = 0;
	plist_begin(&l, true, 5, 0);
	l.buf[15] = 2; /* IMMED */
	plist_cscd(&l, p->a, false);
	plist_cscd(&l, p->b, false);
	plist_seg(&l, 0, 0, 1, PAIR_BLOCKS, 0, 0);
	s = plist_send_by(p->d, &l, n);
	assert_int_equal(shot_ends(s), RES_GOOD);
	t_loop_turns(p->d->core.loop, 5);
	assert_int_equal(p->b->n_holds, 1);
	disk_logout(p->d, n);
	while (p->b->n_holds)
		t_loop_turns(p->d->core.loop, 1);
}

static void a_disk_that_is_deleted_ends_the_copy(void **state)
{
	struct pair *p = *state;
	struct shot *s = slow_copy(p);

	t_loop_turns(p->d->core.loop, 5);
	assert_int_equal(lu_delete(p->b, true, NULL, NULL, NULL), 0);
	assert_int_equal(shot_ends(s), RES_CA_THIRD_PARTY);
}

static void compare_and_write_is_not_cut_by_a_copy(void **state)
{
	struct pair *p = *state;
	uint8_t data[1024] = { 0 }, old[512];
	struct shot *s, *caw = calloc(1, sizeof(*caw));

	memset(data + 512, 0xcc, 512);
	memset(old, 0xaa, 512);
	pair_write(p, p->a, 0, old, 512);
	s = slow_copy(p);
	t_loop_turns(p->d->core.loop, 5);
	/* The copy is writing block 0, so this waits and then sees what was copied. */
	p->d->lun = 2;
	caw->cdb[0] = 0x89;
	caw->cdb[13] = 1;
	caw->out = data;
	caw->out_len = 1024;
	shot_start(p->d, caw, p->d->a);
	assert_false(caw->ended);
	p->d->lun = 1;
	assert_int_equal(shot_ends(caw), RES_MISCOMPARE_VERIFY);
	assert_int_equal(shot_ends(s), RES_GOOD);
}

/* --- what is known of it */

static void status_and_details_of_short_identifiers(void **state)
{
	struct pair *p = *state;
	uint8_t buf[200];
	struct plist l;

	assert_int_equal(receive(p, 0, 5, buf, 12), RES_INVALID_FIELD_CDB);
	assert_int_equal(receive(p, 3, 0, buf, 48), RES_GOOD);
	assert_int_equal(get_be32(buf), 44);
	assert_int_equal(get_be16(buf + 8), XCOPY_CSCDS);
	assert_int_equal(get_be16(buf + 10), XCOPY_SEGMENTS);
	assert_int_equal(get_be32(buf + 12), XCOPY_LIST_MAX);
	assert_int_equal(get_be32(buf + 44), 0x02070ae4);

	plist_begin(&l, false, 5, 0);
	plist_cscd(&l, p->a, false);
	plist_seg(&l, 0, 0, 0, 8, 0, 100);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(get_be32(buf), 8);
	assert_int_equal(buf[4], 1);
	assert_int_equal(get_be16(buf + 5), 1);
	assert_int_equal(buf[7], 0);
	assert_int_equal(get_be32(buf + 8), 4096);
	assert_int_equal(receive(p, 1, 5, buf, 4), RES_GOOD);
	assert_int_equal(get_be32(buf), 0);
	assert_int_equal(receive(p, 4, 5, buf, 100), RES_INVALID_FIELD_CDB);
	assert_int_equal(receive(p, 0, 6, buf, 12), RES_INVALID_FIELD_CDB);

	plist_seg(&l, 0, 0, 9, 8, 0, 0);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_CA_UNREACHABLE); /* 5 may be used again */
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(buf[4], 2);
	assert_int_equal(get_be16(buf + 5), 1);
	assert_int_equal(receive(p, 4, 5, buf, 200), RES_GOOD);
	assert_int_equal(get_be32(buf), 56 + 18);
	assert_int_equal(buf[56], 0x02);
	assert_int_equal(get_be16(buf + 58), 18);
	assert_int_equal(buf[60 + 2], 0x0a);
	assert_int_equal(get_be16(buf + 60 + 12), 0x0804);
	/* A reset forgets. */
	lu_reset(p->a, UA_DEVICE_RESET);
	pair_clear_ua(p);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_INVALID_FIELD_CDB);
}

static void an_identifier_in_use_is_refused(void **state)
{
	struct pair *p = *state;
	struct shot *s = slow_copy(p), *t;
	struct plist l;

	t_loop_turns(p->d->core.loop, 3);
	t = slow_copy(p);
	assert_int_equal(shot_ends(t), RES_OPERATION_IN_PROGRESS);
	plist_begin(&l, false, 5, 0);
	plist_cscd(&l, p->a, false);
	plist_seg(&l, 0, 0, 0, 8, 0, 100);
	assert_int_equal(shot_ends(plist_send_by(p->d, &l, p->d->b)), RES_GOOD); /* another's is another */
	shot_abort(s);
	free(s);
}

static bool not_running(void *arg)
{
	uint8_t buf[64];

	assert_int_equal(receive(arg, 5, 0x12345678, buf, 64), RES_GOOD);
	return buf[5] < 0x10 || buf[5] > 0x12;
}

static void long_identifiers_immediate_copies_and_their_abort(void **state)
{
	struct pair *p = *state;
	uint8_t buf[200], abort[32] = { 0x83, 0x1c, 0x12, 0x34, 0x56, 0x78 };
	struct plist l;

	plist_begin(&l, true, 0x12345678, 2);
	l.buf[15] = 2; /* IMMED */
	plist_cscd(&l, p->a, false);
	plist_cscd(&l, p->b, false);
	plist_seg(&l, 0, 0, 1, 4096, 0, 0);
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	assert_int_equal(receive(p, 5, 0x12345678, buf, 64), RES_GOOD);
	assert_int_equal(get_be32(buf), 28);
	assert_int_equal(buf[4], 5);
	assert_int_equal(buf[5], 0x12); /* in progress, in the background */
	assert_true(t_loop_until(p->d->core.loop, not_running, p));
	assert_int_equal(receive(p, 5, 0x12345678, buf, 64), RES_GOOD);
	assert_int_equal(buf[5], 1);
	assert_int_equal(buf[12], 0);
	assert_int_equal(get_be64(buf + 16), 4096 * 512);
	assert_int_equal(get_be16(buf + 24), 1);
	expect_run(INVALID_FIELD_CDB, p->d, abort, NULL, 0, NULL, 0);

	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	expect_run(GOOD, p->d, abort, NULL, 0, NULL, 0);
	assert_true(t_loop_until(p->d->core.loop, not_running, p));
	assert_int_equal(receive(p, 5, 0x12345678, buf, 64), RES_GOOD);
	assert_int_equal(buf[5], 0x60);

	put_be64(l.buf + 48 + 64 + 12, UINT64_MAX); /* the source's LBA */
	assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	assert_true(t_loop_until(p->d->core.loop, not_running, p));
	assert_int_equal(receive(p, 6, 0x12345678, buf, 200), RES_GOOD);
	assert_int_equal(buf[4], 6);
	assert_int_equal(buf[5], 2);
	assert_int_equal(buf[12], 2);
	assert_int_equal(buf[14], 18);
	assert_int_equal(buf[32 + 2], 0x0a);
	assert_int_equal(get_be32(buf + 32 + 18), 0); /* HELD DATA LENGTH */
}

static void many_results_make_the_oldest_go(void **state)
{
	struct pair *p = *state;
	uint8_t buf[12];
	struct plist l;

	for (unsigned int i = 0; i < XCOPY_CONCURRENT + 1; i++) {
		plist_begin(&l, false, i, 0);
		plist_cscd(&l, p->a, false);
		plist_seg(&l, 0, 0, 0, 1, 0, 1);
		assert_int_equal(shot_ends(plist_send(p, &l)), RES_GOOD);
	}
	assert_int_equal(receive(p, 0, 0, buf, 12), RES_INVALID_FIELD_CDB);
	assert_int_equal(receive(p, 0, 1, buf, 12), RES_GOOD);
}

static void vpd_8f_tells_of_it_and_it_can_be_turned_off(void **state)
{
	struct pair *p = *state;
	uint8_t inquiry[32] = { 0x12, 1, 0x8f, 4, 0 }, vpd[1024], std[32] = { 0x12, 0, 0, 0, 96 };
	uint8_t cdb[32] = { 0x83 };
	unsigned int seen = 0;

	expect_run(GOOD, p->d, inquiry, NULL, 0, vpd, sizeof(vpd));
	assert_int_equal(vpd[1], 0x8f);
	for (uint32_t at = 4; at < 4u + get_be16(vpd + 2); at += 4u + get_be16(vpd + at + 2)) {
		assert_int_equal(get_be16(vpd + at + 2) % 4, 0);
		seen++;
		if (get_be16(vpd + at) == 0x0001) {
			assert_int_equal(vpd[at + 5], 0x83);
			assert_in_range(vpd[at + 6], 3, 8);
		}
	}
	assert_true(seen >= 5);
	expect_run(GOOD, p->d, std, NULL, 0, vpd, 96);
	assert_int_equal(vpd[5], 0x08);
	disk_set(p->d, "third_party_copy", "0");
	expect_run(INVALID_FIELD_CDB, p->d, inquiry, NULL, 0, vpd, sizeof(vpd));
	expect_run(GOOD, p->d, std, NULL, 0, vpd, 96);
	assert_int_equal(vpd[5], 0);
	expect_run(INVALID_OPCODE, p->d, cdb, NULL, 0, NULL, 0);
}

#define on(f, with) cmocka_unit_test_setup_teardown(f, with, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on(an_abort_ends_it_soon, pair_setup_slow),
		on(the_end_of_a_session_ends_its_copies, pair_setup_slow),
		on(a_disk_that_is_deleted_ends_the_copy, pair_setup_slow),
		on(compare_and_write_is_not_cut_by_a_copy, pair_setup_slow),
		on(status_and_details_of_short_identifiers, pair_setup),
		on(an_identifier_in_use_is_refused, pair_setup_slow),
		on(long_identifiers_immediate_copies_and_their_abort, pair_setup_slow),
		on(many_results_make_the_oldest_go, pair_setup),
		on(vpd_8f_tells_of_it_and_it_can_be_turned_off, pair_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
