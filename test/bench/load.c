/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A light iSCSI load generator on raw sockets. One thread, one recv and one send a
 * turn and connection; data is not looked at. Prints IOPS, MB/s, latency, and
 * the target's CPU per I/O from /proc when it is given the target's pid.
 *
 *   load -p PORT -n IQN [-h HOST] [-l LUN,...] [-c CONNS] [-q DEPTH] [-b BYTES] [-w WRITE%]
 *        [-s] [-t SECONDS] [-S SIZE] [-d hd] [-P PID] [-j]
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "bench_wire.h"

#define RX_BUF (512 * 1024)
#define BUCKETS 4096 /* 64 per power of two of nanoseconds */

struct slot {
	uint64_t start;
	bool write, busy;
};

struct conn {
	int fd;
	unsigned int lun;
	uint32_t cmd_sn, max_cmd_sn, exp_stat_sn;
	uint32_t mrdsl, first_burst;
	struct slot *slots;
	uint32_t *idle;	/* slots to be started */
	unsigned int n_idle;
	uint64_t next_lba;
	uint8_t *rx;
	size_t have;	/* bytes of an incomplete header in rx */
	size_t skip;	/* bytes of data still to come and to be dropped */
	bool ending;	/* a command ends with them: only then its tag is free */
	uint32_t end_itt;
	uint8_t end_status;
	uint8_t *tx;	/* what is to be sent, headers and data */
	size_t tx_len, tx_off, tx_cap;
	bool want_out;
	unsigned long long sends, recvs;
};

static struct {
	const char *host, *iqn;
	int port;
	unsigned int luns[1024], n_luns, conns, depth, block, write_pct, blk;
	bool sequential, hdigest, ddigest, json;
	double seconds;
	uint64_t size;
	int pid;
} o = { .host = "127.0.0.1", .conns = 1, .depth = 32, .block = 4096, .seconds = 5 };

static uint64_t hist[BUCKETS], done_ios, errors;
static uint64_t rng = 88172645463325252ull;
static uint8_t *pattern;

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static void record(uint64_t ns)
{
	unsigned int e = ns < 64 ? 0 : 63 - (unsigned int)__builtin_clzll(ns) - 5;
	uint64_t i = (uint64_t)e * 32 + (ns >> e);

	hist[i < BUCKETS ? i : BUCKETS - 1]++;
}

static double percentile(double p)
{
	uint64_t total = 0, sum = 0, want;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		total += hist[i];
	want = (uint64_t)((double)total * p);
	if (want && want == total)
		want--;
	for (i = 0; i < BUCKETS; i++) {
		sum += hist[i];
		if (sum > want) {
			unsigned int e = i < 64 ? 0 : (i - 32) / 32;

			return (double)(((uint64_t)i - (uint64_t)e * 32) << e) / 1000.0;
		}
	}
	return 0;
}

static void put_crc(uint8_t *p, const void *data, size_t len)
{
	uint32_t crc = crc32c(0, data, len);

	p[0] = (uint8_t)crc;
	p[1] = (uint8_t)(crc >> 8);
	p[2] = (uint8_t)(crc >> 16);
	p[3] = (uint8_t)(crc >> 24);
}

/* --- login ---------------------------------------------------------------------------------------- */

static void read_full(int fd, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n <= 0) {
			fprintf(stderr, "login: connection lost\n");
			exit(1);
		}
		p += n;
		len -= (size_t)n;
	}
}

