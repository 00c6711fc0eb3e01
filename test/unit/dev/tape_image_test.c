/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tape images on a store of memory that notes every write, so that it can be put back to any byte
 * of its history: what an unexpected end leaves is looked at after every one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/loop.h"
#include "bs/bs_core.h"
#include "dev/tape_image.h"
#include "t_loop.h"

#define SIZE (TAPE_DATA_AT + 2 * MiB)
#define LOG_MAX 4000U

/* --- a store that notes -------------------------------------------------------------------------- */

struct note {
	uint64_t off;
	uint32_t len;
	uint8_t *bytes;
};

static uint8_t disk[SIZE];
static struct note notes[LOG_MAX];
static unsigned int n_notes, n_flushes;

static int rec_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	(void)conf;
	(void)err;
	bs->size = SIZE;
	bs->align = 512;
	for (int i = 0; i < BS_OPS; i++)
		bs->cap[i] = i == BS_EXTENTS || i == BS_COPY ? BS_CAP_NONE : BS_CAP_NATIVE;
	return 0;
}

static void note_write(const struct bs_req *req)
{
	struct note *n = &notes[n_notes++];
	uint64_t at = req->offset;

	assert_true(n_notes < LOG_MAX);
	n->off = req->offset;
	n->len = (uint32_t)req->len;
	n->bytes = malloc(req->len);
	for (unsigned int i = 0; i < req->iovcnt; i++) {
		memcpy(disk + at, req->iov[i].iov_base, req->iov[i].iov_len);
		at += req->iov[i].iov_len;
	}
	memcpy(n->bytes, disk + n->off, n->len);
}

static void rec_submit(struct bs_req *req)
{
	uint64_t at = req->offset;

	if (req->op == BS_READ)
		for (unsigned int i = 0; i < req->iovcnt; at += req->iov[i++].iov_len)
			memcpy(req->iov[i].iov_base, disk + at, req->iov[i].iov_len);
	else if (req->op == BS_WRITE)
		note_write(req);
	else if (req->op == BS_UNMAP)
		memset(disk + at, 0, req->len);
	n_flushes += req->op == BS_FLUSH;
	bs_complete(req, 0);
}

static const struct bs_type rec_type = {
	.name = "rec", .abi_size = sizeof(struct bs_type), .size = sizeof(struct bs), .instant = true,
	.open = rec_open, .submit = rec_submit,
};
static const struct bs_type *const types[] = { &rec_type, NULL };

/* --- a tape --------------------------------------------------------------------------------------- */

static struct loop *loop;
static struct workers *workers;
static struct bs_core *core;
static struct bs *bs;
static struct tape_image *t;
static int ended, result;

static void on_done(void *arg, int err)
{
	assert_null(arg);
	ended = 1;
	result = err;
}

static int wait(void)
{
	assert_true(t_loop_until_set(loop, &ended));
	ended = 0;
	return result;
}

static void opened(void *arg, struct bs *b, const struct err *err)
{
	(void)err;
	*(struct bs **)arg = b;
	ended = 1;
}

static void closed(void *arg)
{
	(void)arg;
	ended = 1;
}

static void blank(void)
{
	const uint64_t share[1] = { 1 };
	struct tape_sb sb = { .gen = 7, .id = 0x1122334455667788, .size = SIZE, .align = 512,
			      .density = 0x5e, .capacity = 65535, .barcode = "A00001L8" };

	memset(disk, 0, sizeof(disk));
	assert_true(tape_sb_divide(&sb, 1, share));
	tape_sb_put(&sb, disk + (sb.gen & 1) * TAPE_SB_SIZE);
}

static int reopen(void)
{
	tape_image_free(t);
	t = tape_image_new(bs);
	assert_non_null(t);
	tape_image_open(t, on_done, NULL);
	return wait();
}

