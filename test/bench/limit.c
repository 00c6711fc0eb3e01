/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limit of one thread on kernel sockets: a bare responder that answers the load
 * generator with no SCSI state. One recv takes all there is, reads and writes are
 * done inline with pread and pwrite (or not at all without a file), one sendmsg
 * answers everything. It logs in whoever asks and knows READ(16) and WRITE(16) only.
 *
 *   limit [-p] PORT [FILE]
 *
 * -p: it never sleeps, which is the limit of latency.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "bench_wire.h"

#define RX_BUF (4u << 20)
#define BATCH 512

struct conn {
	int fd;
	bool full, hdigest, ddigest;
	uint32_t stat_sn, exp_cmd_sn;
	uint8_t *rx;
	size_t have;
	uint8_t *data;	/* read buffers of a batch */
	size_t data_cap;
};

static int file = -1;
static uint8_t hdr[BATCH][BHS + 4], tail[BATCH][4];
static struct iovec iov[BATCH * 3];
static int n_iov, n_pdu;
static size_t data_used;

static void send_all(struct conn *c)
{
	int i = 0;

	while (i < n_iov) {
		struct msghdr m = { .msg_iov = iov + i, .msg_iovlen = (size_t)(n_iov - i) };
		ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);

		if (n < 0)
			break;
		while (i < n_iov && (size_t)n >= iov[i].iov_len)
			n -= (ssize_t)iov[i++].iov_len;
		if (i < n_iov) {
			iov[i].iov_base = (uint8_t *)iov[i].iov_base + n;
			iov[i].iov_len -= (size_t)n;
		}
	}
	n_iov = n_pdu = 0;
	data_used = 0;
}

static void put_crc(uint8_t *p, const void *data, size_t len)
{
	uint32_t crc = crc32c(0, data, len);

	p[0] = (uint8_t)crc;
	p[1] = (uint8_t)(crc >> 8);
	p[2] = (uint8_t)(crc >> 16);
	p[3] = (uint8_t)(crc >> 24);
}

static void push(struct conn *c, uint8_t *h, void *data, size_t len)
{
	size_t n = BHS;

	if (c->full && c->hdigest) {
		put_crc(h + BHS, h, BHS);
		n += 4;
	}
	iov[n_iov++] = (struct iovec){ h, n };
	if (!len)
		return;
	iov[n_iov++] = (struct iovec){ data, pad4((uint32_t)len) };
	if (c->full && c->ddigest) {
		put_crc(tail[n_pdu], data, len);
		iov[n_iov++] = (struct iovec){ tail[n_pdu], 4 };
	}
}

static void login(struct conn *c, const uint8_t *p, uint32_t len)
{
	static char text[512];
	const char *t = (const char *)p + BHS, *hd = text_value(t, len, "HeaderDigest"),
		   *dd = text_value(t, len, "DataDigest");
	uint8_t *h = hdr[n_pdu];
	int n;

	n = snprintf(text, sizeof(text),
		     "TargetPortalGroupTag=1%cAuthMethod=None%cHeaderDigest=%s%cDataDigest=%s%cInitialR2T=No%c"
		     "ImmediateData=Yes%cMaxRecvDataSegmentLength=1048576%cMaxBurstLength=16776192%c"
		     "FirstBurstLength=1048576%c",
		     0, 0, hd ? hd : "None", 0, dd ? dd : "None", 0, 0, 0, 0, 0, 0);
	memset(h, 0, BHS);
	h[0] = 0x23;
	h[1] = p[1];
	w16(h + 6, (uint32_t)n);
	memcpy(h + 8, p + 8, 6);
	w16(h + 14, 1);
	memcpy(h + 16, p + 16, 4);
	c->stat_sn = 1;
	w32(h + 24, c->stat_sn++);
	w32(h + 28, 1);
	w32(h + 32, 512);
	push(c, h, text, (size_t)n);
	n_pdu++;
	send_all(c);
	c->hdigest = hd && !strncmp(hd, "CRC32C", 6);
	c->ddigest = dd && !strncmp(dd, "CRC32C", 6);
	c->full = true;
	c->exp_cmd_sn = 1;
}

