/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random commands against a disk and against an array of bytes: after each, status and
 * contents must be the same. Fixed seeds; small disks, so that ranges meet often.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev_disk.h"

#define BLOCKS 160u
#define MOST 24u /* blocks of one command */

struct model {
	struct disk *d;
	uint32_t bs;
	uint64_t rng;
	uint8_t *bytes;	 /* what the disk should hold */
	uint8_t *buf;	 /* data-out: room for 2 * MOST blocks */
	uint8_t *in;	 /* the whole disk */
	uint64_t lba;	 /* of the command in work */
	uint32_t blocks;
};

static uint32_t rnd(struct model *m, uint32_t below)
{
	m->rng ^= m->rng << 13;
	m->rng ^= m->rng >> 7;
	m->rng ^= m->rng << 17;
	return (uint32_t)(m->rng >> 32) % below;
}

static uint8_t *at(struct model *m)
{
	return m->bytes + m->lba * m->bs;
}

static bool fits(const struct model *m)
{
	return m->lba <= BLOCKS && m->blocks <= BLOCKS - m->lba;
}

/* Few different bytes, so that comparisons often succeed. */
static void random_data(struct model *m, uint32_t blocks)
{
	for (uint32_t i = 0; i < blocks; i++)
		memset(m->buf + i * m->bs, (int)rnd(m, 3), m->bs);
}

static enum scsi_result run(struct model *m, uint8_t op, uint8_t flags, uint32_t out)
{
	uint8_t cdb[32];
	struct shot s;

	cdb_any(cdb, op, flags, m->lba, m->blocks);
	return disk_run(m->d, &s, cdb, m->buf, out, NULL, 0);
}

static void expect(struct model *m, enum scsi_result got, enum scsi_result want)
{
	assert_int_equal(got, fits(m) ? want : RES_LBA_RANGE);
}

static void step_write(struct model *m)
{
	static const uint8_t ops[] = { 0x2a, 0x8a, 0xaa, 0x2e, 0x8e, CDB32 | 0xb,
					CDB32 | 0xc };

	random_data(m, m->blocks);
	expect(m, run(m, ops[rnd(m, ARRAY_SIZE(ops))], 0, m->blocks * m->bs), RES_GOOD);
	if (fits(m))
		memcpy(at(m), m->buf, m->blocks * m->bs);
}

static void step_orwrite(struct model *m)
{
	random_data(m, m->blocks);
	expect(m, run(m, 0x8b, 0, m->blocks * m->bs), RES_GOOD);
	for (uint32_t i = 0; fits(m) && i < m->blocks * m->bs; i++)
		at(m)[i] |= m->buf[i];
}

static void step_caw(struct model *m)
{
	uint32_t len = m->blocks * m->bs;
	bool equal = false;

	random_data(m, 2 * m->blocks);
	if (fits(m) && rnd(m, 2)) /* half of them as the initiator who knows */
		memcpy(m->buf, at(m), len);
	if (fits(m))
		equal = !memcmp(m->buf, at(m), len);
	expect(m, run(m, 0x89, 0, 2 * len), equal ? RES_GOOD : RES_MISCOMPARE_VERIFY);
	if (equal)
		memcpy(at(m), m->buf + len, len);
}

static void step_verify(struct model *m)
{
	static const uint8_t ops[] = { 0x2f, 0x8f, CDB32 | 0xa };
	bool equal;

	random_data(m, m->blocks);
	if (fits(m) && rnd(m, 2))
		memcpy(m->buf, at(m), m->blocks * m->bs);
	equal = fits(m) && !memcmp(m->buf, at(m), m->blocks * m->bs);
	expect(m, run(m, ops[rnd(m, ARRAY_SIZE(ops))], 2, m->blocks * m->bs),
	       equal ? RES_GOOD : RES_MISCOMPARE_VERIFY);
}

