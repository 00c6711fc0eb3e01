/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random operations on a store and on its model. What a store has not (cap[]) is left out;
 * after UNMAP the model asks the store, unless it promises zeroes.
 */
#include "bs_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LARGE (2 * MiB)
#define SLACK 4096

struct model {
	struct bs_box *box;
	struct bs *bs;
	uint8_t *bytes, *buf;
	uint64_t rnd;
	/* Of the current step. */
	uint8_t *mem;
	uint64_t offset, len;
	uint32_t fua;
};

static uint64_t rnd(struct model *m, uint64_t below)
{
	m->rnd = m->rnd * 6364136223846793005ULL + 1442695040888963407ULL;
	return (m->rnd >> 33) % below;
}

static int io(struct model *m, enum bs_op op, uint32_t flags)
{
	return box_io(m->box, m->bs, op, flags, m->offset, m->mem, m->len);
}

static void step_read(struct model *m)
{
	memset(m->mem, 0xee, m->len);
	assert_int_equal(io(m, BS_READ, 0), 0);
	assert_memory_equal(m->mem, m->bytes + m->offset, m->len);
}

static void step_write(struct model *m, unsigned int step)
{
	box_fill(m->mem, m->len, m->offset, step);
	memcpy(m->bytes + m->offset, m->mem, m->len);
	assert_int_equal(io(m, BS_WRITE, m->fua), 0);
}

static void step_unmap(struct model *m)
{
	if (m->bs->cap[BS_UNMAP] == BS_CAP_NONE)
		return;
	assert_int_equal(io(m, BS_UNMAP, m->fua), 0);
	memset(m->bytes + m->offset, 0, m->len);
	if (m->bs->unmap_zeroes)
		return;
	assert_int_equal(io(m, BS_READ, 0), 0);
	memcpy(m->bytes + m->offset, m->mem, m->len);
}

static void step_zero(struct model *m)
{
	if (m->bs->cap[BS_ZERO] == BS_CAP_NONE)
		return;
	assert_int_equal(io(m, BS_ZERO, m->fua | (rnd(m, 2) ? BS_REQ_MAY_UNMAP : 0)), 0);
	memset(m->bytes + m->offset, 0, m->len);
}

/* In order, without gaps, and what is a hole holds nothing. */
static void step_extents(struct model *m)
{
	struct bs_extent ext[16];
	uint64_t at = m->offset;
	int n;

	if (m->bs->cap[BS_EXTENTS] == BS_CAP_NONE)
		return;
	n = box_extents(m->box, m->bs, m->offset, m->len, ext, ARRAY_SIZE(ext));
	assert_in_range(n, 1, ARRAY_SIZE(ext));
	for (int i = 0; i < n; i++) {
		assert_int_equal(ext[i].offset, at);
		assert_true(ext[i].len > 0);
		at += ext[i].len;
		assert_true(at <= m->offset + m->len);
		for (uint64_t k = ext[i].offset; !ext[i].mapped && m->bs->unmap_zeroes && k < at; k++)
			assert_int_equal(m->bytes[k], 0);
	}
	if (n < (int)ARRAY_SIZE(ext))
		assert_int_equal(at, m->offset + m->len);
}

static void place(struct model *m)
{
	uint64_t size = m->bs->size, align = m->bs->align, most;
	uint64_t unit = max_u64(align, rnd(m, 3) ? 512 : rnd(m, 2) ? 1 : 4096);

	m->offset = rnd(m, size / unit) * unit;
	most = min_u64(size - m->offset, rnd(m, 8) ? 20000 : LARGE);
	m->len = max_u64(rnd(m, most / unit + 1), 1) * unit;
	m->len = min_u64(m->len, size - m->offset);
	m->mem = m->buf + (rnd(m, 2) ? 0 : rnd(m, 600));
	m->fua = rnd(m, 4) ? 0 : BS_REQ_FUA;
}

static void model_step(struct model *m, unsigned int step)
{
	place(m);
	switch (rnd(m, 9)) {
	case 0:
		step_unmap(m);
		break;
	case 1:
		step_zero(m);
		break;
	case 2:
		assert_int_equal(io(m, BS_FLUSH, 0), 0);
		break;
	case 3:
		step_extents(m);
		break;
	case 4:
	case 5:
		step_read(m);
		break;
	default:
		step_write(m, step);
		break;
	}
}

uint8_t *model_run(struct bs_box *box, struct bs *bs, unsigned int seed, unsigned int steps,
		   void (*each)(void *arg, unsigned int step), void *arg)
{
	struct model m = { .box = box, .bs = bs, .rnd = seed };

	m.bytes = malloc(bs->size);
	m.buf = aligned_alloc(4096, round_up(max_u64(LARGE, bs->size), 4096) + SLACK);
	assert_int_equal(box_read(box, bs, 0, m.bytes, bs->size), 0);
	for (unsigned int step = 0; step < steps; step++) {
		model_step(&m, step);
		if (each)
			each(arg, step);
	}
	assert_int_equal(box_read(box, bs, 0, m.buf, bs->size), 0);
	assert_memory_equal(m.buf, m.bytes, bs->size);
	free(m.buf);
	return m.bytes;
}
