/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POPULATE TOKEN, WRITE USING TOKEN and what is told of them: what a token stands for, how long, and
 * what it takes to use one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_token.h"
#include "t_alloc.h"
#include "t_loop.h"
#include "target/reserve.h"

static void a_token_is_written_elsewhere(void **state)
{
	static const struct range from[] = { { 100, 50 }, { 10, 30 } }, to[] = { { 0, 70 }, { 200, 10 } };
	struct pair *p = *state;
	uint8_t *model = malloc(PAIR_SIZE), *want = calloc(1, PAIR_SIZE);
	uint8_t token[TOKEN_LEN], info[1024], all[80 * 512];

	pair_fill(p, p->a, 1, model);
	assert_int_equal(populate(p, from, 2), RES_GOOD);
	assert_int_equal(information(p, 1, 7, info), RES_GOOD);
	assert_int_equal(info[4], 0x10);
	assert_int_equal(info[5], 0x01);
	assert_int_equal(info[15], 0xf1);
	assert_int_equal(get_be64(info + 16), 80);
	memcpy(token, info + 38, TOKEN_LEN);
	assert_int_equal(get_be32(token), 0x00800001);
	assert_int_equal(get_be16(token + 6), 0x1f8);
	assert_memory_equal(token + 24, p->a->id.naa, 8);
	assert_int_equal(get_be64(token + 56), 80 * 512);
	assert_int_equal(write_token(p, 2, token, 0, to, 2), RES_GOOD);
	assert_int_equal(information(p, 2, 9, info), RES_GOOD);
	assert_int_equal(info[4], 0x11);
	assert_int_equal(info[5], 0x01);
	assert_int_equal(get_be64(info + 16), 80);
	assert_int_equal(get_be32(info + 32), 0);
	memcpy(all, model + 100 * 512, 50 * 512);
	memcpy(all + 50 * 512, model + 10 * 512, 30 * 512);
	memcpy(want, all, 70 * 512);
	memcpy(want + 200 * 512, all + 70 * 512, 10 * 512);
	pair_expect(p, p->b, want);
	free(model);
	free(want);
}

static uint64_t rnd(uint64_t below)
{
	static uint64_t x = 5;

	x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	return (x >> 33) % below;
}

/* Ranges that don't overlap, in any order; how many blocks. */
static uint32_t random_ranges(struct range *r, uint32_t n, uint32_t from, uint32_t slot)
{
	uint32_t blocks = 0;

	for (uint32_t i = 0; i < n; i++) {
		r[i].lba = from + (uint64_t)((i * 7 + 3) % n) * slot + rnd(slot / 2);
		r[i].count = (uint32_t)rnd(slot / 2);
		blocks += r[i].count;
	}
	return blocks;
}

static void random_tokens_agree_with_the_model(void **state)
{
	struct pair *p = *state;
	uint8_t *model[2] = { malloc(PAIR_SIZE), malloc(PAIR_SIZE) }, *data = malloc(PAIR_SIZE);
	uint8_t token[TOKEN_LEN];
	struct range from[20], to[20];

	pair_fill(p, p->a, 1, model[0]);
	pair_fill(p, p->b, 2, model[1]);
	for (unsigned int i = 0; i < 100; i++) {
		uint32_t have = random_ranges(from, 20, 0, 200), want = random_ranges(to, 20, 4000, 200);
		unsigned int dst = i % 2;
		uint64_t offset = rnd(have), at = 0;
		enum scsi_result r;

		token_of(p, from, 20, token);
		for (unsigned int k = 0; k < 20; k++) {
			memcpy(data + at, model[0] + from[k].lba * 512, from[k].count * 512);
			at += from[k].count * 512;
		}
		r = write_token(p, dst + 1, token, offset, to, 20);
		assert_int_equal(r, want > have - offset ? RES_CA_UNDERRUN : RES_GOOD);
		at = offset * 512;
		for (unsigned int k = 0; k < 20; k++) {
			uint64_t len = min_u64(to[k].count * 512, have * 512 - at);

			memcpy(model[dst] + to[k].lba * 512, data + at, len);
			at += len;
		}
	}
	pair_expect(p, p->a, model[0]);
	pair_expect(p, p->b, model[1]);
	free(model[0]);
	free(model[1]);
	free(data);
}