static int setup(void **state)
{
	struct bs_conf conf = { .type = "rec" };

	(void)state;
	loop = loop_new();
	workers = workers_new(loop, 1);
	core = bs_core_new(loop, workers, types);
	n_notes = n_flushes = 0;
	ended = 0;
	blank();
	assert_int_equal(bs_open(core, &conf, opened, &bs), 0);
	wait();
	assert_int_equal(reopen(), 0);
	return 0;
}

static void notes_free(void)
{
	while (n_notes)
		free(notes[--n_notes].bytes);
}

static int teardown(void **state)
{
	(void)state;
	tape_image_free(t);
	t = NULL;
	bs_close(bs, closed, NULL);
	wait();
	workers_free(workers);
	bs_core_free(core);
	loop_free(loop);
	notes_free();
	return 0;
}

static void fill(uint8_t *buf, uint32_t len, unsigned int seed)
{
	for (uint32_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(i * 7 + seed * 31 + (i >> 8));
}

static int put(uint32_t block, uint32_t n, unsigned int seed)
{
	uint8_t *buf = malloc((size_t)block * n);
	struct iovec iov = { buf, (size_t)block * n };
	int r;

	for (uint32_t i = 0; i < n; i++)
		fill(buf + (size_t)i * block, block, seed + i);
	tape_write(t, &iov, 1, block, n, on_done, NULL);
	r = wait();
	free(buf);
	return r;
}

static int marks(uint32_t n, bool sync)
{
	tape_write_marks(t, n, sync, on_done, NULL);
	return wait();
}

static int locate(uint64_t n)
{
	tape_locate(t, t->part, n, on_done, NULL);
	return wait();
}

/* The block at the place is @len bytes of @seed. */
static void expect_block(uint32_t len, unsigned int seed)
{
	uint8_t *want = malloc(len), *got = malloc(len);
	struct iovec iov = { got, len };

	fill(want, len, seed);
	tape_read(t, &iov, 1, 0, len, on_done, NULL);
	assert_int_equal(wait(), 0);
	assert_int_equal(t->stop, TAPE_DONE);
	assert_int_equal(t->rec.len, len);
	assert_memory_equal(want, got, len);
	free(want);
	free(got);
}

static enum tape_stop read_stop(void)
{
	uint8_t buf[16];
	struct iovec iov = { buf, sizeof(buf) };

	tape_read(t, &iov, 1, 0, sizeof(buf), on_done, NULL);
	assert_int_equal(wait(), 0);
	return t->stop;
}

/* --- tests ---------------------------------------------------------------------------------------- */

static void what_is_written_is_read(void **state)
{
	(void)state;
	assert_int_equal(put(1000, 3, 1), 0);
	assert_int_equal(t->count, 3);
	assert_int_equal(marks(1, false), 0);
	assert_int_equal(put(70000, 1, 9), 0);
	assert_int_equal(marks(2, true), 0);
	assert_int_equal(reopen(), 0);
	for (unsigned int i = 0; i < 3; i++)
		expect_block(1000, 1 + i);
	assert_int_equal(read_stop(), TAPE_AT_MARK);
	expect_block(70000, 9);
	assert_int_equal(read_stop(), TAPE_AT_MARK);
	assert_int_equal(read_stop(), TAPE_AT_MARK);
	assert_int_equal(t->pos.files, 3);
	assert_int_equal(t->pos.objects, 7);
	assert_int_equal(read_stop(), TAPE_AT_EOD);
	assert_int_equal(t->pos.objects, 7);
}

static void a_part_of_a_block_is_read(void **state)
{
	uint8_t buf[300], want[300];
	struct iovec iov = { buf, sizeof(buf) };

	(void)state;
	assert_int_equal(put(200000, 2, 1), 0);
	tape_rewind(t);
	tape_read(t, &iov, 1, 0, 300, on_done, NULL);
	assert_int_equal(wait(), 0);
	fill(want, 300, 1);
	assert_memory_equal(buf, want, 300);
	assert_int_equal(t->rec.len, 200000);
	expect_block(200000, 2);
}

static void every_object_and_filemark_is_found_from_anywhere(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 150; i++) {
		assert_int_equal(put(100, 1, i), 0);
		if (i % 3 == 2)
			assert_int_equal(marks(1, false), 0);
	}
	for (int again = 0; again < 2; again++) {
		for (unsigned int i = 0; i < 200; i++) {
			unsigned int n = i * 77 % 200;

			assert_int_equal(locate(n), 0);
			assert_int_equal(t->stop, TAPE_DONE);
			assert_int_equal(t->pos.objects, n);
			assert_int_equal(t->pos.files, n / 4);
			if (n % 4 == 3)
				assert_int_equal(read_stop(), TAPE_AT_MARK);
			else
				expect_block(100, n - n / 4);
		}
		for (unsigned int k = 1; k <= 50; k++) {
			tape_locate_mark(t, k, k & 1, on_done, NULL);
			assert_int_equal(wait(), 0);
			assert_int_equal(t->pos.objects, k * 4 - !(k & 1));
			assert_int_equal(t->pos.files, k - !(k & 1));
		}
		assert_int_equal(locate(200), 0);
		assert_int_equal(t->stop, TAPE_DONE);
		assert_int_equal(locate(201), 0);
		assert_int_equal(t->stop, TAPE_AT_EOD);
		assert_int_equal(reopen(), 0);
	}
}

