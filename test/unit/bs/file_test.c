/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores that are files on ext4 (or what /tmp is) and tmpfs: each operation at odd places against a model in memory.
 */
#include "bs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bs/bs_core.h"
#include "bs/uring.h"
#include "bs_box.h"
#include "bs_model.h"
#include "t_alloc.h"
#include "t_loop.h"

#define MODEL_SIZE (3 * MiB + 512)

static struct bs *open_flags(struct bs_box *box, const char *path, bool sync, bool direct)
{
	struct bs_conf conf = { .type = box->store, .path = path, .sync = sync, .direct = direct };

	return box_open_conf(box, &conf, NULL);
}

/* --- against a model */

/* Now and then what was written has to come back from the disk. */
static void drop_cache(void *arg, unsigned int step)
{
	if (step % 50 == 49)
		posix_fadvise(*(int *)arg, 0, 0, POSIX_FADV_DONTNEED);
}

static void file_run(struct bs_box *box, const char *path, bool sync, bool direct)
{
	struct bs *bs = open_flags(box, path, sync, direct);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *model, *got = malloc(MODEL_SIZE);

	assert_int_equal(bs->volatile_cache, !sync);
	model = model_run(box, bs, 42 + sync * 2 + direct, 150, drop_cache, &fd);
	box_close(box, bs);
	/* And past the store: what it wrote is in the file. */
	assert_int_equal(pread(fd, got, MODEL_SIZE, 0), MODEL_SIZE);
	assert_memory_equal(got, model, MODEL_SIZE & ~4095ULL);
	close(fd);
	free(model);
	free(got);
}

static void files_agree_with_the_model(void **state)
{
	file_run(*state, box_file(*state, "disk", MODEL_SIZE), false, false);
}

static void files_with_sync_agree_with_the_model(void **state)
{
	file_run(*state, box_file(*state, "disk", MODEL_SIZE), true, false);
}

static void files_with_direct_agree_with_the_model(void **state)
{
	file_run(*state, box_file(*state, "disk", MODEL_SIZE), false, true);
	file_run(*state, box_file(*state, "disk2", MODEL_SIZE), true, true);
}

static void files_in_memory_agree_with_the_model(void **state)
{
	char path[] = "/dev/shm/tgt-bs-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		skip();
	assert_int_equal(ftruncate(fd, MODEL_SIZE), 0);
	close(fd);
	file_run(*state, path, false, false);
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, MODEL_SIZE), 0);
	close(fd);
	file_run(*state, path, false, true);
	unlink(path);
}

/* --- where it is done */

static void what_is_cached_completes_in_the_same_turn(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	uint8_t *buf = calloc(1, MiB);
	struct box_io io;

	if (!to_file(bs)->write_inline) {
		free(buf);
		box_close(box, bs);
		skip();
	}
	box_start(&io, bs, BS_WRITE, 0, 0, buf, MiB);
	t_loop_turns(box->loop, 1);
	assert_int_equal(io.ended, 1);
	to_file(bs)->stall = (struct stall_gate){ 0 }; /* however slow this machine is */
	box_start(&io, bs, BS_READ, 0, 512, buf, 4096);
	t_loop_turns(box->loop, 1);
	assert_int_equal(io.ended, 1);
	box_start(&io, bs, BS_WRITE, 0, 512, buf, 512);
	t_loop_turns(box->loop, 1);
	assert_int_equal(io.ended, 1);
	assert_int_equal(to_file(bs)->progress_ns, 0);
	free(buf);
	box_close(box, bs);
}

static bool page_in_cache(int fd, off_t offset)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, offset);
	unsigned char there = 1;

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(mincore(p, 4096, &there), 0);
	munmap(p, 4096);
	return there & 1;
}

/* Pages that are just being read ahead stay at first. */
static void uncache(int fd, off_t offset)
{
	for (unsigned int i = 0; i < 100000 && page_in_cache(fd, offset); i++) {
		fdatasync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		sched_yield();
	}
}