static void what_the_token_has_not_is_told(void **state)
{
	static const struct range from = { 0, 10 }, to = { 50, 20 };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN], info[1024], buf[32 * 512], data[32 * 512];
	struct tlist l;
	struct shot *s;

	box_fill(data, sizeof(data), 0, 3);
	pair_write(p, p->a, 0, data, sizeof(data));
	pair_write(p, p->b, 50 * 512, data, sizeof(data));
	token_of(p, &from, 1, token);
	write_begin(&l, token, 4);
	ranges_add(&l, &to, 1);
	p->d->lun = 2;
	s = send_by(p->d, p->d->a, 0x11, 9, &l);
	p->d->lun = 1;
	shot_wait(s);
	assert_int_equal(shot_result(s), RES_CA_UNDERRUN);
	assert_int_equal(shot_info(s), 6);
	free(s);
	assert_int_equal(information(p, 2, 9, info), RES_GOOD);
	assert_int_equal(info[5], 0x03);
	assert_int_equal(info[12], SAM_CHECK_CONDITION);
	assert_int_equal(get_be64(info + 16), 6);
	pair_read(p, p->b, 50 * 512, buf, 32 * 512);
	assert_memory_equal(buf, data + 4 * 512, 6 * 512);
	assert_memory_equal(buf + 6 * 512, data + 6 * 512, 26 * 512);
	assert_int_equal(write_token(p, 2, token, 10, &to, 1), RES_INVALID_FIELD_PARAM);
}

static void the_zero_token_needs_no_populating(void **state)
{
	static const struct range to[] = { { 3, 5 }, { 100, 4000 } };
	uint8_t zero[TOKEN_LEN] = { 0xff, 0xff, 0, 1, 0, 0, 0x01, 0xf8 };
	uint8_t *model = malloc(PAIR_SIZE);
	struct pair *p = *state;

	pair_fill(p, p->b, 1, model);
	assert_int_equal(write_token(p, 2, zero, 12345, to, 2), RES_GOOD);
	memset(model + 3 * 512, 0, 5 * 512);
	memset(model + 100 * 512, 0, 4000 * 512);
	pair_expect(p, p->b, model);
	free(model);
}

static void blocks_of_another_size(void **state)
{
	/* 20 blocks of 512 are two and a half of 4096: the rest of the third is zeroes. */
	static const struct range from = { 8, 20 }, to = { 5, 4 }, two[] = { { 0, 8 }, { 64, 8 } },
				  odd[] = { { 0, 4 }, { 64, 12 } };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN], *model = malloc(PAIR_SIZE), buf[4 * 4096];

	pair_fill(p, p->a, 1, model);
	memset(buf, 0xff, sizeof(buf));
	pair_write(p, p->b, 5 * 4096, buf, sizeof(buf));
	token_of(p, &from, 1, token);
	assert_int_equal(write_token(p, 2, token, 0, &to, 1), RES_CA_UNDERRUN);
	pair_read(p, p->b, 5 * 4096, buf, sizeof(buf));
	assert_memory_equal(buf, model + 8 * 512, 20 * 512);
	for (unsigned int i = 20 * 512; i < 3 * 4096; i++)
		assert_int_equal(buf[i], 0);
	assert_int_equal(buf[3 * 4096], 0xff);
	token_of(p, two, 2, token);
	assert_int_equal(write_token(p, 2, token, 1, &(struct range){ 0, 1 }, 1), RES_GOOD);
	pair_read(p, p->b, 0, buf, 4096);
	assert_memory_equal(buf, model + 64 * 512, 4096);
	token_of(p, odd, 2, token);
	assert_int_equal(write_token(p, 2, token, 0, &(struct range){ 0, 2 }, 1), RES_TOKEN_UNUSABLE);
	free(model);
}

