/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending over TCP. pdu.c queues; the flush runs once a turn and hands the whole
 * queue to one sendmsg, data by reference. When the socket is full it waits for
 * EPOLLOUT. A PDU's sent() is called when its last byte was handed over.
 */
#include "iscsi/tx.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/pdu.h"
#include "iscsi/unacked.h"
#include "target/core.h"

#define TX_IOV 512		    /* pieces of one sendmsg */
#define TX_TURN (2 * MiB)	    /* bytes of one connection in one turn: others wait */
/* A peer that does not take its answers gets no more: the small ones cost us more than their bytes. */
#define TX_MANY_BYTES (8 * MiB)
#define TX_MANY_PDUS 4096

/* The header and its digest are sent as one piece. */
static_assert(offsetof(struct iscsi_pdu, header_digest) ==
		      offsetof(struct iscsi_pdu, bytes) + ISCSI_BHS_LEN,
	      "header digest behind the header");

static uint32_t header_len(const struct iscsi_pdu *pdu)
{
	return ISCSI_BHS_LEN + (pdu->has_digest ? ISCSI_DIGEST_LEN : 0);
}

static uint64_t pdu_size(const struct iscsi_pdu *pdu)
{
	return header_len(pdu) + (uint64_t)pdu->data_len + pdu->tail_len;
}

/* Takes @skip bytes off the front of @n pieces; returns how many are left. */
static __attribute__((noinline)) unsigned int skip_pieces(struct iovec *iov, unsigned int n,
							  uint64_t skip)
{
	unsigned int i = 0;

	while (i < n && skip >= iov[i].iov_len)
		skip -= iov[i++].iov_len;
	memmove(iov, iov + i, (n - i) * sizeof(*iov));
	if (i < n) {
		iov->iov_base = (uint8_t *)iov->iov_base + skip;
		iov->iov_len -= skip;
	}
	return n - i;
}

/* Describes @pdu from byte @skip on; returns the pieces used, 0 when there is no room. */
static unsigned int pdu_pieces(struct iscsi_pdu *pdu, uint64_t skip, struct iovec *out,
			       unsigned int max)
{
	unsigned int n = 0, i;

	if (pdu->data_cnt + 2 > max)
		return 0;
	out[n++] = (struct iovec){ pdu->bytes, header_len(pdu) };
	for (i = 0; i < pdu->data_cnt; i++)
		out[n++] = pdu->data[i];
	if (pdu->tail_len)
		out[n++] = (struct iovec){ pdu->tail, pdu->tail_len };
	return unlikely(skip) ? skip_pieces(out, n, skip) : n;
}

static unsigned int gather(struct iscsi_conn *conn, struct iovec *iov, uint64_t *bytes)
{
	struct iscsi_pdu *pdu;
	uint64_t skip = conn->tx.skip;
	unsigned int n = 0;

	*bytes = 0;
	list_for_each(pdu, &conn->tx.queue, link) {
		unsigned int used = pdu_pieces(pdu, skip, iov + n, TX_IOV - n);

		if (!used || *bytes > TX_TURN)
			break;
		n += used;
		*bytes += pdu_size(pdu) - skip;
		skip = 0;
	}
	return n;
}

/* @n bytes have left: ends the PDUs that are complete. */
static void account(struct iscsi_conn *conn, uint64_t n)
{
	conn->tx.queued_bytes -= n;
	conn->stats.tx_bytes += n;
	n += conn->tx.skip;
	while (n) {
		struct iscsi_pdu *pdu = list_first(&conn->tx.queue, struct iscsi_pdu, link);
		uint64_t size = pdu_size(pdu);

		if (n < size)
			break;
		n -= size;
		list_del(&pdu->link);
		conn->tx.queued_pdus--;
		if (unlikely(conn->recovers) && pdu->status)
			unacked_keep(conn, pdu);
		else
			pdu->sent(pdu);
	}
	conn->tx.skip = n;
}

static void block(struct iscsi_conn *conn, bool blocked)
{
	conn->tx.blocked = blocked;
	loop_fd_mod(&conn->fd, (conn->rx.paused ? 0 : EPOLLIN) | (blocked ? EPOLLOUT : 0));
}

static void check_reading(struct iscsi_conn *conn)
{
	const struct iscsi_tx *tx = &conn->tx;

	if (!conn->rx.paused && (tx->queued_bytes > TX_MANY_BYTES || tx->queued_pdus > TX_MANY_PDUS))
		conn->ops->pause_rx(conn, true);
	else if (conn->rx.paused && tx->queued_bytes < TX_MANY_BYTES / 2 &&
		 tx->queued_pdus < TX_MANY_PDUS / 2)
		conn->ops->pause_rx(conn, false);
}

static void send_queue(struct iscsi_conn *conn)
{
	struct iovec iov[TX_IOV];
	uint64_t total = 0;

	while (!list_empty(&conn->tx.queue) && !conn->closing) {
		uint64_t bytes;
		struct msghdr msg = { .msg_iov = iov, .msg_iovlen = gather(conn, iov, &bytes) };
		ssize_t n;

		if (total > TX_TURN) {
			loop_call_queue(iscsi.core->loop, &conn->tx.flush);
			return;
		}
		n = sendmsg(conn->fd.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			block(conn, true);
			return;
		}
		if (n < 0) {
			conn_close(conn, strerror(errno));
			return;
		}
		if (unlikely(conn->capture.wanted))
			capture_bytes(conn, CAPTURE_OUT, !conn->tx.skip, iov, (unsigned int)msg.msg_iovlen,
				      (size_t)n);
		account(conn, (uint64_t)n);
		total += (uint64_t)n;
		if ((uint64_t)n < bytes) {
			block(conn, true);
			return;
		}
	}
	if (!conn->closing)
		block(conn, false);
}

static void flush(struct loop_call *call)
{
	struct iscsi_conn *conn = container_of(call, struct iscsi_conn, tx.flush);

	if (conn->closing)
		return;
	if (!conn->tx.blocked)
		send_queue(conn);
	if (unlikely(conn->recovers))
		unacked_check(conn);
	if (conn->closing)
		return;
	if (list_empty(&conn->tx.queue) && conn->close_when_sent)
		conn_close(conn, NULL);
	else
		check_reading(conn);
}

void tx_init(struct iscsi_conn *conn)
{
	list_init(&conn->tx.queue);
	loop_call_init(&conn->tx.flush, LOOP_FLUSH, flush);
}

void tx_queue(struct iscsi_conn *conn, struct iscsi_pdu *pdu)
{
	list_push_back(&conn->tx.queue, &pdu->link);
	conn->tx.queued_bytes += pdu_size(pdu);
	conn->tx.queued_pdus++;
	loop_call_queue(iscsi.core->loop, &conn->tx.flush);
}

void tx_unblocked(struct iscsi_conn *conn)
{
	/* What is waited for stays: the flush of this turn knows whether there is more. */
	conn->tx.blocked = false;
	conn->last_rx_ns = loop_now(iscsi.core->loop);
	loop_call_queue(iscsi.core->loop, &conn->tx.flush);
}

void tx_drop(struct iscsi_conn *conn)
{
	struct list *link;

	loop_call_cancel(&conn->tx.flush);
	conn->tx.skip = conn->tx.queued_bytes = 0;
	conn->tx.queued_pdus = 0;
	while ((link = list_pop(&conn->tx.queue))) {
		struct iscsi_pdu *pdu = list_entry(link, struct iscsi_pdu, link);

		pdu->sent(pdu);
	}
}
