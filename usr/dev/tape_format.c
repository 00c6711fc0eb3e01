/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tape images: bytes to structs and back, with all checks that need no other bytes.
 */
#include "dev/tape_format.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

#define SB_MAGIC "TGTTAPE1"
#define MAM_MAGIC "TGTTMAM1"
#define REC_MAGIC 0x54524543U /* "TREC" */
#define PART_AT 256U
#define PART_SIZE 128U

/* --- superblock ----------------------------------------------------------------------------------- */

static void part_put(const struct tape_part *p, uint8_t *b)
{
	put_be64(b, p->start);
	put_be64(b + 8, p->len);
	put_be64(b + 16, p->epoch);
	put_be64(b + 24, p->synced.off);
	put_be64(b + 32, p->synced.objects);
	put_be64(b + 40, p->synced.files);
	put_be64(b + 48, p->synced.last);
	put_be64(b + 56, p->synced.mark);
}

static void part_get(struct tape_part *p, const uint8_t *b)
{
	p->start = get_be64(b);
	p->len = get_be64(b + 8);
	p->epoch = get_be64(b + 16);
	p->synced.off = get_be64(b + 24);
	p->synced.objects = get_be64(b + 32);
	p->synced.files = get_be64(b + 40);
	p->synced.last = get_be64(b + 48);
	p->synced.mark = get_be64(b + 56);
}

void tape_sb_put(const struct tape_sb *sb, uint8_t buf[TAPE_SB_SIZE])
{
	memset(buf, 0, TAPE_SB_SIZE);
	memcpy(buf, SB_MAGIC, 8);
	put_be32(buf + 12, TAPE_VERSION);
	put_be64(buf + 16, sb->gen);
	put_be64(buf + 24, sb->id);
	put_be64(buf + 32, sb->epoch);
	put_be64(buf + 40, sb->size);
	put_be32(buf + 48, sb->align);
	put_be32(buf + 52, sb->flags);
	buf[56] = sb->density;
	buf[57] = sb->n_parts;
	put_be16(buf + 58, sb->capacity);
	memcpy(buf + 64, sb->barcode, strlen(sb->barcode));
	for (unsigned int i = 0; i < sb->n_parts; i++)
		part_put(&sb->part[i], buf + PART_AT + i * PART_SIZE);
	put_be32(buf + 8, crc32c(0, buf + 12, TAPE_SB_SIZE - 12));
}

bool tape_sb_magic(const uint8_t *buf)
{
	return !memcmp(buf, SB_MAGIC, 8);
}

static bool part_good(const struct tape_sb *sb, const struct tape_part *p, uint64_t from)
{
	const struct tape_place *s = &p->synced;

	return p->start >= from && p->start % sb->align == 0 && p->len % sb->align == 0 &&
	       p->start <= sb->size && p->len <= sb->size - p->start && p->epoch <= sb->epoch &&
	       s->off >= p->start && s->off <= p->start + p->len && s->off % sb->align == 0 &&
	       s->files <= s->objects && !s->objects == !s->last && !s->files == !s->mark;
}

bool tape_sb_get(struct tape_sb *sb, const uint8_t buf[TAPE_SB_SIZE])
{
	uint64_t from = TAPE_DATA_AT;

	memset(sb, 0, sizeof(*sb));
	if (!tape_sb_magic(buf) || get_be32(buf + 8) != crc32c(0, buf + 12, TAPE_SB_SIZE - 12) ||
	    get_be32(buf + 12) != TAPE_VERSION)
		return false;
	sb->gen = get_be64(buf + 16);
	sb->id = get_be64(buf + 24);
	sb->epoch = get_be64(buf + 32);
	sb->size = get_be64(buf + 40);
	sb->align = get_be32(buf + 48);
	sb->flags = get_be32(buf + 52);
	sb->density = buf[56];
	sb->n_parts = buf[57];
	sb->capacity = get_be16(buf + 58);
	memcpy(sb->barcode, buf + 64, TAPE_BARCODE_LEN);
	if (!is_power_of_2(sb->align) || sb->align < TAPE_ALIGN_MIN || sb->align > TAPE_ALIGN_MAX ||
	    sb->n_parts < 1 || sb->n_parts > TAPE_PARTS_MAX || sb->size > INT64_MAX)
		return false;
	for (unsigned int i = 0; i < sb->n_parts; i++) {
		part_get(&sb->part[i], buf + PART_AT + i * PART_SIZE);
		if (!part_good(sb, &sb->part[i], from))
			return false;
		from = sb->part[i].start + sb->part[i].len;
	}
	return true;
}

