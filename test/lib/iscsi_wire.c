/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initiator's end of a connection in tests (iscsi_wire.h).
 */
#include "iscsi_wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "bs/bs_types.h"
#include "dev/dev_types.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/login.h"
#include "t_loop.h"
#include "target/lu.h"

static const struct bs_type *const stores[] = { &bs_mem_type, &bs_delay_type, &bs_fault_type, NULL };
static const struct dev_type *const devs[] = { &dev_controller, &dev_disk, &dev_wlun, NULL };
static struct transport *const transports[] = { &iscsi_transport, NULL };

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	(void)err;
	*(struct lu **)arg = lu;
}

static bool lu_there(void *arg)
{
	return *(struct lu **)arg != NULL;
}

int wire_setup(void **state)
{
	struct lu_conf conf = { .lun = 1, .dev_type = "disk", .path = "16M", .bstype = "mem" };
	struct wire *w = calloc(1, sizeof(*w));
	struct err err = { .code = ERR_OK };
	struct lu *lu = NULL;

	assert_non_null(w);
	w->fds = count_fds();
	w->core.loop = loop_new();
	w->core.workers = workers_new(w->core.loop, 2);
	w->core.stores = bs_core_new(w->core.loop, w->core.workers, stores);
	w->core.transports = transports;
	w->core.dev_types = devs;
	bufpool_init(&w->core.bufs, 64 * MiB, 128 * MiB);
	iscsi_transport.index = 0;
	assert_int_equal(core_init(&w->core, NULL), 0);
	iscsi_init(&w->core);
	iscsi_transport.state = TRANSPORT_READY;
	if (target_new(&w->core, 1, WIRE_TARGET, "iscsi", &w->target, &err))
		fail_msg("%s", err.text);
	assert_int_equal(access_add_addr(&w->target->access, "ALL", &err), 0);
	lu_new(w->target, &conf, lu_made, &lu);
	assert_true(t_loop_until(w->core.loop, lu_there, &lu));
	*state = w;
	return 0;
}

static void stopped(void *arg)
{
	*(int *)arg = 1;
}

int wire_teardown(void **state)
{
	struct wire *w = *state;
	int done = 0;

	iscsi_transport.stop(&w->core, stopped, &done);
	assert_true(t_loop_until_set(w->core.loop, &done));
	done = 0;
	assert_int_equal(target_delete(w->target, true, stopped, &done, NULL), 0);
	assert_true(t_loop_until_set(w->core.loop, &done));
	core_done(&w->core);
	bufpool_done(&w->core.bufs);
	workers_free(w->core.workers);
	bs_core_free(w->core.stores);
	loop_free(w->core.loop);
	assert_int_equal(count_fds(), w->fds);
	free(w);
	return 0;
}

void wire_settle(struct wire *w)
{
	t_loop_turns(w->core.loop, 6);
}

/* --- bytes ------------------------------------------------------------------------------------ */

void wire_open(struct wire_conn *c, struct wire *w)
{
	struct addr peer, local;
	struct iscsi_conn *conn;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(addr_parse(&peer, "192.0.2.7:40000", 0, NULL), 0);
	assert_int_equal(addr_parse(&local, "192.0.2.1:3260", 0, NULL), 0);
	*c = (struct wire_conn){ .w = w, .fd = sv[1], .itt = 1, .cmd_sn = 1, .isid = { 0x80, 1 } };
	conn = conn_new(&tcp_link, sv[0], NULL, &peer, &local);
	assert_non_null(conn);
	login_start(conn);
}

void wire_dial(struct wire_conn *c, struct wire *w, const struct addr *to)
{
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &to->sa, to->len), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	*c = (struct wire_conn){ .w = w, .fd = fd, .itt = 1, .cmd_sn = 1, .isid = { 0x80, 1 } };
	wire_settle(w);
}

uint16_t wire_discover(struct wire_conn *c, char *out, size_t size)
{
	static const char login[] = "InitiatorName=" WIRE_INITIATOR "\nSessionType=Discovery\n";
	struct iscsi_text_req h = { .opcode = ISCSI_OP_TEXT_REQ | ISCSI_IMMEDIATE, .flags = 0x80 };
	uint16_t status = wire_login_status(c, 0x87, login);
	struct wire_pdu pdu = { .data = NULL };
	uint32_t i;

	if (status)
		return status;
	be32_put(&h.itt, 1);
	be32_put(&h.ttt, ISCSI_RESERVED_TAG);
	be32_put(&h.cmd_sn, c->cmd_sn);
	wire_send(c, &h, "SendTargets=All", 16);
	assert_true(wire_recv(c, &pdu));
	assert_true(pdu.len < size);
	for (i = 0; i < pdu.len; i++)
		out[i] = (char)(pdu.data[i] ? pdu.data[i] : ' ');
	out[i] = '\0';
	wire_pdu_free(&pdu);
	return 0;
}

void wire_close(struct wire_conn *c)
{
	close(c->fd);
	free(c->in);
	c->in = NULL;
	c->have = c->cap = 0;
	wire_settle(c->w);
}

