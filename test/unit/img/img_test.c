/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making and showing images (img/img.h), in a directory of the test's own.
 */
#include "img/img.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "t_alloc.h"

static char dir[] = "/tmp/img_test.XXXXXX";
static char path[64];
static bool stop_now;

static bool stopped(void)
{
	return stop_now;
}

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/image", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int fresh(void **state)
{
	(void)state;
	unlink(path);
	stop_now = false;
	return 0;
}

static struct img_new disk(uint64_t size)
{
	return (struct img_new){ .path = path, .size = size, .given = IMG_SIZE, .fd = -1,
				 .stopped = stopped };
}

/* Makes it; 0, or -errno with a sentence. */
static int create(const struct img_type *type, struct img_new n)
{
	struct err err = { .code = ERR_OK };
	int r = img_create(type, &n, &err);

	assert_true(r <= 0);
	assert_int_equal(r == 0, err.code == ERR_OK);
	if (r)
		assert_string_not_equal(err.text, "");
	return r;
}

static void write_at(off_t at, const void *data, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, at), (ssize_t)len);
	close(fd);
}

/* Who leaves nothing behind left no name with a suffix either. */
static void assert_nothing_there(void)
{
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
}

static void a_disk_is_set_aside_sparse_or_written(void **state)
{
	static const enum img_alloc how[] = { IMG_RESERVE, IMG_SPARSE, IMG_ZEROES };
	struct img_new n = disk(3 * MiB + 512);
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		fresh(state);
		n.alloc = how[i];
		assert_int_equal(create(&img_disk, n), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, 3 * MiB + 512);
		assert_int_equal(st.st_blocks * 512 >= st.st_size, how[i] != IMG_SPARSE);
		assert_int_equal(st.st_mode & 0007, 0);
	}
}

static void a_size_that_no_disk_has_is_refused_before_a_file_is_made(void **state)
{
	struct img_new n = disk(0);

	(void)state;
	assert_int_equal(create(&img_disk, disk(0)), -EINVAL);
	assert_int_equal(create(&img_disk, disk(513)), -EINVAL);
	n.given = 0;
	assert_int_equal(create(&img_disk, n), -EINVAL);
	n = disk(MiB);
	n.media = "dvd+r";
	assert_int_equal(create(&img_disk, n), -EINVAL);
	assert_nothing_there();
}

static void more_than_there_is_room_for_is_refused_and_nothing_stays(void **state)
{
	(void)state;
	assert_int_equal(create(&img_disk, disk(1ull << 61)), -ENOSPC);
	assert_nothing_there();
}

static void an_interruption_leaves_nothing(void **state)
{
	struct img_new n = disk(MiB);

	(void)state;
	stop_now = true;
	assert_int_equal(create(&img_disk, n), -EINTR);
	assert_nothing_there();
	n.alloc = IMG_ZEROES;
	assert_int_equal(create(&img_disk, n), -EINTR);
	assert_nothing_there();
}

static void what_is_there_stays_unless_force_is_given(void **state)
{
	struct img_new n = disk(MiB);
	char text[4] = "";
	struct stat st;
	int old;

	(void)state;
	write_at(0, "old", 3);
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(create(&img_disk, n), -EEXIST);
	old = open(path, O_RDONLY);
	n.force = true;
	stop_now = true;
	assert_int_equal(create(&img_disk, n), -EINTR);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3);
	stop_now = false;
	assert_int_equal(create(&img_disk, n), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, MiB);
	assert_int_equal(st.st_mode & 0777, 0604);
	/* A daemon that serves the old one goes on with it. */
	assert_int_equal(read(old, text, 3), 3);
	assert_string_equal(text, "old");
	close(old);
}

static void what_is_no_file_is_never_replaced(void **state)
{
	struct img_new n = disk(MiB);

	(void)state;
	n.force = true;
	n.path = dir;
	assert_int_equal(create(&img_disk, n), -EEXIST);
	n.path = "/dev/null";
	assert_int_equal(create(&img_disk, n), -EEXIST);
	assert_int_equal(mkfifo(path, 0600), 0);
	n.path = path;
	assert_int_equal(create(&img_disk, n), -EEXIST);
}

static void a_link_stays_a_link_and_its_file_is_replaced(void **state)
{
	char file[80];
	struct img_new n = disk(MiB);
	struct stat st;

	(void)state;
	snprintf(file, sizeof(file), "%s/file", dir);
	assert_int_equal(symlink("file", path), 0);
	n.path = file;
	assert_int_equal(create(&img_disk, n), 0);
	n = disk(2 * MiB);
	n.force = true;
	assert_int_equal(create(&img_disk, n), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 2 * MiB);
	unlink(file);
}

