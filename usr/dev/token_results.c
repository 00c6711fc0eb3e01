/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RECEIVE ROD TOKEN INFORMATION (SPC-4 6.26, SBC-4 5.25), REPORT ALL ROD TOKENS (6.31), and what the
 * Third-Party Copy page says of tokens (7.8.17.8 and 9, SBC-4 6.6.9.3).
 */
#include <string.h>

#include "base/bytes.h"
#include "base/iov.h"
#include "dev/sbc.h"
#include "dev/token.h"
#include "dev/xcopy.h"

enum { SA_TOKEN_INFORMATION = 0x07, SA_ALL_TOKENS = 0x08 };
enum { SA_POPULATE = 0x10, SA_WRITE = 0x11 };

#define HEADER_LEN 32U
#define UNITS_BLOCKS 0xf1

/* SBC-4 tables 102 and 103 */
static enum scsi_result token_information(struct scsi_cmd *cmd)
{
	struct xcopy *x = xcopy_find(cmd, get_be32(cmd->cdb + 2), true);
	uint8_t d[HEADER_LEN + SCSI_SENSE_MAX + 4 + 2 + TOKEN_LEN] = { 0 };
	uint32_t len = HEADER_LEN;

	if (!x || (x->action != SA_POPULATE && x->action != SA_WRITE))
		return scsi_bad_cdb(cmd, 2, -1);
	/* SPC-4 6.26: the initiator does without. */
	if (!cmd->in_cdb && x->state != XCOPY_RUNS) {
		xcopy_free(x);
		return RES_GOOD;
	}
	d[4] = x->action;
	d[5] = xcopy_status(x);
	put_be32(d + 8, x->state == XCOPY_RUNS ? XCOPY_POLL_MS : UINT32_MAX);
	d[12] = x->state == XCOPY_RUNS ? 0 : x->status;
	d[13] = d[14] = x->sense_len;
	d[15] = UNITS_BLOCKS;
	put_be64(d + 16, xcopy_bytes(x) >> cmd->lu->block_shift);
	memcpy(d + len, x->sense, x->sense_len);
	len += x->sense_len;
	if (x->made) {
		put_be32(d + len, 2 + TOKEN_LEN);
		memcpy(d + len + 6, x->made, TOKEN_LEN);
		len += 2 + TOKEN_LEN;
	}
	len += 4;
	put_be32(d, len - 4);
	return scsi_cmd_reply(cmd, d, len);
}

/* The management tokens, without what makes a token a secret. */
static enum scsi_result all_tokens(struct scsi_cmd *cmd)
{
	const struct list *all = &to_sbc(cmd->lu)->tokens;
	uint32_t len = 8;
	uint8_t head[8] = { 0 };
	const struct token *t;
	enum scsi_result r;

	list_for_each(t, all, link)
		len += t->state == TOKEN_VALID ? TOKEN_BODY_LEN : 0;
	r = scsi_cmd_alloc_in(cmd, len);
	if (r != RES_GOOD)
		return r;
	put_be32(head, len - 4);
	iov_from_buf(cmd->in.iov, cmd->in.iovcnt, 0, head, sizeof(head));
	cmd->in_len = (uint32_t)min_u64(len, cmd->in_cdb);
	len = sizeof(head);
	list_for_each(t, all, link) {
		if (t->state != TOKEN_VALID)
			continue;
		iov_from_buf(cmd->in.iov, cmd->in.iovcnt, len, t->data, TOKEN_BODY_LEN);
		len += TOKEN_BODY_LEN;
	}
	return RES_GOOD;
}

static bool enabled(const struct lu *lu)
{
	return lu->third_party_copy;
}

const struct opcode token_results_rows[2] = {
	{ .op = 0x84, .sa = SA_TOKEN_INFORMATION, .name = "RECEIVE ROD TOKEN INFORMATION",
	  .cdb_len = 16, .dir = DATA_IN, .len = { 10, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0x84, SA_TOKEN_INFORMATION, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff,
		     0xff, 0xff, 0, 0 },
	  .resv = RESV_ALLOWED, .enabled = enabled, .run = token_information },
	{ .op = 0x84, .sa = SA_ALL_TOKENS, .name = "REPORT ALL ROD TOKENS", .cdb_len = 16,
	  .dir = DATA_IN, .len = { 10, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0x84, SA_ALL_TOKENS, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .resv = RESV_ALLOWED, .enabled = enabled, .run = all_tokens },
};

/* --- VPD 8Fh */

/* Block Device ROD Token Limits. By its store a disk copies at once what would else take a while. */
static void put_limits(const struct lu *lu, uint8_t *p)
{
	bool native = lu->bs && lu->bs->cap[BS_COPY] == BS_CAP_NATIVE;

	put_be16(p + 6, TOKEN_RANGES);
	put_be32(p + 8, TOKEN_TIMEOUT_MAX);
	put_be32(p + 12, TOKEN_TIMEOUT);
	put_be64(p + 16, TOKEN_BYTES_MAX >> lu->block_shift);
	put_be64(p + 24, (native ? GiB : 64 * MiB) >> lu->block_shift);
}

/* ROD Token Features: tokens of this daemon only; a block ROD features descriptor of 48 bytes. */
static void put_features(const struct lu *lu, uint8_t *p)
{
	put_be32(p + 12, 1);
	put_be32(p + 16, TOKEN_TIMEOUT_MAX);
	put_be32(p + 20, TOKEN_TIMEOUT_MAX);
	put_be16(p + 42, 48);
	p += 44;
	put_be16(p + 2, 0x2c);
	put_be16(p + 6, (uint16_t)(1U << min_u32(sbc_phys_exponent(lu), 15)));
	put_be64(p + 8, TOKEN_BYTES_MAX);
}

/* ROD types: which come in, which go out. */
static uint8_t *put_type(uint8_t *p, uint32_t type, bool in, bool out)
{
	put_be32(p, type);
	p[4] = (uint8_t)((in ? 0x02 : 0) | (out ? 0x01 : 0));
	return p + 64;
}

void token_vpd_limits(const struct lu *lu, uint8_t *buf, uint32_t *at)
{
	put_limits(lu, xcopy_vpd_desc(buf, at, 0x0000, 32));
}

void token_vpd_types(const struct lu *lu, uint8_t *buf, uint32_t *at)
{
	uint8_t *p;

	put_features(lu, xcopy_vpd_desc(buf, at, 0x0106, 44 + 48));
	p = xcopy_vpd_desc(buf, at, 0x0108, 4 + 2 * 64);
	put_be16(p + 2, 2 * 64);
	put_type(put_type(p + 4, TOKEN_PIT_VULNERABLE, true, true), TOKEN_ZERO, true, false);
}
