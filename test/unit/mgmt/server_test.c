/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management server over a real socket, client and server in one thread.
 */
#include "mgmt/server.h"

#include <errno.h>
#include <fcntl.h>
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

#include "mgmt/peer.h"
#include "t_loop.h"

#define ECHO "{\"object\":\"t\",\"verb\":\"echo\",\"args\":{\"n\":1}}\n"
#define ECHOED "{\"ok\":true,\"result\":{\"n\":1}}\n"
#define LATER "{\"object\":\"t\",\"verb\":\"later\"}\n"
#define BIG "{\"object\":\"t\",\"verb\":\"big\"}\n"

static struct verb_call *waiting;
static unsigned int runs;

static int echo(struct verb_call *call)
{
	runs++;
	call->result = json_copy(call->args);
	return 0;
}

static int later(struct verb_call *call)
{
	waiting = call;
	return -EINPROGRESS;
}

#define BIG_ROWS 50000

static int big(struct verb_call *call)
{
	strbuf_puts(&call->text, "[");
	for (int i = 0; i < BIG_ROWS; i++)
		if (verb_put(call, i ? "," : "", json_string("twenty bytes of text")))
			return -ENOMEM;
	strbuf_puts(&call->text, "]");
	return 0;
}

static const struct verb_arg args[] = { { "n", VERB_UINT, true, "n" }, { .name = NULL } };
static const struct verb verbs[] = {
	{ .object = "t", .verb = "big", .run = big },
	{ .object = "t", .verb = "echo", .args = args, .run = echo },
	{ .object = "t", .verb = "later", .run = later },
};
static const struct verb_table tables[] = { { verbs, 3 }, { NULL, 0 } };

struct box {
	struct loop *loop;
	struct mgmt_server *server;
	char dir[64], path[96];
};

static struct mgmt_server *serve(struct box *b, struct err *err)
{
	struct mgmt_conf conf = {
		.loop = b->loop,
		.path = b->path,
		.fd = -1,
		.tables = tables,
	};

	return mgmt_server_new(&conf, err);
}

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	struct err err = { .code = ERR_OK };

	strcpy(b->dir, "/tmp/tgt-server-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/socket.0", b->dir);
	b->loop = loop_new();
	b->server = serve(b, &err);
	if (!b->server)
		fail_msg("%s", err.text);
	runs = 0;
	waiting = NULL;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;
	char lock[128];

	if (b->server)
		mgmt_server_free(b->server);
	assert_int_equal(access(b->path, F_OK), -1);
	loop_free(b->loop);
	snprintf(lock, sizeof(lock), "%s.lock", b->path);
	unlink(lock);
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

/* What has arrived after a few turns; static. */
static const char *hear(struct box *b, int fd)
{
	static char buf[8192];
	ssize_t n;

	t_loop_turns(b->loop, 12);
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void closed_now(struct box *b, int fd)
{
	char c;

	t_loop_turns(b->loop, 4);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
}

static void a_request_is_answered(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, ECHO);
	assert_string_equal(hear(b, fd), ECHOED);
	close(fd);
}

static void a_line_may_come_byte_by_byte(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	for (const char *c = ECHO; *c; c++) {
		assert_int_equal(runs, 0);
		assert_int_equal(send(fd, c, 1, 0), 1);
		t_loop_turns(b->loop, 2);
	}
	assert_string_equal(hear(b, fd), ECHOED);
	close(fd);
}

static void many_requests_at_once_are_answered_in_order(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, ECHO "garbage\n" ECHO);
	t_loop_turns(b->loop, 20);
	assert_int_equal(runs, 2);
	assert_non_null(strstr(hear(b, fd), ECHOED "{\"ok\":false"));
	close(fd);
}

static void answers_come_after_the_client_has_said_all(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, ECHO);
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(b, fd), ECHOED);
	closed_now(b, fd);
}

static void half_a_line_at_the_end_is_no_request(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	assert_int_equal(send(fd, ECHO, strlen(ECHO) - 1, 0), (ssize_t)strlen(ECHO) - 1);
	shutdown(fd, SHUT_WR);
	closed_now(b, fd);
	assert_int_equal(runs, 0);
}

static void a_turn_begins_few_requests(void **state)
{
	struct box *b = *state;
	int fds[5 * PEER_REQUESTS_A_TURN];
	unsigned int i, before, turns = 0;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = dial(b);
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		say(fds[i], ECHO ECHO);
	for (; runs < 2 * ARRAY_SIZE(fds) && turns < 1000; turns++) {
		before = runs;
		t_loop_turns(b->loop, 1);
		assert_true(runs - before <= PEER_REQUESTS_A_TURN);
	}
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		assert_string_equal(hear(b, fds[i]), ECHOED ECHOED);
		close(fds[i]);
	}
}

