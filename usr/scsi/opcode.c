/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads opcode rows: which row a CDB belongs to, which of its bits are
 * reserved, where its LBA and length stand. Called by target/cmd for every
 * command.
 */
#include "scsi/opcode.h"

#include <string.h>

#include "base/bytes.h"
#include "base/util.h"

#define OP_VARIABLE_LENGTH 0x7f

const struct opcode *optable_find(const struct optable *t, const uint8_t *cdb, size_t cdb_len,
				  enum scsi_result *result)
{
	const struct opcode *const *row;
	unsigned int n;
	uint16_t sa;

	if (!cdb_len || !t->first[cdb[0]]) {
		*result = RES_INVALID_OPCODE;
		return NULL;
	}
	row = &t->sorted[t->first[cdb[0]] - 1];
	if ((*row)->sa == OP_NO_SA)
		return *row;
	sa = opcode_service_action(cdb[0], cdb, cdb_len);
	for (n = t->rows[cdb[0]]; n; n--, row++)
		if ((*row)->sa == sa)
			return *row;
	*result = RES_INVALID_FIELD_CDB;
	return NULL;
}

/* The bits of byte @i that a CDB of this row may have set. */
static uint8_t allowed_bits(const struct opcode *row, unsigned int i)
{
	if (row->op == OP_VARIABLE_LENGTH)
		return i >= 7 && i <= 9 ? 0xff : row->usage[i]; /* length, service action: values */
	if (i == 1 && row->sa != OP_NO_SA)
		return row->usage[1] | 0x1f;
	return row->usage[i];
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Two overlapping words at once: no bit but those of usage[]; enough for nearly every command. */
static bool plain(const struct opcode *row, const uint8_t *cdb)
{
	unsigned int last = row->cdb_len - 8u;

	if (row->cdb_len < 8 || row->cdb_len > 16)
		return false;
	return !(load64(cdb) & ~load64(row->usage)) &&
	       !(load64(cdb + last) & ~load64(row->usage + last));
}

bool opcode_reserved_bit(const struct opcode *row, const uint8_t *cdb, uint16_t *byte, int8_t *bit)
{
	unsigned int i;

	if (likely(plain(row, cdb)))
		return false;
	for (i = 1; i < row->cdb_len; i++) {
		unsigned int bad = cdb[i] & (uint8_t)~allowed_bits(row, i);

		if (!bad)
			continue;
		*byte = (uint16_t)i;
		*bit = (int8_t)(31 - __builtin_clz(bad)); /* the leftmost: SPC-4 4.5.2.4.2 */
		return true;
	}
	return false;
}

static uint64_t get_field(const uint8_t *cdb, unsigned int byte, unsigned int bytes)
{
	uint64_t v = 0;

	if (bytes == 8)
		return get_be64(cdb + byte);
	if (bytes == 4)
		return get_be32(cdb + byte);
	while (bytes--)
		v = v << 8 | cdb[byte++];
	return v;
}

uint64_t opcode_lba(const struct opcode *row, const uint8_t *cdb)
{
	uint64_t lba = get_field(cdb, row->lba.byte, row->lba.bytes);

	/* 6-byte CDBs: 21 bits, which share a byte with reserved ones (SPC-4 4.3.2). */
	if (row->lba.bytes == 3 && row->cdb_len == 6)
		lba &= 0x1fffff;
	return lba;
}

uint64_t opcode_len(const struct opcode *row, const uint8_t *cdb)
{
	uint64_t len = get_field(cdb, row->len.byte, row->len.bytes);

	if (!len && (row->flags & OP_LEN6_ZERO_IS_256))
		len = 256;
	return len;
}