static void command(struct conn *c, const uint8_t *p, size_t hlen, uint32_t imm)
{
	uint64_t lba = (uint64_t)r32(p + 34) << 32 | r32(p + 38);
	uint32_t len = r32(p + 20);
	uint8_t *h = hdr[n_pdu], *buf = NULL;
	bool wr = p[32] == 0x8a;

	memset(h, 0, BHS);
	c->exp_cmd_sn = r32(p + 24) + 1;
	if (wr) {
		if (c->ddigest && crc32c(0, p + hlen, imm) == 1)
			return; /* the digest is computed, as a target must */
		if (file >= 0 && pwrite(file, p + hlen, imm, (off_t)(lba * 512)) != (ssize_t)imm)
			die_errno("pwrite");
		h[0] = 0x21;
		h[1] = 0x80;
	} else {
		buf = c->data + data_used;
		data_used += pad4(len);
		if (file >= 0 && pread(file, buf, len, (off_t)(lba * 512)) != (ssize_t)len)
			die_errno("pread");
		h[0] = 0x25;
		h[1] = 0x81;
		h[5] = (uint8_t)(len >> 16);
		w16(h + 6, len);
		w32(h + 20, 0xffffffffu);
	}
	memcpy(h + 16, p + 16, 4);
	w32(h + 24, c->stat_sn++);
	w32(h + 28, c->exp_cmd_sn);
	w32(h + 32, c->exp_cmd_sn + 511);
	push(c, h, buf, wr ? 0 : len);
	n_pdu++;
}

/* TEST UNIT READY: the load generator asks before it begins. */
static void ready(struct conn *c, const uint8_t *p)
{
	uint8_t *h = hdr[n_pdu];

	memset(h, 0, BHS);
	h[0] = 0x21;
	h[1] = 0x80;
	memcpy(h + 16, p + 16, 4);
	c->exp_cmd_sn = r32(p + 24) + 1;
	w32(h + 24, c->stat_sn++);
	w32(h + 28, c->exp_cmd_sn);
	w32(h + 32, c->exp_cmd_sn + 511);
	push(c, h, NULL, 0);
	n_pdu++;
}

static bool receive(struct conn *c)
{
	ssize_t n = recv(c->fd, c->rx + c->have, RX_BUF - c->have, MSG_DONTWAIT);
	size_t pos = 0;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	c->have += (size_t)n;
	for (;;) {
		const uint8_t *p = c->rx + pos;
		size_t hlen = BHS + (c->full && c->hdigest ? 4 : 0), total;
		uint32_t len;

		if (c->have - pos < hlen)
			break;
		len = r24(p + 5);
		total = hlen + pad4(len) + (len && c->full && c->ddigest ? 4 : 0);
		if (c->have - pos < total)
			break;
		if ((p[0] & 0x3f) == 0x03)
			login(c, p, len);
		else if ((p[0] & 0x3f) == 0x01 && !p[32])
			ready(c, p);
		else if ((p[0] & 0x3f) == 0x01)
			command(c, p, hlen, len);
		pos += total;
		if (n_pdu == BATCH || data_used + (2u << 20) > c->data_cap)
			send_all(c);
	}
	send_all(c);
	memmove(c->rx, c->rx + pos, c->have - pos);
	c->have -= pos;
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int ep = epoll_create1(0), ls = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct epoll_event ev = { .events = EPOLLIN };

	int wait = -1;

	if (argc > 1 && !strcmp(argv[1], "-p")) {
		wait = 0;
		argv++;
		argc--;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: limit [-p] PORT [FILE]\n");
		return 22;
	}
	if (argc > 2 && (file = open(argv[2], O_RDWR)) < 0)
		die_errno(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	sa.sin_port = htons((uint16_t)atoi(argv[1]));
	inet_pton(AF_INET, "127.0.0.1", &sa.sin_addr);
	setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(ls, (struct sockaddr *)&sa, sizeof(sa)) || listen(ls, 1024))
		die_errno("listen");
	epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
	for (;;) {
		struct epoll_event evs[64];
		int n = epoll_wait(ep, evs, 64, wait), i;

		for (i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;

			if (!c) {
				c = calloc(1, sizeof(*c));
				c->fd = accept(ls, NULL, NULL);
				c->rx = malloc(RX_BUF);
				c->data_cap = 16u << 20;
				c->data = malloc(c->data_cap);
				setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
				ev.data.ptr = c;
				epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
			} else if (!receive(c)) {
				close(c->fd);
				free(c->rx);
				free(c->data);
				free(c);
			}
		}
	}
}