static void what_would_block_leaves_the_loop(void **state)
{
	struct bs_box *box = *state;
	const char *path = box_file(box, "disk", MiB);
	struct bs *bs = box_open(box, box->store, path, NULL);
	uint8_t *buf = calloc(1, MiB), got[512];

	box_fill(buf, MiB, 0, 9);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_FUA, 0, buf, MiB), 0);
	assert_int_not_equal(to_file(bs)->progress_ns, 0);
	/* The kernel begins to read even for a call that may not wait, and may be done at once: again. */
	to_file(bs)->progress_ns = 0;
	for (unsigned int i = 0; i < 100 && !to_file(bs)->progress_ns; i++) {
		uncache(to_file(bs)->fd, 65536);
		assert_int_equal(box_read(box, bs, 65536 + 512, got, 512), 0);
		assert_memory_equal(got, buf + 65536 + 512, 512);
	}
	assert_int_not_equal(to_file(bs)->progress_ns, 0);
	assert_int_equal(to_file(bs)->slow, 0);
	/* Half a page that is not cached is not written inline either. */
	to_file(bs)->progress_ns = 0;
	for (unsigned int i = 0; i < 100 && !to_file(bs)->progress_ns; i++) {
		uncache(to_file(bs)->fd, 512 * KiB);
		assert_int_equal(box_write(box, bs, 512 * KiB, got, 512), 0);
	}
	assert_int_not_equal(to_file(bs)->progress_ns, 0);
	free(buf);
	box_close(box, bs);
}

static void many_at_once_all_end(void **state)
{
	enum { N = 1000 };
	struct bs_box *box = *state;
	struct bs *bs = open_flags(box, box_file(box, "disk", N * 4096), false, true);
	struct box_io *io = calloc(N, sizeof(*io));
	uint8_t *buf = aligned_alloc(4096, N * 4096), *got = aligned_alloc(4096, N * 4096);

	box_fill(buf, N * 4096, 0, 5);
	for (int i = 0; i < N; i++)
		box_start(&io[i], bs, BS_WRITE, 0, (uint64_t)i * 4096, buf + i * 4096, 4096);
	assert_true(to_file(bs)->slow <= FILE_SLOW_MAX);
	for (int i = 0; i < N; i++)
		assert_int_equal(box_wait(box, &io[i]), 0);
	for (int i = 0; i < N; i++)
		box_start(&io[i], bs, BS_READ, 0, (uint64_t)i * 4096, got + i * 4096, 4096);
	for (int i = 0; i < N; i++)
		assert_int_equal(box_wait(box, &io[i]), 0);
	assert_memory_equal(buf, got, N * 4096);
	free(io);
	free(buf);
	free(got);
	box_close(box, bs);
}

static void more_vectors_than_the_kernel_takes_are_cut(void **state)
{
	enum { N = 2 * IOV_MAX + 7 };
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	struct iovec *iov = calloc(N, sizeof(*iov));
	uint8_t *buf = malloc(N * 3), *got = malloc(N * 3);
	struct box_io io;

	box_fill(buf, N * 3, 0, 5);
	box_start(&io, bs, BS_FLUSH, 0, 0, NULL, 0);
	box_wait(box, &io);
	for (int op = BS_READ; op <= BS_WRITE; op++) {
		/* First written, then read. */
		for (int i = 0; i < N; i++)
			iov[i] = (struct iovec){ (op == BS_READ ? buf : got) + i * 3, 3 };
		io.ended = 0;
		io.req.op = op == BS_READ ? BS_WRITE : BS_READ;
		io.req.offset = 1000;
		io.req.len = N * 3;
		io.req.iov = iov;
		io.req.iovcnt = N;
		bs_submit(&io.req);
		assert_int_equal(box_wait(box, &io), 0);
	}
	assert_memory_equal(buf, got, N * 3);
	free(iov);
	free(buf);
	free(got);
	box_close(box, bs);
}

