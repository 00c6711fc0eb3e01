/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng (draft-ietf-opsawg-pcapng): a section header, one interface of raw IP with
 * nanoseconds, an enhanced packet block for each piece. IP and TCP headers are made up
 * from the connection's addresses; TCP checksums are left 0. The file is written by base/spool.
 */
#include "iscsi/capture.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/iov.h"
#include "base/spool.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/iscsi_verbs.h"
#include "iscsi/session.h"
#include "target/core.h"

#define ROOM (16 * MiB)
#define LIMIT_DEFAULT (1 * GiB)
#define PACKET_MAX 60000u /* bytes of a TCP segment, within an IP packet */
#define PIECES 64
#define LINKTYPE_RAW 101

struct capture {
	struct spool *spool;
	uint16_t tsih;		/* while the file is being opened */
	struct verb_call *call; /* ... who asked */
	uint64_t clock_ns;	/* the loop's clock + this is the time of day */
	uint64_t packets, dropped;
	char *path;
};

/* pcapng is in the byte order of who writes it; the magic in the section header tells. */
struct section {
	uint32_t type, len, magic;
	uint16_t major, minor;
	uint64_t section_len;
	uint32_t interface_type, interface_len;
	uint16_t linktype, reserved;
	uint32_t snaplen;
	uint16_t tsresol_code, tsresol_len;
	uint8_t tsresol[4];
	uint32_t end_of_options;
	uint32_t interface_end;
};

struct packet {
	uint32_t type, len, interface, ts_high, ts_low, captured, original;
};

/* After the data and its padding: which way it went. */
struct packet_end {
	uint16_t flags_code, flags_len;
	uint32_t flags;
	uint32_t end_of_options;
	uint32_t len;
};

#define SECTION_LEN 28u
#define INTERFACE_LEN 32u

/* --- headers ---------------------------------------------------------------------------------- */

static bool is_v4(const struct addr *a)
{
	return a->sa.sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}

static const uint8_t *v4_bytes(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return (const uint8_t *)&a->in4.sin_addr;
	return a->in6.sin6_addr.s6_addr + 12;
}

