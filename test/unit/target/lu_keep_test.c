/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a logical unit remembers: over its end and new beginning, and when it can't be written
 * or read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/keepfile.h"
#include "t_alloc.h"
#include "t_loop.h"
#include "target/lu_keep.h"
#include "target_fake.h"

struct box {
	struct fake *f;
	struct target *t;
	struct lu *lu;
	char dir[64], file[160];
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	strcpy(b->dir, "/tmp/tgt-keep-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->file, sizeof(b->file), "%s/lu/iqn.test:t,1", b->dir);
	b->f = fake_new(NULL);
	b->f->core.state_dir = b->dir;
	b->t = fake_target(b->f, 1, "iqn.test:t");
	b->lu = fake_disk(b->f, b->t, 1, 100);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	keepfile_fault = NULL;
	fake_free(b->f);
	unlink(b->file);
	*strrchr(b->file, '/') = '\0';
	rmdir(b->file);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
	return 0;
}

struct told {
	int ended, err;
};

static void told(void *arg, int err)
{
	struct told *t = arg;

	t->ended++;
	t->err = err;
}

static int keep(struct box *b, const char *name, const char *value)
{
	struct told t = { .ended = 0 };
	int r = lu_keep_set(b->lu, name, value, (uint32_t)strlen(value), told, &t);

	if (r)
		return r;
	assert_int_equal(t.ended, 0);
	assert_true(t_loop_until_set(b->f->loop, &t.ended));
	return t.err;
}

static void expect(struct box *b, const char *name, const char *value)
{
	uint32_t len;
	const void *v = lu_keep_get(b->lu, name, &len);

	if (!value) {
		assert_null(v);
		return;
	}
	assert_non_null(v);
	assert_int_equal(len, strlen(value));
	assert_memory_equal(v, value, len);
}

static void set_flag(void *arg)
{
	*(int *)arg = 1;
}

static void end_lu(struct box *b)
{
	int gone = 0;

	assert_int_equal(lu_delete(b->lu, true, set_flag, &gone, NULL), 0);
	assert_true(t_loop_until_set(b->f->loop, &gone));
}

static void restart(struct box *b)
{
	end_lu(b);
	b->lu = fake_disk(b->f, b->t, 1, 100);
}

static void values_are_there_after_a_restart(void **state)
{
	struct box *b = *state;

	assert_true(lu_keep_possible(b->lu));
	expect(b, "one", NULL);
	assert_int_equal(keep(b, "one", "1"), 0);
	assert_int_equal(keep(b, "two", "second"), 0);
	assert_int_equal(keep(b, "one", "first"), 0);
	expect(b, "one", "first");
	restart(b);
	expect(b, "one", "first");
	expect(b, "two", "second");
	assert_int_equal(keep(b, "one", ""), 0);
	expect(b, "one", NULL);
	restart(b);
	expect(b, "one", NULL);
	expect(b, "two", "second");
}

static void changes_are_written_in_their_order(void **state)
{
	struct box *b = *state;
	struct told t = { .ended = 0 };

	assert_int_equal(lu_keep_set(b->lu, "a", "1", 1, told, &t), 0);
	assert_int_equal(lu_keep_set(b->lu, "a", "2", 1, told, &t), 0);
	assert_int_equal(lu_keep_set(b->lu, "b", "3", 1, told, &t), 0);
	assert_int_equal(lu_keep_set(b->lu, "a", "4", 1, NULL, NULL), 0);
	expect(b, "a", NULL);
	/* The LU ends when all is written. */
	restart(b);
	assert_int_equal(t.ended, 3);
	assert_int_equal(t.err, 0);
	expect(b, "a", "4");
	expect(b, "b", "3");
}

static int no_rename(enum keepfile_step step)
{
	return step == KEEPFILE_RENAME ? -5 : 0;
}

static void what_can_not_be_written_stays_as_it_was(void **state)
{
	struct box *b = *state;

	assert_int_equal(keep(b, "a", "1"), 0);
	keepfile_fault = no_rename;
	assert_int_equal(keep(b, "a", "2"), -5);
	expect(b, "a", "1");
	keepfile_fault = NULL;
	restart(b);
	expect(b, "a", "1");
}

static void without_a_state_directory_nothing_is_kept(void **state)
{
	struct box *b = *state;

	b->f->core.state_dir = NULL;
	restart(b);
	assert_false(lu_keep_possible(b->lu));
	assert_true(keep(b, "a", "1") < 0);
	expect(b, "a", NULL);
}

static void expect_refused(struct box *b, const char *text)
{
	struct lu_conf conf = { .lun = 1, .dev_type = "disk", .path = "51200" };
	FILE *out;

	end_lu(b);
	out = fopen(b->file, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_not_equal(fake_lu_error(b->f, b->t, &conf), ERR_OK);
	unlink(b->file);
	b->lu = fake_disk(b->f, b->t, 1, 100);
}

/* With the right checksum. */
static void expect_content_refused(struct box *b, const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_puts(&sb, text);
	keepfile_put_checksum(&sb);
	expect_refused(b, sb.s);
	strbuf_free(&sb);
}

#define HEAD "tgt-logical-unit 1\ntarget iqn.test:t\nlun 1\n"

static void damaged_and_foreign_files_are_refused(void **state)
{
	struct box *b = *state;

	assert_int_equal(keep(b, "a", "1"), 0);
	expect_refused(b, "");
	expect_refused(b, HEAD "a 31\nchecksum 00000000\n");
	expect_content_refused(b, "something else\n");
	expect_content_refused(b, "tgt-logical-unit 1\ntarget iqn.test:u\nlun 1\n");
	expect_content_refused(b, HEAD "a\n");
	expect_content_refused(b, HEAD "a 3\n");
	expect_content_refused(b, HEAD "a 3g\n");
	expect_content_refused(b, HEAD "A 31\n");
	expect_content_refused(b, HEAD "a 31\n\n");
	expect_content_refused(b, HEAD "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 31\n");
}

static void set_one(void *arg)
{
	struct box *b = arg;

	keep(b, "a", "1");
}

static void a_shortage_of_memory_is_told(void **state)
{
	struct box *b = *state;

	assert_true(t_alloc_each(set_one, b) > 3);
	expect(b, "a", "1");
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(values_are_there_after_a_restart),
		test(changes_are_written_in_their_order),
		test(what_can_not_be_written_stays_as_it_was),
		test(without_a_state_directory_nothing_is_kept),
		test(damaged_and_foreign_files_are_refused),
		test(a_shortage_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