static void unaligned_direct_writes_keep_their_neighbours(void **state)
{
	enum { N = 300, LEN = 100 };
	struct bs_box *box = *state;
	struct bs *bs = open_flags(box, box_file(box, "disk", MiB), false, true);
	struct box_io *io = calloc(N + 1, sizeof(*io));
	uint8_t *buf = aligned_alloc(4096, 32768), *got = aligned_alloc(4096, 32768);

	box_fill(buf, 32768, 0, 5);
	/* In an order where neighbours are under way together, and whole blocks between. */
	for (int i = 0; i < N; i++) {
		int at = (i * 7) % N;

		box_start(&io[i], bs, BS_WRITE, 0, (uint64_t)at * LEN, buf + at * LEN, LEN);
	}
	box_start(&io[N], bs, BS_WRITE, 0, 0, buf, 16384);
	for (int i = 0; i <= N; i++)
		assert_int_equal(box_wait(box, &io[i]), 0);
	assert_int_equal(box_read(box, bs, 0, got, 32768), 0);
	assert_memory_equal(buf, got, N * LEN);
	assert_true(list_empty(&to_file(bs)->spans) && list_empty(&to_file(bs)->span_waiters));
	assert_int_equal(to_file(bs)->rmw_spans, 0);
	free(io);
	free(buf);
	free(got);
	box_close(box, bs);
}

static void flushes_that_come_together_all_end(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	struct box_io io[9];
	uint8_t buf[4096] = { 1 };

	for (int i = 0; i < 9; i++) {
		if (i == 4)
			t_loop_turns(box->loop, 1);
		assert_int_equal(box_write(box, bs, (uint64_t)i * 4096, buf, sizeof(buf)), 0);
		box_start(&io[i], bs, BS_FLUSH, 0, 0, NULL, 0);
	}
	for (int i = 0; i < 9; i++)
		assert_int_equal(box_wait(box, &io[i]), 0);
	box_close(box, bs);
}

static void an_error_seen_by_a_fua_write_reaches_the_next_flush_once(void **state)
{
	struct bs_box *box = *state;
	const char *path = box_file(box, "disk", MiB);
	struct bs *bs = box_open(box, box->store, path, NULL);

	to_file(bs)->write_back_error = -EIO;
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), -EIO);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	box_close(box, bs);
}

static void closing_waits_for_a_flush(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	struct box_io flush, read;
	uint8_t *buf = malloc(MiB);

	posix_fadvise(to_file(bs)->fd, 0, 0, POSIX_FADV_DONTNEED);
	box_start(&flush, bs, BS_FLUSH, 0, 0, NULL, 0);
	box_start(&read, bs, BS_READ, 0, 0, buf, MiB);
	box_close(box, bs);
	assert_int_equal(flush.ended, 1);
	assert_int_equal(flush.req.result, 0);
	assert_int_equal(read.ended, 1);
	assert_int_equal(read.req.result, 0);
	free(buf);
}

/* --- errors */

static void reading_what_the_file_lost_is_an_error(void **state)
{
	struct bs_box *box = *state;
	char *path = strdup(box_file(box, "disk", MiB));
	struct bs *bs = box_open(box, box->store, path, NULL);
	struct bs *direct = open_flags(box, path, false, true);
	uint8_t buf[8192];

	assert_int_equal(truncate(path, MiB - 4096), 0);
	assert_int_equal(box_read(box, bs, MiB - 4096, buf, 4096), -EIO);
	assert_int_equal(box_read(box, bs, MiB - 8192, buf, 8192), -EIO);
	assert_int_equal(box_read(box, bs, MiB - 8192, buf, 4096), 0);
	assert_int_equal(box_read(box, direct, MiB - 8192, buf, 8192), -EIO);
	assert_int_equal(box_read(box, direct, MiB - 100, buf, 100), -EIO);
	box_close(box, direct);
	box_close(box, bs);
	free(path);
}

