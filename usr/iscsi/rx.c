/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receive machine (rx.h). A header goes to its row in iscsi_ops.c, which says
 * where the data segment belongs; when all of it is there, complete() is called.
 * Lengths are checked here, once, against what we declared.
 */
#include "iscsi/rx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/iov.h"
#include "base/log.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi_ops.h"
#include "iscsi/reject.h"

#define PLACE_MIN 2048 /* fewer bytes than this are cheaper to copy */

void rx_init(struct iscsi_conn *conn)
{
	struct iscsi_rx *rx = &conn->rx;

	if (unlikely(rx->ctrl))
		rx_done(conn);
	rx->state = RX_BHS;
	rx->have = 0;
	rx->ahs_len = rx->data_len = rx->pad = rx->crc = 0;
	rx->bad_data = rx->bad_header = false;
	rx->dst = NULL;
	rx->dst_cnt = 0;
	rx->dst_off = rx->dst_len = 0;
	rx->task = NULL;
	rx->complete = NULL;
}

void rx_done(struct iscsi_conn *conn)
{
	free(conn->rx.ctrl);
	conn->rx.ctrl = NULL;
}

void rx_data_to(struct iscsi_conn *conn, const struct iovec *iov, unsigned int cnt, uint32_t off,
		uint32_t room)
{
	struct iscsi_rx *rx = &conn->rx;

	rx->dst = iov;
	rx->dst_cnt = cnt;
	rx->dst_off = off;
	rx->dst_len = min_u32(rx->data_len, room > off ? room - off : 0);
}

int rx_data_to_ctrl_max(struct iscsi_conn *conn, uint32_t max)
{
	struct iscsi_rx *rx = &conn->rx;
	uint32_t len = min_u32(rx->data_len, max);

	rx->ctrl = malloc((size_t)len + 1);
	if (!rx->ctrl)
		return -ENOMEM;
	((char *)rx->ctrl)[len] = '\0';
	rx->ctrl_iov = (struct iovec){ rx->ctrl, len };
	rx_data_to(conn, &rx->ctrl_iov, 1, 0, len);
	return 0;
}

int rx_data_to_ctrl(struct iscsi_conn *conn)
{
	return rx_data_to_ctrl_max(conn, UINT32_MAX);
}

static void pdu_complete(struct iscsi_conn *conn)
{
	struct iscsi_rx *rx = &conn->rx;

	if (rx->complete)
		rx->complete(conn);
	if (!conn_ending(conn))
		rx_init(conn);
}

static uint32_t digest_value(const uint8_t *d)
{
	return (uint32_t)d[3] << 24 | (uint32_t)d[2] << 16 | (uint32_t)d[1] << 8 | d[0];
}

static void enter(struct iscsi_rx *rx, enum rx_state state)
{
	rx->state = state;
	rx->have = 0;
}

static void header_complete(struct iscsi_conn *conn)
{
	struct iscsi_rx *rx = &conn->rx;

	if (likely(!rx->bad_header))
		iscsi_op_header(conn);
	if (conn_ending(conn))
		return;
	if (rx->data_len) {
		rx->with_data = true;
		enter(rx, RX_DATA);
	} else {
		pdu_complete(conn);
	}
}

static bool length_good(struct iscsi_conn *conn)
{
	const struct iscsi_rx *rx = &conn->rx;

	if (rx->data_len <= conn->params.max_recv_dsl)
		return true;
	log_limited(LOG_LVL_WARN, "a data segment of %u bytes where %u were declared", rx->data_len,
		    conn->params.max_recv_dsl);
	reject_and_close(conn, REJECT_PROTOCOL_ERROR, "data segment too long");
	return false;
}

/*
 * RFC 7143 7.7: a header that can't be trusted leaves nothing to go on with, unless it is known where
 * the next one is. That its lengths were good is known when what stands behind it is a header with a
 * good digest; otherwise the connection ends there.
 */
static void header_digest_complete(struct iscsi_conn *conn)
{
	struct iscsi_rx *rx = &conn->rx;
	uint32_t crc = crc32c(crc32c(0, rx->hdr, ISCSI_BHS_LEN), rx->ahs, rx->ahs_len);

	if (likely(crc == digest_value(rx->digest))) {
		rx->resync = false;
		if (length_good(conn))
			header_complete(conn);
	} else if (!conn->recovers || rx->resync || rx->data_len > conn->params.max_recv_dsl) {
		conn_close(conn, "header digest error");
	} else {
		log_limited(LOG_LVL_INFO, "header digest error: a PDU is skipped");
		rx->bad_header = rx->resync = true;
		header_complete(conn);
	}
}

static void bhs_complete(struct iscsi_conn *conn)
{
	struct iscsi_rx *rx = &conn->rx;
	const struct iscsi_bhs *bhs = (const struct iscsi_bhs *)rx->hdr;

	rx->data_len = be24_get(bhs->data_len);
	rx->pad = -rx->data_len & 3;
	rx->ahs_len = bhs->ahs_words * 4u;
	if (unlikely(conn->header_digest))
		enter(rx, rx->ahs_len ? RX_AHS : RX_HEADER_DIGEST);
	else if (unlikely(!length_good(conn)))
		return;
	else if (rx->ahs_len)
		enter(rx, RX_AHS);
	else
		header_complete(conn);
}

