/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomic writes of the store rdwr: the journal, and what is made of it when the store is opened.
 */
#include "bs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "bs_box.h"

#define SIZE (4 * MiB)

struct names {
	char disk[128], journal[128], opts[160];
};

static struct names names(struct bs_box *box)
{
	struct names n;

	snprintf(n.disk, sizeof(n.disk), "%s", box_file(box, "disk", SIZE));
	snprintf(n.journal, sizeof(n.journal), "%s/journal", box->dir);
	snprintf(n.opts, sizeof(n.opts), "atomic=%s", n.journal);
	return n;
}

static void expect_bytes(struct bs_box *box, struct bs *bs, uint64_t offset, uint64_t len,
			 uint8_t byte)
{
	uint8_t *buf = malloc((size_t)len);

	assert_int_equal(box_read(box, bs, offset, buf, len), 0);
	for (uint64_t i = 0; i < len; i++)
		assert_int_equal(buf[i], byte);
	free(buf);
}

static void write_atomically(struct bs_box *box, bool direct)
{
	struct names n = names(box);
	struct bs_conf conf = { .path = n.disk, .opts = n.opts, .direct = direct };
	struct bs *bs = box_open_conf(box, &conf, NULL);
	uint8_t *buf = malloc(MiB);
	struct box_io io[12];

	assert_int_equal(bs->atomic_max, MiB);
	assert_true(bs->atomic_tears);
	for (unsigned int i = 0; i < ARRAY_SIZE(io); i++) {
		memset(buf + i * 5000, (int)i + 1, 5000);
		box_start(&io[i], bs, BS_WRITE, BS_REQ_ATOMIC, 512 + i * 5000, buf + i * 5000, 5000);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(io); i++)
		assert_int_equal(box_wait(box, &io[i]), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(io); i++)
		expect_bytes(box, bs, 512 + i * 5000, 5000, (uint8_t)(i + 1));
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_ATOMIC, SIZE - MiB, buf, MiB), 0);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_ATOMIC, 0, buf, MiB + 1), -EOPNOTSUPP);
	box_close(box, bs);
	free(buf);
}

static void atomic_writes_take_turns_and_are_all_there(void **state)
{
	write_atomically(*state, false);
}

static void atomic_writes_past_the_page_cache(void **state)
{
	write_atomically(*state, true);
}

static void without_the_option_there_are_none(void **state)
{
	struct bs_box *box = *state;
	struct names n = names(box);
	struct bs *bs = box_open(box, NULL, n.disk, NULL);
	uint8_t buf[512] = { 0 };

	assert_int_equal(bs->atomic_max, 0);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_ATOMIC, 0, buf, 512), -EOPNOTSUPP);
	box_close(box, bs);
}

/* A record as the daemon leaves it when it dies before the data is in its place. */
static void leave_record(const struct names *n, const char *disk, uint64_t offset, uint32_t len,
			 uint8_t byte, bool torn)
{
	uint8_t *rec = calloc(1, 4096 + (size_t)len);
	int fd = open(n->journal, O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset(rec + 4096, byte, len);
	memcpy(rec, "tgtatom1", 8);
	put_be64(rec + 8, offset);
	put_be64(rec + 16, len);
	put_be32(rec + 24, crc32c(0, rec + 4096, len));
	put_be32(rec + 28, (uint32_t)strlen(disk));
	memcpy(rec + 32, disk, strlen(disk));
	put_be32(rec + 4092, crc32c(0, rec, 4092));
	if (torn)
		rec[4096 + len - 1] ^= 1;
	assert_int_equal(write(fd, rec, 4096 + len), 4096 + len);
	close(fd);
	free(rec);
}

static void what_the_journal_holds_is_written_when_the_store_is_opened(void **state)
{
	struct bs_box *box = *state;
	struct names n = names(box);
	uint8_t zero[512] = { 0 };
	struct bs *bs;

	for (int direct = 0; direct < 2; direct++) {
		struct bs_conf conf = { .path = n.disk, .opts = n.opts, .direct = direct };

		leave_record(&n, n.disk, 700, 9000, 0x77, false);
		bs = box_open_conf(box, &conf, NULL);
		expect_bytes(box, bs, 700, 9000, 0x77);
		/* Once only: what was written since must stay. */
		assert_int_equal(box_write(box, bs, 1024, zero, 512), 0);
		box_close(box, bs);
		bs = box_open_conf(box, &conf, NULL);
		expect_bytes(box, bs, 1024, 512, 0);
		box_close(box, bs);
	}
}

static void a_torn_record_is_nothing(void **state)
{
	struct bs_box *box = *state;
	struct names n = names(box);
	struct bs *bs;

	leave_record(&n, n.disk, 0, 4096, 0x77, true);
	bs = box_open(box, NULL, n.disk, n.opts);
	expect_bytes(box, bs, 0, 4096, 0);
	box_close(box, bs);
}

static void expect_refused(struct bs_box *box, const struct names *n, bool readonly,
			   const char *why)
{
	struct bs_conf conf = { .path = n->disk, .opts = n->opts, .readonly = readonly };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(box, &conf, &err));
	assert_non_null(strstr(err.text, why));
}