static void only_the_whole_token_is_one(void **state)
{
	static const struct range from = { 0, 8 };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN], other[TOKEN_LEN];

	token_of(p, &from, 1, token);
	for (uint32_t i = 8; i < TOKEN_LEN; i++) {
		memcpy(other, token, TOKEN_LEN);
		other[i] ^= 1;
		assert_int_equal(write_one(p, other, 0), RES_TOKEN_UNKNOWN);
	}
	memcpy(other, token, TOKEN_LEN);
	other[7] = 0xf7;
	assert_int_equal(write_one(p, other, 0), RES_TOKEN_LENGTH);
	memcpy(other, token, TOKEN_LEN);
	other[3] = 2;
	assert_int_equal(write_one(p, other, 0), RES_TOKEN_TYPE);
	assert_int_equal(write_one(p, token, 0), RES_GOOD);
	token_of(p, &from, 1, other);
	assert_memory_not_equal(token + 8, other + 8, 8);
	assert_memory_not_equal(token + 256, other + 256, 32);
}

static void a_write_to_what_it_stands_for_cancels_it(void **state)
{
	static const struct {
		uint64_t lba;
		enum scsi_result after;
	} writes[] = {
		{ 0, RES_GOOD }, { 9, RES_GOOD }, { 10, RES_TOKEN_CANCELLED },
		{ 17, RES_TOKEN_CANCELLED }, { 18, RES_GOOD }, { 30, RES_TOKEN_CANCELLED },
	};
	static const struct range from[] = { { 10, 8 }, { 30, 1 } };
	uint8_t token[TOKEN_LEN], block[512] = { 0 };
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		token_of(p, from, 2, token);
		pair_write(p, p->a, writes[i].lba * 512, block, 512);
		assert_int_equal(write_one(p, token, 0), writes[i].after);
	}
	/* Whatever writes. */
	token_of(p, from, 2, token);
	assert_int_equal(pair_copy(p, p->b, 0, p->a, 12, 1), RES_GOOD);
	assert_int_equal(write_one(p, token, 0), RES_TOKEN_CANCELLED);
	token_of(p, from, 2, token);
	{
		uint8_t cdb[32], caw[1024] = { 0 };

		cdb16(cdb, 0x93, 1, 0, 100);
		expect_run(GOOD, p->d, cdb, NULL, 0, NULL, 0);
		assert_int_equal(write_one(p, token, 0), RES_TOKEN_CANCELLED);
		token_of(p, from, 2, token);
		cdb16(cdb, 0x89, 0, 10, 0);
		cdb[13] = 1;
		expect_run(GOOD, p->d, cdb, caw, sizeof(caw), NULL, 0);
		assert_int_equal(write_one(p, token, 0), RES_TOKEN_CANCELLED);
	}
}

static void a_read_cancels_nothing(void **state)
{
	static const struct range from = { 0, 8 };
	uint8_t token[TOKEN_LEN], buf[4096], cdb[32];
	struct pair *p = *state;

	token_of(p, &from, 1, token);
	pair_read(p, p->a, 0, buf, 4096);
	cdb10(cdb, 0x2f, 0, 0, 8);
	expect_run(GOOD, p->d, cdb, NULL, 0, NULL, 0);
	assert_int_equal(populate(p, &from, 1), RES_GOOD);
	assert_int_equal(write_one(p, token, 0), RES_GOOD);
}