static void login(struct conn *c, unsigned int index)
{
	uint8_t pdu[4096] = { 0 };
	char text[2048];
	const char *v;
	uint32_t len;
	int n;

	n = snprintf(text, sizeof(text),
		     "InitiatorName=iqn.2026-11.org.example:load%u%cTargetName=%s%cSessionType=Normal%c"
		     "HeaderDigest=%s%cDataDigest=%s%cInitialR2T=No%cImmediateData=Yes%c"
		     "MaxRecvDataSegmentLength=1048576%cMaxBurstLength=16776192%cFirstBurstLength=1048576%c"
		     "MaxOutstandingR2T=16%cMaxConnections=1%cErrorRecoveryLevel=0%cDefaultTime2Wait=0%c"
		     "DefaultTime2Retain=0%c",
		     index, 0, o.iqn, 0, 0, o.hdigest ? "CRC32C" : "None", 0,
		     o.ddigest ? "CRC32C" : "None", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	pdu[0] = 0x43;
	pdu[1] = 0x87; /* T, CSG operational, NSG full feature */
	pdu[5] = 0;
	w16(pdu + 6, (uint32_t)n);
	pdu[8] = 0x80; /* ISID: random */
	pdu[9] = (uint8_t)(index >> 16);
	w16(pdu + 10, index);
	w16(pdu + 12, (uint32_t)getpid());
	w32(pdu + 16, 1);
	w32(pdu + 24, 1);
	memcpy(pdu + BHS, text, (size_t)n);
	if (write(c->fd, pdu, BHS + pad4((uint32_t)n)) < 0)
		die_errno("login");
	read_full(c->fd, pdu, BHS);
	len = r24(pdu + 5);
	if ((pdu[0] & 0x3f) != 0x23 || pdu[36] || len > sizeof(pdu) - BHS) {
		fprintf(stderr, "login refused: status %02x%02x\n", pdu[36], pdu[37]);
		exit(1);
	}
	read_full(c->fd, pdu + BHS, pad4(len));
	if (!(pdu[1] & 0x80)) {
		fprintf(stderr, "login: the target wants another round\n");
		exit(1);
	}
	v = text_value((char *)pdu + BHS, len, "MaxRecvDataSegmentLength");
	c->mrdsl = v ? (uint32_t)atoi(v) : 8192;
	v = text_value((char *)pdu + BHS, len, "FirstBurstLength");
	c->first_burst = v ? (uint32_t)atoi(v) : 65536;
	v = text_value((char *)pdu + BHS, len, "ImmediateData");
	if (v && !strcmp(v, "No"))
		c->mrdsl = 0;
	v = text_value((char *)pdu + BHS, len, "HeaderDigest");
	if (o.hdigest && (!v || strncmp(v, "CRC32C", 6))) {
		fprintf(stderr, "login: no header digest\n");
		exit(1);
	}
	c->exp_stat_sn = r32(pdu + 24) + 1;
	c->cmd_sn = 1;
	c->max_cmd_sn = r32(pdu + 32);
}

/* TEST UNIT READY until it is GOOD: Unit Attentions of the new session are no errors of the load. */
static void clear_attention(struct conn *c)
{
	size_t hdr = BHS + (o.hdigest ? 4 : 0);
	unsigned int tries;

	for (tries = 0; tries < 8; tries++) {
		uint8_t p[BHS + 4] = { 0x01, 0x81 }, data[512];
		uint32_t len;

		p[8] = c->lun > 255 ? (uint8_t)(0x40 | c->lun >> 8) : 0;
		p[9] = (uint8_t)c->lun;
		w32(p + 24, c->cmd_sn++);
		w32(p + 28, c->exp_stat_sn);
		if (o.hdigest)
			put_crc(p + BHS, p, BHS);
		if (write(c->fd, p, hdr) != (ssize_t)hdr)
			die_errno("write");
		read_full(c->fd, p, hdr);
		len = r24(p + 5);
		if ((p[0] & 0x3f) != 0x21 || len > sizeof(data) - 8) {
			fprintf(stderr, "TEST UNIT READY: unexpected answer\n");
			exit(1);
		}
		if (len)
			read_full(c->fd, data, pad4(len) + (o.ddigest ? 4 : 0));
		c->exp_stat_sn = r32(p + 24) + 1;
		c->max_cmd_sn = r32(p + 32);
		if (!p[3])
			return;
	}
	fprintf(stderr, "LUN %u is not ready\n", c->lun);
	exit(1);
}

static void dial(struct conn *c, unsigned int index)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)o.port) };
	int one = 1;

	inet_pton(AF_INET, o.host, &sa.sin_addr);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)))
		die_errno("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->lun = o.luns[index % o.n_luns];
	login(c, index);
	clear_attention(c);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	c->slots = calloc(o.depth, sizeof(*c->slots));
	c->idle = calloc(o.depth, sizeof(*c->idle));
	for (c->n_idle = 0; c->n_idle < o.depth; c->n_idle++)
		c->idle[c->n_idle] = c->n_idle;
	c->rx = malloc(RX_BUF);
	c->next_lba = (o.size / o.conns / o.blk) * index;
}

/* --- sending -------------------------------------------------------------------------------------- */

