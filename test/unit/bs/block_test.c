/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores that are files on what only root can make: a loop device of 4096-byte blocks, a
 * full file system, a file that nobody may write. Skipped for other users.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bs/file.h"
#include "bs_box.h"
#include "bs_model.h"

#define DISK_SIZE (4 * MiB)

/* "/dev/loopN" over @backing, of 4096-byte blocks; false when there is none to be had. */
static bool loop_make(const char *backing, char *path, size_t size, int *loop_fd)
{
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int fd = open(backing, O_RDWR | O_CLOEXEC);
	struct loop_config config = { .block_size = 4096 };
	int n = ctl < 0 ? -1 : ioctl(ctl, LOOP_CTL_GET_FREE);
	bool ok;

	config.fd = (uint32_t)fd;
	snprintf(path, size, "/dev/loop%d", n);
	*loop_fd = n < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);
	ok = *loop_fd >= 0 && !ioctl(*loop_fd, LOOP_CONFIGURE, &config);
	if (!ok && *loop_fd >= 0)
		close(*loop_fd);
	close(fd);
	if (ctl >= 0)
		close(ctl);
	return ok;
}

static void check_bytes(struct bs_box *box, struct bs *bs, const uint8_t *want, uint8_t *got)
{
	assert_int_equal(box_read(box, bs, 0, got, DISK_SIZE), 0);
	assert_memory_equal(got, want, DISK_SIZE);
}

static void block_device_run(struct bs_box *box, const char *path, bool direct)
{
	struct bs_conf conf = { .type = box->store, .path = path, .direct = direct };
	struct bs *bs = box_open_conf(box, &conf, NULL);
	uint8_t *want = aligned_alloc(4096, DISK_SIZE), *got = aligned_alloc(4096, DISK_SIZE);
	struct bs_extent ext[2];

	assert_true(to_file(bs)->block);
	assert_int_equal(bs->size, DISK_SIZE);
	assert_int_equal(bs->phys_block, 4096);
	assert_int_equal(to_file(bs)->dio_align, 4096);
	box_fill(want, DISK_SIZE, 0, direct);
	assert_int_equal(box_write(box, bs, 0, want, DISK_SIZE), 0);
	check_bytes(box, bs, want, got);
	/* One 512-byte sector, and one that begins and ends within blocks, with FUA. */
	memset(want + 512, 0xab, 512);
	assert_int_equal(box_write(box, bs, 512, want + 512, 512), 0);
	memset(want + 5000, 0xcd, 70000);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_FUA, 5000, want + 5000, 70000), 0);
	check_bytes(box, bs, want, got);
	assert_int_equal(box_io(box, bs, BS_ZERO, 0, 100000, NULL, 100000), 0);
	memset(want + 100000, 0, 100000);
	assert_int_equal(box_io(box, bs, BS_ZERO, BS_REQ_MAY_UNMAP, MiB + 1, NULL, 100), 0);
	memset(want + MiB + 1, 0, 100);
	check_bytes(box, bs, want, got);
	if (bs->cap[BS_UNMAP] == BS_CAP_NATIVE && bs->unmap_zeroes) {
		assert_int_equal(box_io(box, bs, BS_UNMAP, BS_REQ_FUA, 2 * MiB - 512, NULL, MiB),
				 0);
		memset(want + 2 * MiB - 512, 0, MiB);
		check_bytes(box, bs, want, got);
	}
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	assert_int_equal(box_extents(box, bs, 0, DISK_SIZE, ext, 2), 1);
	assert_true(ext[0].mapped);
	free(model_run(box, bs, 3 + direct, 100, NULL, NULL));
	bs_probe(bs);
	assert_int_equal(bs->size, DISK_SIZE);
	box_close(box, bs);
	free(want);
	free(got);
}

static void block_devices_of_large_blocks_take_small_writes(void **state)
{
	struct bs_box *box = *state;
	char path[64];
	int fd = -1;

	if (box_lacks_store(box) || !loop_make(box_file(box, "backing", DISK_SIZE), path, sizeof(path), &fd))
		skip();
	block_device_run(box, path, false);
	block_device_run(box, path, true);
	assert_int_equal(ioctl(fd, LOOP_CLR_FD), 0);
	close(fd);
}

static void a_full_file_system_is_enospc(void **state)
{
	struct bs_box *box = *state;
	uint8_t *buf = calloc(1, MiB);
	char path[128];
	struct bs *bs;
	int fd;

	if (box_lacks_store(box) || mount("tmpfs", box->dir, "tmpfs", 0, "size=256k")) {
		free(buf);
		skip();
	}
	snprintf(path, sizeof(path), "%s/disk", box->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, DISK_SIZE), 0);
	close(fd);
	bs = box_open(box, box->store, path, NULL);
	memset(buf, 1, MiB);
	assert_int_equal(box_write(box, bs, 0, buf, 65536), 0);
	assert_int_equal(box_write(box, bs, 65536, buf, MiB), -ENOSPC);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_FUA, MiB, buf, MiB), -ENOSPC);
	/* What is given back can be written again. */
	assert_int_equal(box_io(box, bs, BS_UNMAP, 0, 65536, NULL, DISK_SIZE - 65536), 0);
	assert_int_equal(box_write(box, bs, 65536, buf, 65536), 0);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	box_close(box, bs);
	assert_int_equal(umount(box->dir), 0);
	free(buf);
}

static bool immutable_set(const char *path, bool on)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), flags = 0;
	bool ok = fd >= 0 && !ioctl(fd, FS_IOC_GETFLAGS, &flags);

	flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	ok = ok && !ioctl(fd, FS_IOC_SETFLAGS, &flags);
	if (fd >= 0)
		close(fd);
	return ok;
}

static void what_may_not_be_written_is_opened_for_reading(void **state)
{
	struct bs_box *box = *state;
	const char *path = box_file(box, "disk", MiB);
	uint8_t b;
	struct bs *bs;

	/* Root passes by the mode bits. */
	if (box_lacks_store(box) || (geteuid() ? chmod(path, 0400) : !immutable_set(path, true)))
		skip();
	bs = box_open(box, box->store, path, NULL);
	if (!geteuid())
		immutable_set(path, false);
	assert_true(bs->readonly);
	assert_int_equal(box_read(box, bs, 0, &b, 1), 0);
	assert_int_equal(box_write(box, bs, 0, &b, 1), -EROFS);
	box_close(box, bs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_FILES(block_devices_of_large_blocks_take_small_writes),
		BOX_FILES(a_full_file_system_is_enospc),
		BOX_FILES(what_may_not_be_written_is_opened_for_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
