/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSNSP over TCP (isns_link.h, RFC 4171 5.1: the length in each PDU is all the framing there is).
 */
#include "iscsi/isns_link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 65536 /* bytes taken in a turn: the others have work too */

bool isns_link_is_open(const struct isns_link *l)
{
	return l->fd.loop;
}

void isns_link_close(struct isns_link *l)
{
	if (!isns_link_is_open(l))
		return;
	loop_fd_del(&l->fd);
	l->fd.loop = NULL;
	close(l->fd.fd);
	l->connecting = false;
	strbuf_free(&l->tx);
	isns_rx_free(&l->rx);
}

static void fail(struct isns_link *l, const char *why)
{
	isns_link_close(l);
	l->down(l, why);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* False: the link is down. */
static bool flush(struct isns_link *l)
{
	ssize_t n = 0;

	if (!strbuf_ok(&l->tx)) {
		fail(l, strerror(ENOMEM));
		return false;
	}
	if (l->tx.len)
		n = send(l->fd.fd, l->tx.s, l->tx.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		fail(l, strerror(errno));
		return false;
	}
	if (n > 0)
		strbuf_consume(&l->tx, (size_t)n);
	loop_fd_mod(&l->fd, l->tx.len ? EPOLLIN | EPOLLOUT : EPOLLIN);
	return true;
}

void isns_link_send(struct isns_link *l, uint16_t function, uint16_t flags, uint16_t xid,
		    const struct strbuf *payload)
{
	if (!isns_link_is_open(l))
		return;
	isns_put_message(&l->tx, function, flags, xid, strbuf_str(payload), payload->len);
	l->tx.failed |= payload->failed;
	loop_fd_mod(&l->fd, EPOLLIN | EPOLLOUT);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void dispatch(struct isns_link *l)
{
	struct isns_message msg;
	const char *why;
	int r = 0;

	while (isns_link_is_open(l) && (r = isns_rx_next(&l->rx, &msg, &why)) == 1)
		l->message(l, &msg);
	if (r < 0 && isns_link_is_open(l))
		fail(l, why ? why : strerror(-r));
}

static void receive(struct isns_link *l)
{
	static uint8_t chunk[CHUNK];
	ssize_t n = recv(l->fd.fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n > 0) {
		if (isns_rx_push(&l->rx, chunk, (size_t)n))
			fail(l, strerror(ENOMEM));
		else
			dispatch(l);
	} else if (!n) {
		fail(l, "the connection was closed");
	} else if (errno != EAGAIN && errno != EINTR) {
		fail(l, strerror(errno));
	}
}

/* 0: it is connected. */
static int connect_error(const struct isns_link *l)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(l->fd.fd, SOL_SOCKET, SO_ERROR, &error, &len) ? errno : error;
}

static void ready(struct loop_fd *lf, uint32_t events)
{
	struct isns_link *l = container_of(lf, struct isns_link, fd);
	int error;

	if (l->connecting) {
		error = connect_error(l);
		if (error) {
			fail(l, strerror(error));
			return;
		}
		l->connecting = false;
		l->up(l);
		if (!isns_link_is_open(l))
			return;
	}
	if (flush(l) && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(l);
}

/* --- beginning -------------------------------------------------------------------------------- */

static int watch(struct isns_link *l, struct loop *loop, int fd, uint32_t events)
{
	int one = 1, r;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	r = loop_fd_add(loop, &l->fd, fd, events, ready);
	if (r) {
		l->fd.loop = NULL;
		close(fd);
	}
	return r;
}

int isns_link_connect(struct isns_link *l, struct loop *loop, const struct addr *addr)
{
	int fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return -errno;
	if (connect(fd, &addr->sa, addr->len) && errno != EINPROGRESS) {
		r = -errno;
		close(fd);
		return r;
	}
	l->connecting = true;
	return watch(l, loop, fd, EPOLLOUT);
}

int isns_link_adopt(struct isns_link *l, struct loop *loop, int fd)
{
	l->connecting = false;
	return watch(l, loop, fd, EPOLLIN);
}

void isns_link_local(const struct isns_link *l, struct addr *local)
{
	memset(local, 0, sizeof(*local));
	local->len = sizeof(local->ss);
	if (!isns_link_is_open(l) || getsockname(l->fd.fd, &local->sa, &local->len))
		memset(local, 0, sizeof(*local));
}