static uint8_t *tx_room(struct conn *c, size_t n)
{
	uint8_t *p;

	if (c->tx_len + n > c->tx_cap) {
		c->tx_cap = (c->tx_len + n) * 2;
		c->tx = realloc(c->tx, c->tx_cap);
	}
	p = c->tx + c->tx_len;
	c->tx_len += n;
	return p;
}

/* Header digest, data, data digest behind the header at @bhs. */
static void put_rest(struct conn *c, const uint8_t bhs[BHS], uint32_t off, uint32_t len)
{
	memcpy(tx_room(c, BHS), bhs, BHS);
	if (o.hdigest)
		put_crc(tx_room(c, 4), bhs, BHS);
	if (!len)
		return;
	memcpy(tx_room(c, len), pattern + off, len);
	if (o.ddigest)
		put_crc(tx_room(c, 4), pattern + off, len);
}

static void data_out(struct conn *c, uint32_t itt, uint32_t ttt, uint32_t off, uint32_t len)
{
	uint32_t sn = 0;

	while (len) {
		uint32_t n = len < (c->mrdsl ? c->mrdsl : 8192) ? len : (c->mrdsl ? c->mrdsl : 8192);
		uint8_t p[BHS] = { 0x05 };

		p[1] = n == len ? 0x80 : 0;
		p[5] = (uint8_t)(n >> 16);
		w16(p + 6, n);
		p[8 + 0] = c->lun > 255 ? (uint8_t)(0x40 | c->lun >> 8) : 0;
		p[9] = (uint8_t)c->lun;
		w32(p + 16, itt);
		w32(p + 20, ttt);
		w32(p + 28, c->exp_stat_sn);
		w32(p + 36, sn++);
		w32(p + 40, off);
		put_rest(c, p, off, n);
		off += n;
		len -= n;
	}
}

static uint64_t pick_lba(struct conn *c)
{
	uint64_t units = o.size / o.block, per = o.block / o.blk, lba;

	if (!o.sequential)
		return rnd() % units * per;
	lba = c->next_lba;
	c->next_lba += per;
	if (c->next_lba + per > o.size / o.blk)
		c->next_lba = 0;
	return lba;
}

static void start_io(struct conn *c, uint32_t i, uint64_t now)
{
	bool wr = o.write_pct && rnd() % 100 < o.write_pct;
	uint64_t lba = pick_lba(c);
	uint32_t imm = 0, unsol = 0;
	uint8_t p[BHS] = { 0x01 };

	if (wr) {
		imm = o.block < c->mrdsl ? o.block : c->mrdsl;
		imm = imm < c->first_burst ? imm : c->first_burst;
		unsol = (o.block < c->first_burst ? o.block : c->first_burst) - imm;
	}
	p[1] = (uint8_t)((wr ? 0x20 : 0x40) | (unsol ? 0 : 0x80) | 1);
	p[5] = (uint8_t)(imm >> 16);
	w16(p + 6, imm);
	p[8] = c->lun > 255 ? (uint8_t)(0x40 | c->lun >> 8) : 0;
	p[9] = (uint8_t)c->lun;
	w32(p + 16, i);
	w32(p + 20, o.block);
	w32(p + 24, c->cmd_sn++);
	w32(p + 28, c->exp_stat_sn);
	p[32] = wr ? 0x8a : 0x88;
	w32(p + 34, (uint32_t)(lba >> 32));
	w32(p + 38, (uint32_t)lba);
	w32(p + 42, o.block / o.blk);
	put_rest(c, p, 0, imm);
	if (unsol)
		data_out(c, i, 0xffffffffu, imm, unsol);
	c->slots[i] = (struct slot){ .start = now, .write = wr, .busy = true };
}

static void flush(struct conn *c, int ep)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	bool out;

	while (c->tx_off < c->tx_len) {
		ssize_t n = send(c->fd, c->tx + c->tx_off, c->tx_len - c->tx_off, MSG_NOSIGNAL);

		c->sends++;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die_errno("send");
		c->tx_off += (size_t)n;
	}
	out = c->tx_off < c->tx_len;
	if (!out)
		c->tx_off = c->tx_len = 0;
	if (out != c->want_out) {
		c->want_out = out;
		ev.events |= out ? EPOLLOUT : 0;
		epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
	}
}

static void fill(struct conn *c, int ep, bool stop)
{
	uint64_t now = now_ns();

	while (!stop && c->n_idle && (int32_t)(c->max_cmd_sn - c->cmd_sn) >= 0)
		start_io(c, c->idle[--c->n_idle], now);
	flush(c, ep);
}

