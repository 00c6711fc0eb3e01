/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that are asked something: what they say, how they end, what they get of us.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "t_alloc.h"
#include "t_loop.h"

struct box {
	struct loop *loop;
	struct workers *workers;
	int ended;
	char failure[200]; /* "": none */
	char out[CHILD_OUT_MAX + 1];
	size_t len;
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	b->loop = loop_new();
	b->workers = workers_new(b->loop, 2);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	child_cancel_all();
	workers_free(b->workers);
	loop_free(b->loop);
	free(b);
	/* What was abandoned was killed. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	return 0;
}

static void done(void *arg, const struct child_end *end)
{
	struct box *b = arg;

	assert_int_equal(b->ended, 0);
	b->ended = 1;
	snprintf(b->failure, sizeof(b->failure), "%s", end->failure ? end->failure : "");
	assert_int_equal(strlen(end->out), end->len);
	if (end->len <= CHILD_OUT_MAX)
		memcpy(b->out, end->out, end->len + 1);
	b->len = end->len;
}

static char **words(const char *a, const char *b, const char *c)
{
	char **w = calloc(4, sizeof(*w));

	w[0] = a ? strdup(a) : NULL;
	w[1] = b ? strdup(b) : NULL;
	w[2] = c ? strdup(c) : NULL;
	return w;
}

static struct child *run(struct box *b, const char *program, const char *option, const char *script)
{
	struct child_conf conf = {
		.loop = b->loop,
		.workers = b->workers,
		.argv = words(program, option, script),
		.envp = words("GREETING=hello", NULL, NULL),
		.timeout_ns = 5 * NSEC_PER_SEC,
		.done = done,
		.arg = b,
	};

	b->ended = 0;
	return child_run(&conf);
}

/* How a shell that runs @script ends. */
static const char *say(struct box *b, const char *script)
{
	assert_non_null(run(b, "/bin/sh", "-c", script));
	assert_true(t_loop_until_set(b->loop, &b->ended));
	return b->failure;
}

static void what_it_prints_comes_with_its_end(void **state)
{
	struct box *b = *state;

	assert_string_equal(say(b, "echo one; sleep 0.01; echo two"), "");
	assert_string_equal(b->out, "one\ntwo\n");
	assert_string_equal(say(b, ""), "");
	assert_int_equal(b->len, 0);
}

static void its_status_or_signal_is_told(void **state)
{
	struct box *b = *state;

	assert_string_equal(say(b, "echo no; exit 3"), "ended with status 3");
	assert_string_equal(b->out, "no\n");
	assert_string_equal(say(b, "kill -9 $$"), "was ended by signal 9");
}

static void what_is_no_program_is_told(void **state)
{
	struct box *b = *state;

	assert_non_null(run(b, "/nonexistent/program", NULL, NULL));
	assert_true(t_loop_until_set(b->loop, &b->ended));
	assert_string_equal(b->failure, "can't be started: No such file or directory");
	assert_non_null(run(b, "/etc/passwd", NULL, NULL));
	assert_true(t_loop_until_set(b->loop, &b->ended));
	assert_string_equal(b->failure, "can't be started: Permission denied");
}

static void it_gets_its_environment_and_nothing_else_of_ours(void **state)
{
	struct box *b = *state;
	int fds[2];

	assert_int_equal(setenv("SECRET", "of ours", 1), 0);
	assert_string_equal(say(b, "echo $GREETING:$SECRET"), "");
	assert_string_equal(b->out, "hello:\n");
	/* Of a library that forgot O_CLOEXEC. */
	assert_int_equal(pipe(fds), 0);
	assert_string_equal(say(b, "for f in /proc/self/fd/*; do [ ${f##*/} -gt 9 ] || echo ${f##*/}; done"),
			    "");
	if (CHILD_CLOSES_ALL)
		assert_true(!strcmp(b->out, "0\n1\n2\n") || !strcmp(b->out, "0\n1\n2\n3\n"));
	close(fds[0]);
	close(fds[1]);
	assert_string_equal(say(b, "read x && echo got $x; true"), "");
	assert_string_equal(b->out, "");
}

static void signals_that_we_block_or_ignore_reach_it(void **state)
{
	struct box *b = *state;
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_string_equal(say(b, "kill -TERM $$; sleep 1"), "was ended by signal 15");
	assert_string_equal(say(b, "kill -PIPE $$; sleep 1"), "was ended by signal 13");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void who_says_too_much_is_killed(void **state)
{
	struct box *b = *state;

	assert_string_equal(say(b, "printf %01023d 0"), "");
	assert_int_equal(b->len, CHILD_OUT_MAX);
	assert_string_equal(say(b, "while :; do echo and so on; done"), "said too much");
}

/* Looks, and waits for none. */
static bool has_children(void)
{
	siginfo_t info;

	return !waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
}

/* A zombie that its new parent has not yet waited for does not count. */
static bool is_alive(int fd)
{
	char text[16] = "", path[40], state = 'Z';
	FILE *f;

	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", atoi(text));
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'Z';
	if (f)
		fclose(f);
	return state != 'Z';
}

static void who_takes_too_long_is_killed_with_all_it_started(void **state)
{
	struct box *b = *state;
	char path[] = "/tmp/child_test.XXXXXX", script[120];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	snprintf(script, sizeof(script), "sleep 1000 & echo $! >%s; echo late; wait", path);
	assert_non_null(run(b, "/bin/sh", "-c", script));
	while (lseek(fd, 0, SEEK_END) <= 0)
		loop_turn(b->loop, NSEC_PER_MSEC);
	assert_int_equal(b->ended, 0);
	loop_clock_advance(b->loop, 5 * NSEC_PER_SEC);
	t_loop_turns(b->loop, 2);
	assert_int_equal(b->ended, 1);
	assert_string_equal(b->failure, "took too long");
	while (has_children() || is_alive(fd)) {
		loop_clock_advance(b->loop, NSEC_PER_SEC);
		loop_turn(b->loop, 0);
	}
	close(fd);
	unlink(path);
	assert_int_equal(b->ended, 1);
}

static void who_is_cancelled_says_no_more(void **state)
{
	struct box *b = *state;
	struct child *c;

	c = run(b, "/bin/sh", "-c", "sleep 1000");
	child_cancel(c); /* not yet started */
	c = run(b, "/bin/sh", "-c", "sleep 1000; echo late");
	while (workers_pending(b->workers))
		loop_turn(b->loop, NSEC_PER_MSEC);
	child_cancel(c);
	while (has_children())
		loop_turn(b->loop, NSEC_PER_MSEC);
	assert_int_equal(b->ended, 0);
}

static void there_are_not_too_many_at_a_time(void **state)
{
	struct box *b = *state;
	unsigned int i;

	for (i = 0; i < CHILDREN_MAX; i++)
		assert_non_null(run(b, "/bin/sh", "-c", "sleep 1000"));
	assert_null(run(b, "/bin/sh", "-c", "true"));
}

static void memory_that_is_short_is_no_child(void **state)
{
	struct box *b = *state;
	struct child_conf conf = { .loop = b->loop, .workers = b->workers, .done = done, .arg = b,
				   .timeout_ns = NSEC_PER_SEC };

	conf.argv = words("/bin/true", NULL, NULL);
	t_alloc_fail_nth(1);
	assert_null(child_run(&conf));
	t_alloc_fail_nth(0);
	assert_int_equal(b->ended, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_it_prints_comes_with_its_end),
		TEST(its_status_or_signal_is_told),
		TEST(what_is_no_program_is_told),
		TEST(it_gets_its_environment_and_nothing_else_of_ours),
		TEST(signals_that_we_block_or_ignore_reach_it),
		TEST(who_says_too_much_is_killed),
		TEST(who_takes_too_long_is_killed_with_all_it_started),
		TEST(who_is_cancelled_says_no_more),
		TEST(there_are_not_too_many_at_a_time),
		TEST(memory_that_is_short_is_no_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
