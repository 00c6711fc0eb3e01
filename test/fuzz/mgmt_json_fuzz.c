/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes at the management socket, against verbs that take arguments of each type and answer at once,
 * later, or not at all.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/verb.h"
#include "fuzz.h"
#include "mgmt/peer.h"
#include "t_loop.h"

static struct verb_call *waiting;

static int echo(struct verb_call *call)
{
	call->result = json_copy(call->args);
	return call->result ? 0 : -1;
}

static int later(struct verb_call *call)
{
	if (waiting)
		return err_set(&call->err, ERR_INVALID_REQUEST, "%s", verb_str(call, "name") ? verb_str(call, "name") : "");
	waiting = call;
	return -EINPROGRESS;
}

static void finish(void)
{
	struct verb_call *call = waiting;

	waiting = NULL;
	if (call)
		verb_finish(call);
}

static const struct verb_arg args[] = {
	{ "name", VERB_STRING, false, "" }, { "number", VERB_UINT, false, "" },
	{ "on", VERB_BOOL, false, "" },	    { "params", VERB_PARAMS, false, "" },
	{ "secret", VERB_SECRET, false, "" }, { .name = NULL },
};
static const struct verb verbs[] = {
	{ .object = "t", .verb = "echo", .args = args, .read_only = true, .run = echo },
	{ .object = "t", .verb = "later", .args = args, .run = later },
};
static const struct verb_table tables[] = { { verbs, 2 }, { NULL, 0 } };

static void nothing(struct peer_env *env)
{
	(void)env;
}

static void drain(int fd)
{
	char bytes[4096];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void send_all(struct loop *loop, int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0) {
			t_loop_turns(loop, 4);
			drain(fd);
			n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
		if (n <= 0)
			return;
		data += n;
		size -= (size_t)n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer_env env = { .loop = loop_new(), .tables = tables, .closed = nothing };
	int sv[2];

	peer_env_init(&env);
	fuzz_check(env.loop && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv));
	fuzz_check(peer_new(&env, sv[0], !size || data[0] & 1) == 0);
	send_all(env.loop, sv[1], data, size);
	for (int i = 0; i < 8; i++) {
		t_loop_turns(env.loop, 4);
		drain(sv[1]);
		finish();
	}
	close(sv[1]);
	t_loop_turns(env.loop, 8);
	while (!list_empty(&env.peers))
		peer_close(list_first(&env.peers, struct peer, link));
	finish();
	t_loop_turns(env.loop, 4);
	peer_env_done(&env);
	loop_free(env.loop);
	return 0;
}