static void pull(struct wire_conn *c)
{
	for (;;) {
		ssize_t n;

		if (c->cap - c->have < 65536) {
			c->cap = c->cap ? c->cap * 2 : 262144;
			c->in = realloc(c->in, c->cap);
			assert_non_null(c->in);
		}
		n = read(c->fd, c->in + c->have, c->cap - c->have);
		if (n > 0) {
			c->have += (size_t)n;
			continue;
		}
		if (!n || (errno != EAGAIN && errno != EINTR))
			c->closed = true;
		if (!n || errno != EINTR)
			return;
	}
}

void wire_send_bytes(struct wire_conn *c, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n) {
		size_t part = c->chop && c->chop < n ? c->chop : n;
		ssize_t sent = send(c->fd, b, part, MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN) {
			wire_settle(c->w);
			pull(c);
			continue;
		}
		if (sent < 0) {
			c->closed = true;
			return;
		}
		b += sent;
		n -= (size_t)sent;
		if (c->chop)
			wire_settle(c->w);
	}
}

static void put_crc(uint8_t *out, uint32_t crc)
{
	out[0] = (uint8_t)crc;
	out[1] = (uint8_t)(crc >> 8);
	out[2] = (uint8_t)(crc >> 16);
	out[3] = (uint8_t)(crc >> 24);
}

void wire_send(struct wire_conn *c, void *bhs, const void *data, uint32_t len)
{
	struct iscsi_bhs *h = bhs;
	uint32_t pad = -len & 3, n = ISCSI_BHS_LEN;
	uint8_t *buf = calloc(1, ISCSI_BHS_LEN + 12 + (size_t)len);

	assert_non_null(buf);
	be24_put(&h->data_len, len);
	memcpy(buf, bhs, ISCSI_BHS_LEN);
	if (c->hdigest) {
		put_crc(buf + n, crc32c(0, buf, ISCSI_BHS_LEN) ^ c->bad_hdigest);
		n += 4;
	}
	if (len) {
		memcpy(buf + n, data, len);
		if (c->ddigest)
			put_crc(buf + n + len + pad, crc32c(0, buf + n, len + pad) ^ c->bad_ddigest);
		n += len + pad + (c->ddigest ? 4 : 0);
	}
	c->bad_hdigest = c->bad_ddigest = false;
	wire_send_bytes(c, buf, n);
	free(buf);
}

void wire_pdu_free(struct wire_pdu *pdu)
{
	free(pdu->data);
	pdu->data = NULL;
}

bool wire_recv(struct wire_conn *c, struct wire_pdu *pdu)
{
	size_t hlen = ISCSI_BHS_LEN + (c->hdigest ? 4 : 0), total;
	unsigned int tries;
	uint32_t len;

	wire_pdu_free(pdu);
	for (tries = 0;; tries++) {
		wire_settle(c->w);
		pull(c);
		if (c->have >= hlen) {
			len = get_be24(c->in + 5);
			total = hlen + len + (-len & 3) + (len && c->ddigest ? 4 : 0);
			if (c->have >= total)
				break;
		}
		if (tries > 20)
			return false;
	}
	if (c->hdigest) {
		uint8_t want[4];

		put_crc(want, crc32c(0, c->in, ISCSI_BHS_LEN));
		assert_memory_equal(want, c->in + ISCSI_BHS_LEN, 4);
	}
	if (len && c->ddigest) {
		uint8_t want[4];

		put_crc(want, crc32c(0, c->in + hlen, len + (-len & 3)));
		assert_memory_equal(want, c->in + total - 4, 4);
	}
	memcpy(pdu->bhs, c->in, ISCSI_BHS_LEN);
	pdu->len = len;
	pdu->data = calloc(1, (size_t)len + 1);
	assert_non_null(pdu->data);
	memcpy(pdu->data, c->in + hlen, len);
	memmove(c->in, c->in + total, c->have - total);
	c->have -= total;
	return true;
}

/* --- login ------------------------------------------------------------------------------------ */

void wire_login_request(struct wire_conn *c, uint8_t flags, const char *text)
{
	struct iscsi_login_req h = { .opcode = ISCSI_OP_LOGIN_REQ | ISCSI_IMMEDIATE, .flags = flags };
	uint32_t len = (uint32_t)strlen(text), i;
	char *copy = strdup(text);

	assert_non_null(copy);
	for (i = 0; i < len; i++)
		if (copy[i] == '\n')
			copy[i] = '\0';
	memcpy(h.isid, c->isid, sizeof(h.isid));
	be16_put(&h.tsih, c->tsih);
	be16_put(&h.cid, c->cid);
	be32_put(&h.itt, 0x10);
	be32_put(&h.cmd_sn, c->cmd_sn);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_send(c, &h, copy, len);
	free(copy);
}