bool tape_sb_divide(struct tape_sb *sb, unsigned int n, const uint64_t *share)
{
	uint64_t at = TAPE_DATA_AT, room, sum = 0;
	unsigned int shift = 0;
	struct tape_part parts[TAPE_PARTS_MAX];

	memset(parts, 0, sizeof(parts));
	for (unsigned int i = 0; i < n; i++)
		sum += share[i];
	if (sb->size < TAPE_DATA_AT || !sum)
		return false;
	room = mul_div_u64(sb->size - TAPE_DATA_AT, sb->capacity, 65535);
	while (sum >> shift > UINT32_MAX)
		shift++;
	for (unsigned int i = 0; i < n; i++) {
		uint64_t len = mul_div_u64(room, (uint32_t)(share[i] >> shift), (uint32_t)(sum >> shift));

		len -= len % sb->align;
		if (len < TAPE_PART_MIN)
			return false;
		parts[i].start = parts[i].synced.off = at;
		parts[i].len = len;
		parts[i].epoch = sb->epoch + 1;
		at += len;
	}
	memcpy(sb->part, parts, sizeof(parts));
	sb->n_parts = (uint8_t)n;
	sb->epoch++;
	return true;
}

/* --- records -------------------------------------------------------------------------------------- */

void tape_rec_put(const struct tape_rec *r, uint8_t buf[TAPE_REC_SIZE])
{
	memset(buf, 0, TAPE_REC_SIZE);
	put_be32(buf, REC_MAGIC);
	put_be64(buf + 8, r->id);
	put_be64(buf + 16, r->epoch);
	put_be64(buf + 24, r->ordinal);
	put_be64(buf + 32, r->files);
	put_be64(buf + 40, r->last);
	put_be64(buf + 48, r->jump);
	put_be64(buf + 56, r->mark);
	put_be64(buf + 64, r->mark_jump);
	buf[72] = r->type;
	buf[73] = r->part;
	put_be32(buf + 76, r->len);
	put_be32(buf + 80, r->crc);
	put_be32(buf + 4, crc32c(0, buf + 8, TAPE_REC_SIZE - 8));
}

bool tape_rec_get(struct tape_rec *r, const uint8_t buf[TAPE_REC_SIZE])
{
	if (get_be32(buf) != REC_MAGIC || get_be32(buf + 4) != crc32c(0, buf + 8, TAPE_REC_SIZE - 8))
		return false;
	r->id = get_be64(buf + 8);
	r->epoch = get_be64(buf + 16);
	r->ordinal = get_be64(buf + 24);
	r->files = get_be64(buf + 32);
	r->last = get_be64(buf + 40);
	r->jump = get_be64(buf + 48);
	r->mark = get_be64(buf + 56);
	r->mark_jump = get_be64(buf + 64);
	r->type = buf[72];
	r->part = buf[73];
	r->len = get_be32(buf + 76);
	r->crc = get_be32(buf + 80);
	return (r->type == TAPE_BLOCK && r->len && r->len <= TAPE_BLOCK_MAX) ||
	       (r->type == TAPE_FILEMARK && !r->len);
}

bool tape_rec_follows(const struct tape_sb *sb, unsigned int part, const struct tape_place *at,
		      uint64_t epoch, const struct tape_rec *r)
{
	const struct tape_part *p = &sb->part[part];

	return r->id == sb->id && r->part == part && r->epoch >= epoch && r->epoch <= sb->epoch &&
	       r->ordinal == at->objects + 1 && r->files == at->files && r->last == at->last &&
	       r->mark == at->mark && at->off >= p->start &&
	       tape_rec_size(sb, r->len) <= p->start + p->len - at->off;
}