static void it_ends_when_nobody_uses_it(void **state)
{
	static const struct range from = { 0, 8 };
	uint8_t token[TOKEN_LEN];
	struct pair *p = *state;
	struct loop *loop = p->d->core.loop;

	token_of(p, &from, 1, token);
	for (unsigned int i = 0; i < 3; i++) {
		loop_clock_advance(loop, 59 * NSEC_PER_SEC);
		assert_int_equal(write_one(p, token, 0), RES_GOOD);
	}
	loop_clock_advance(loop, 61 * NSEC_PER_SEC);
	loop_turn(loop, 0);
	assert_int_equal(write_one(p, token, 0), RES_TOKEN_EXPIRED);
	loop_clock_advance(loop, 61 * NSEC_PER_SEC);
	loop_turn(loop, 0);
	assert_int_equal(write_one(p, token, 0), RES_TOKEN_UNKNOWN);
}

static void the_initiator_says_how_long(void **state)
{
	static const struct range from = { 0, 8 };
	struct pair *p = *state;
	uint8_t info[1024];
	struct tlist l;

	populate_begin(&l);
	put_be32(l.buf + 4, 3600);
	ranges_add(&l, &from, 1);
	assert_int_equal(send_list(p, 1, 0x10, 1, &l), RES_GOOD);
	assert_int_equal(information(p, 1, 1, info), RES_GOOD);
	loop_clock_advance(p->d->core.loop, 3599 * NSEC_PER_SEC);
	loop_turn(p->d->core.loop, 0);
	assert_int_equal(write_one(p, info + 38, 0), RES_GOOD);
	put_be32(l.buf + 4, 3601);
	assert_int_equal(send_list(p, 1, 0x10, 1, &l), RES_INVALID_FIELD_PARAM);
}

static void it_is_deleted_when_asked_for(void **state)
{
	static const struct range from = { 0, 8 };
	uint8_t token[TOKEN_LEN];
	struct pair *p = *state;
	struct tlist l;

	token_of(p, &from, 1, token);
	write_begin(&l, token, 0);
	l.buf[2] = 0x02;
	ranges_add(&l, &from, 1);
	assert_int_equal(send_list(p, 2, 0x11, 9, &l), RES_GOOD);
	assert_int_equal(send_list(p, 2, 0x11, 9, &l), RES_TOKEN_DELETED);
}

static void nothing_is_written_over_what_is_read(void **state)
{
	static const struct range from[] = { { 10, 8 }, { 40, 8 } }, over = { 47, 2 }, beside = { 48, 8 };
	uint8_t token[TOKEN_LEN];
	struct pair *p = *state;

	token_of(p, from, 2, token);
	assert_int_equal(write_token(p, 1, token, 0, &over, 1), RES_TOKEN_UNUSABLE);
	assert_int_equal(write_token(p, 1, token, 0, &beside, 1), RES_GOOD);
	assert_int_equal(write_token(p, 1, token, 0, &beside, 1), RES_GOOD);
}