static void resized(struct bs *bs, void *arg)
{
	*(uint64_t *)arg = bs->size;
}

static void a_file_that_grew_is_noticed_by_a_probe(void **state)
{
	struct bs_box *box = *state;
	char *path = strdup(box_file(box, "disk", MiB));
	char filtered[200];
	uint64_t told = 0;
	struct bs *bs;

	snprintf(filtered, sizeof(filtered), "fault::%s", path);
	bs = box_open(box, box->store, filtered, NULL);
	bs->resized = resized;
	bs->resized_arg = &told;
	bs_probe(bs);
	assert_int_equal(told, 0);
	assert_int_equal(truncate(path, 2 * MiB), 0);
	bs_probe(bs);
	assert_int_equal(told, 2 * MiB);
	box_close(box, bs);
	free(path);
}

static void a_write_beyond_a_limit_fails_with_the_reason(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	struct rlimit old, limit;
	uint8_t buf[8192] = { 1 };
	int plain, part, fua;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 512 * KiB;
	setrlimit(RLIMIT_FSIZE, &limit);
	plain = box_write(box, bs, 512 * KiB, buf, 4096);
	part = box_write(box, bs, 512 * KiB - 4096, buf, 8192);
	fua = box_io(box, bs, BS_WRITE, BS_REQ_FUA, 512 * KiB, buf, 4096);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(plain, -EFBIG);
	assert_int_equal(part, -EFBIG);
	assert_int_equal(fua, -EFBIG);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	box_close(box, bs);
}

static void refused(struct bs_box *box, const char *path, const char *word)
{
	struct bs_conf conf = { .type = box->store, .path = path };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(box, &conf, &err));
	if (!strstr(err.text, word))
		fail_msg("%s: \"%s\" lacks \"%s\"", path, err.text, word);
}

static void what_is_no_disk_is_refused(void **state)
{
	struct bs_box *box = *state;
	char path[128];

	refused(box, "/nonexistent/disk", "cannot open /nonexistent/disk: No such file");
	refused(box, box->dir, "neither a file nor a block device");
	refused(box, "/dev/zero", "neither a file nor a block device");
	snprintf(path, sizeof(path), "%s/fifo", box->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(box, path, "neither a file nor a block device");
}

static void a_file_can_be_opened_for_reading_only(void **state)
{
	struct bs_box *box = *state;
	struct bs_conf conf = {
		.type = box->store,
		.path = box_file(box, "disk", MiB),
		.readonly = true,
	};
	struct bs *bs = box_open_conf(box, &conf, NULL);
	uint8_t b = 1;

	assert_true(bs->readonly);
	assert_int_equal(box_write(box, bs, 0, &b, 1), -EROFS);
	assert_int_equal(box_read(box, bs, 0, &b, 1), 0);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	box_close(box, bs);
}

/* --- space */

static int64_t blocks_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_blocks;
}