/* --- receiving ------------------------------------------------------------------------------------ */

static void io_done(struct conn *c, uint32_t itt, uint8_t status, uint64_t now)
{
	struct slot *s = itt < o.depth ? &c->slots[itt] : NULL;

	if (!s || !s->busy) {
		fprintf(stderr, "answer to a command that was not sent: ITT %x\n", itt);
		exit(1);
	}
	if (status)
		errors++;
	record(now - s->start);
	done_ios++;
	s->busy = false;
	c->idle[c->n_idle++] = itt;
}

static void command_ends(struct conn *c, uint32_t itt, uint8_t status)
{
	c->ending = true;
	c->end_itt = itt;
	c->end_status = status;
}

static void handle(struct conn *c, const uint8_t *p)
{
	switch (p[0] & 0x3f) {
	case 0x25: /* Data-In */
		if (p[1] & 1) {
			c->exp_stat_sn = r32(p + 24) + 1;
			command_ends(c, r32(p + 16), p[3]);
		}
		break;
	case 0x21:
		c->exp_stat_sn = r32(p + 24) + 1;
		command_ends(c, r32(p + 16), p[2] ? 0xff : p[3]);
		break;
	case 0x31:
		data_out(c, r32(p + 16), r32(p + 20), r32(p + 40), r32(p + 44));
		break;
	case 0x20: /* NOP-In: answered only when it asks */
		if (r32(p + 20) != 0xffffffffu) {
			uint8_t nop[BHS] = { 0x40, 0x80 };

			memcpy(nop + 8, p + 8, 8);
			w32(nop + 16, 0xffffffffu);
			memcpy(nop + 20, p + 20, 4);
			w32(nop + 24, c->cmd_sn);
			w32(nop + 28, c->exp_stat_sn);
			put_rest(c, nop, 0, 0);
		}
		break;
	default:
		fprintf(stderr, "unexpected PDU, opcode %02x\n", p[0]);
		exit(1);
	}
	if ((int32_t)(r32(p + 32) - c->max_cmd_sn) > 0)
		c->max_cmd_sn = r32(p + 32);
}

static void receive(struct conn *c)
{
	size_t hdr = BHS + (o.hdigest ? 4 : 0), pos = 0;
	ssize_t n = recv(c->fd, c->rx + c->have, RX_BUF - c->have, 0);
	uint64_t now;

	c->recvs++;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fprintf(stderr, "the target closed the connection\n");
		exit(1);
	}
	now = now_ns();
	c->have += (size_t)n;
	for (;;) {
		size_t s = c->skip < c->have - pos ? c->skip : c->have - pos;
		uint32_t len;

		pos += s;
		c->skip -= s;
		if (!c->skip && c->ending) {
			c->ending = false;
			io_done(c, c->end_itt, c->end_status, now);
		}
		if (c->skip || c->have - pos < hdr)
			break;
		len = r24(c->rx + pos + 5);
		handle(c, c->rx + pos);
		pos += hdr;
		c->skip = len ? pad4(len) + (o.ddigest ? 4 : 0) : 0;
	}
	memmove(c->rx, c->rx + pos, c->have - pos);
	c->have -= pos;
}

/* --- measuring ------------------------------------------------------------------------------------ */

static double cpu_of(int pid)
{
	char path[64], buf[1024], *p;
	unsigned long long ut, st;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f || !fgets(buf, sizeof(buf), f))
		die_errno(path);
	fclose(f);
	p = strrchr(buf, ')');
	if (!p || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &ut, &st) != 2) {
		fprintf(stderr, "can't read %s\n", path);
		exit(1);
	}
	return (double)(ut + st) / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)ru.ru_utime.tv_sec + (double)ru.ru_stime.tv_sec +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static void report(double secs, double tcpu, double ocpu, const struct conn *conns)
{
	double ios = (double)(done_ios ? done_ios : 1);
	unsigned long long sends = 0, recvs = 0;
	unsigned int i;

	for (i = 0; i < o.conns; i++) {
		sends += conns[i].sends;
		recvs += conns[i].recvs;
	}
	if (o.json) {
		printf("{\"iops\":%.0f,\"mbps\":%.1f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f,"
		       "\"cpu_us\":%.3f,\"load_cpu_us\":%.3f,\"recvs_per_io\":%.3f,\"errors\":%llu}\n",
		       ios / secs, ios * o.block / secs / 1e6, percentile(.5), percentile(.99),
		       percentile(.999), percentile(1), tcpu / ios * 1e6, ocpu / ios * 1e6,
		       (double)recvs / ios, (unsigned long long)errors);
		return;
	}
	printf("%.0f IOPS  %.1f MB/s  latency us: p50 %.1f p99 %.1f p99.9 %.1f max %.1f\n", ios / secs,
	       ios * o.block / secs / 1e6, percentile(.5), percentile(.99), percentile(.999),
	       percentile(1));
	printf("target CPU %.3f us/IO  load CPU %.3f us/IO  sends/IO %.3f recvs/IO %.3f errors %llu\n",
	       tcpu / ios * 1e6, ocpu / ios * 1e6, (double)sends / ios, (double)recvs / ios,
	       (unsigned long long)errors);
}