static void step_write_same(struct model *m)
{
	static const uint8_t flags[] = { 0x00, 0x08, 0x01, 0x09 };
	static const uint8_t ops[] = { 0x93, CDB32 | 0xd, 0x41 };
	uint8_t f = flags[rnd(m, 4)], op = ops[rnd(m, f & 1 ? 2 : 3)];

	random_data(m, 1);
	expect(m, run(m, op, f, f & 1 ? 0 : m->bs), RES_GOOD);
	if (!fits(m))
		return;
	if (!m->blocks)
		m->blocks = (uint32_t)(BLOCKS - m->lba);
	for (uint32_t i = 0; i < m->blocks; i++) {
		if (f)
			memset(at(m) + i * m->bs, 0, m->bs);
		else
			memcpy(at(m) + i * m->bs, m->buf, m->bs);
	}
}

static void step_unmap(struct model *m)
{
	uint8_t list[8 + 3 * 16] = { 0 };
	uint32_t n = rnd(m, 4);
	bool good = true;
	uint8_t cdb[32];
	struct shot s;

	put_be16(list + 2, (uint16_t)(16 * n));
	for (uint32_t i = 0; i < n; i++) {
		m->lba = rnd(m, BLOCKS + 2);
		m->blocks = rnd(m, MOST);
		put_be64(list + 8 + 16 * i, m->lba);
		put_be32(list + 16 + 16 * i, m->blocks);
		good = good && fits(m);
	}
	cdb10(cdb, 0x42, 0, 0, 8 + 16 * n);
	assert_int_equal(disk_run(m->d, &s, cdb, list, 8 + 16 * n, NULL, 0),
			 good ? RES_GOOD : RES_LBA_RANGE);
	for (uint32_t i = 0; good && i < n; i++)
		memset(m->bytes + get_be64(list + 8 + 16 * i) * m->bs, 0,
		       get_be32(list + 16 + 16 * i) * m->bs);
}

static void play(const char *bstype, const char *path, uint32_t bs, uint64_t seed, uint32_t steps)
{
	static void (*const moves[])(struct model *m) = {
		step_write, step_write, step_orwrite, step_caw, step_verify, step_write_same, step_unmap,
	};
	struct model m = { .bs = bs, .rng = seed };

	m.d = disk_new(bstype, path, bs);
	disk_set(m.d, "thin_provisioning", "1");
	disk_set(m.d, "cdb32", "1");
	m.d->lu->blocks = BLOCKS; /* the store has more */
	m.bytes = calloc(BLOCKS, bs);
	m.buf = calloc(2 * MOST, bs);
	m.in = calloc(BLOCKS, bs);
	for (uint32_t i = 0; i < steps; i++) {
		m.lba = rnd(&m, BLOCKS + 2);
		m.blocks = rnd(&m, MOST);
		m.d->scatter = rnd(&m, 2) ? 0 : 1 + rnd(&m, 5000);
		moves[rnd(&m, ARRAY_SIZE(moves))](&m);
		disk_read(m.d, 0, BLOCKS, m.in);
		assert_memory_equal(m.in, m.bytes, BLOCKS * bs);
	}
	free(m.bytes);
	free(m.buf);
	free(m.in);
	disk_free(m.d);
}

static void a_disk_of_512_byte_blocks_holds_what_an_array_holds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 5; seed++)
		play(NULL, "1M", 512, seed * 0x9e3779b97f4a7c15, 400);
}

static void a_disk_of_4096_byte_blocks_holds_what_an_array_holds(void **state)
{
	(void)state;
	play(NULL, "1M", 4096, 0xfeed, 300);
}

static void a_disk_on_a_sparse_file_holds_what_an_array_holds(void **state)
{
	char path[] = "/tmp/tgt-model-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1024 * 1024), 0);
	play("rdwr", path, 512, 0xf11e, 300);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_of_512_byte_blocks_holds_what_an_array_holds),
		cmocka_unit_test(a_disk_of_4096_byte_blocks_holds_what_an_array_holds),
		cmocka_unit_test(a_disk_on_a_sparse_file_holds_what_an_array_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