/* Pads and the data digest follow the data segment. */
static void data_complete(struct iscsi_conn *conn)
{
	struct iscsi_rx *rx = &conn->rx;

	if (rx->pad)
		enter(rx, RX_PAD);
	else if (conn->data_digest)
		enter(rx, RX_DATA_DIGEST);
	else
		pdu_complete(conn);
}

static void piece_complete(struct iscsi_conn *conn)
{
	struct iscsi_rx *rx = &conn->rx;

	switch (rx->state) {
	case RX_BHS:
		bhs_complete(conn);
		break;
	case RX_AHS:
		if (conn->header_digest)
			enter(rx, RX_HEADER_DIGEST);
		else
			header_complete(conn);
		break;
	case RX_HEADER_DIGEST:
		header_digest_complete(conn);
		break;
	case RX_DATA:
		data_complete(conn);
		break;
	case RX_PAD:
		if (conn->data_digest)
			enter(rx, RX_DATA_DIGEST);
		else
			pdu_complete(conn);
		break;
	case RX_DATA_DIGEST:
		rx->bad_data = rx->crc != digest_value(rx->digest) && !rx->bad_header;
		if (rx->bad_data)
			reject_bad_data(conn);
		if (!conn_ending(conn))
			pdu_complete(conn);
		break;
	}
}

/* Takes up to @n bytes for the present piece; returns how many. */
static size_t take(uint8_t *to, uint32_t *have, uint32_t want, const uint8_t *p, size_t n)
{
	if (n > want - *have)
		n = want - *have;
	memcpy(to + *have, p, n);
	*have += (uint32_t)n;
	return n;
}

static size_t take_data(struct iscsi_conn *conn, const uint8_t *p, size_t n)
{
	struct iscsi_rx *rx = &conn->rx;

	if (n > rx->data_len - rx->have)
		n = rx->data_len - rx->have;
	if (rx->dst && rx->have < rx->dst_len)
		iov_from_buf(rx->dst, rx->dst_cnt, (size_t)rx->dst_off + rx->have, p,
			     min_u64(n, rx->dst_len - rx->have));
	if (conn->data_digest)
		rx->crc = crc32c(rx->crc, p, n);
	rx->have += (uint32_t)n;
	return n;
}

static size_t take_pad(struct iscsi_conn *conn, const uint8_t *p, size_t n)
{
	struct iscsi_rx *rx = &conn->rx;

	if (n > rx->pad - rx->have)
		n = rx->pad - rx->have;
	if (conn->data_digest)
		rx->crc = crc32c(rx->crc, p, n);
	rx->have += (uint32_t)n;
	return n;
}

/* Length of the present piece. */
static uint32_t piece_len(const struct iscsi_rx *rx)
{
	switch (rx->state) {
	case RX_BHS:
		return ISCSI_BHS_LEN;
	case RX_AHS:
		return rx->ahs_len;
	case RX_DATA:
		return rx->data_len;
	case RX_PAD:
		return rx->pad;
	default:
		return ISCSI_DIGEST_LEN;
	}
}

void rx_push(struct iscsi_conn *conn, const uint8_t *p, size_t n)
{
	struct iscsi_rx *rx = &conn->rx;

	conn->stats.rx_bytes += n;
	while (n && !conn_ending(conn)) {
		size_t used;

		switch (rx->state) {
		case RX_BHS:
			used = take(rx->hdr, &rx->have, ISCSI_BHS_LEN, p, n);
			break;
		case RX_AHS:
			used = take(rx->ahs, &rx->have, rx->ahs_len, p, n);
			break;
		case RX_DATA:
			used = take_data(conn, p, n);
			break;
		case RX_PAD:
			used = take_pad(conn, p, n);
			break;
		default:
			used = take(rx->digest, &rx->have, ISCSI_DIGEST_LEN, p, n);
			break;
		}
		p += used;
		n -= used;
		if (rx->have == piece_len(rx))
			piece_complete(conn);
	}
}

unsigned int rx_places(struct iscsi_conn *conn, struct iovec *out, unsigned int max)
{
	struct iscsi_rx *rx = &conn->rx;

	if (conn_ending(conn) || rx->state != RX_DATA || !rx->dst || rx->dst_len < rx->data_len ||
	    rx->data_len - rx->have < PLACE_MIN)
		return 0;
	return iov_slice(rx->dst, rx->dst_cnt, (size_t)rx->dst_off + rx->have,
			 rx->data_len - rx->have, out, max);
}

/* The digest of bytes that were received in place. */
static void digest_placed(struct iscsi_rx *rx, size_t n)
{
	size_t off = (size_t)rx->dst_off + rx->have;

	while (n) {
		struct iovec piece;
		unsigned int got = iov_slice(rx->dst, rx->dst_cnt, off, n, &piece, 1);

		if (!got)
			break;
		rx->crc = crc32c(rx->crc, piece.iov_base, piece.iov_len);
		off += piece.iov_len;
		n -= piece.iov_len;
	}
}

void rx_placed(struct iscsi_conn *conn, size_t n)
{
	struct iscsi_rx *rx = &conn->rx;

	conn->stats.rx_bytes += n;
	if (conn->data_digest)
		digest_placed(rx, n);
	rx->have += (uint32_t)n;
	if (rx->have == rx->data_len)
		piece_complete(conn);
}