static void lists_of_populate_are_checked(void **state)
{
	static const struct range good = { 0, 8 }, twice[] = { { 0, 8 }, { 7, 1 } }, none = { 0, 0 },
				  beyond = { PAIR_BLOCKS - 1, 2 }, huge = { UINT64_MAX, 1 };
	static const struct {
		uint8_t at, value;
		enum scsi_result result;
	} faults[] = {
		{ 1, 0x1d, RES_INVALID_FIELD_PARAM }, { 15, 15, RES_INVALID_FIELD_PARAM },
		{ 15, 0, RES_INVALID_FIELD_PARAM },   { 2, 0x02, RES_INVALID_FIELD_PARAM },
	};
	struct range many[257];
	struct pair *p = *state;
	struct tlist l;

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		populate_begin(&l);
		ranges_add(&l, &good, 1);
		l.buf[faults[i].at] = faults[i].value;
		assert_int_equal(send_list(p, 1, 0x10, 1, &l), faults[i].result);
	}
	populate_begin(&l);
	ranges_add(&l, &good, 1);
	l.buf[2] = 0x02;
	put_be32(l.buf + 8, 0x00800002);
	assert_int_equal(send_list(p, 1, 0x10, 1, &l), RES_INVALID_FIELD_PARAM);
	put_be32(l.buf + 8, 0x0080ffff);
	assert_int_equal(send_list(p, 1, 0x10, 1, &l), RES_GOOD);
	l.len = 15;
	assert_int_equal(send_list(p, 1, 0x10, 1, &l), RES_PARAM_LIST_LENGTH);
	l.len = 0;
	assert_int_equal(send_list(p, 1, 0x10, 1, &l), RES_GOOD);
	assert_int_equal(populate(p, twice, 2), RES_INVALID_FIELD_PARAM);
	assert_int_equal(populate(p, &beyond, 1), RES_LBA_RANGE);
	assert_int_equal(populate(p, &huge, 1), RES_LBA_RANGE);
	assert_int_equal(populate(p, &none, 1), RES_GOOD);
	for (uint32_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct range){ i, 1 };
	assert_int_equal(populate(p, many, 256), RES_GOOD);
	assert_int_equal(populate(p, many, 257), RES_TOO_MANY_SEGMENTS);
}

static void unknown_lists_have_no_information(void **state)
{
	static const struct range from = { 0, 8 };
	struct pair *p = *state;
	uint8_t info[1024], cdb[32] = { 0x84, 0x07 };
	struct shot s = { .in = info, .in_max = 255 };

	assert_int_equal(information(p, 1, 7, info), RES_INVALID_FIELD_CDB);
	assert_int_equal(populate(p, &from, 1), RES_GOOD);
	assert_int_equal(information(p, 1, 7, info), RES_GOOD);
	assert_int_equal(information(p, 2, 7, info), RES_INVALID_FIELD_CDB);
	cdb[5] = 7;
	cdb[13] = 255;
	memcpy(s.cdb, cdb, sizeof(s.cdb));
	shot_start(p->d, &s, p->d->b);
	shot_wait(&s);
	assert_int_equal(shot_result(&s), RES_INVALID_FIELD_CDB);
}

static void information_goes_when_nobody_wants_it(void **state)
{
	static const struct range from = { 0, 8 };
	uint8_t cdb[32] = { 0x84, 0x07, [5] = 7 }, token[TOKEN_LEN], info[1024];
	struct pair *p = *state;

	token_of(p, &from, 1, token);
	assert_int_equal(information(p, 1, 7, info), RES_GOOD);
	expect_run(GOOD, p->d, cdb, NULL, 0, NULL, 0);
	assert_int_equal(information(p, 1, 7, info), RES_INVALID_FIELD_CDB);
	/* A reset, too; the token stays. */
	assert_int_equal(populate(p, &from, 1), RES_GOOD);
	lu_reset(p->a, 0);
	pair_clear_ua(p);
	assert_int_equal(information(p, 1, 7, info), RES_INVALID_FIELD_CDB);
	assert_int_equal(write_one(p, token, 0), RES_GOOD);
}

static void all_tokens_are_told_without_their_secrets(void **state)
{
	uint8_t cdb[32] = { 0x84, 0x08, [12] = 0x10 }, buf[4096], token[3][TOKEN_LEN];
	struct pair *p = *state;
	struct shot s;

	for (unsigned int i = 0; i < 3; i++)
		token_of(p, &(struct range){ i * 8, 8 }, 1, token[i]);
	memset(buf, 0, 512);
	pair_write(p, p->a, 8 * 512, buf, 512);
	assert_int_equal(disk_run(p->d, &s, cdb, NULL, 0, buf, sizeof(buf)), RES_GOOD);
	assert_int_equal(s.in_len, 8 + 2 * 96);
	assert_int_equal(get_be32(buf), 4 + 2 * 96);
	assert_memory_equal(buf + 8, token[0], 96);
	assert_memory_equal(buf + 8 + 96, token[2], 96);
}