static void overwriting_ends_the_tape_there(void **state)
{
	(void)state;
	assert_int_equal(put(512, 20, 1), 0);
	assert_int_equal(marks(1, true), 0);
	assert_int_equal(locate(5), 0);
	assert_int_equal(put(512, 1, 99), 0);
	assert_int_equal(tape_eod(t)->objects, 6);
	assert_int_equal(reopen(), 0);
	assert_int_equal(tape_eod(t)->objects, 6);
	assert_int_equal(tape_eod(t)->files, 0);
	assert_int_equal(locate(5), 0);
	expect_block(512, 99);
	assert_int_equal(read_stop(), TAPE_AT_EOD);
	assert_int_equal(put(512, 3, 50), 0);
	assert_int_equal(locate(7), 0);
	expect_block(512, 51);
}

static void erase_ends_the_tape_and_stays(void **state)
{
	(void)state;
	assert_int_equal(put(512, 20, 1), 0);
	assert_int_equal(locate(3), 0);
	tape_erase(t, on_done, NULL);
	assert_int_equal(wait(), 0);
	assert_int_equal(read_stop(), TAPE_AT_EOD);
	assert_int_equal(reopen(), 0);
	assert_int_equal(tape_eod(t)->objects, 3);
}

static void a_full_partition_takes_filemarks_only(void **state)
{
	(void)state;
	do
		assert_int_equal(put(100000, 1, 1), 0);
	while (t->stop == TAPE_DONE);
	assert_int_equal(t->stop, TAPE_AT_EOM);
	assert_int_equal(t->count, 0);
	assert_true(tape_free(t, 0) < 101000);
	assert_int_equal(marks(1, true), 0);
	assert_int_equal(t->stop, TAPE_DONE);
	assert_int_equal(t->pos.files, 1);
}

static void partitions_are_tapes_of_their_own(void **state)
{
	const uint64_t share[2] = { 1, 1 };

	(void)state;
	assert_int_equal(put(512, 2, 1), 0);
	tape_format(t, 2, share, on_done, NULL);
	assert_int_equal(wait(), 0);
	assert_int_equal(tape_eod(t)->objects, 0);
	assert_int_equal(put(512, 3, 10), 0);
	tape_locate(t, 1, 0, on_done, NULL);
	assert_int_equal(wait(), 0);
	assert_int_equal(put(512, 5, 20), 0);
	assert_int_equal(marks(0, true), 0);
	assert_int_equal(reopen(), 0);
	assert_int_equal(t->sb.n_parts, 2);
	assert_int_equal(t->tip[0].at.objects, 3);
	assert_int_equal(t->tip[1].at.objects, 5);
	expect_block(512, 10);
	tape_locate(t, 1, 4, on_done, NULL);
	assert_int_equal(wait(), 0);
	expect_block(512, 24);
}