static uint16_t ip_checksum(const uint8_t *h)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < 20; i += 2)
		sum += get_be16(h + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static unsigned int put_ip(uint8_t *h, const struct addr *from, const struct addr *to, uint32_t len)
{
	if (is_v4(from)) {
		memset(h, 0, 20);
		h[0] = 0x45;
		put_be16(h + 2, (uint16_t)(20 + len));
		h[6] = 0x40;
		h[8] = 64;
		h[9] = IPPROTO_TCP;
		memcpy(h + 12, v4_bytes(from), 4);
		memcpy(h + 16, v4_bytes(to), 4);
		put_be16(h + 10, ip_checksum(h));
		return 20;
	}
	memset(h, 0, 40);
	h[0] = 0x60;
	put_be16(h + 4, (uint16_t)len);
	h[6] = IPPROTO_TCP;
	h[7] = 64;
	memcpy(h + 8, &from->in6.sin6_addr, 16);
	memcpy(h + 24, &to->in6.sin6_addr, 16);
	return 40;
}

static unsigned int put_headers(uint8_t *h, const struct iscsi_conn *conn, enum capture_dir dir,
				uint32_t n)
{
	const struct addr *from = dir == CAPTURE_IN ? &conn->peer : &conn->local;
	const struct addr *to = dir == CAPTURE_IN ? &conn->local : &conn->peer;
	unsigned int len = put_ip(h, from, to, 20 + n);
	uint8_t *tcp = h + len;

	memset(tcp, 0, 20);
	put_be16(tcp, addr_port(from));
	put_be16(tcp + 2, addr_port(to));
	put_be32(tcp + 4, conn->capture.seq[dir]);
	put_be32(tcp + 8, conn->capture.seq[!dir]);
	tcp[12] = 0x50;
	tcp[13] = 0x18; /* PSH, ACK */
	put_be16(tcp + 14, 0xffff);
	return len + 20;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static bool put_section(struct capture *c)
{
	struct section s = {
		.type = 0x0a0d0d0a, .len = SECTION_LEN, .magic = 0x1a2b3c4d, .major = 1,
		.section_len = UINT64_MAX,
	};
	uint32_t end = SECTION_LEN;
	struct iovec iov[3] = {
		{ &s, offsetof(struct section, interface_type) },
		{ &end, sizeof(end) },
		{ &s.interface_type, offsetof(struct section, interface_end) + 4 -
					     offsetof(struct section, interface_type) },
	};

	s.interface_type = 1;
	s.interface_len = s.interface_end = INTERFACE_LEN;
	s.linktype = LINKTYPE_RAW;
	s.tsresol_code = 9;
	s.tsresol_len = 1;
	s.tsresol[0] = 9; /* 10^-9 s */
	return spool_write(c->spool, iov, 3);
}

static bool put_packet(struct capture *c, struct iscsi_conn *conn, enum capture_dir dir,
		       struct iovec *iov, unsigned int cnt, uint32_t n)
{
	static const uint8_t zeroes[4];
	uint8_t headers[60];
	uint64_t ns = loop_now(iscsi.core->loop) + c->clock_ns;
	struct packet p = { .type = 6, .ts_high = (uint32_t)(ns >> 32), .ts_low = (uint32_t)ns };
	struct packet_end end = { .flags_code = 2, .flags_len = 4, .flags = dir == CAPTURE_IN ? 1 : 2 };
	uint32_t pad;

	iov[0] = (struct iovec){ &p, sizeof(p) };
	iov[1] = (struct iovec){ headers, put_headers(headers, conn, dir, n) };
	p.captured = p.original = (uint32_t)iov[1].iov_len + n;
	pad = -p.captured & 3;
	p.len = end.len = (uint32_t)sizeof(p) + p.captured + pad + (uint32_t)sizeof(end);
	iov[cnt++] = (struct iovec){ (void *)(uintptr_t)zeroes, pad };
	iov[cnt++] = (struct iovec){ &end, sizeof(end) };
	if (!spool_write(c->spool, iov, cnt)) {
		c->dropped++;
		return false;
	}
	c->packets++;
	return true;
}

void capture_bytes(struct iscsi_conn *conn, enum capture_dir dir, bool boundary,
		   const struct iovec *iov, unsigned int cnt, size_t n)
{
	struct capture *c = conn->session ? conn->session->capture : NULL;
	struct capture_conn *cc = &conn->capture;
	struct iovec out[PIECES + 4];
	size_t off = 0;

	cc->begun[dir] |= boundary;
	if (!c || !c->spool || !cc->begun[dir])
		return;
	while (off < n) {
		size_t len = min_u64(n - off, PACKET_MAX);
		unsigned int pieces = iov_slice(iov, cnt, off, len, out + 2, PIECES);

		len = iov_size(out + 2, pieces);
		if (!len)
			return;
		/* After a gap it begins anew: what comes in the middle of a PDU can't be read. */
		if (!put_packet(c, conn, dir, out, pieces + 2, (uint32_t)len))
			cc->begun[dir] = false;
		cc->seq[dir] += (uint32_t)len;
		off += len;
	}
}

/* --- on and off ------------------------------------------------------------------------------- */

void capture_join(struct iscsi_conn *conn)
{
	conn->capture = (struct capture_conn){ .wanted = conn->session && conn->session->capture,
					       .seq = { 1, 1 } };
}

static void capture_free(struct capture *c)
{
	free(c->path);
	free(c);
}

static void end(struct iscsi_session *s, void (*closed)(void *arg), void *arg)
{
	struct capture *c = s->capture;
	struct iscsi_conn *conn;

	s->capture = NULL;
	list_for_each(conn, &s->conns, link)
		conn->capture.wanted = false;
	spool_close(c->spool, closed, arg);
	capture_free(c);
}

void capture_end(struct iscsi_session *s)
{
	if (s->capture)
		end(s, NULL, NULL);
}

static void begin(struct iscsi_session *s, struct capture *c)
{
	struct iscsi_conn *conn;

	s->capture = c;
	list_for_each(conn, &s->conns, link)
		capture_join(conn);
}

static void opened(void *arg, int err)
{
	struct capture *c = arg;
	struct verb_call *call = c->call;
	struct iscsi_session *s = session_by_tsih(&iscsi, c->tsih);

	if (err) {
		err_set(&call->err, ERR_INVALID_REQUEST, "can't write %s: %s", c->path, strerror(-err));
	} else if (!s || s->dying || s->capture) {
		err_set(&call->err, ERR_NO_SESSION, "session %u has ended, or is being captured already", c->tsih);
		spool_close(c->spool, NULL, NULL);
	} else if (!put_section(c)) {
		err_set(&call->err, ERR_INVALID_REQUEST, "the limit is too small");
		spool_close(c->spool, NULL, NULL);
	} else {
		begin(s, c);
		c = NULL;
	}
	if (c)
		capture_free(c);
	verb_finish(call);
}

static uint64_t time_of_day(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

int session_verb_capture(struct verb_call *call)
{
	struct iscsi_session *s = verb_session(call);
	const char *path = verb_str(call, "path");
	uint64_t limit = verb_uint(call, "limit", LIMIT_DEFAULT / MiB);
	struct capture *c;

	if (!s)
		return -EINVAL;
	if (s->capture)
		return err_set(&call->err, ERR_INVALID_REQUEST, "session %u is captured already, to %s", s->tsih,
			       s->capture->path);
	if (path[0] != '/' || !limit || limit > UINT32_MAX)
		return err_set(&call->err, ERR_INVALID_REQUEST,
			       "the path must be absolute, the limit a number of MiB");
	c = calloc(1, sizeof(*c));
	if (c) {
		c->path = strdup(path);
		c->call = call;
		c->tsih = s->tsih;
		c->clock_ns = time_of_day() - loop_now(iscsi.core->loop);
		if (c->path)
			c->spool = spool_new(iscsi.core->workers, path, ROOM, limit * MiB, opened, c);
		if (c->spool)
			return -EINPROGRESS;
		capture_free(c);
	}
	return err_set(&call->err, ERR_NOMEM, "%s", "");
}

static void complete(void *arg)
{
	verb_finish(arg);
}

int session_verb_capture_end(struct verb_call *call)
{
	struct iscsi_session *s = verb_session(call);

	if (!s)
		return -EINVAL;
	if (!s->capture)
		return err_set(&call->err, ERR_INVALID_REQUEST, "session %u is not captured", s->tsih);
	call->result = capture_show(s);
	end(s, complete, call);
	return -EINPROGRESS;
}

json_t *capture_show(const struct iscsi_session *s)
{
	const struct capture *c = s->capture;

	if (!c)
		return NULL;
	return json_pack("{s:s s:I s:I s:I s:s?}", "path", c->path, "bytes", (json_int_t)spool_bytes(c->spool),
			 "packets", (json_int_t)c->packets, "dropped", (json_int_t)c->dropped, "error",
			 spool_error(c->spool) ? strerror(spool_error(c->spool)) : NULL);
}
