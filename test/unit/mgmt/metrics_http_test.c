/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics' HTTP server over real sockets, client and server in one thread. The source is a
 * counter of pieces.
 */
#include "mgmt/metrics_http.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "t_alloc.h"
#include "t_loop.h"

#define GET "GET /metrics HTTP/1.1\r\nHost: a\r\n"

struct box {
	struct loop *loop;
	struct metrics_http *server;
	struct metrics_source source;
	unsigned int pieces;	/* of an answer */
	size_t piece_len;
	bool fail;		/* the second piece */
	bool openmetrics;	/* was asked for */
	unsigned int walks;	/* begun and not ended */
	unsigned int made;	/* pieces */
	char dir[64], path[96];
};

/* Owner: the server. */
struct walk {
	struct box *b;
	unsigned int n;
};

static void *begin(void *context, bool openmetrics)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->b = context;
	w->b->walks++;
	w->b->openmetrics = openmetrics;
	return w;
}

static int next(void *walk, struct strbuf *out)
{
	struct walk *w = walk;
	size_t i;

	if (w->b->fail && w->n == 1)
		return -ENOMEM;
	/* Every second one is empty. */
	for (i = 0; i < w->b->piece_len && w->n % 2 == 0; i++)
		strbuf_putc(out, (char)('a' + w->n % 26));
	w->b->made++;
	return ++w->n < w->b->pieces;
}

static void end(void *walk)
{
	struct walk *w = walk;

	w->b->walks--;
	free(w);
}

static struct metrics_http *serve(struct box *b, const char *where, struct err *err)
{
	return metrics_http_new(b->loop, where, &b->source, err);
}

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	struct err err = { .code = ERR_OK };

	b->source = (struct metrics_source){ .context = b, .begin = begin, .next = next, .end = end };
	b->pieces = 3;
	b->piece_len = 4;
	strcpy(b->dir, "/tmp/tgt-metrics-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/metrics", b->dir);
	b->loop = loop_new();
	b->server = serve(b, b->path, &err);
	if (!b->server)
		fail_msg("%s", err.text);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	metrics_http_free(b->server);
	assert_int_equal(b->walks, 0);
	assert_int_equal(access(b->path, F_OK), -1);
	loop_free(b->loop);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
	return 0;
}

static int dial(struct box *b)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, b->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	t_loop_turns(b->loop, 2);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that comes, static; fails unless the server closes after it. */
static const char *hear(struct box *b, int fd)
{
	static char buf[16384];
	size_t have = 0;
	ssize_t n = -1;
	int turns = 0;

	while (n && turns++ < 200) {
		t_loop_turns(b->loop, 1);
		n = recv(fd, buf + have, sizeof(buf) - 1 - have, 0);
		have += n > 0 ? (size_t)n : 0;
	}
	assert_int_equal(n, 0);
	buf[have] = '\0';
	close(fd);
	t_loop_turns(b->loop, 2);
	return buf;
}

static const char *ask(struct box *b, const char *request)
{
	int fd = dial(b);

	say(fd, request);
	return hear(b, fd);
}

static void begins(const char *answer, const char *want)
{
	if (strncmp(answer, want, strlen(want)))
		fail_msg("not %s but %s", want, answer);
}

static void has(const char *answer, const char *want)
{
	if (!strstr(answer, want))
		fail_msg("no %s in %s", want, answer);
}