static void a_blank_disc_is_an_empty_file(void **state)
{
	struct img_new n = { .path = path, .media = "DVD+R", .fd = -1 };
	struct stat st;

	(void)state;
	assert_int_equal(create(&img_cd, n), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

/* The text of member @name of what is shown. */
static void assert_shown(const struct img_type *type, const char *name, const char *text)
{
	struct err err = { .code = ERR_OK };
	json_t *obj;

	assert_int_equal(img_show(type, path, &obj, &err), 0);
	assert_non_null(json_object_get(obj, name));
	assert_string_equal(json_string_value(json_object_get(obj, name)), text);
	json_decref(obj);
}

static void show_finds_out_what_an_image_is(void **state)
{
	static const struct {
		off_t at;
		const char *magic;
		const char *type, *contents;
	} rows[] = {
		{ 0, "QFI\xfb", "disk", "a qcow2 image" },
		{ 64, "\x7f\x10\xda\xbe", "disk", "a VDI image" },
		{ 512, "EFI PART", "disk", "a GPT partition table" },
		{ 1080, "\x53\xef", "disk", "an ext file system" },
		{ 510, "\x55\xaa", "disk", "a boot sector, perhaps an MBR partition table" },
		{ 32769, "CD001", "cd", "an ISO 9660 file system" },
		{ 100, "nothing", "disk", "not known" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fresh(state);
		write_at(rows[i].at, rows[i].magic, strlen(rows[i].magic));
		assert_shown(NULL, "device_type", rows[i].type);
		assert_shown(NULL, "contents", rows[i].contents);
		assert_shown(&img_disk, "device_type", "disk");
	}
	fresh(state);
	assert_int_equal(create(&img_disk, disk(MiB)), 0);
	fresh(state);
	write_at(0, "", 0);
	assert_shown(NULL, "device_type", "cd");
	assert_shown(NULL, "contents", "blank");
}

static void show_says_what_will_go_wrong(void **state)
{
	struct err err = { .code = ERR_OK };
	json_t *obj;

	(void)state;
	write_at(1000, "x", 1);
	assert_int_equal(img_show(NULL, path, &obj, &err), 0);
	assert_non_null(strstr(json_string_value(json_object_get(obj, "warning")), "multiple"));
	json_decref(obj);
	write_at(0, "vhdxfile", 8);
	assert_int_equal(img_show(NULL, path, &obj, &err), 0);
	assert_non_null(strstr(json_string_value(json_object_get(obj, "warning")), "qemu-img"));
	json_decref(obj);
}

static void show_refuses_what_is_no_image(void **state)
{
	struct err err = { .code = ERR_OK };
	json_t *obj;

	(void)state;
	assert_int_equal(img_show(NULL, path, &obj, &err), -ENOENT);
	assert_int_equal(img_show(NULL, dir, &obj, &err), -EINVAL);
	assert_int_equal(img_show(NULL, "/dev/null", &obj, &err), -EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(img_show(NULL, path, &obj, &err), -EINVAL);
	unlink(path);
	write_at(0, "abc", 3);
	assert_int_equal(img_show(&img_cd, path, &obj, &err), -EINVAL);
	assert_null(obj);
}

static void create_and_show(void *arg)
{
	struct err err = { .code = ERR_OK };
	struct img_new n = disk(MiB);
	json_t *obj = NULL;

	(void)arg;
	unlink(path);
	n.alloc = IMG_ZEROES;
	if (!img_create(&img_disk, &n, &err) && !img_show(NULL, path, &obj, &err))
		json_decref(obj);
	else
		assert_int_not_equal(err.code, ERR_OK);
}

static void memory_may_run_out_anywhere(void **state)
{
	(void)state;
	t_alloc_jansson();
	assert_true(t_alloc_each(create_and_show, NULL) > 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, fresh)
	const struct CMUnitTest tests[] = {
		T(a_disk_is_set_aside_sparse_or_written),
		T(a_size_that_no_disk_has_is_refused_before_a_file_is_made),
		T(more_than_there_is_room_for_is_refused_and_nothing_stays),
		T(an_interruption_leaves_nothing),
		T(what_is_there_stays_unless_force_is_given),
		T(what_is_no_file_is_never_replaced),
		T(a_link_stays_a_link_and_its_file_is_replaced),
		T(a_blank_disc_is_an_empty_file),
		T(show_finds_out_what_an_image_is),
		T(show_says_what_will_go_wrong),
		T(show_refuses_what_is_no_image),
		T(memory_may_run_out_anywhere),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
