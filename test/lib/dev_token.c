/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parameter lists of the token commands, and their ways to the disks.
 */
#include "dev_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

void ranges_add(struct tlist *l, const struct range *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++, l->len += 16) {
		put_be64(l->buf + l->len, r[i].lba);
		put_be32(l->buf + l->len + 8, r[i].count);
	}
	put_be16(l->buf, (uint16_t)(l->len - 2));
	put_be16(l->buf + l->at - 2, (uint16_t)(l->len - l->at));
}

void populate_begin(struct tlist *l)
{
	memset(l, 0, sizeof(*l));
	l->at = l->len = 16;
}

void write_begin(struct tlist *l, const uint8_t *token, uint64_t offset)
{
	memset(l, 0, sizeof(*l));
	l->at = l->len = 536;
	put_be64(l->buf + 8, offset);
	memcpy(l->buf + 16, token, TOKEN_LEN);
}

struct shot *send_by(struct disk *d, struct nexus *n, uint8_t sa, uint32_t id,
			    const struct tlist *l)
{
	struct shot *s = calloc(1, sizeof(*s));

	s->cdb[0] = 0x83;
	s->cdb[1] = sa;
	put_be32(s->cdb + 6, id);
	put_be32(s->cdb + 10, l->len);
	s->out = l->buf;
	s->out_len = l->len;
	shot_start(d, s, n);
	return s;
}

enum scsi_result send_list(struct pair *p, uint64_t lun, uint8_t sa, uint32_t id,
				  const struct tlist *l)
{
	struct shot *s;

	p->d->lun = lun;
	s = send_by(p->d, p->d->a, sa, id, l);
	p->d->lun = 1;
	return shot_ends(s);
}

enum scsi_result information(struct pair *p, uint64_t lun, uint32_t id, uint8_t *info)
{
	uint8_t cdb[32] = { 0x84, 0x07 };
	enum scsi_result r;
	struct shot s;

	put_be32(cdb + 2, id);
	put_be32(cdb + 10, 1024);
	memset(info, 0xee, 1024);
	p->d->lun = lun;
	r = disk_run(p->d, &s, cdb, NULL, 0, info, 1024);
	p->d->lun = 1;
	if (r == RES_GOOD)
		assert_int_equal(s.in_len, 4 + get_be32(info));
	return r;
}

enum scsi_result populate(struct pair *p, const struct range *r, uint32_t n)
{
	struct tlist l;

	populate_begin(&l);
	ranges_add(&l, r, n);
	return send_list(p, 1, 0x10, 7, &l);
}

void token_of(struct pair *p, const struct range *r, uint32_t n, uint8_t *token)
{
	uint8_t info[1024];

	assert_int_equal(populate(p, r, n), RES_GOOD);
	assert_int_equal(information(p, 1, 7, info), RES_GOOD);
	assert_int_equal(get_be32(info + 32), 514);
	memcpy(token, info + 38, TOKEN_LEN);
}

enum scsi_result write_token(struct pair *p, uint64_t lun, const uint8_t *token,
				    uint64_t offset, const struct range *r, uint32_t n)
{
	struct tlist l;

	write_begin(&l, token, offset);
	ranges_add(&l, r, n);
	return send_list(p, lun, 0x11, 9, &l);
}

enum scsi_result write_one(struct pair *p, const uint8_t *token, uint64_t lba)
{
	const struct range to = { lba, 8 };

	return write_token(p, 2, token, 0, &to, 1);
}