static void who_asks_much_keeps_nobody_waiting(void **state)
{
	struct box *b = *state;
	int fds[PEER_REQUESTS_A_TURN], late = dial(b);
	unsigned int i, j, turns;
	char c;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = dial(b);
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		for (j = 0; j < 100; j++)
			say(fds[i], ECHO);
	t_loop_turns(b->loop, 4);
	say(late, ECHO);
	for (turns = 0; turns < 8 && recv(late, &c, 1, MSG_PEEK) != 1; turns++)
		t_loop_turns(b->loop, 1);
	assert_true(turns < 8);
	assert_true(runs < 100 * ARRAY_SIZE(fds));
	/* One that waits for its turn may go. */
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	t_loop_turns(b->loop, 4);
	close(late);
}

static void a_slow_request_holds_up_nobody_else(void **state)
{
	struct box *b = *state;
	int slow = dial(b), other = dial(b), half = dial(b);

	say(slow, LATER ECHO);
	say(half, "{\"object\":");
	t_loop_turns(b->loop, 3);
	assert_non_null(waiting);
	say(other, ECHO);
	assert_string_equal(hear(b, other), ECHOED);
	assert_string_equal(hear(b, slow), "");
	assert_int_equal(runs, 1);
	verb_finish(waiting);
	assert_string_equal(hear(b, slow), "{\"ok\":true}\n" ECHOED);
	close(slow);
	close(other);
	close(half);
}

static void a_client_may_vanish_while_its_verb_runs(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, LATER);
	t_loop_turns(b->loop, 3);
	assert_non_null(waiting);
	close(fd);
	t_loop_turns(b->loop, 3);
	waiting->result = json_string("unheard");
	verb_finish(waiting);
	t_loop_turns(b->loop, 3);
	fd = dial(b);
	say(fd, ECHO);
	assert_string_equal(hear(b, fd), ECHOED);
	close(fd);
}

static void the_server_may_end_while_a_verb_runs(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, LATER);
	t_loop_turns(b->loop, 3);
	mgmt_server_free(b->server);
	b->server = NULL;
	closed_now(b, fd);
	verb_finish(waiting);
}

static void a_request_without_end_is_refused(void **state)
{
	struct box *b = *state;
	static char junk[MGMT_LINE_MAX];
	int fd = dial(b);
	unsigned int i;
	const char *r = "";

	memset(junk, 'x', sizeof(junk));
	for (i = 0; i < 8 && !*r; i++) {
		if (send(fd, junk, sizeof(junk), MSG_NOSIGNAL) < 0)
			assert_int_equal(errno, EAGAIN);
		r = hear(b, fd);
	}
	assert_non_null(strstr(r, "at most 65536 bytes"));
	closed_now(b, fd);
}

static void many_lines_together_may_be_longer_than_one(void **state)
{
	struct box *b = *state;
	static char line[40000];
	int fd = dial(b), i;

	/* Blanks are JSON, too. */
	memset(line, ' ', sizeof(line));
	memcpy(line + sizeof(line) - strlen(ECHO), ECHO, strlen(ECHO));
	for (i = 0; i < 4; i++) {
		assert_int_equal(send(fd, line, sizeof(line), 0), (ssize_t)sizeof(line));
		t_loop_turns(b->loop, 1);
	}
	t_loop_turns(b->loop, 20);
	assert_int_equal(runs, 4);
	assert_string_equal(hear(b, fd), ECHOED ECHOED ECHOED ECHOED);
	close(fd);
}

static void a_client_that_does_not_read_is_not_read_from(void **state)
{
	struct box *b = *state;
	int fd = dial(b), i;
	ssize_t n = 1;

	/* Until both directions are full. */
	for (i = 0; i < 100000 && n > 0; i++) {
		n = send(fd, ECHO, strlen(ECHO), MSG_NOSIGNAL);
		t_loop_turns(b->loop, 4);
	}
	assert_true(n < 0 && errno == EAGAIN);
	i = (int)runs;
	t_loop_turns(b->loop, 50);
	assert_int_equal(runs, i);
	close(fd);
}

static void a_large_result_arrives_whole(void **state)
{
	struct box *b = *state;
	static char buf[1 << 16];
	int fd = dial(b), other = dial(b);
	size_t len = 0;
	unsigned int turns;
	char last = 0;

	say(fd, BIG);
	for (turns = 0; last != '\n' && turns < 100000; turns++) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		len += n > 0 ? (size_t)n : 0;
		last = n > 0 ? buf[n - 1] : last;
		loop_turn(b->loop, NSEC_PER_MSEC);
	}
	assert_int_equal(len, strlen("{\"ok\":true,\"result\":[]}\n") + BIG_ROWS * 23 - 1);
	say(other, ECHO);
	assert_string_equal(hear(b, other), ECHOED);
	close(fd);
	close(other);
}

static void a_client_may_vanish_before_its_result_is_sent(void **state)
{
	struct box *b = *state;
	int fd = dial(b);

	say(fd, BIG);
	t_loop_turns(b->loop, 3);
	close(fd);
	t_loop_turns(b->loop, 4);
}