static void in_the_background_it_can_be_asked_about(void **state)
{
	static const struct range from = { 0, 4096 };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN], info[1024];
	struct tlist l;

	token_of(p, &from, 1, token);
	write_begin(&l, token, 0);
	l.buf[2] = 0x01;
	ranges_add(&l, &from, 1);
	assert_int_equal(send_list(p, 2, 0x11, 9, &l), RES_GOOD);
	assert_int_equal(information(p, 2, 9, info), RES_GOOD);
	assert_int_equal(info[5], 0x12);
	assert_int_equal(get_be32(info + 32), 0);
	assert_int_equal(send_list(p, 2, 0x11, 9, &l), RES_OPERATION_IN_PROGRESS);
	while (info[5] == 0x12) {
		loop_turn(p->d->core.loop, NSEC_PER_MSEC);
		assert_int_equal(information(p, 2, 9, info), RES_GOOD);
	}
	assert_int_equal(info[5], 0x01);
	assert_int_equal(get_be64(info + 16), 4096);
}

static void a_write_to_the_source_ends_the_copy(void **state)
{
	static const struct range from = { 0, 8192 };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN], info[1024], block[512] = { 0 };
	struct tlist l;

	token_of(p, &from, 1, token);
	write_begin(&l, token, 0);
	l.buf[2] = 0x01;
	ranges_add(&l, &from, 1);
	assert_int_equal(send_list(p, 2, 0x11, 9, &l), RES_GOOD);
	do {
		loop_turn(p->d->core.loop, NSEC_PER_MSEC);
		assert_int_equal(information(p, 2, 9, info), RES_GOOD);
	} while (info[5] == 0x12 && !get_be64(info + 16));
	assert_int_equal(info[5], 0x12);
	pair_write(p, p->a, 8000 * 512, block, 512);
	while (info[5] == 0x12) {
		loop_turn(p->d->core.loop, NSEC_PER_MSEC);
		assert_int_equal(information(p, 2, 9, info), RES_GOOD);
	}
	assert_int_equal(info[5], 0x02);
	assert_in_range(get_be64(info + 16), 1, 8191);
	assert_int_equal(info[32 + 2], SK_ILLEGAL_REQUEST);
	assert_int_equal(get_be16(info + 32 + 12), 0x2308);
}

static void it_can_be_aborted(void **state)
{
	static const struct range from = { 0, 8192 };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN], info[1024], cdb[32] = { 0x83, 0x1c, [5] = 9 };
	struct tlist l;

	token_of(p, &from, 1, token);
	write_begin(&l, token, 0);
	l.buf[2] = 0x01;
	ranges_add(&l, &from, 1);
	assert_int_equal(send_list(p, 2, 0x11, 9, &l), RES_GOOD);
	p->d->lun = 2;
	expect_run(GOOD, p->d, cdb, NULL, 0, NULL, 0);
	p->d->lun = 1;
	do {
		loop_turn(p->d->core.loop, NSEC_PER_MSEC);
		assert_int_equal(information(p, 2, 9, info), RES_GOOD);
	} while (info[5] == 0x12);
	assert_int_equal(info[5], 0x60);
}