void tape_place_next(const struct tape_sb *sb, struct tape_place *at, const struct tape_rec *r)
{
	at->last = at->off;
	if (r->type == TAPE_FILEMARK) {
		at->mark = at->off;
		at->files++;
	}
	at->objects++;
	at->off += tape_rec_size(sb, r->len);
}

/* --- medium auxiliary memory ---------------------------------------------------------------------- */

const struct tape_attr *tape_mam_find(const struct tape_mam *m, uint16_t id)
{
	for (unsigned int i = 0; i < m->n; i++)
		if (m->attr[i].id == id)
			return &m->attr[i];
	return NULL;
}

static void attr_remove(struct tape_mam *m, unsigned int i)
{
	struct tape_attr a = m->attr[i];

	memmove(m->data + a.at, m->data + a.at + a.len, m->used - a.at - a.len);
	m->used -= a.len;
	m->n--;
	memmove(&m->attr[i], &m->attr[i + 1], (m->n - i) * sizeof(a));
	for (i = 0; i < m->n; i++)
		if (m->attr[i].at > a.at)
			m->attr[i].at = (uint16_t)(m->attr[i].at - a.len);
}

int tape_mam_set(struct tape_mam *m, uint16_t id, uint8_t format, const void *value, uint16_t len)
{
	const struct tape_attr *old = tape_mam_find(m, id);
	uint32_t freed = old ? old->len : 0;
	unsigned int i = 0;

	if (len && (m->used - freed + len > sizeof(m->data) || (!old && m->n == TAPE_ATTRS_MAX)))
		return -ENOSPC;
	if (old)
		attr_remove(m, (unsigned int)(old - m->attr));
	if (!len)
		return 0;
	while (i < m->n && m->attr[i].id < id)
		i++;
	memmove(&m->attr[i + 1], &m->attr[i], (m->n - i) * sizeof(m->attr[0]));
	m->attr[i] = (struct tape_attr){ id, format, len, (uint16_t)m->used };
	memcpy(m->data + m->used, value, len);
	m->used += len;
	m->n++;
	return 0;
}

/* Head of 64 bytes, then {identifier, format, length, value} of each. */
void tape_mam_put(const struct tape_mam *m, uint64_t id, uint8_t buf[TAPE_MAM_SIZE])
{
	uint8_t *p = buf + 64;

	memset(buf, 0, TAPE_MAM_SIZE);
	memcpy(buf, MAM_MAGIC, 8);
	put_be64(buf + 16, m->gen);
	put_be64(buf + 24, id);
	put_be32(buf + 32, m->n);
	for (unsigned int i = 0; i < m->n; i++) {
		const struct tape_attr *a = &m->attr[i];

		put_be16(p, a->id);
		p[2] = a->format;
		put_be16(p + 3, a->len);
		memcpy(p + 5, m->data + a->at, a->len);
		p += 5 + a->len;
	}
	put_be32(buf + 8, crc32c(0, buf + 12, TAPE_MAM_SIZE - 12));
}

bool tape_mam_get(struct tape_mam *m, uint64_t id, const uint8_t buf[TAPE_MAM_SIZE])
{
	const uint8_t *p = buf + 64, *end = buf + TAPE_MAM_SIZE;
	uint32_t n = get_be32(buf + 32);

	m->n = 0;
	m->used = 0;
	if (memcmp(buf, MAM_MAGIC, 8) || get_be64(buf + 24) != id || n > TAPE_ATTRS_MAX ||
	    get_be32(buf + 8) != crc32c(0, buf + 12, TAPE_MAM_SIZE - 12))
		return false;
	m->gen = get_be64(buf + 16);
	for (; n; n--) {
		uint16_t len;

		if (end - p < 5)
			return false;
		len = get_be16(p + 3);
		if (end - p < 5 + len ||
		    tape_mam_set(m, get_be16(p), p[2], p + 5, len))
			return false;
		p += 5 + len;
	}
	return true;
}