static void an_answer_is_made_of_chunks_and_none_is_empty_but_the_last(void **state)
{
	const char *answer = ask(*state, GET "\r\n");

	begins(answer, "HTTP/1.1 200 OK\r\n");
	has(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	has(answer, "\r\n\r\n4\r\naaaa\r\n4\r\ncccc\r\n0\r\n\r\n");
}

static void http_1_0_gets_no_chunks(void **state)
{
	const char *answer = ask(*state, "GET /metrics HTTP/1.0\r\n\r\n");

	assert_null(strstr(answer, "chunked"));
	has(answer, "\r\n\r\naaaacccc");
}

static void the_format_is_what_is_accepted(void **state)
{
	struct box *b = *state;

	has(ask(b, GET "accept: text/html, Application/OpenMetrics-Text; version=1.0.0\r\n\r\n"),
	    "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
	assert_true(b->openmetrics);
	ask(b, GET "Accept: text/plain\r\nX: application/openmetrics-text\r\n\r\n");
	assert_false(b->openmetrics);
}

static void head_has_no_body(void **state)
{
	struct box *b = *state;
	const char *answer = ask(b, "HEAD /metrics HTTP/1.1\r\n\r\n");

	begins(answer, "HTTP/1.1 200 OK\r\n");
	assert_string_equal(answer + strlen(answer) - 4, "\r\n\r\n");
	assert_int_equal(b->made, 0);
}

static void a_query_does_not_change_the_path(void **state)
{
	begins(ask(*state, "GET /metrics?name=x HTTP/1.1\r\n\r\n"), "HTTP/1.1 200 OK\r\n");
}

static void other_paths_methods_and_garbage_are_refused(void **state)
{
	struct box *b = *state;

	begins(ask(b, "GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
	begins(ask(b, "GET /metrics/ HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
	has(ask(b, "POST /metrics HTTP/1.1\r\n\r\n"), "\r\nAllow: GET, HEAD\r\n");
	begins(ask(b, "GET /metrics HTTP/2.0\r\n\r\n"), "HTTP/1.1 400 ");
	begins(ask(b, "what?\n\n"), "HTTP/1.1 400 ");
	assert_int_equal(b->made, 0);
}

static void a_request_may_come_in_bytes(void **state)
{
	struct box *b = *state;
	int fd = dial(b);
	const char *p;

	for (p = GET "\r\n"; *p; p++) {
		assert_int_equal(send(fd, p, 1, MSG_NOSIGNAL), 1);
		t_loop_turns(b->loop, 1);
	}
	begins(hear(b, fd), "HTTP/1.1 200 OK\r\n");
}

static void a_head_without_end_is_refused(void **state)
{
	struct box *b = *state;
	char line[64];
	int fd = dial(b);
	unsigned int i;

	say(fd, GET);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	for (i = 0; i < 1 + METRICS_REQUEST_MAX / 63; i++)
		say(fd, line);
	begins(hear(b, fd), "HTTP/1.1 431 ");
}

static void a_nul_ends_the_connection(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	assert_int_equal(send(fd, "GET\0", 4, MSG_NOSIGNAL), 4);
	assert_string_equal(hear(b, fd), "");
}

static void without_memory_the_body_is_seen_to_be_cut(void **state)
{
	struct box *b = *state;
	const char *answer;

	b->fail = true;
	answer = ask(b, GET "\r\n");
	has(answer, "4\r\naaaa\r\n");
	assert_null(strstr(answer, "\r\n0\r\n"));
	assert_int_equal(b->walks, 0);
}

static void who_does_not_ask_in_time_is_dropped(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, GET);
	t_loop_turns(b->loop, 2);
	loop_clock_advance(b->loop, METRICS_PATIENCE_NS + 1);
	assert_string_equal(hear(b, fd), "");
}

static void who_does_not_read_costs_one_piece_and_is_dropped(void **state)
{
	struct box *b = *state;
	unsigned int made;
	int fd = dial(b);

	b->pieces = 1000000;
	b->piece_len = 8192;
	say(fd, GET "\r\n");
	t_loop_turns(b->loop, 500);
	made = b->made;
	assert_true(made < 500);
	t_loop_turns(b->loop, 500);
	assert_int_equal(b->made, made);
	assert_int_equal(b->walks, 1);
	loop_clock_advance(b->loop, METRICS_PATIENCE_NS + 1);
	t_loop_turns(b->loop, 2);
	assert_int_equal(b->walks, 0);
	close(fd);
}

static void one_piece_is_made_in_a_turn(void **state)
{
	struct box *b = *state;
	unsigned int before;
	int fd = dial(b);

	b->pieces = 50;
	say(fd, GET "\r\n");
	t_loop_turns(b->loop, 2);
	while (b->made < 50) {
		before = b->made;
		t_loop_turns(b->loop, 1);
		assert_true(b->made <= before + 1);
	}
	begins(hear(b, fd), "HTTP/1.1 200 OK\r\n");
}

static void too_many_clients_are_turned_away_until_one_goes(void **state)
{
	struct box *b = *state;
	int fds[METRICS_CLIENTS_MAX], fd;
	unsigned int i;

	for (i = 0; i < METRICS_CLIENTS_MAX; i++)
		fds[i] = dial(b);
	assert_string_equal(hear(b, dial(b)), "");
	close(fds[0]);
	t_loop_turns(b->loop, 2);
	fd = dial(b);
	say(fd, GET "\r\n");
	begins(hear(b, fd), "HTTP/1.1 200 OK\r\n");
	for (i = 1; i < METRICS_CLIENTS_MAX; i++)
		close(fds[i]);
}

static void what_a_client_says_afterwards_is_not_heard(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, GET "\r\n" GET "\r\n");
	t_loop_turns(b->loop, 20);
	say(fd, GET "\r\n");
	begins(hear(b, fd), "HTTP/1.1 200 OK\r\n");
	assert_int_equal(b->made, b->pieces);
}

static void the_server_may_end_in_the_middle_of_an_answer(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	b->pieces = 1000;
	say(fd, GET "\r\n");
	t_loop_turns(b->loop, 5);
	assert_int_equal(b->walks, 1);
	metrics_http_free(b->server);
	b->server = NULL;
	t_loop_turns(b->loop, 2);
	close(fd);
}

/* --- where it listens --------------------------------------------------------------------------- */

static void refused(struct box *b, const char *where, const char *why)
{
	struct err err = { .code = ERR_OK };

	assert_null(serve(b, where, &err));
	has(err.text, why);
}

static void only_loopback_addresses_are_listened_on(void **state)
{
	struct box *b = *state;

	refused(b, "0.0.0.0:0", "no loopback address");
	refused(b, "192.0.2.1:9260", "no loopback address");
	refused(b, "[::]:9260", "no loopback address");
	refused(b, "[::ffff:127.0.0.1]:9260", "no loopback address");
	refused(b, "localhost", "localhost");
}

static void a_socket_that_is_served_is_left_alone(void **state)
{
	struct box *b = *state;

	refused(b, b->path, "somebody listens on");
	begins(ask(b, GET "\r\n"), "HTTP/1.1 200 OK\r\n");
}

static void a_socket_that_a_crash_has_left_is_replaced_and_a_file_is_not(void **state)
{
	struct box *b = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct err err = { .code = ERR_OK };
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	metrics_http_free(b->server);
	strcpy(addr.sun_path, b->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	b->server = serve(b, b->path, &err);
	assert_non_null(b->server);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	metrics_http_free(b->server);
	b->server = NULL;
	fclose(fopen(b->path, "w"));
	refused(b, b->path, "can't listen on");
	assert_int_equal(unlink(b->path), 0);
}

/* --- memory ------------------------------------------------------------------------------------ */

static void once_without_memory(void *arg)
{
	struct box *b = arg;
	int fd = dial(b);
	char buf[1024];

	if (send(fd, GET "\r\n", strlen(GET "\r\n"), MSG_NOSIGNAL) > 0)
		t_loop_turns(b->loop, 30);
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
	close(fd);
	t_loop_turns(b->loop, 5);
	assert_int_equal(b->walks, 0);
}

static void without_memory_a_client_is_lost_and_nothing_else(void **state)
{
	struct box *b = *state;

	assert_true(t_alloc_each(once_without_memory, b) > 3);
	begins(ask(b, GET "\r\n"), "HTTP/1.1 200 OK\r\n");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_answer_is_made_of_chunks_and_none_is_empty_but_the_last),
		T(http_1_0_gets_no_chunks),
		T(the_format_is_what_is_accepted),
		T(head_has_no_body),
		T(a_query_does_not_change_the_path),
		T(other_paths_methods_and_garbage_are_refused),
		T(a_request_may_come_in_bytes),
		T(a_head_without_end_is_refused),
		T(a_nul_ends_the_connection),
		T(without_memory_the_body_is_seen_to_be_cut),
		T(who_does_not_ask_in_time_is_dropped),
		T(who_does_not_read_costs_one_piece_and_is_dropped),
		T(one_piece_is_made_in_a_turn),
		T(too_many_clients_are_turned_away_until_one_goes),
		T(what_a_client_says_afterwards_is_not_heard),
		T(the_server_may_end_in_the_middle_of_an_answer),
		T(only_loopback_addresses_are_listened_on),
		T(a_socket_that_is_served_is_left_alone),
		T(a_socket_that_a_crash_has_left_is_replaced_and_a_file_is_not),
		T(without_memory_a_client_is_lost_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
