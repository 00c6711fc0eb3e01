/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A loop, workers and a core with every store of the tree, for tests that open
 * stores and do one request after another. Its calls fail the test when
 * something doesn't end within ten seconds.
 */
#ifndef BS_BOX_H
#define BS_BOX_H

#include "bs/bs.h"

struct bs_box {
	struct loop *loop;
	struct workers *workers;
	struct bs_core *core;
	char dir[64]; /* empty, for the test's files; removed at the end */
	const char *store; /* for tests of every store that is a file: "rdwr", "uring", "aio" */
	unsigned int fds; /* open when the box was made */
};

/* One request that may stay under way; see box_start(). */
struct box_io {
	struct bs_req req;
	struct iovec iov;
	int ended; /* how often done() was called */
	bool submitting;
};

/* For cmocka's setup and teardown: *state is a struct bs_box. The second checks descriptors. */
int box_setup(void **state);
int box_teardown(void **state);
/* The same with TGT_NO_URING=1. */
int box_setup_no_uring(void **state);
int box_teardown_no_uring(void **state);
/* Whether its store can't be tested here; box_open() skips the test then. */
bool box_lacks_store(const struct bs_box *box);
int box_setup_uring(void **state);
int box_setup_aio(void **state);

/* Rows of cmocka's table: a test of rdwr, with io_uring and with threads, and of all stores. */
#define BOX_RDWR(f)                                                                                \
	cmocka_unit_test_setup_teardown(f, box_setup, box_teardown),                               \
		{ #f "_without_io_uring", f, box_setup_no_uring, box_teardown_no_uring, NULL }
#define BOX_FILES(f)                                                                               \
	BOX_RDWR(f), { #f "_by_uring", f, box_setup_uring, box_teardown, NULL },                   \
	{                                                                                          \
		#f "_by_aio", f, box_setup_aio, box_teardown, NULL                                 \
	}

/* Opens and waits; NULL with @err set. @err may be NULL: then failing fails the test. */
struct bs *box_open_conf(struct bs_box *box, const struct bs_conf *conf, struct err *err);
struct bs *box_open(struct bs_box *box, const char *type, const char *path, const char *opts);
/* Closes and waits. */
void box_close(struct bs_box *box, struct bs *bs);
/* Submits; @buf may be NULL where the operation has no data. */
void box_start(struct box_io *io, struct bs *bs, enum bs_op op, uint32_t flags, uint64_t offset,
	       void *buf, uint64_t len);
/* Waits for its end and returns the result. */
int box_wait(struct bs_box *box, struct box_io *io);
int box_io(struct bs_box *box, struct bs *bs, enum bs_op op, uint32_t flags, uint64_t offset,
	   void *buf, uint64_t len);
int box_read(struct bs_box *box, struct bs *bs, uint64_t offset, void *buf, uint64_t len);
int box_write(struct bs_box *box, struct bs *bs, uint64_t offset, const void *buf, uint64_t len);
/* Up to @max extents in @ext; returns how many, or -errno. */
int box_extents(struct bs_box *box, struct bs *bs, uint64_t offset, uint64_t len,
		struct bs_extent *ext, unsigned int max);
/* dir/NAME of @size bytes, all holes. The string is valid until the next call. */
const char *box_file(struct bs_box *box, const char *name, uint64_t size);
/* Bytes that differ from offset to offset and from @seed to @seed. */
void box_fill(void *buf, size_t len, uint64_t offset, unsigned int seed);

#endif
