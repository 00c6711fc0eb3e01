/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COMPARE AND WRITE and ORWRITE, alone and among other writes; aborts of those that wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dev_disk.h"
#include "t_loop.h"

#define BS 512u

static int setup(void **state)
{
	*state = disk_new(NULL, "2M", BS);
	return 0;
}

/* Every read and write takes 10 ms of a clock that the test moves. */
static int setup_slow(void **state)
{
	struct disk *d = disk_new(NULL, "delay:read=10ms,write=10ms:2M", BS);

	loop_clock_advance(d->core.loop, 0);
	*state = d;
	return 0;
}

/* A filter does not compare: it is read, compared and written. */
static int setup_filtered(void **state)
{
	*state = disk_new(NULL, "fault:op=copy:2M", BS);
	return 0;
}

/* A read that was submitted after a write overtakes it. */
static int setup_slow_writes(void **state)
{
	struct disk *d = disk_new(NULL, "delay:read=1ms,write=50ms:2M", BS);

	loop_clock_advance(d->core.loop, 0);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	disk_free(*state);
	return 0;
}

static void pass(struct disk *d, unsigned int ms)
{
	loop_clock_advance(d->core.loop, ms * NSEC_PER_MSEC);
	t_loop_turns(d->core.loop, 4);
}

static void settle(struct disk *d)
{
	for (int i = 0; i < 100; i++)
		pass(d, 10);
}

/* The data of a COMPARE AND WRITE of @n blocks. */
static void caw_data(uint8_t *buf, uint8_t old, uint8_t new, uint32_t n)
{
	memset(buf, old, n * BS);
	memset(buf + n * BS, new, n * BS);
}

static void caw_writes_when_all_is_equal_and_only_then(void **state)
{
	struct disk *d = *state;
	uint8_t *buf = malloc(2 * 255 * BS), *in = malloc(255 * BS), cdb[32];
	struct shot s;

	d->scatter = 700;
	for (uint32_t n = 1; n < 256; n += n < 4 ? 1 : 83) {
		memset(buf, 'A', n * BS);
		disk_write(d, 3, n, buf);
		caw_data(buf, 'A', 'B', n);
		cdb16(cdb, 0x89, 0, 3, n);
		cdb[10] = cdb[11] = cdb[12] = 0;
		assert_int_equal(disk_run(d, &s, cdb, buf, 2 * n * BS, NULL, 0), RES_GOOD);
		disk_read(d, 3, n, in);
		assert_memory_equal(in, buf + n * BS, n * BS);
		caw_data(buf, 'B', 'C', n);
		buf[n * BS - 27] ^= 1;
		assert_int_equal(disk_run(d, &s, cdb, buf, 2 * n * BS, NULL, 0),
				 RES_MISCOMPARE_VERIFY);
		assert_int_equal(shot_info(&s), n * BS - 27);
		disk_read(d, 3, n, in);
		assert_int_equal(in[0], 'B');
		assert_int_equal(in[n * BS - 1], 'B');
	}
	free(buf);
	free(in);
}

