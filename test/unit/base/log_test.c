/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What arrives at the other end of stderr.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr, pipe_fd;
static char got[16384];

/* stderr becomes a pipe; nobody reads it before captured(). */
static int setup(void **state)
{
	int p[2];

	(void)state;
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	saved_stderr = dup(2);
	dup2(p[1], 2);
	close(p[1]);
	pipe_fd = p[0];
	/* The writing end must block, as stderr usually does. */
	fcntl(2, F_SETFL, 0);
	unsetenv("JOURNAL_STREAM");
	log_open(LOG_TO_STDERR, "test");
	log_set_level(LOG_LVL_INFO);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(saved_stderr, 2);
	close(saved_stderr);
	close(pipe_fd);
	return 0;
}

static const char *captured(void)
{
	ssize_t n = read(pipe_fd, got, sizeof(got) - 1);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void a_line_has_time_program_level_and_text(void **state)
{
	int y, mo, d, h, mi, ms;
	char rest[64];

	(void)state;
	log_warn("target %d is gone\n", 3);
	assert_int_equal(sscanf(captured(), "%d-%d-%d %d:%d:%*d.%d %63[^\n]", &y, &mo, &d, &h, &mi,
				&ms, rest), 7);
	assert_string_equal(rest, "test: warning: target 3 is gone");
	assert_int_equal(got[strlen(got) - 1], '\n');
}

static void messages_above_the_level_are_not_written(void **state)
{
	(void)state;
	log_debug("no");
	assert_string_equal(captured(), "");
	log_set_level(LOG_LVL_DEBUG);
	assert_int_equal(log_get_level(), LOG_LVL_DEBUG);
	log_debug("yes");
	assert_non_null(strstr(captured(), "test: debug: yes\n"));
}

static void the_journal_gets_priorities_instead_of_times(void **state)
{
	char env[64];
	struct stat st;

	(void)state;
	fstat(2, &st);
	snprintf(env, sizeof(env), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", env, 1);
	log_open(LOG_TO_STDERR, "test");
	log_err("bad");
	log_info("good");
	assert_string_equal(captured(), "<3>bad\n<6>good\n");
	/* Inherited from a parent whose stderr it was. */
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_open(LOG_TO_STDERR, "test");
	log_err("bad");
	assert_int_not_equal(captured()[0], '<');
	unsetenv("JOURNAL_STREAM");
}

static void what_a_peer_sent_cannot_forge_lines(void **state)
{
	(void)state;
	log_info("name \"%s\"", "iqn\n<3>fake\x1b[2J\xff\x7f");
	assert_non_null(strstr(captured(), "name \"iqn\\x0a<3>fake\\x1b[2J\\xff\\x7f\"\n"));
}

static void a_long_message_is_cut_and_still_one_line(void **state)
{
	size_t len;

	(void)state;
	log_info("%3000s\n", "x");
	captured();
	len = strlen(got);
	assert_true(len > 1900 && len <= 2048);
	assert_string_equal(got + len - 4, "...\n");
	assert_ptr_equal(strchr(got, '\n'), got + len - 1);
}

static void a_lost_reader_costs_neither_life_nor_errno(void **state)
{
	(void)state;
	errno = EXDEV;
	log_info("x");
	close(pipe_fd);
	log_info("y");
	assert_int_equal(errno, EXDEV);
	pipe_fd = -1;
	log_open(LOG_TO_STDERR, "test");
}

static void a_reader_that_stands_still_costs_messages_not_time(void **state)
{
	int written = 0;

	(void)state;
	fcntl(2, F_SETPIPE_SZ, 16384);
	for (; written < 500; written++)
		log_info("%100d", written);
	while (*captured())
		;
	log_info("here again");
	captured();
	assert_non_null(strstr(got, "here again\n"));
	assert_non_null(strstr(got, " messages could not be written\n"));
	log_info("and on");
	assert_null(strstr(captured(), "could not"));
}

static void the_limit_lets_a_burst_pass_and_counts_the_rest(void **state)
{
	struct log_limit limit = { .count = 0 };
	int passed = 0;

	(void)state;
	for (int i = 0; i < 25; i++)
		passed += log_limit_ok(&limit);
	assert_int_equal(passed, 10);
	assert_int_equal(limit.dropped, 15);
	/* As if the window had begun long ago. */
	limit.window_start_ns = 1;
	assert_true(log_limit_ok(&limit));
	assert_non_null(strstr(captured(), "15 messages like the next one were left out\n"));
	assert_int_equal(limit.dropped, 0);
}

static void each_place_has_its_own_limit(void **state)
{
	int lines = 0;

	(void)state;
	for (int i = 0; i < 15; i++) {
		log_limited(LOG_LVL_INFO, "one %d", i);
		log_limited(LOG_LVL_INFO, "two %d", i);
	}
	for (const char *p = captured(); (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 20);
}

#define with_pipe(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_pipe(a_line_has_time_program_level_and_text),
		with_pipe(messages_above_the_level_are_not_written),
		with_pipe(the_journal_gets_priorities_instead_of_times),
		with_pipe(what_a_peer_sent_cannot_forge_lines),
		with_pipe(a_long_message_is_cut_and_still_one_line),
		with_pipe(a_lost_reader_costs_neither_life_nor_errno),
		with_pipe(a_reader_that_stands_still_costs_messages_not_time),
		with_pipe(the_limit_lets_a_burst_pass_and_counts_the_rest),
		with_pipe(each_place_has_its_own_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
