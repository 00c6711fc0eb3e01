/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EXTENDED COPY with byte offsets (segment descriptor 0Ah), and the verification of copy targets (07h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/xcopy.h"
#include "dev_copy.h"

static uint64_t rnd(uint64_t below)
{
	static uint64_t state = 7;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

/* Appends a segment descriptor as it is. */
static void plist_raw(struct plist *l, const uint8_t *d, uint32_t len)
{
	memcpy(l->buf + l->len, d, len);
	l->len += len;
	put_be32(l->buf + 8, l->len - 16 - l->n_cscds * 32);
}

static void plist_bytes(struct plist *l, uint16_t src, uint16_t dst, uint64_t from, uint32_t from_bs,
			uint64_t to, uint32_t to_bs, uint32_t len)
{
	uint8_t d[32] = { 0x0a, 0, 0, 28 };

	put_be16(d + 4, src);
	put_be16(d + 6, dst);
	put_be32(d + 8, len);
	put_be64(d + 12, from / from_bs);
	put_be64(d + 20, to / to_bs);
	put_be16(d + 28, (uint16_t)(from % from_bs));
	put_be16(d + 30, (uint16_t)(to % to_bs));
	plist_raw(l, d, sizeof(d));
}

static enum scsi_result copy_bytes(struct pair *p, struct lu *a, uint64_t from, struct lu *b,
				   uint64_t to, uint32_t len)
{
	struct plist l;

	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, a, false);
	plist_cscd(&l, b, false);
	plist_bytes(&l, 0, 1, from, a->block_size, to, b->block_size, len);
	return shot_ends(plist_send(p, &l));
}

static void any_bytes_go_anywhere(void **state)
{
	struct pair *p = *state;
	struct lu *lu[2] = { p->a, p->b };
	uint8_t *model[2] = { malloc(PAIR_SIZE), malloc(PAIR_SIZE) };

	for (unsigned int i = 0; i < 2; i++)
		pair_fill(p, lu[i], i, model[i]);
	for (unsigned int i = 0; i < 300; i++) {
		unsigned int s = (unsigned int)rnd(2), d = (unsigned int)rnd(2);
		uint32_t len = (uint32_t)rnd(rnd(4) ? 20000 : 2 * MiB + 5000);
		uint64_t from = rnd(PAIR_SIZE - len), to = rnd(PAIR_SIZE - len);

		/* Often near each other, in one disk. */
		if (s == d && rnd(2))
			to = min_u64(from + rnd(3000), PAIR_SIZE - len);
		if (!rnd(4))
			from &= ~4095ULL;
		if (!rnd(4))
			to &= ~4095ULL;
		assert_int_equal(copy_bytes(p, lu[s], from, lu[d], to, len), RES_GOOD);
		memmove(model[d] + to, model[s] + from, len);
	}
	pair_expect(p, p->a, model[0]);
	pair_expect(p, p->b, model[1]);
	free(model[0]);
	free(model[1]);
}

static void what_is_not_there_is_refused(void **state)
{
	static const struct {
		uint64_t from, to;
		uint32_t len, field;
	} cases[] = {
		{ PAIR_SIZE - 10, 0, 11, 12 }, { 0, PAIR_SIZE - 10, 11, 20 }, { PAIR_SIZE, 0, 1, 12 },
	};
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plist l;
		struct shot *s;

		plist_begin(&l, false, 0, 3);
		plist_cscd(&l, p->a, false);
		plist_cscd(&l, p->b, false);
		plist_bytes(&l, 0, 1, cases[i].from, 512, cases[i].to, 512, cases[i].len);
		s = plist_send(p, &l);
		shot_wait(s);
		assert_int_equal(shot_result(s), RES_CA_SEGMENT);
		assert_int_equal(get_be16(s->sense + 16), cases[i].field);
		free(s);
	}
	assert_int_equal(copy_bytes(p, p->a, PAIR_SIZE - 10, p->b, 5, 10), RES_GOOD);
	assert_int_equal(copy_bytes(p, p->a, 3, p->b, 5, 0), RES_GOOD);
}

static void an_offset_is_in_its_block(void **state)
{
	uint8_t d[32] = { 0x0a, 0, 0, 28, 0, 0, 0, 1, 0, 0, 0, 9 };
	struct pair *p = *state;
	struct plist l;

	for (unsigned int at = 28; at < 32; at += 2) {
		put_be32(d + 28, 0);
		put_be16(d + at, 512);
		plist_begin(&l, false, 0, 3);
		plist_cscd(&l, p->a, false);
		plist_cscd(&l, p->b, false);
		plist_raw(&l, d, sizeof(d));
		assert_int_equal(shot_ends(plist_send(p, &l)), RES_CA_SEGMENT);
	}
}

static void errors_tell_whose_they_are(void **state)
{
	struct pair *p = *state;

	/* Of the first, reads fail from 2 MiB to 3 MiB; of the second, writes at 3 MiB. */
	assert_int_equal(copy_bytes(p, p->a, 2 * MiB + 7, p->b, 9, 1000), RES_CA_THIRD_PARTY);
	assert_int_equal(copy_bytes(p, p->a, 7, p->b, 3 * MiB + 9, 1000), RES_CA_THIRD_PARTY);
	assert_int_equal(copy_bytes(p, p->a, 7, p->b, 9, 1000), RES_GOOD);
}

static enum scsi_result verify(struct pair *p, struct lu *lu, bool tur)
{
	uint8_t d[12] = { 0x07, 0, 0, 8, 0, 0, 0, 0, tur };
	struct plist l;

	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, lu, false);
	plist_raw(&l, d, sizeof(d));
	plist_seg(&l, 0, 0, 0, 1, 0, 9);
	plist_raw(&l, d, sizeof(d));
	return shot_ends(plist_send(p, &l));
}

static void targets_are_verified(void **state)
{
	struct pair *p = *state;
	uint8_t cdb[32] = { 0x1b };

	assert_int_equal(verify(p, p->b, false), RES_GOOD);
	assert_int_equal(verify(p, p->b, true), RES_GOOD);
	p->d->lun = 2;
	expect_run(GOOD, p->d, cdb, NULL, 0, NULL, 0);
	p->d->lun = 1;
	assert_int_equal(verify(p, p->b, true), RES_CA_THIRD_PARTY);
	p->b->id.naa[3] ^= 1;
	assert_int_equal(verify(p, p->b, false), RES_CA_NOT_REACHABLE);
	p->b->id.naa[3] ^= 1;
}

#define on(f, with) cmocka_unit_test_setup_teardown(f, with, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on(any_bytes_go_anywhere, pair_setup),
		on(any_bytes_go_anywhere, pair_setup_sizes),
		on(what_is_not_there_is_refused, pair_setup),
		on(an_offset_is_in_its_block, pair_setup),
		on(errors_tell_whose_they_are, pair_setup_bad),
		on(targets_are_verified, pair_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
