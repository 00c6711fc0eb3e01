/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of persistent reservations: what it says, what is refused, and that it
 * is the old or the new one whenever the process dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/strbuf.h"
#include "t_alloc.h"
#include "target/pr.h"
#include "target/pr_store.h"

static const struct pr_owner owner = { "iqn.2026-01.test:Disk", 7 };

struct box {
	char dir[64], state[80], path[PR_PATH_MAX];
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	strcpy(b->dir, "/tmp/tgt-prs-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->state, sizeof(b->state), "%s/state", b->dir);
	assert_int_equal(pr_store_path(b->path, b->state, &owner), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;
	char path[PR_PATH_MAX + 8];

	keepfile_fault = NULL;
	snprintf(path, sizeof(path), "%s.new", b->path);
	unlink(path);
	unlink(b->path);
	snprintf(path, sizeof(path), "%s/pr", b->state);
	rmdir(path);
	rmdir(b->state);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
	return 0;
}

/* @n registrations; the first holds a reservation of type 5. */
static struct pr_state *make(uint32_t n)
{
	struct pr_state *s = pr_state_copy(NULL, n);

	assert_non_null(s);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t isid[6] = { 0x80, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };
		struct transportid id;

		transportid_iscsi(&id, "iqn.1994-05.test:a", isid);
		pr_state_add(s, &id, 1, 0x100 + i);
	}
	s->aptpl = true;
	s->type = PR_WRITE_EX_RO;
	s->holder = 0;
	return s;
}

static uint32_t load(struct box *b)
{
	struct err err = { .code = ERR_OK };
	struct pr_state *s;
	uint32_t n;

	if (pr_store_load(b->path, &owner, &s, &err))
		fail_msg("%s", err.text);
	n = s ? s->n : 0;
	free(s);
	return n;
}

static void save(struct box *b, uint32_t n)
{
	struct pr_state *s = make(n);

	assert_int_equal(pr_store_save(b->path, &owner, s), 0);
	free(s);
}

static void put_file(struct box *b, const char *text, size_t len)
{
	int fd = open(b->path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static void expect_refused(struct box *b, const char *why)
{
	struct err err = { .code = ERR_OK };
	struct pr_state *s;

	assert_true(pr_store_load(b->path, &owner, &s, &err) < 0);
	assert_null(s);
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
	assert_non_null(strstr(err.text, why));
	assert_non_null(strstr(err.text, b->path));
	assert_non_null(strstr(err.text, "delete it"));
}

static void the_text_is_readable_and_stays_as_it_is(void **state)
{
	static const char want[] =
		"tgt-persistent-reservations 1\n"
		"target iqn.2026-01.test:disk\n"
		"lun 7\n"
		"reservation 5 0\n"
		"registration 0x0000000000000100 1 "
		"4500002469716e2e313939342d30352e746573743a612c692c3078383030303030303030303030"
		"00 iqn.1994-05.test:a,i,0x800000000000\n"
		"checksum ";
	struct pr_state *s = make(1);
	struct strbuf text = STRBUF_INIT;

	(void)state;
	pr_text_write(&text, &owner, s);
	assert_true(strbuf_ok(&text));
	assert_memory_equal(strbuf_str(&text), want, sizeof(want) - 1);
	strbuf_free(&text);
	free(s);
}

static void what_was_saved_is_loaded(void **state)
{
	struct box *b = *state;
	struct pr_state *s = make(3), *back;
	struct err err = { .code = ERR_OK };

	s->type = PR_EX_ACCESS_AR;
	s->holder = PR_NONE;
	assert_int_equal(pr_store_save(b->path, &owner, s), 0);
	assert_int_equal(pr_store_load(b->path, &owner, &back, &err), 0);
	assert_int_equal(back->n, 3);
	assert_int_equal(back->type, PR_EX_ACCESS_AR);
	assert_int_equal(back->holder, PR_NONE);
	assert_true(back->aptpl);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(back->regs[i].key, s->regs[i].key);
		assert_int_equal(back->regs[i].rel_port, 1);
		assert_true(transportid_equal(&back->regs[i].id, &s->regs[i].id));
	}
	free(s);
	free(back);
}

static void the_most_registrations_fit(void **state)
{
	struct box *b = *state;

	save(b, PR_REGS_MAX);
	assert_int_equal(load(b), PR_REGS_MAX);
}

static void without_a_file_there_is_nothing(void **state)
{
	assert_int_equal(load(*state), 0);
}

static void what_need_not_persist_has_no_file(void **state)
{
	struct box *b = *state;
	struct pr_state *s = make(1);

	save(b, 2);
	s->aptpl = false;
	assert_int_equal(pr_store_save(b->path, &owner, s), 0);
	assert_int_equal(access(b->path, F_OK), -1);
	assert_int_equal(pr_store_save(b->path, &owner, s), 0);
	assert_int_equal(pr_store_save(b->path, &owner, NULL), 0);
	free(s);
}

/* Every file that is a little different from a right one. */
static void no_damaged_file_is_used(void **state)
{
	struct box *b = *state;
	struct pr_state *s = make(2);
	struct strbuf text = STRBUF_INIT;
	char *bad;

	save(b, 2);
	pr_text_write(&text, &owner, s);
	bad = malloc(text.len + 1);
	for (size_t len = 0; len < text.len; len++) { /* cut off */
		put_file(b, text.s, len);
		expect_refused(b, "");
	}
	for (size_t i = 0; i < text.len; i++) { /* changed */
		memcpy(bad, text.s, text.len);
		bad[i] ^= 0x04;
		put_file(b, bad, text.len);
		expect_refused(b, "");
		bad[i] = '\0';
		put_file(b, bad, text.len);
		expect_refused(b, "");
	}
	memcpy(bad, text.s, text.len);
	bad[text.len] = '\n'; /* longer */
	put_file(b, bad, text.len + 1);
	expect_refused(b, "checksum");
	put_file(b, text.s, text.len);
	assert_int_equal(load(b), 2);
	strbuf_free(&text);
	free(bad);
	free(s);
}

/* Right in form and checksum, and yet impossible. */
static void no_impossible_state_is_used(void **state)
{
#define HEAD "tgt-persistent-reservations 1\ntarget iqn.2026-01.test:disk\nlun 7\n"
#define REG(key, port)                                                                             \
	"registration " key " " port                                                               \
	" 450000146100000000000000000000000000000000000000 a\n"
#define FC "registration 0x0000000000000001 1 000000000000000050010203040506070000000000000000 "     \
	   "000000000000000050010203040506070000000000000000\n"
	static const char *const bad[] = {
		"tgt-persistent-reservations 2\ntarget iqn.2026-01.test:disk\nlun 7\nreservation 0 -\n",
		"tgt-persistent-reservations 1\ntarget iqn.2026-01.test:other\nlun 7\nreservation 0 -\n",
		"tgt-persistent-reservations 1\ntarget iqn.2026-01.test:disk\nlun 8\nreservation 0 -\n",
		HEAD,
		HEAD "reservation 5 -\n" FC,
		HEAD "reservation 5 1\n" FC,
		HEAD "reservation 7 0\n" FC,
		HEAD "reservation 7 -\n",
		HEAD "reservation 2 0\n" FC,
		HEAD "reservation 0 0\n" FC,
		HEAD "reservation 5 00\n" FC,
		HEAD "reservation 0 -\n" FC FC,
		HEAD "reservation 0 -\n" REG("0x0000000000000001", "1"),
		HEAD "reservation 0 -\n" FC "something else\n",
		HEAD "reservation 0 -\nregistration 0x0000000000000000 1 "
		     "000000000000000050010203040506070000000000000000 "
		     "000000000000000050010203040506070000000000000000\n",
		HEAD "reservation 0 -\nregistration 0x0000000000000001 65536 "
		     "000000000000000050010203040506070000000000000000 "
		     "000000000000000050010203040506070000000000000000\n",
		HEAD "reservation 0 -\nregistration 0x1 1 zz\n",
		HEAD "reservation 0 -\nregistration",
	};
	struct box *b = *state;
	char text[2048];

	save(b, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int n = snprintf(text, sizeof(text), "%schecksum %08x\n", bad[i],
				 crc32c(0, bad[i], strlen(bad[i])));

		put_file(b, text, (size_t)n);
		expect_refused(b, "");
	}
	/* One that is right, to be sure of the others. */
	{
		static const char good[] = HEAD "reservation 5 0\n" FC;
		int n = snprintf(text, sizeof(text), "%schecksum %08x\n", good,
				 crc32c(0, good, strlen(good)));

		put_file(b, text, (size_t)n);
		assert_int_equal(load(b), 1);
	}
}

/* --- failing and dying ---------------------------------------------------------------------- */

static int countdown;	/* the n-th step fails; then 0 */
static bool die;	/* ... by the end of the process */

static int fault(enum keepfile_step step)
{
	(void)step;
	if (!countdown || --countdown)
		return 0;
	if (die)
		_exit(9);
	return -ENOSPC;
}

static void a_step_that_fails_leaves_old_or_new(void **state)
{
	struct box *b = *state;
	struct pr_state *next = make(5);
	int n, r = -1;

	die = false;
	for (n = 1; r; n++) {
		keepfile_fault = NULL;
		save(b, 2);
		keepfile_fault = fault;
		countdown = n;
		r = pr_store_save(b->path, &owner, next);
		assert_true(r == 0 || r == -ENOSPC);
		if (r == 0)
			assert_int_equal(load(b), 5);
		else
			assert_true(load(b) == 2 || load(b) == 5);
	}
	assert_true(n > 5);
	free(next);
}

/* Saves in a child that dies before its @n-th step. True: it had fewer. */
static bool child_saves(struct box *b, const struct pr_state *s, int n)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		keepfile_fault = fault;
		countdown = n;
		_exit(pr_store_save(b->path, &owner, s) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9);
	return WEXITSTATUS(status) == 0;
}

static void whenever_it_dies_the_state_is_old_or_new(void **state)
{
	struct box *b = *state;
	struct pr_state *next = make(5);
	uint32_t seen_old = 0, seen_new = 0;
	bool whole = false;

	die = true;
	for (int n = 1; !whole; n++) {
		uint32_t found;

		save(b, 2);
		whole = child_saves(b, next, n);
		found = load(b);
		assert_true(found == 2 || found == 5);
		assert_true(!whole || found == 5);
		seen_old += found == 2;
		seen_new += found == 5;
		/* What a dead one left does not hinder the next. */
		save(b, 3);
		assert_int_equal(load(b), 3);
	}
	assert_true(seen_old >= 3 && seen_new >= 2);
	free(next);
}

static void removing_is_all_or_nothing_too(void **state)
{
	struct box *b = *state;
	bool whole = false;

	die = true;
	for (int n = 1; !whole; n++) {
		save(b, 2);
		whole = child_saves(b, NULL, n);
		assert_true(load(b) == 0 || load(b) == 2);
	}
	assert_int_equal(load(b), 0);
}

static void the_first_file_makes_its_folders(void **state)
{
	struct box *b = *state;
	char path[PR_PATH_MAX];
	struct pr_state *s = make(1);

	save(b, 1);
	assert_int_equal(load(b), 1);
	/* Not those above the state directory. */
	assert_int_equal(pr_store_path(path, "/tmp/tgt-none/such/place", &owner), 0);
	assert_int_equal(pr_store_save(path, &owner, s), -ENOENT);
	free(s);
}

static void names_lead_nowhere_else(void **state)
{
	const struct pr_owner evil = { "../../etc/x", 1 };
	char path[PR_PATH_MAX], *dir;

	(void)state;
	assert_int_equal(pr_store_path(path, "/s", &evil), 0);
	assert_string_equal(path, "/s/pr/.._.._etc_x,1");
	dir = malloc(PR_PATH_MAX);
	memset(dir, 'x', PR_PATH_MAX - 1);
	dir[PR_PATH_MAX - 1] = '\0';
	assert_int_equal(pr_store_path(path, dir, &evil), -ENAMETOOLONG);
	free(dir);
}

static void load_once(void *arg)
{
	struct err err = { .code = ERR_OK };
	struct box *b = arg;
	struct pr_state *s;

	if (!pr_store_load(b->path, &owner, &s, &err))
		assert_int_equal(s->n, 40);
	else
		assert_null(s);
	free(s);
}

static void without_memory_the_file_is_refused(void **state)
{
	struct box *b = *state;

	save(b, 40);
	assert_true(t_alloc_each(load_once, b) > 3);
	assert_int_equal(load(b), 40);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_text_is_readable_and_stays_as_it_is),
		T(what_was_saved_is_loaded),
		T(the_most_registrations_fit),
		T(without_a_file_there_is_nothing),
		T(what_need_not_persist_has_no_file),
		T(no_damaged_file_is_used),
		T(no_impossible_state_is_used),
		T(a_step_that_fails_leaves_old_or_new),
		T(whenever_it_dies_the_state_is_old_or_new),
		T(removing_is_all_or_nothing_too),
		T(the_first_file_makes_its_folders),
		T(names_lead_nowhere_else),
		T(without_memory_the_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