static void unmapping_gives_the_space_back(void **state)
{
	struct bs_box *box = *state;
	char *path = strdup(box_file(box, "disk", 4 * MiB));
	struct bs *bs = box_open(box, box->store, path, NULL);
	uint8_t *buf = malloc(MiB);
	struct bs_extent ext[8];

	box_fill(buf, MiB, 0, 1);
	assert_int_equal(box_extents(box, bs, 0, 4 * MiB, ext, 8), 1);
	assert_false(ext[0].mapped);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_FUA, MiB, buf, MiB), 0);
	assert_true(blocks_of(path) >= (int64_t)(MiB / 512));
	assert_int_equal(box_extents(box, bs, 512, 4 * MiB - 512, ext, 8), 3);
	assert_int_equal(ext[0].offset, 512);
	assert_false(ext[0].mapped);
	assert_int_equal(ext[1].offset, MiB);
	assert_int_equal(ext[1].len, MiB);
	assert_true(ext[1].mapped);
	assert_int_equal(ext[2].offset + ext[2].len, 4 * MiB);
	assert_int_equal(box_extents(box, bs, 0, 4 * MiB, ext, 2), 2);
	assert_int_equal(box_extents(box, bs, MiB + 5, 10, ext, 8), 1);
	assert_true(ext[0].mapped && ext[0].offset == MiB + 5 && ext[0].len == 10);
	assert_int_equal(bs->cap[BS_UNMAP], BS_CAP_NATIVE);
	assert_true(bs->unmap_zeroes);
	assert_int_equal(box_io(box, bs, BS_UNMAP, BS_REQ_FUA, 0, NULL, 4 * MiB), 0);
	assert_true(blocks_of(path) < 64);
	assert_int_equal(box_extents(box, bs, 0, 4 * MiB, ext, 8), 1);
	/* Zeroes that may not be a hole take space, where the file system can. */
	assert_int_equal(box_io(box, bs, BS_ZERO, BS_REQ_FUA, 0, NULL, MiB), 0);
	assert_true(blocks_of(path) >= (int64_t)(MiB / 512));
	assert_int_equal(box_io(box, bs, BS_ZERO, BS_REQ_FUA | BS_REQ_MAY_UNMAP, 0, NULL, MiB), 0);
	assert_true(blocks_of(path) < 64);
	box_close(box, bs);
	free(buf);
	free(path);
}

static void prefetch_tells_whether_it_was_cached(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	uint8_t *buf = malloc(MiB);
	int ret;

	box_fill(buf, MiB, 0, 1);
	assert_int_equal(box_write(box, bs, 0, buf, MiB), 0);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	ret = box_io(box, bs, BS_PREFETCH, 0, 512, NULL, 65536);
	assert_true(ret == 0 || ret == 1); /* 1: a kernel that can't tell */
	ret = 0;
	for (unsigned int i = 0; i < 100 && !ret; i++) {
		uncache(to_file(bs)->fd, 0);
		ret = box_io(box, bs, BS_PREFETCH, 0, 512, NULL, 65536);
	}
	assert_int_equal(ret, 1);
	box_close(box, bs);
	free(buf);
}

/* --- the ring */

static void no_ring_when_told_so(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	uint8_t b = 1;

	assert_null(to_file(bs)->kio);
	assert_null(to_file(bs)->jobs);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_FUA, 0, &b, 1), 0);
	assert_non_null(to_file(bs)->jobs);
	assert_ptr_not_equal(to_file(bs)->jobs, box->workers);
	box_close(box, bs);
}

static void workers_take_over_when_the_ring_fails(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	struct box_io write, flush;
	uint8_t b = 1, got = 0;
	int fd, ring, null;

	if (!to_file(bs)->kio) {
		box_close(box, bs);
		skip();
	}
	ring = uring_fd(box->core->uring);
	fd = dup(ring);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_FUA, 0, &b, 1), 0);
	assert_null(to_file(bs)->jobs);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup2(null, ring), ring);
	close(null);
	b = 2;
	box_start(&write, bs, BS_WRITE, BS_REQ_FUA, 0, &b, 1);
	box_start(&flush, bs, BS_FLUSH, 0, 0, NULL, 0);
	assert_int_equal(box_wait(box, &write), 0);
	assert_int_equal(box_wait(box, &flush), 0);
	assert_non_null(to_file(bs)->jobs);
	assert_int_equal(box_read(box, bs, 0, &got, 1), 0);
	assert_int_equal(got, 2);
	box_close(box, bs);
	assert_null(uring_get(box->core));
	dup2(fd, ring);
	close(fd);
}