static void run(struct conn *conns)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	uint64_t begin, end;
	double tcpu, ocpu;
	unsigned int i;

	for (i = 0; i < o.conns; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &conns[i] };

		epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &ev);
	}
	tcpu = o.pid ? cpu_of(o.pid) : 0;
	ocpu = own_cpu();
	begin = now_ns();
	end = begin + (uint64_t)(o.seconds * 1e9);
	for (i = 0; i < o.conns; i++)
		fill(&conns[i], ep, false);
	for (;;) {
		struct epoll_event ev[64];
		int n = epoll_wait(ep, ev, 64, 1000), k;
		bool over = now_ns() >= end;

		for (k = 0; k < n; k++) {
			struct conn *c = ev[k].data.ptr;

			if (ev[k].events & ~(uint32_t)EPOLLOUT)
				receive(c);
			fill(c, ep, over);
		}
		if (over)
			break;
		if (!n) {
			fprintf(stderr, "no answer within a second\n");
			if (now_ns() > end + 5000000000ull)
				exit(1);
		}
	}
	report((double)(now_ns() - begin) / 1e9, o.pid ? cpu_of(o.pid) - tcpu : 0, own_cpu() - ocpu,
	       conns);
}

static void parse_luns(char *text)
{
	char *save, *tok;

	for (tok = strtok_r(text, ",", &save); tok && o.n_luns < 1024; tok = strtok_r(NULL, ",", &save))
		o.luns[o.n_luns++] = (unsigned int)atoi(tok);
}

int main(int argc, char **argv)
{
	struct conn *conns;
	unsigned int i;
	int c;

	o.blk = 512;
	o.size = 1ull << 30;
	while ((c = getopt(argc, argv, "p:n:h:l:c:q:b:w:st:S:d:P:jB:")) != -1) {
		switch (c) {
		case 'p': o.port = atoi(optarg); break;
		case 'n': o.iqn = optarg; break;
		case 'h': o.host = optarg; break;
		case 'l': parse_luns(optarg); break;
		case 'c': o.conns = (unsigned int)atoi(optarg); break;
		case 'q': o.depth = (unsigned int)atoi(optarg); break;
		case 'b': o.block = (unsigned int)atoi(optarg); break;
		case 'w': o.write_pct = (unsigned int)atoi(optarg); break;
		case 's': o.sequential = true; break;
		case 't': o.seconds = atof(optarg); break;
		case 'S': o.size = strtoull(optarg, NULL, 0); break;
		case 'd': o.hdigest = strchr(optarg, 'h'); o.ddigest = strchr(optarg, 'd'); break;
		case 'P': o.pid = atoi(optarg); break;
		case 'B': o.blk = (unsigned int)atoi(optarg); break;
		case 'j': o.json = true; break;
		default: fprintf(stderr, "see the head of load.c, or doc/howto/benchmark.md\n"); return 22;
		}
	}
	if (!o.iqn || !o.port || !o.conns || !o.depth || o.block < o.blk || o.block % o.blk ||
	    o.block > o.size) {
		fprintf(stderr, "load: -p PORT and -n IQN are needed; the block must fit the size\n");
		return 22;
	}
	if (!o.n_luns)
		o.luns[o.n_luns++] = 1;
	signal(SIGPIPE, SIG_IGN);
	pattern = malloc(o.block);
	for (i = 0; i < o.block; i++)
		pattern[i] = (uint8_t)rnd();
	conns = calloc(o.conns, sizeof(*conns));
	for (i = 0; i < o.conns; i++)
		dial(&conns[i], i);
	run(conns);
	return errors != 0;
}