static void auxiliary_memory_is_kept(void **state)
{
	(void)state;
	assert_int_equal(tape_mam_set(&t->mam, 0x0803, 1, "label", 5), 0);
	assert_int_equal(tape_mam_set(&t->mam, 0x0800, 1, "vendor", 6), 0);
	tape_mam_save(t, on_done, NULL);
	assert_int_equal(wait(), 0);
	assert_int_equal(tape_mam_set(&t->mam, 0x0803, 1, "longer", 6), 0);
	assert_int_equal(tape_mam_set(&t->mam, 0x0800, 1, NULL, 0), 0);
	tape_mam_save(t, on_done, NULL);
	assert_int_equal(wait(), 0);
	assert_int_equal(reopen(), 0);
	assert_int_equal(t->mam.n, 1);
	assert_memory_equal(t->mam.data + tape_mam_find(&t->mam, 0x0803)->at, "longer", 6);
	disk[TAPE_MAM_AT + (t->mam.gen & 1) * TAPE_MAM_SIZE + 90] ^= 1;
	assert_int_equal(reopen(), 0);
	assert_int_equal(t->mam.n, 2);
}

static void damage_is_told(void **state)
{
	uint8_t buf[512];
	struct iovec iov = { buf, 512 };

	(void)state;
	assert_int_equal(put(512, 3, 1), 0);
	assert_int_equal(marks(1, true), 0);
	disk[TAPE_DATA_AT + 1024 + 512 + 17] ^= 1;
	assert_int_equal(reopen(), 0);
	assert_int_equal(tape_eod(t)->objects, 4);
	expect_block(512, 1);
	tape_read(t, &iov, 1, 0, 512, on_done, NULL);
	assert_int_equal(wait(), -EBADMSG);
	expect_block(512, 3);
	assert_int_equal(locate(1), 0);
	tape_verify(t, on_done, NULL);
	assert_int_equal(wait(), -EBADMSG);
	tape_verify(t, on_done, NULL);
	assert_int_equal(wait(), 0);
}

static void no_image_is_refused(void **state)
{
	(void)state;
	disk[TAPE_SB_SIZE + 12] ^= 1;
	assert_int_equal(reopen(), -EPROTO);
	memset(disk, 0, 8192);
	assert_int_equal(reopen(), -EILSEQ);
	blank();
	((struct bs *)bs)->size = SIZE - 512;
	assert_int_equal(reopen(), -EMSGSIZE);
	((struct bs *)bs)->size = SIZE;
	assert_int_equal(reopen(), 0);
}

/* --- an end at every byte ------------------------------------------------------------------------- */

/* One thing that the tape had when a synchronous filemark was answered. */
static struct state {
	unsigned int note; /* it had been asked for and done after so many writes */
	uint64_t objects, files;
} states[64];
static unsigned int n_states;

static void note_state(void)
{
	states[n_states++] = (struct state){ n_notes, tape_eod(t)->objects, tape_eod(t)->files };
}

static void history(void)
{
	n_states = 0;
	note_state();
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(put(300 + i * 200, 2, i), 0);
		assert_int_equal(marks(1, i & 1), 0);
		if (i & 1)
			note_state();
	}
	assert_int_equal(put(600, 3, 77), 0);
}

/* The state of the disk after @whole writes and @bytes of the next. */
static void disk_at(unsigned int whole, uint32_t bytes)
{
	blank();
	for (unsigned int i = 0; i < whole; i++)
		memcpy(disk + notes[i].off, notes[i].bytes, notes[i].len);
	if (bytes)
		memcpy(disk + notes[whole].off, notes[whole].bytes, bytes);
}