static void caw_of_no_blocks_does_nothing_and_its_range_is_checked(void **state)
{
	struct disk *d = *state;
	uint8_t buf[4 * BS] = { 0 }, cdb[32];

	cdb16(cdb, 0x89, 0, 3, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	cdb16(cdb, 0x89, 0, d->lu->blocks - 1, 2);
	expect_run(LBA_RANGE, d, cdb, buf, 4 * BS, NULL, 0);
	cdb16(cdb, 0x89, 0x20, 3, 1);
	expect_run(INVALID_FIELD_CDB, d, cdb, buf, 2 * BS, NULL, 0);
	cdb16(cdb, 0x89, 0, 3, 1);
	expect_run(INVALID_CIU, d, cdb, buf, 2 * BS - 1, NULL, 0);
}

static void orwrite_sets_bits(void **state)
{
	struct disk *d = *state;
	uint32_t n = 2500, len = n * BS; /* more than one piece */
	uint8_t *buf = malloc(len), *in = malloc(len), cdb[32];

	d->scatter = 60001;
	memset(buf, 0x0f, len);
	disk_write(d, 11, n, buf);
	for (uint32_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(i >> 8);
	cdb16(cdb, 0x8b, 0, 11, n);
	expect_run(GOOD, d, cdb, buf, len, NULL, 0);
	disk_read(d, 11, n, in);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(in[i], buf[i] | 0x0f);
	cdb16(cdb, 0x8b, 0, 11, 0);
	expect_run(GOOD, d, cdb, NULL, 0, NULL, 0);
	cdb16(cdb, 0x8b, 0, 11, 2);
	expect_run(INVALID_CIU, d, cdb, buf, BS, NULL, 0);
	free(buf);
	free(in);
}

/* Shots of the tests below: one block at @lba each. */
struct race {
	struct shot shots[8];
	uint8_t data[8][2 * BS];
};

static void start_caw(struct disk *d, struct race *r, int i, uint64_t lba, uint8_t old, uint8_t new)
{
	struct shot *s = &r->shots[i];

	caw_data(r->data[i], old, new, 1);
	cdb16(s->cdb, 0x89, 0, lba, 1);
	s->out = r->data[i];
	s->out_len = 2 * BS;
	shot_start(d, s, i & 1 ? d->b : d->a);
}

static void start_write(struct disk *d, struct race *r, int i, uint64_t lba, uint8_t byte)
{
	struct shot *s = &r->shots[i];

	memset(r->data[i], byte, BS);
	cdb16(s->cdb, 0x8a, 0, lba, 1);
	s->out = r->data[i];
	s->out_len = BS;
	shot_start(d, s, i & 1 ? d->b : d->a);
}

static void start_orwrite(struct disk *d, struct race *r, int i, uint64_t lba, uint8_t byte)
{
	struct shot *s = &r->shots[i];

	memset(r->data[i], byte, BS);
	cdb16(s->cdb, 0x8b, 0, lba, 1);
	s->out = r->data[i];
	s->out_len = BS;
	shot_start(d, s, i & 1 ? d->b : d->a);
}

static uint8_t first_byte(struct disk *d, uint64_t lba)
{
	struct shot s = { .in_max = BS };
	uint8_t in[BS];

	s.in = in;
	cdb16(s.cdb, 0x88, 0, lba, 1);
	shot_start(d, &s, d->a);
	settle(d);
	assert_true(s.ended);
	assert_int_equal(shot_result(&s), RES_GOOD);
	return in[0];
}

static void of_two_caws_that_expect_the_same_one_wins(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));

	for (int i = 0; i < 8; i++)
		start_caw(d, r, i, 5, 0, (uint8_t)(i + 1));
	settle(d);
	for (int i = 0; i < 8; i++) {
		assert_true(r->shots[i].ended);
		assert_int_equal(shot_result(&r->shots[i]), i ? RES_MISCOMPARE_VERIFY : RES_GOOD);
	}
	assert_int_equal(first_byte(d, 5), 1);
	free(r);
}

static void a_write_waits_for_a_caw_that_it_overlaps(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));

	start_caw(d, r, 0, 5, 0, 'C');
	start_write(d, r, 1, 5, 'W');
	start_write(d, r, 2, 6, 'X');
	pass(d, 10);
	assert_true(r->shots[2].ended); /* another block: it never waited */
	assert_false(r->shots[0].ended);
	assert_false(r->shots[1].ended);
	pass(d, 10);
	assert_true(r->shots[0].ended);
	assert_int_equal(shot_result(&r->shots[0]), RES_GOOD);
	settle(d);
	assert_true(r->shots[1].ended);
	assert_int_equal(first_byte(d, 5), 'W');
	free(r);
}

static void a_caw_waits_for_a_write_in_flight(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));

	start_write(d, r, 0, 5, 'W');
	start_caw(d, r, 1, 5, 'W', 'C');
	settle(d);
	assert_int_equal(shot_result(&r->shots[1]), RES_GOOD);
	assert_int_equal(first_byte(d, 5), 'C');
	free(r);
}

static void orwrites_lose_no_bit_of_each_other(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));

	for (int i = 0; i < 8; i++)
		start_orwrite(d, r, i, 5, (uint8_t)(1 << i));
	settle(d);
	assert_int_equal(first_byte(d, 5), 0xff);
	free(r);
}