uint16_t wire_login_status(struct wire_conn *c, uint8_t flags, const char *text)
{
	struct wire_pdu pdu = { .data = NULL };
	uint16_t status;

	wire_login_request(c, flags, text);
	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_LOGIN_RSP);
	status = (uint16_t)(pdu.login.status_class << 8 | pdu.login.status_detail);
	c->exp_stat_sn = be32_get(pdu.login.stat_sn) + 1;
	if (!status && (flags & 0x83) == 0x83)
		c->tsih = be16_get(pdu.login.tsih);
	wire_pdu_free(&pdu);
	return status;
}

void wire_login(struct wire_conn *c, const char *keys)
{
	char text[2048];

	snprintf(text, sizeof(text), "InitiatorName=%s\nTargetName=%s\nSessionType=Normal\n%s",
		 WIRE_INITIATOR, WIRE_TARGET, keys);
	assert_int_equal(wire_login_status(c, 0x87, text), 0);
	assert_int_not_equal(c->tsih, 0);
	c->hdigest = strstr(keys, "HeaderDigest=CRC32C");
	c->ddigest = strstr(keys, "DataDigest=CRC32C");
}

/* --- commands --------------------------------------------------------------------------------- */

uint32_t wire_cmd(struct wire_conn *c, const uint8_t *cdb, size_t cdb_len, uint8_t flags,
		  uint32_t edtl, const void *imm, uint32_t imm_len)
{
	struct iscsi_scsi_cmd h = { .opcode = ISCSI_OP_SCSI_CMD, .flags = flags };
	uint32_t itt = c->itt++;

	h.lun[1] = 1;
	be32_put(&h.itt, itt);
	be32_put(&h.edtl, edtl);
	be32_put(&h.cmd_sn, c->cmd_sn++);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	memcpy(h.cdb, cdb, cdb_len);
	wire_send(c, &h, imm, imm_len);
	return itt;
}

static void rw10(uint8_t *cdb, uint8_t op, uint32_t lba, uint16_t blocks)
{
	memset(cdb, 0, 10);
	cdb[0] = op;
	put_be32(cdb + 2, lba);
	put_be16(cdb + 7, blocks);
}

uint32_t wire_write10(struct wire_conn *c, uint32_t lba, uint16_t blocks, const void *data,
		      uint32_t imm_len, bool final)
{
	uint8_t cdb[10];

	rw10(cdb, 0x2a, lba, blocks);
	return wire_cmd(c, cdb, sizeof(cdb), (uint8_t)((final ? 0x80 : 0) | ISCSI_CMD_WRITE | 1),
			blocks * 512u, data, imm_len);
}

uint32_t wire_read10(struct wire_conn *c, uint32_t lba, uint16_t blocks)
{
	uint8_t cdb[10];

	rw10(cdb, 0x28, lba, blocks);
	return wire_cmd(c, cdb, sizeof(cdb), 0x80 | ISCSI_CMD_READ | 1, blocks * 512u, NULL, 0);
}

void wire_data_out(struct wire_conn *c, uint32_t itt, uint32_t ttt, uint32_t data_sn, uint32_t off,
		   const void *data, uint32_t len, bool final)
{
	struct iscsi_data_out h = { .opcode = ISCSI_OP_DATA_OUT, .flags = final ? ISCSI_FINAL : 0 };

	h.lun[1] = 1;
	be32_put(&h.itt, itt);
	be32_put(&h.ttt, ttt);
	be32_put(&h.data_sn, data_sn);
	be32_put(&h.offset, off);
	be32_put(&h.exp_stat_sn, c->exp_stat_sn);
	wire_send(c, &h, data, len);
}

uint8_t wire_status(struct wire_conn *c, uint32_t itt, void *in, uint32_t in_size)
{
	struct wire_pdu pdu = { .data = NULL };
	uint32_t got = 0;

	for (;;) {
		uint8_t op, status = 0;

		if (!wire_recv(c, &pdu))
			fail_msg("no answer to ITT %u", itt);
		op = pdu.bhs[0];
		if (op == ISCSI_OP_NOP_IN) /* a ping of the target's own */
			continue;
		assert_int_equal(be32_get(pdu.rsp.itt), itt);
		if (op == ISCSI_OP_DATA_IN) {
			assert_int_equal(be32_get(pdu.data_in.offset), got);
			assert_true(!in || got + pdu.len <= in_size);
			if (in)
				memcpy((uint8_t *)in + got, pdu.data, pdu.len);
			got += pdu.len;
			status = pdu.data_in.status;
		} else {
			assert_int_equal(op, ISCSI_OP_SCSI_RSP);
			status = pdu.rsp.status;
		}
		if (op == ISCSI_OP_SCSI_RSP || (pdu.bhs[1] & ISCSI_DIN_STATUS)) {
			c->exp_stat_sn = be32_get(pdu.rsp.stat_sn) + 1;
			wire_pdu_free(&pdu);
			return status;
		}
	}
}

void wire_clear_ua(struct wire_conn *c)
{
	static const uint8_t tur[6] = { 0 };
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (!wire_status(c, wire_cmd(c, tur, 6, 0x81, 0, NULL, 0), NULL, 0))
			return;
	fail_msg("Unit Attentions without end");
}