static void a_second_server_is_refused(void **state)
{
	struct box *b = *state;
	struct err err = { .code = ERR_OK };
	int fd;

	assert_null(serve(b, &err));
	assert_non_null(strstr(err.text, "another tgtd is using"));
	fd = dial(b); /* the first is unharmed */
	say(fd, ECHO);
	assert_string_equal(hear(b, fd), ECHOED);
	close(fd);
}

static void a_stale_socket_is_taken_over(void **state)
{
	struct box *b = *state;
	struct err err = { .code = ERR_OK };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

	mgmt_server_free(b->server);
	strcpy(addr.sun_path, b->path);
	assert_int_equal(bind(stale, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(stale);
	b->server = serve(b, &err);
	assert_non_null(b->server);
	fd = dial(b);
	say(fd, ECHO);
	assert_string_equal(hear(b, fd), ECHOED);
	close(fd);
}

static void only_the_owner_may_connect(void **state)
{
	struct box *b = *state;
	struct stat st;

	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void too_many_clients_are_told_so(void **state)
{
	struct box *b = *state;
	static int fds[MGMT_CLIENTS_MAX];
	int i, fd;

	for (i = 0; i < (int)MGMT_CLIENTS_MAX; i++)
		fds[i] = dial(b);
	fd = dial(b);
	assert_non_null(strstr(hear(b, fd), "too many management clients"));
	closed_now(b, fd);
	close(fds[0]);
	t_loop_turns(b->loop, 3);
	fds[0] = dial(b);
	say(fds[0], ECHO);
	assert_string_equal(hear(b, fds[0]), ECHOED);
	for (i = 0; i < (int)MGMT_CLIENTS_MAX; i++)
		close(fds[i]);
}

/* A child that is another user, on a socket that would let it in. */
static void another_user_is_refused_in_words(void **state)
{
	struct box *b = *state;
	int pipefd[2];
	pid_t pid;
	char buf[512] = "";
	ssize_t n;

	if (geteuid())
		skip();
	assert_int_equal(chmod(b->path, 0666) | chmod(b->dir, 0755) | pipe(pipefd), 0);
	pid = fork();
	if (!pid) {
		struct sockaddr_un addr = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		strcpy(addr.sun_path, b->path);
		if (setuid(65534) || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			_exit(1);
		while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
			if (write(pipefd[1], buf, (size_t)n) != n)
				_exit(1);
		_exit(0);
	}
	close(pipefd[1]);
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	for (n = -1; n < 0;) {
		loop_turn(b->loop, 10 * NSEC_PER_MSEC);
		n = read(pipefd[0], buf, sizeof(buf) - 1);
	}
	assert_non_null(strstr(buf, "permission denied"));
	close(pipefd[0]);
}

static void the_socket_path_is_a_prefix_and_the_port(void **state)
{
	struct err err = { .code = ERR_OK };
	char path[256], base[200];

	(void)state;
	unsetenv("TGT_IPC_SOCKET");
	assert_int_equal(mgmt_socket_path(path, sizeof(path), 7, &err), 0);
	assert_string_equal(path, "/var/run/tgtd/socket.7");
	setenv("TGT_IPC_SOCKET", "/run/x", 1);
	assert_int_equal(mgmt_socket_path(path, sizeof(path), 0, &err), 0);
	assert_string_equal(path, "/run/x.0");
	memset(base, 'a', sizeof(base) - 1);
	base[sizeof(base) - 1] = '\0';
	setenv("TGT_IPC_SOCKET", base, 1);
	assert_int_equal(mgmt_socket_path(path, sizeof(path), 0, &err), -ENAMETOOLONG);
	unsetenv("TGT_IPC_SOCKET");
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_request_is_answered),
		test(a_line_may_come_byte_by_byte),
		test(many_requests_at_once_are_answered_in_order),
		test(a_turn_begins_few_requests),
		test(who_asks_much_keeps_nobody_waiting),
		test(answers_come_after_the_client_has_said_all),
		test(half_a_line_at_the_end_is_no_request),
		test(a_slow_request_holds_up_nobody_else),
		test(a_client_may_vanish_while_its_verb_runs),
		test(the_server_may_end_while_a_verb_runs),
		test(a_request_without_end_is_refused),
		test(many_lines_together_may_be_longer_than_one),
		test(a_client_that_does_not_read_is_not_read_from),
		test(a_large_result_arrives_whole),
		test(a_client_may_vanish_before_its_result_is_sent),
		test(a_second_server_is_refused),
		test(a_stale_socket_is_taken_over),
		test(only_the_owner_may_connect),
		test(too_many_clients_are_told_so),
		test(another_user_is_refused_in_words),
		cmocka_unit_test(the_socket_path_is_a_prefix_and_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
