/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One management client (peer.h). Requests are parsed and verbs run on the loop, which a
 * line of MGMT_LINE_MAX bytes holds up for about a millisecond; what is long to tell is
 * made, and sent, in pieces.
 */
#include "mgmt/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "mgmt/server.h"

#define SEND_MAX (256u << 10) /* bytes a turn: some 100 us */

static void drop_output(struct peer *p)
{
	free(p->out);
	p->out = NULL;
	strbuf_free(&p->text);
}

static void peer_free(struct peer *p)
{
	loop_call_cancel(&p->next);
	strbuf_free(&p->in);
	drop_output(p);
	free(p);
}

void peer_close(struct peer *p)
{
	struct peer_env *env = p->env;

	if (env) {
		loop_fd_del(&p->fd);
		close(p->fd.fd);
		p->fd.fd = -1;
		list_del(&p->link);
		if (list_linked(&p->wait_link))
			list_del(&p->wait_link);
		p->env = NULL;
		env->closed(env);
	}
	if (!p->busy)
		peer_free(p);
}

static void interest(struct peer *p)
{
	uint32_t events = 0;

	if (p->out)
		events = EPOLLOUT;
	else if (!p->busy && !p->eof)
		events = EPOLLIN;
	loop_fd_mod(&p->fd, events);
}

/* As much as the socket takes now, and no more than a turn should copy. 0 or -errno. */
static int send_now(struct peer *p, bool *left)
{
	size_t head = p->sent < p->out_len ? p->sent : p->out_len, rest;
	struct iovec iov[2] = { { p->out + head, p->out_len - head } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1 };
	ssize_t n;

	rest = p->text.len - (p->sent - head);
	if (rest) {
		iov[1].iov_base = p->text.s + (p->sent - head);
		iov[1].iov_len = rest < SEND_MAX ? rest : SEND_MAX;
		msg.msg_iovlen = 2;
	}
	do
		n = sendmsg(p->fd.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	*left = true;
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	p->sent += (size_t)n;
	*left = p->sent < p->out_len + p->text.len;
	return 0;
}

/* One send a turn, so that a long response leaves room for others. False: the client is gone. */
static bool send_some(struct peer *p)
{
	bool left;
	int r;

	if (!p->out)
		return true;
	r = send_now(p, &left);
	if (!r && left)
		return true;
	drop_output(p);
	if (r || p->refused) {
		peer_close(p);
		return false;
	}
	return true;
}

/* Takes @line over; NULL: there was no memory for it, and silence would be misread. */
static void answer(struct peer *p, char *line, struct strbuf text)
{
	p->busy = false;
	p->out = line;
	p->text = text;
	if (!line || !p->env || !strbuf_ok(&text)) {
		peer_close(p);
		return;
	}
	p->out_len = strlen(line);
	p->sent = 0;
	loop_call_queue(p->loop, &p->next);
}

static void request_finished(struct mgmt_request *req)
{
	struct peer *p = req->owner;
	char *line = p->env ? mgmt_response(req) : NULL;
	struct strbuf text = mgmt_response_text(req);

	mgmt_request_done(req);
	answer(p, line, text);
}

/* A request without end: the answer, and then nothing more of this client. */
static void refuse_long(struct peer *p)
{
	struct mgmt_request req = { .call.err = { .code = ERR_OK } };

	log_warn("management: a request of more than %u bytes was refused", MGMT_LINE_MAX);
	err_set(&req.call.err, ERR_INVALID_REQUEST, "a request has at most %u bytes",
		MGMT_LINE_MAX);
	strbuf_reset(&p->in);
	p->refused = true;
	answer(p, mgmt_response(&req), (struct strbuf)STRBUF_INIT);
}

static void run_line(struct peer *p, size_t len)
{
	char *line = malloc(len + 1);

	if (!line) {
		peer_close(p);
		return;
	}
	memcpy(line, p->in.s, len);
	strbuf_consume(&p->in, len + 1);
	p->busy = true;
	interest(p);
	p->req.owner = p;
	p->req.finished = request_finished;
	mgmt_request_run(&p->req, p->env->tables, p->env->context, p->admin, line, len);
	free(line);
}

/* A new turn: the next request takes a new measure. */
static void refill(struct loop_call *call)
{
	(void)call;
}

void peer_env_init(struct peer_env *env)
{
	list_init(&env->peers);
	list_init(&env->waiting);
	loop_call_init(&env->refill, LOOP_COMPLETE, refill);
}

void peer_env_done(struct peer_env *env)
{
	loop_call_cancel(&env->refill);
}

/* In the order in which they came: who has much to ask does not keep others waiting. */
static bool may_run(struct peer *p)
{
	struct peer_env *env = p->env;

	if (!list_linked(&env->refill.link)) {
		loop_call_queue(env->loop, &env->refill);
		env->left = PEER_REQUESTS_A_TURN;
	}
	if (!env->left || (!list_empty(&env->waiting) && env->waiting.next != &p->wait_link)) {
		if (!list_linked(&p->wait_link))
			list_push_back(&env->waiting, &p->wait_link);
		return false;
	}
	if (list_linked(&p->wait_link))
		list_del(&p->wait_link);
	env->left--;
	return true;
}

static void run_next(struct loop_call *call)
{
	struct peer *p = container_of(call, struct peer, next);
	const char *end;

	if (!send_some(p))
		return;
	end = p->out || p->busy || !p->in.len ? NULL : memchr(p->in.s, '\n', p->in.len);
	if (end && !may_run(p))
		loop_call_queue(p->loop, &p->next);
	else if (end && (size_t)(end - p->in.s) <= MGMT_LINE_MAX)
		run_line(p, (size_t)(end - p->in.s));
	else if (!p->out && !p->busy && p->in.len > MGMT_LINE_MAX)
		refuse_long(p);
	else if (p->eof && !p->busy && !p->out)
		peer_close(p);
	else
		interest(p);
}

static void read_some(struct peer *p)
{
	char buf[65536];
	ssize_t n = recv(p->fd.fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n >= 0)
		strbuf_add(&p->in, buf, (size_t)n);
	if (n < 0 || !strbuf_ok(&p->in)) {
		peer_close(p);
		return;
	}
	p->eof = !n;
	loop_call_queue(p->loop, &p->next);
}

static void peer_ready(struct loop_fd *lf, uint32_t events)
{
	struct peer *p = container_of(lf, struct peer, fd);

	if (events & EPOLLIN)
		read_some(p);
	else if (events & (EPOLLERR | EPOLLHUP))
		peer_close(p);
	else
		loop_call_queue(p->loop, &p->next);
}

int peer_new(struct peer_env *env, int fd, bool admin)
{
	struct peer *p = calloc(1, sizeof(*p));
	int r = p ? loop_fd_add(env->loop, &p->fd, fd, EPOLLIN, peer_ready) : -ENOMEM;

	if (r) {
		free(p);
		return r;
	}
	p->env = env;
	p->loop = env->loop;
	p->fd.fd = fd;
	p->admin = admin;
	loop_call_init(&p->next, LOOP_REAP, run_next);
	list_init(&p->wait_link);
	list_push_back(&env->peers, &p->link);
	return 0;
}
