/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POPULATE TOKEN and WRITE USING TOKEN (SBC-4 5.12, 5.59), which Windows calls offloaded data
 * transfer. The first copies nothing; what the second has to copy is cut into parts, in which neither
 * source nor destination jumps, and done by xcopy.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/range.h"
#include "dev/sbc.h"
#include "dev/token.h"
#include "dev/xcopy.h"
#include "target/target.h"

enum { SA_POPULATE = 0x10, SA_WRITE = 0x11 };

#define POPULATE_HEADER 16U
#define POPULATE_RTV 0x02

#define WRITE_HEADER 536U
#define WRITE_DEL_TKN 0x02
#define WRITE_TOKEN 16U

#define IMMED 0x01
#define RANGE_LEN 16U

struct token_list {
	uint64_t blocks; /* of all */
	uint32_t n;
	struct token_range ranges[TOKEN_RANGES];
};

static uint32_t list_id(const struct scsi_cmd *cmd)
{
	return get_be32(cmd->cdb + 6);
}

/* --- block device range descriptors (SBC-4 5.12.3) */

static bool overlap(const struct token_range *a, const struct token_range *b)
{
	return a->first < b->first + b->count && b->first < a->first + a->count;
}

static enum scsi_result range_add(struct scsi_cmd *cmd, struct token_list *l, uint16_t at,
				  const struct token_range *r)
{
	const struct lu *lu = cmd->lu;

	if (!r->count)
		return RES_GOOD;
	if (r->first > lu->blocks || r->count > lu->blocks - r->first)
		return scsi_fail_at(cmd, RES_LBA_RANGE, r->first);
	for (uint32_t i = 0; i < l->n; i++) {
		if (overlap(&l->ranges[i], r))
			return scsi_bad_param(cmd, at, -1);
	}
	l->ranges[l->n++] = *r;
	l->blocks += r->count;
	return l->blocks > TOKEN_BYTES_MAX >> lu->block_shift ? scsi_bad_param(cmd, at + 8, -1)
							      : RES_GOOD;
}

/* Those of length 0 say nothing; one that isn't there in full is ignored. */
static enum scsi_result get_ranges(struct scsi_cmd *cmd, uint32_t at, struct token_list *l)
{
	enum scsi_result r = RES_GOOD;
	uint8_t d[RANGE_LEN], len[2];
	uint32_t n;

	l->n = 0;
	l->blocks = 0;
	scsi_cmd_param(cmd, at - 2, len, sizeof(len));
	n = get_be16(len) / RANGE_LEN;
	if (!n)
		return scsi_bad_param(cmd, (uint16_t)(at - 2), -1);
	if (n > TOKEN_RANGES)
		return RES_TOO_MANY_SEGMENTS;
	for (; n && r == RES_GOOD; n--, at += RANGE_LEN) {
		struct token_range range;

		if (scsi_cmd_param(cmd, at, d, sizeof(d)) < sizeof(d))
			break;
		range.first = get_be64(d);
		range.count = get_be32(d + 8);
		r = range_add(cmd, l, (uint16_t)at, &range);
	}
	return r;
}

/* --- POPULATE TOKEN */

static enum scsi_result populate_header(struct scsi_cmd *cmd, uint32_t *timeout)
{
	uint8_t h[POPULATE_HEADER];
	uint32_t type;

	if (scsi_cmd_param(cmd, 0, h, sizeof(h)) < sizeof(h))
		return RES_PARAM_LIST_LENGTH;
	if (get_be16(h) < POPULATE_HEADER + RANGE_LEN - 2)
		return scsi_bad_param(cmd, 0, -1);
	*timeout = get_be32(h + 4) ? get_be32(h + 4) : TOKEN_TIMEOUT;
	if (*timeout > TOKEN_TIMEOUT_MAX)
		return scsi_bad_param(cmd, 4, -1);
	type = h[2] & POPULATE_RTV ? get_be32(h + 8) : TOKEN_PIT_DEFAULT;
	if (type != TOKEN_PIT_DEFAULT && type != TOKEN_PIT_VULNERABLE && type != TOKEN_PIT_ANY)
		return scsi_bad_param(cmd, 8, -1);
	return RES_GOOD;
}

/* The ranges, and how long the token may rest. */
static enum scsi_result populate_list(struct scsi_cmd *cmd, struct token_list *l, uint32_t *timeout)
{
	enum scsi_result r = populate_header(cmd, timeout);

	return r == RES_GOOD ? get_ranges(cmd, POPULATE_HEADER, l) : r;
}

