/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files written from the loop: all of a record or nothing, errors, limits, the end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/spool.h"
#include "base/worker.h"
#include "t_loop.h"

struct box {
	struct loop *loop;
	struct workers *workers;
	char path[64];
	int opened, err;
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	b->loop = loop_new();
	b->workers = workers_new(b->loop, 2);
	snprintf(b->path, sizeof(b->path), "/tmp/spool_test.%d", (int)getpid());
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	workers_free(b->workers);
	loop_free(b->loop);
	unlink(b->path);
	free(b);
	return 0;
}

static void opened(void *arg, int err)
{
	struct box *b = arg;

	b->opened++;
	b->err = err;
}

static void closed(void *arg)
{
	opened(arg, 0);
}

static struct spool *spool_open(struct box *b, size_t room, uint64_t max)
{
	struct spool *s = spool_new(b->workers, b->path, room, max, opened, b);

	assert_non_null(s);
	assert_true(t_loop_until_set(b->loop, &b->opened));
	return s;
}

static bool put(struct spool *s, const char *text)
{
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) };

	return spool_write(s, &iov, 1);
}

static bool idle(void *arg)
{
	return !workers_pending(((struct box *)arg)->workers);
}

static void expect_file(struct box *b, const char *text)
{
	char got[256] = "";
	FILE *f;

	assert_true(t_loop_until(b->loop, idle, b));
	f = fopen(b->path, "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, text);
}

static void what_is_written_is_in_the_file_in_order(void **state)
{
	struct box *b = *state;
	struct spool *s = spool_open(b, 64, 1000);

	assert_int_equal(b->err, 0);
	assert_true(put(s, "one "));
	assert_true(put(s, "two "));
	t_loop_turns(b->loop, 3);
	assert_true(put(s, "three"));
	assert_int_equal(spool_bytes(s), 13);
	b->opened = 0;
	spool_close(s, closed, b);
	assert_true(t_loop_until_set(b->loop, &b->opened));
	expect_file(b, "one two three");
}

static void what_finds_no_room_is_refused_whole(void **state)
{
	struct box *b = *state;
	struct spool *s = spool_open(b, 8, 1000);

	/* The first goes to the worker at once; eight bytes may wait. */
	assert_true(put(s, "12345678"));
	assert_true(put(s, "abcdefgh"));
	assert_false(put(s, "x"));
	assert_false(put(s, "too long for any room"));
	spool_close(s, NULL, NULL);
	expect_file(b, "12345678abcdefgh");
}

static void the_file_does_not_grow_beyond_its_limit(void **state)
{
	struct box *b = *state;
	struct spool *s = spool_open(b, 64, 10);

	assert_true(put(s, "01234567"));
	assert_false(put(s, "xyz"));
	assert_false(put(s, "8"));
	spool_close(s, NULL, NULL);
	expect_file(b, "01234567");
}

static void a_file_that_cannot_be_made_is_told(void **state)
{
	struct box *b = *state;

	assert_non_null(spool_new(b->workers, "/no/such/directory/file", 64, 64, opened, b));
	assert_true(t_loop_until_set(b->loop, &b->opened));
	assert_int_equal(b->err, -ENOENT);
}

static void a_full_disk_ends_the_writing(void **state)
{
	struct box *b = *state;
	struct spool *s = spool_new(b->workers, "/dev/full", 64, 1000, opened, b);

	assert_true(t_loop_until_set(b->loop, &b->opened));
	assert_int_equal(b->err, 0);
	assert_true(put(s, "lost"));
	assert_true(t_loop_until(b->loop, idle, b));
	assert_int_equal(spool_error(s), ENOSPC);
	assert_false(put(s, "more"));
	spool_close(s, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_in_the_file_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(what_finds_no_room_is_refused_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(the_file_does_not_grow_beyond_its_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_made_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_ends_the_writing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