static void work_a_little(void *arg)
{
	struct bs_box *box = arg;
	struct bs_conf conf = {
		.type = box->store,
		.path = box_file(box, "disk", MiB),
		.direct = true,
	};
	struct err err = { .code = ERR_OK };
	struct bs *bs = box_open_conf(box, &conf, &err);
	uint8_t b[3] = { 1, 2, 3 };
	int ret;

	if (!bs)
		return;
	ret = box_write(box, bs, 7, b, 3);
	assert_true(ret == 0 || ret == -ENOMEM);
	ret = box_io(box, bs, BS_ZERO, 0, 3, NULL, 1000);
	assert_true(ret == 0 || ret == -ENOMEM);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	box_close(box, bs);
}

static void any_allocation_may_fail(void **state)
{
	assert_true(t_alloc_each(work_a_little, *state) > 3);
}

static void the_gate_closes_for_longer_when_stalls_repeat(void **state)
{
	struct stall_gate g = { 0 };

	(void)state;
	assert_true(stall_open(&g, 0));
	stall_note(&g, 10, STALL_NS - 1);
	assert_true(stall_open(&g, 10));
	stall_note(&g, 10, STALL_NS);
	assert_false(stall_open(&g, 10 + STALL_NS + STALL_HOLD_MIN - 1));
	assert_true(stall_open(&g, 10 + STALL_NS + STALL_HOLD_MIN));
	stall_note(&g, g.until_ns, STALL_NS);
	assert_int_equal(g.hold_ns, 2 * STALL_HOLD_MIN);
	for (int i = 0; i < 9; i++)
		stall_note(&g, g.until_ns, STALL_NS);
	assert_int_equal(g.hold_ns, STALL_HOLD_MAX);
	stall_note(&g, g.until_ns + STALL_HOLD_MAX + 1, 1);
	assert_int_equal(g.hold_ns, 0);
}

static void a_closed_gate_sends_writes_off_the_loop(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, box->store, box_file(box, "disk", MiB), NULL);
	uint8_t buf[4096] = { 1 };

	to_file(bs)->stall.until_ns = UINT64_MAX;
	assert_int_equal(box_write(box, bs, 0, buf, sizeof(buf)), 0);
	assert_int_not_equal(to_file(bs)->progress_ns, 0);
	box_close(box, bs);
}

#define with_ring(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)
#define without_ring(f)                                                                            \
	{ #f "_without_io_uring", f, box_setup_no_uring, box_teardown_no_uring, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_FILES(files_agree_with_the_model),
		BOX_FILES(files_with_sync_agree_with_the_model),
		BOX_FILES(files_with_direct_agree_with_the_model),
		BOX_FILES(files_in_memory_agree_with_the_model),
		BOX_RDWR(what_is_cached_completes_in_the_same_turn),
		BOX_RDWR(what_would_block_leaves_the_loop),
		BOX_FILES(many_at_once_all_end),
		BOX_FILES(more_vectors_than_the_kernel_takes_are_cut),
		BOX_FILES(unaligned_direct_writes_keep_their_neighbours),
		BOX_FILES(flushes_that_come_together_all_end),
		BOX_FILES(an_error_seen_by_a_fua_write_reaches_the_next_flush_once),
		BOX_FILES(closing_waits_for_a_flush),
		BOX_FILES(reading_what_the_file_lost_is_an_error),
		with_ring(a_file_that_grew_is_noticed_by_a_probe),
		BOX_FILES(a_write_beyond_a_limit_fails_with_the_reason),
		with_ring(what_is_no_disk_is_refused),
		BOX_FILES(a_file_can_be_opened_for_reading_only),
		BOX_FILES(unmapping_gives_the_space_back),
		BOX_RDWR(prefetch_tells_whether_it_was_cached),
		without_ring(no_ring_when_told_so),
		with_ring(workers_take_over_when_the_ring_fails),
		BOX_FILES(any_allocation_may_fail),
		cmocka_unit_test(the_gate_closes_for_longer_when_stalls_repeat),
		BOX_RDWR(a_closed_gate_sends_writes_off_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