static enum scsi_result populate(struct scsi_cmd *cmd, struct xcopy *x, const struct token_list *l,
				 uint32_t timeout)
{
	struct token *t = NULL;
	enum scsi_result r;

	x->list_id = list_id(cmd);
	x->keep = true;
	x->made = malloc(TOKEN_LEN);
	r = x->made ? xcopy_admit(x, cmd) : RES_BUSY;
	if (r == RES_GOOD)
		r = token_make(cmd->lu, l->ranges, l->n, timeout, &t);
	if (r != RES_GOOD)
		return r;
	memcpy(x->made, t->data, TOKEN_LEN);
	x->bytes = t->bytes;
	xcopy_over(cmd, x);
	return RES_GOOD;
}

/* No write to the ranges is under way, so what they hold is settled. */
static enum scsi_result populate_settled(struct scsi_cmd *cmd)
{
	struct xcopy *x = xcopy_new(cmd);
	struct token_list l;
	uint32_t timeout;
	enum scsi_result r;

	if (!x)
		return RES_BUSY;
	/* Once more: the disk may have shrunk meanwhile. */
	r = populate_list(cmd, &l, &timeout);
	if (r == RES_GOOD)
		r = populate(cmd, x, &l, timeout);
	if (r != RES_GOOD)
		xcopy_free(x);
	return r;
}

static enum scsi_result populate_token(struct scsi_cmd *cmd)
{
	uint64_t first = UINT64_MAX, end = 0;
	struct token_list l;
	uint32_t timeout;
	enum scsi_result r;

	if (!cmd->out_cdb)
		return RES_GOOD;
	r = populate_list(cmd, &l, &timeout);
	if (r != RES_GOOD || !l.n)
		return r;
	for (uint32_t i = 0; i < l.n; i++) {
		first = min_u64(first, l.ranges[i].first);
		end = max_u64(end, l.ranges[i].first + l.ranges[i].count);
	}
	return range_exclusive(cmd, first, end - first, populate_settled);
}

/* --- WRITE USING TOKEN */

struct write {
	uint64_t offset; /* into what the token stands for, bytes */
	uint8_t flags;
	uint8_t token[TOKEN_LEN];
	struct token_list list;
};

static enum scsi_result write_header(struct scsi_cmd *cmd, struct write *w)
{
	uint8_t h[WRITE_TOKEN];
	uint64_t offset;

	if (cmd->out_want < WRITE_HEADER)
		return RES_PARAM_LIST_LENGTH;
	scsi_cmd_param(cmd, 0, h, sizeof(h));
	scsi_cmd_param(cmd, WRITE_TOKEN, w->token, TOKEN_LEN);
	if (get_be16(h) < WRITE_HEADER + RANGE_LEN - 2)
		return scsi_bad_param(cmd, 0, -1);
	w->flags = h[2];
	offset = get_be64(h + 8);
	if (offset > UINT64_MAX >> cmd->lu->block_shift)
		return scsi_bad_param(cmd, 8, -1);
	w->offset = sbc_bytes(cmd->lu, offset);
	return get_ranges(cmd, WRITE_HEADER, &w->list);
}

static bool is_zero_token(const uint8_t *token)
{
	return get_be32(token) == TOKEN_ZERO && get_be16(token + 6) == TOKEN_LEN - 8;
}

/* It would write to what it reads. */
static bool writes_itself(const struct lu *lu, const struct token *t, const struct token_list *l)
{
	if (memcmp(lu->id.naa, t->lu->id.naa, sizeof(lu->id.naa)))
		return false;
	for (uint32_t i = 0; i < l->n; i++) {
		for (uint32_t k = 0; k < t->n_ranges; k++) {
			if (overlap(&l->ranges[i], &t->ranges[k]))
				return true;
		}
	}
	return false;
}

static void zero_parts(struct xcopy *x, const struct token_list *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		struct token_part *p = &x->parts[x->n_segs++];

		p->dst = sbc_bytes(x->lu, l->ranges[i].first);
		p->len = sbc_bytes(x->lu, l->ranges[i].count);
	}
}

/* The range of the token that has its byte @at; *@left: bytes from there to the range's end. */
static uint64_t token_byte(const struct token *t, uint64_t at, uint64_t *left)
{
	const struct token_range *r = t->ranges;

	for (; at >= sbc_bytes(t->lu, r->count); r++)
		at -= sbc_bytes(t->lu, r->count);
	*left = sbc_bytes(t->lu, r->count) - at;
	return sbc_bytes(t->lu, r->first) + at;
}