/* All that is there can be read, and it goes at least as far as it was told to. */
static void check_there(unsigned int whole)
{
	uint64_t objects = 0, files = 0;

	for (unsigned int i = 0; i < n_states; i++) {
		if (states[i].note > whole)
			continue;
		objects = states[i].objects;
		files = states[i].files;
	}
	assert_true(tape_eod(t)->objects >= objects);
	assert_true(tape_eod(t)->files >= files);
	do {
		tape_verify(t, on_done, NULL);
		assert_int_equal(wait(), 0);
	} while (t->stop != TAPE_AT_EOD);
	assert_int_equal(t->pos.objects, tape_eod(t)->objects);
}

static void cut_everywhere(void)
{
	unsigned int n = n_notes, keep;
	uint64_t objects;

	for (unsigned int whole = 0; whole < n; whole++) {
		for (uint32_t bytes = 0; bytes < notes[whole].len; bytes += bytes < 300 ? 1 : 37) {
			disk_at(whole, bytes);
			assert_int_equal(reopen(), 0);
			check_there(whole);
			objects = t->pos.objects;
			/* And it goes on from there. */
			keep = n_notes;
			assert_int_equal(put(600, 1, 200), 0);
			assert_int_equal(reopen(), 0);
			assert_int_equal(tape_eod(t)->objects, objects + 1);
			assert_int_equal(locate(objects), 0);
			expect_block(600, 200);
			while (n_notes > keep)
				free(notes[--n_notes].bytes);
		}
	}
}

static void an_end_at_any_byte_loses_nothing_that_was_synced(void **state)
{
	(void)state;
	history();
	cut_everywhere();
}

static void an_end_while_overwriting_loses_nothing_before(void **state)
{
	(void)state;
	history();
	assert_int_equal(marks(0, true), 0);
	note_state();
	assert_int_equal(locate(4), 0);
	/* From here on less may be there: what is before the place. */
	for (unsigned int i = 0; i < n_states; i++)
		if (states[i].objects > 4)
			states[i] = (struct state){ 0, 3, 1 };
	assert_int_equal(put(500, 1, 60), 0);
	assert_int_equal(put(900, 2, 61), 0);
	assert_int_equal(marks(1, true), 0);
	note_state();
	states[0] = (struct state){ 0, 0, 0 };
	for (unsigned int i = 0; i + 1 < n_states; i++)
		states[i].objects = states[i].files = 0;
	cut_everywhere();
}

/* Old records behind the place fit what is written in size and number: they still don't follow. */
static void a_failed_write_leaves_nothing_that_follows(void **state)
{
	(void)state;
	assert_int_equal(put(512, 6, 1), 0);
	assert_int_equal(marks(0, true), 0);
	assert_int_equal(locate(0), 0);
	assert_int_equal(put(512, 1, 30), 0);
	/* The store lost what it was told to forget. */
	memcpy(disk + TAPE_DATA_AT + 1024, notes[1].bytes + 1024, 4 * 1024);
	assert_int_equal(reopen(), 0);
	assert_int_equal(tape_eod(t)->objects, 1);
}

static void filemarks_are_flushed_only_when_asked(void **state)
{
	unsigned int before;

	(void)state;
	assert_int_equal(put(512, 1, 1), 0);
	before = n_flushes;
	assert_int_equal(marks(1, false), 0);
	assert_int_equal(n_flushes, before);
	assert_int_equal(marks(0, true), 0);
	assert_int_equal(n_flushes, before + 1);
	assert_int_equal(marks(0, true), 0);
	assert_int_equal(n_flushes, before + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(a_part_of_a_block_is_read),
		TEST(every_object_and_filemark_is_found_from_anywhere),
		TEST(overwriting_ends_the_tape_there),
		TEST(erase_ends_the_tape_and_stays),
		TEST(a_full_partition_takes_filemarks_only),
		TEST(partitions_are_tapes_of_their_own),
		TEST(auxiliary_memory_is_kept),
		TEST(damage_is_told),
		TEST(no_image_is_refused),
		TEST(an_end_at_any_byte_loses_nothing_that_was_synced),
		TEST(an_end_while_overwriting_loses_nothing_before),
		TEST(a_failed_write_leaves_nothing_that_follows),
		TEST(filemarks_are_flushed_only_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