static void records_that_can_not_be_meant_are_refused(void **state)
{
	struct bs_box *box = *state;
	struct names n = names(box);

	leave_record(&n, "/another/disk", 0, 4096, 0x77, false);
	expect_refused(box, &n, false, "belongs to another disk");
	leave_record(&n, n.disk, SIZE - 4095, 4096, 0x77, false);
	expect_refused(box, &n, false, "can't be written");
	leave_record(&n, n.disk, 0, 4096, 0x77, false);
	expect_refused(box, &n, true, "can't be written");
	box_close(box, box_open(box, NULL, n.disk, n.opts));
}

static void a_journal_serves_one_disk(void **state)
{
	struct bs_box *box = *state;
	struct names n = names(box);
	struct bs *bs = box_open(box, NULL, n.disk, n.opts);

	expect_refused(box, &n, false, "in use");
	box_close(box, bs);
	snprintf(n.opts, sizeof(n.opts), "atomic=%s/no/such/folder", box->dir);
	expect_refused(box, &n, false, "No such file");
}

/* Fills the disk's first MiB with 1, 2, 3 ... until it is killed; tells of each. */
static void child_run(const struct names *n, int tell)
{
	void *state = NULL;
	struct bs_box *box;
	struct bs *bs;
	uint8_t *buf = malloc(MiB);

	box_setup(&state);
	box = state;
	rmdir(box->dir); /* nobody will */
	bs = box_open(box, NULL, n->disk, n->opts);
	for (unsigned int i = 1;; i++) {
		memset(buf, (int)i, MiB);
		if (box_io(box, bs, BS_WRITE, BS_REQ_ATOMIC, 4096, buf, MiB) ||
		    write(tell, buf, 1) != 1)
			_exit(1);
	}
}

static void a_daemon_killed_at_any_time_leaves_all_or_nothing(void **state)
{
	struct bs_box *box = *state;
	struct names n = names(box);

	for (unsigned int round = 0; round < 20; round++) {
		uint8_t last = 0, first;
		struct bs *bs;
		int told[2];
		pid_t pid;

		assert_int_equal(pipe(told), 0);
		pid = fork();
		if (!pid)
			child_run(&n, told[1]);
		for (unsigned int i = 0; i <= round % 4; i++)
			assert_int_equal(read(told[0], &last, 1), 1);
		for (volatile unsigned int spin = 0; spin < round * 100000; spin++)
			;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(told[1]);
		while (read(told[0], &first, 1) == 1)
			last = first;
		close(told[0]);
		bs = box_open(box, NULL, n.disk, n.opts);
		assert_int_equal(box_read(box, bs, 4096, &first, 1), 0);
		assert_true(first == last || first == last + 1);
		expect_bytes(box, bs, 4096, MiB, first);
		box_close(box, bs);
	}
}

#define test(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(atomic_writes_take_turns_and_are_all_there),
		test(atomic_writes_past_the_page_cache),
		test(without_the_option_there_are_none),
		test(what_the_journal_holds_is_written_when_the_store_is_opened),
		test(a_torn_record_is_nothing),
		test(records_that_can_not_be_meant_are_refused),
		test(a_journal_serves_one_disk),
		test(a_daemon_killed_at_any_time_leaves_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