/*
 * One range of the destination; *@at is where in the token. False: a block would have to be put
 * together of two ranges of smaller blocks.
 */
static bool range_parts(struct xcopy *x, const struct token *t, const struct token_range *r,
			uint64_t *at)
{
	uint64_t dst = sbc_bytes(x->lu, r->first), want = sbc_bytes(x->lu, r->count), left;

	while (want && *at < t->bytes) {
		struct token_part *p = &x->parts[x->n_segs++];
		uint64_t rest;

		p->src = token_byte(t, *at, &left);
		p->dst = dst;
		p->len = min_u64(want, left);
		*at += p->len;
		rest = p->len & (x->lu->block_size - 1);
		if (rest && *at < t->bytes)
			return false;
		p->pad = rest ? (uint32_t)(x->lu->block_size - rest) : 0;
		dst += p->len + p->pad;
		want -= p->len + p->pad;
	}
	x->wants_more |= want;
	return true;
}

/* As many as there are whole blocks for (SBC-4 5.59.2). */
static enum scsi_result token_parts(struct xcopy *x, const struct token *t, const struct write *w)
{
	uint64_t at = w->offset;

	for (uint32_t i = 0; i < w->list.n; i++) {
		if (!range_parts(x, t, &w->list.ranges[i], &at))
			return RES_TOKEN_UNUSABLE;
	}
	return RES_GOOD;
}

static enum scsi_result write_token(struct scsi_cmd *cmd, struct xcopy *x, const struct write *w)
{
	struct token *t = NULL;
	enum scsi_result r;

	if (is_zero_token(w->token)) {
		zero_parts(x, &w->list);
		return RES_GOOD;
	}
	r = token_find(cmd->lu->target->core, w->token, &t);
	if (r != RES_GOOD)
		return r;
	if (w->offset >= t->bytes)
		return scsi_bad_param(cmd, 8, -1);
	if (writes_itself(cmd->lu, t, &w->list))
		return RES_TOKEN_UNUSABLE;
	x->cscds[0].lu = t->lu;
	x->n_cscds = 1;
	lu_hold(t->lu);
	token_use(t, x);
	x->delete_token = w->flags & WRITE_DEL_TKN;
	return token_parts(x, t, w);
}

static enum scsi_result write_start(struct scsi_cmd *cmd, const struct write *w)
{
	struct xcopy *x = xcopy_new(cmd);
	enum scsi_result r;

	if (!x)
		return RES_BUSY;
	x->list_id = list_id(cmd);
	x->keep = true;
	x->immed = w->flags & IMMED;
	x->parts = calloc(w->list.n + TOKEN_RANGES, sizeof(*x->parts));
	r = x->parts ? xcopy_admit(x, cmd) : RES_BUSY;
	if (r == RES_GOOD)
		r = write_token(cmd, x, w);
	if (r == RES_GOOD)
		return xcopy_run(cmd, x);
	x->delete_token = false;
	xcopy_free(x);
	return r;
}

static enum scsi_result write_using_token(struct scsi_cmd *cmd)
{
	enum scsi_result r;
	struct write w;

	if (!cmd->out_cdb)
		return RES_GOOD;
	r = write_header(cmd, &w);
	return r == RES_GOOD && w.list.n ? write_start(cmd, &w) : r;
}

/* Lists say their length in two bytes. */
static enum scsi_result check_len(struct scsi_cmd *cmd)
{
	return cmd->out_cdb > 2 + UINT16_MAX ? RES_PARAM_LIST_LENGTH : RES_GOOD;
}

static bool enabled(const struct lu *lu)
{
	return lu->third_party_copy;
}

#define TOKENS(action)                                                                             \
	.op = 0x83, .sa = action, .cdb_len = 16, .dir = DATA_OUT, .len = { 10, 4 },                \
	.unit = LEN_PARAM,                                                                         \
	.usage = { 0x83, action, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0 }, \
	.enabled = enabled, .check = check_len

const struct opcode token_rows[2] = {
	{ TOKENS(SA_POPULATE), .name = "POPULATE TOKEN", .flags = OP_NEEDS_MEDIUM,
	  .resv = RESV_READ, .run = populate_token },
	{ TOKENS(SA_WRITE), .name = "WRITE USING TOKEN", .flags = OP_NEEDS_MEDIUM | OP_WRITES,
	  .resv = RESV_WRITE, .run = write_using_token },
};
