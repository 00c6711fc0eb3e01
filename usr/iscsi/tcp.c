/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP link: one recv a readiness event into one buffer that all connections
 * share, or straight into a command's buffer with the shared one behind it.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/pool.h"
#include "iscsi/conn.h"
#include "iscsi/datain.h"
#include "iscsi/iscsi.h"
#include "iscsi/link.h"
#include "iscsi/r2t.h"
#include "iscsi/rx.h"
#include "iscsi/tcp.h"
#include "iscsi/tx.h"
#include "target/cmd.h"
#include "target/core.h"

#define PLACES 16
/*
 * What one turn takes of a connection behind the data segment under way. A peer that sends
 * headers only (reads) gets some forty commands a turn, so that one with a deep queue does not
 * hold up the others; one that sends data is bounded by its bytes. Less when take.h says so.
 */
#define TAKE_HEADERS 2048u
#define TAKE_DATA (128u * 1024)
static_assert(TAKE_DATA <= TCP_STAGING, "the staging buffer holds what is taken");
/*
 * With more than LARGE of a data segment to come, copying counts, not calls: what comes behind it
 * is taken for its header only, and the data of the next command is read in place, up to
 * TAKE_LARGE a turn.
 */
#define LARGE (16u * 1024)
#define BEHIND_LARGE 1024u
#define TAKE_LARGE (512u * 1024)

static size_t behind(const struct iscsi_conn *conn, size_t room)
{
	if (room > LARGE)
		return BEHIND_LARGE;
	if (iscsi.take.small)
		return iscsi.take.bytes;
	return conn->rx.with_data ? TAKE_DATA : TAKE_HEADERS;
}

/* One readv; returns the bytes when there may be more of a large segment, else 0. */
static size_t receive_some(struct iscsi_conn *conn)
{
	struct iovec iov[PLACES + 1];
	unsigned int places = rx_places(conn, iov, PLACES), i;
	size_t room = 0, placed;
	ssize_t n;

	for (i = 0; i < places; i++)
		room += iov[i].iov_len;
	iov[places] = (struct iovec){ iscsi.staging, behind(conn, room) };
	conn->rx.with_data = false;
	n = readv(conn->fd.fd, iov, (int)places + 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		conn_close(conn, n ? strerror(errno) : "closed by the initiator");
		return 0;
	}
	conn->last_rx_ns = loop_now(iscsi.core->loop);
	placed = (size_t)n < room ? (size_t)n : room;
	if (unlikely(conn->capture.wanted))
		capture_bytes(conn, CAPTURE_IN, conn->rx.state == RX_BHS && !conn->rx.have, iov, places + 1,
			      (size_t)n);
	if (placed)
		rx_placed(conn, placed);
	if (room <= LARGE)
		take_note(&iscsi.take, (size_t)n, conn->last_rx_ns);
	if ((size_t)n > placed)
		rx_push(conn, iscsi.staging, (size_t)n - placed);
	return room > LARGE && (size_t)n == room + BEHIND_LARGE ? (size_t)n : 0;
}

static void receive(struct iscsi_conn *conn)
{
	size_t total = 0, n;

	do {
		n = receive_some(conn);
		total += n;
	} while (n && total < TAKE_LARGE && !conn_ending(conn));
}

void tcp_ready(struct loop_fd *lf, uint32_t events)
{
	struct iscsi_conn *conn = container_of(lf, struct iscsi_conn, fd);

	if (events & EPOLLOUT)
		tx_unblocked(conn);
	if (events & EPOLLIN)
		receive(conn);
	else if (events & (EPOLLERR | EPOLLHUP))
		conn_close(conn, "connection lost");
}

static int alloc_data(struct scsi_cmd *cmd, struct scsi_data *d, uint32_t len)
{
	void *buf = buf_get(&iscsi.core->bufs, len);

	(void)cmd;
	if (!buf)
		return -ENOMEM;
	d->one = (struct iovec){ buf, len };
	d->iov = &d->one;
	d->iovcnt = 1;
	d->len = len;
	return 0;
}

static void free_data(struct scsi_cmd *cmd, struct scsi_data *d)
{
	(void)cmd;
	if (d->iov)
		buf_put(&iscsi.core->bufs, d->one.iov_base, d->len);
	d->iov = NULL;
}

static void full_feature(struct iscsi_conn *conn)
{
	conn->header_digest = conn->params.header_digest & DIGEST_CRC32C;
	conn->data_digest = conn->params.data_digest & DIGEST_CRC32C;
}

static void pause_rx(struct iscsi_conn *conn, bool pause)
{
	conn->rx.paused = pause;
	loop_fd_mod(&conn->fd, (pause ? 0 : EPOLLIN) | (conn->tx.blocked ? EPOLLOUT : 0));
}

static void tcp_close(struct iscsi_conn *conn)
{
	loop_fd_del(&conn->fd);
	close(conn->fd.fd);
	conn->fd.fd = -1;
	tx_drop(conn);
}

const struct iscsi_link tcp_link = {
	.name = "tcp",
	.send = tx_queue,
	.send_response = datain_send,
	.request_data = r2t_send,
	.alloc_data = alloc_data,
	.free_data = free_data,
	.full_feature = full_feature,
	.pause_rx = pause_rx,
	.close = tcp_close,
};