static void the_source_may_be_one_that_is_not_seen(void **state)
{
	static const struct range from = { 0, 8 };
	struct pair *p = *state;
	struct target *t = disk_add_target(p->d, 2);
	struct lu *far = disk_add_lu(p->d, t, 1, "mem", "4M", 512);
	struct nexus *n = disk_login(p->d, t, "iqn.2026-01.test:c", NULL);
	uint8_t token[TOKEN_LEN], buf[4096], data[4096];
	struct tlist l;

	nexus_itl(n, 1)->ua = 0;
	box_fill(data, sizeof(data), 0, 5);
	pair_write(p, p->a, 0, data, sizeof(data));
	token_of(p, &from, 1, token);
	write_begin(&l, token, 0);
	ranges_add(&l, &from, 1);
	assert_int_equal(shot_ends(send_by(p->d, n, 0x11, 1, &l)), RES_GOOD);
	assert_int_equal(box_read(p->d->box, far->bs, 0, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, data, sizeof(data));
	disk_logout(p->d, n);
}

static void the_disk_may_go(void **state)
{
	static const struct range from = { 0, 8192 };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN];
	struct tlist l;

	token_of(p, &from, 1, token);
	write_begin(&l, token, 0);
	l.buf[2] = 0x01;
	ranges_add(&l, &from, 1);
	assert_int_equal(send_list(p, 2, 0x11, 9, &l), RES_GOOD);
	/* The teardown deletes both. */
}

static void the_oldest_make_room(void **state)
{
	struct pair *p = *state;
	uint8_t first[TOKEN_LEN], token[TOKEN_LEN];

	token_of(p, &(struct range){ 0, 8 }, 1, first);
	for (unsigned int i = 0; i < TOKENS_MAX; i++) {
		assert_int_equal(write_one(p, first, 0), RES_GOOD);
		token_of(p, &(struct range){ i, 1 }, 1, token);
	}
	assert_int_equal(write_one(p, first, 0), RES_TOKEN_UNKNOWN);
	assert_int_equal(write_token(p, 2, token, 0, &(struct range){ 0, 1 }, 1), RES_GOOD);
}

static void without_memory_there_is_no_token(void **state)
{
	static const struct range from = { 0, 8 };
	struct pair *p = *state;
	uint8_t token[TOKEN_LEN];
	enum scsi_result r;

	token_of(p, &from, 1, token);
	for (unsigned int n = 2;; n++) { /* the first is the shot itself */
		t_alloc_fail_nth(n);
		r = populate(p, &from, 1);
		if (!t_alloc_failed())
			break;
		assert_true(r == RES_BUSY || r == RES_NO_ROD_TOKEN || r == RES_GOOD);
	}
	assert_int_equal(r, RES_GOOD);
	for (unsigned int n = 2;; n++) { /* the first is the shot itself */
		t_alloc_fail_nth(n);
		r = write_one(p, token, 0);
		if (!t_alloc_failed())
			break;
		assert_true(r == RES_BUSY || r == RES_CA_THIRD_PARTY || r == RES_GOOD);
	}
	assert_int_equal(r, RES_GOOD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)
#define TEST_WITH(name, setup) cmocka_unit_test_setup_teardown(name, setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_written_elsewhere),
		TEST(random_tokens_agree_with_the_model),
		TEST_WITH(random_tokens_agree_with_the_model, pair_setup_filter),
		TEST(what_the_token_has_not_is_told),
		TEST(the_zero_token_needs_no_populating),
		TEST_WITH(blocks_of_another_size, pair_setup_sizes),
		TEST(only_the_whole_token_is_one),
		TEST(a_write_to_what_it_stands_for_cancels_it),
		TEST(a_read_cancels_nothing),
		TEST(it_ends_when_nobody_uses_it),
		TEST(the_initiator_says_how_long),
		TEST(it_is_deleted_when_asked_for),
		TEST(nothing_is_written_over_what_is_read),
		TEST(lists_of_populate_are_checked),
		TEST(unknown_lists_have_no_information),
		TEST(information_goes_when_nobody_wants_it),
		TEST(all_tokens_are_told_without_their_secrets),
		TEST_WITH(in_the_background_it_can_be_asked_about, pair_setup_slow),
		TEST_WITH(a_write_to_the_source_ends_the_copy, pair_setup_slow),
		TEST_WITH(it_can_be_aborted, pair_setup_slow),
		TEST(the_source_may_be_one_that_is_not_seen),
		TEST_WITH(the_disk_may_go, pair_setup_slow),
		TEST(the_oldest_make_room),
		TEST(without_memory_there_is_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