/* Else a stream of writes could keep a COMPARE AND WRITE waiting forever. */
static void a_write_does_not_overtake_a_waiting_caw(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));

	start_write(d, r, 0, 5, 'W');
	start_caw(d, r, 1, 5, 'W', 'C');
	start_write(d, r, 2, 5, 'V');
	start_caw(d, r, 3, 5, 'V', 'D');
	settle(d);
	for (int i = 0; i < 4; i++)
		assert_int_equal(shot_result(&r->shots[i]), RES_GOOD);
	assert_int_equal(first_byte(d, 5), 'D');
	free(r);
}

static void an_aborted_waiter_leaves_at_once_and_holds_up_nobody(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));

	start_caw(d, r, 0, 5, 0, 'C');
	start_caw(d, r, 1, 5, 'C', 'D');
	start_write(d, r, 2, 5, 'W');
	start_caw(d, r, 3, 5, 'C', 'E');
	shot_abort(&r->shots[1]); /* the clock stands still: it does not wait for the first */
	assert_true(r->shots[1].aborted);
	shot_abort(&r->shots[2]);
	assert_true(r->shots[2].aborted);
	assert_false(r->shots[0].ended);
	settle(d);
	assert_int_equal(shot_result(&r->shots[0]), RES_GOOD);
	assert_int_equal(shot_result(&r->shots[3]), RES_GOOD);
	assert_int_equal(first_byte(d, 5), 'E');
	free(r);
}

/* It is in the store: its abort waits for that, then those behind it go on. */
static void an_aborted_holder_gives_its_range_back(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));

	start_caw(d, r, 0, 5, 0, 'C');
	start_caw(d, r, 1, 5, 0, 'D');
	r->shots[0].cmd.aborted = true; /* as a TMF does, which would be waited for */
	settle(d);
	assert_true(r->shots[0].ended);
	assert_true(r->shots[0].aborted);
	assert_int_equal(shot_result(&r->shots[1]), RES_GOOD); /* the first wrote nothing */
	assert_int_equal(first_byte(d, 5), 'D');
	free(r);
}

static void a_lost_nexus_leaves_no_range_behind(void **state)
{
	struct disk *d = *state;
	struct race *r = calloc(1, sizeof(*r));
	uint8_t isid[6] = { 0x80, 0, 0, 0, 0, 9 };

	start_caw(d, r, 1, 5, 0, 'C'); /* of b */
	start_caw(d, r, 3, 5, 'C', 'D');
	start_write(d, r, 5, 5, 'W');
	start_caw(d, r, 2, 5, 0, 'E'); /* of a */
	nexus_destroy(d->b, NULL, NULL);
	d->b = nexus_create(d->target, d->a->transport, "iqn.2026-01.test:b2", isid, 9, 1, NULL);
	settle(d);
	assert_true(r->shots[1].aborted && r->shots[3].aborted && r->shots[5].aborted);
	assert_int_equal(shot_result(&r->shots[2]), RES_GOOD);
	assert_int_equal(first_byte(d, 5), 'E');
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define fast(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define slow(f) cmocka_unit_test_setup_teardown(f, setup_slow, teardown)
		fast(caw_writes_when_all_is_equal_and_only_then),
		cmocka_unit_test_setup_teardown(caw_writes_when_all_is_equal_and_only_then,
						setup_filtered, teardown),
		fast(caw_of_no_blocks_does_nothing_and_its_range_is_checked),
		fast(orwrite_sets_bits),
		slow(of_two_caws_that_expect_the_same_one_wins),
		slow(a_write_waits_for_a_caw_that_it_overlaps),
		slow(a_caw_waits_for_a_write_in_flight),
		cmocka_unit_test_setup_teardown(a_caw_waits_for_a_write_in_flight,
						setup_slow_writes, teardown),
		slow(orwrites_lose_no_bit_of_each_other),
		slow(a_write_does_not_overtake_a_waiting_caw),
		slow(an_aborted_waiter_leaves_at_once_and_holds_up_nobody),
		slow(an_aborted_holder_gives_its_range_back),
		slow(a_lost_nexus_leaves_no_range_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
