/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening, doing one request and closing, each waited for.
 */
#include "bs_box.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "bs/bs_core.h"
#include "bs/bs_types.h"
#include "t_loop.h"

static const struct bs_type *const types[] = {
	&bs_file_type, &bs_uring_type, &bs_aio_type,   &bs_null_type, &bs_mem_type,
	&bs_fault_type, &bs_delay_type, &bs_trace_type, NULL,
};

static unsigned int fds_count(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

int box_setup(void **state)
{
	struct bs_box *box = calloc(1, sizeof(*box));

	assert_non_null(box);
	box->fds = fds_count();
	box->store = "rdwr";
	strcpy(box->dir, "/tmp/tgt-bs-XXXXXX");
	assert_non_null(mkdtemp(box->dir));
	box->loop = loop_new();
	assert_non_null(box->loop);
	box->workers = workers_new(box->loop, 4);
	assert_non_null(box->workers);
	box->core = bs_core_new(box->loop, box->workers, types);
	assert_non_null(box->core);
	*state = box;
	return 0;
}

static void dir_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(path);
}

int box_teardown(void **state)
{
	struct bs_box *box = *state;

	/* What was refused may still be closing; else the test failed and left all as it was. */
	if (!t_loop_until_equal(box->loop, &box->core->n_stores, 0))
		return -1;
	workers_free(box->workers);
	bs_core_free(box->core);
	loop_free(box->loop);
	dir_remove(box->dir);
	assert_int_equal(fds_count(), box->fds);
	free(box);
	return 0;
}

int box_setup_no_uring(void **state)
{
	setenv("TGT_NO_URING", "1", 1);
	return box_setup(state);
}

int box_teardown_no_uring(void **state)
{
	unsetenv("TGT_NO_URING");
	return box_teardown(state);
}

static int setup_store(void **state, const char *store)
{
	int ret = box_setup(state);

	((struct bs_box *)*state)->store = store;
	return ret;
}

int box_setup_uring(void **state)
{
	return setup_store(state, "uring");
}

int box_setup_aio(void **state)
{
	return setup_store(state, "aio");
}

struct opened {
	struct bs *bs;
	struct err err;
	int called;
};

static void note_opened(void *arg, struct bs *bs, const struct err *err)
{
	struct opened *o = arg;

	o->called++;
	o->bs = bs;
	if (err)
		o->err = *err;
}

/* What is built without io_uring, or runs where a kernel or an emulator lacks it, can't test it. */
static bool kernel_lacks(const char *store)
{
	bool lacks = false;

	if (!strcmp(store, "aio"))
		lacks = syscall(SYS_io_setup, 0, NULL) < 0 && errno == ENOSYS;
#ifdef WITH_URING
	if (!strcmp(store, "uring"))
		lacks = syscall(SYS_io_uring_setup, 0, NULL) < 0 &&
			(errno == ENOSYS || errno == EPERM);
#else
	lacks |= !strcmp(store, "uring");
#endif
	return lacks;
}

bool box_lacks_store(const struct bs_box *box)
{
	return box->store && kernel_lacks(box->store);
}

struct bs *box_open_conf(struct bs_box *box, const struct bs_conf *conf, struct err *err)
{
	struct opened o = { .called = 0 };

	if (bs_open(box->core, conf, note_opened, &o)) {
		assert_non_null(err);
		err_set(err, ERR_NOMEM, "no memory");
		return NULL;
	}
	assert_int_equal(o.called, 0);
	assert_true(t_loop_until_set(box->loop, &o.called));
	assert_int_equal(o.called, 1);
	if (!o.bs) {
		if (!err && kernel_lacks(conf->type))
			skip();
		if (!err)
			fail_msg("%s", o.err.text);
		*err = o.err;
	}
	return o.bs;
}

struct bs *box_open(struct bs_box *box, const char *type, const char *path, const char *opts)
{
	struct bs_conf conf = { .type = type, .path = path, .opts = opts };

	return box_open_conf(box, &conf, NULL);
}

static void note_closed(void *arg)
{
	++*(int *)arg;
}

void box_close(struct bs_box *box, struct bs *bs)
{
	int closed = 0;

	bs_close(bs, note_closed, &closed);
	assert_int_equal(closed, 0);
	assert_true(t_loop_until_set(box->loop, &closed));
}

static void note_done(struct bs_req *req)
{
	struct box_io *io = container_of(req, struct box_io, req);

	assert_false(io->submitting);
	io->ended++;
}

void box_start(struct box_io *io, struct bs *bs, enum bs_op op, uint32_t flags, uint64_t offset,
	       void *buf, uint64_t len)
{
	struct bs_extent *extents = io->req.extents;
	unsigned int max = io->req.max_extents;

	memset(io, 0xa5, sizeof(*io));
	io->ended = 0;
	io->iov = (struct iovec){ .iov_base = buf, .iov_len = (size_t)len };
	io->req.bs = bs;
	io->req.op = op;
	io->req.flags = flags;
	io->req.offset = offset;
	io->req.len = len;
	io->req.iov = &io->iov;
	io->req.iovcnt = 1;
	io->req.extents = extents;
	io->req.max_extents = max;
	io->req.done = note_done;
	io->submitting = true;
	bs_submit(&io->req);
	io->submitting = false;
}

int box_wait(struct bs_box *box, struct box_io *io)
{
	assert_true(t_loop_until_set(box->loop, &io->ended));
	assert_int_equal(io->ended, 1);
	return io->req.result;
}

int box_io(struct bs_box *box, struct bs *bs, enum bs_op op, uint32_t flags, uint64_t offset,
	   void *buf, uint64_t len)
{
	struct box_io io = { .ended = 0 };

	box_start(&io, bs, op, flags, offset, buf, len);
	return box_wait(box, &io);
}

int box_read(struct bs_box *box, struct bs *bs, uint64_t offset, void *buf, uint64_t len)
{
	return box_io(box, bs, BS_READ, 0, offset, buf, len);
}

int box_write(struct bs_box *box, struct bs *bs, uint64_t offset, const void *buf, uint64_t len)
{
	return box_io(box, bs, BS_WRITE, 0, offset, (void *)(uintptr_t)buf, len);
}

int box_extents(struct bs_box *box, struct bs *bs, uint64_t offset, uint64_t len,
		struct bs_extent *ext, unsigned int max)
{
	struct box_io io = { .req = { .extents = ext, .max_extents = max } };
	int ret;

	box_start(&io, bs, BS_EXTENTS, 0, offset, NULL, len);
	ret = box_wait(box, &io);
	return ret ? ret : (int)io.req.n_extents;
}

const char *box_file(struct bs_box *box, const char *name, uint64_t size)
{
	static char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", box->dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
	return path;
}

void box_fill(void *buf, size_t len, uint64_t offset, unsigned int seed)
{
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++) {
		uint64_t at = offset + i;

		p[i] = (uint8_t)(at * 7 + (at >> 9) * 13 + (at >> 17) + seed * 31 + 1);
	}
}
