/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the tables of a device type as their users do, and says where they are
 * wrong.
 */
#include "dev_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OP_VARIABLE_LENGTH 0x7f
#define NACA 0x04

#define row_assert(row, ok, what)                                                                  \
	do {                                                                                       \
		if (!(ok))                                                                         \
			fail_msg("%s (%02X/%04X): %s", (row)->name, (row)->op, (row)->sa, what);   \
	} while (0)

static void check_cdb_length(const struct opcode *row)
{
	uint8_t cdb[32] = { row->op };

	if (row->op == OP_VARIABLE_LENGTH)
		cdb[7] = (uint8_t)(row->cdb_len - 8);
	row_assert(row, row->cdb_len >= 6 && row->cdb_len <= sizeof(row->usage),
		   "CDB length out of bounds");
	row_assert(row, cdb_length(cdb, sizeof(cdb)) == row->cdb_len,
		   "CDB length isn't the opcode's");
}

static void check_usage(const struct opcode *row)
{
	unsigned int control = row->op == OP_VARIABLE_LENGTH ? 1 : row->cdb_len - 1u;

	row_assert(row, row->usage[0] == row->op, "usage byte 0 is the opcode");
	row_assert(row, !(row->usage[control] & NACA), "NACA claimed");
	for (unsigned int i = row->cdb_len; i < sizeof(row->usage); i++)
		row_assert(row, row->usage[i] == 0, "usage bytes beyond the CDB");
	row_assert(row,
		   opcode_service_action(row->op, row->usage, row->cdb_len) == row->sa ||
		       row->sa == OP_NO_SA,
		   "service action bits of the usage bytes hold the service action");
}

/* The bits of a field are evaluated. 21-bit LBAs of 6-byte CDBs share their first byte. */
static void check_field(const struct opcode *row, unsigned int byte, unsigned int bytes)
{
	row_assert(row, byte + bytes <= row->cdb_len, "field beyond the CDB");
	row_assert(row, byte > 0 || !bytes, "field at byte 0");
	for (unsigned int i = byte; i < byte + bytes; i++) {
		uint8_t want = i == 1 && bytes == 3 && row->cdb_len == 6 ? 0x1f : 0xff;

		row_assert(row, row->usage[i] == want, "bits of a field that isn't evaluated");
	}
}

static void check_fields(const struct opcode *row)
{
	unsigned int lba_end = row->lba.byte + row->lba.bytes;
	unsigned int len_end = row->len.byte + row->len.bytes;

	check_field(row, row->lba.byte, row->lba.bytes);
	check_field(row, row->len.byte, row->len.bytes);
	row_assert(row,
		   !row->lba.bytes || !row->len.bytes || lba_end <= row->len.byte ||
		       len_end <= row->lba.byte,
		   "LBA and length overlap");
	row_assert(row, (row->unit != LEN_NONE) == (row->len.bytes != 0),
		   "a length field needs its unit");
}

static void check_direction(const struct opcode *row)
{
	row_assert(row, row->unit != LEN_ALLOC || row->dir == DATA_IN || row->dir == DATA_BIDI,
		   "ALLOCATION LENGTH without data-in");
	row_assert(row, row->unit != LEN_PARAM || row->dir == DATA_OUT || row->dir == DATA_BIDI,
		   "PARAMETER LIST LENGTH without data-out");
	row_assert(row, row->dir != DATA_NONE || row->unit == LEN_NONE || row->unit == LEN_BLOCKS,
		   "bytes counted, none moved");
	row_assert(row, row->dir == DATA_NONE || row->unit != LEN_NONE || row->data_len,
		   "data without a length");
}

static void check_flags(const struct opcode *row)
{
	unsigned int f = row->flags;

	row_assert(row, !(f & OP_RANGE) || row->lba.bytes, "OP_RANGE without an LBA");
	row_assert(row, !(f & OP_RANGE) || (f & OP_NEEDS_MEDIUM),
		   "OP_RANGE without OP_NEEDS_MEDIUM");
	row_assert(row, !(f & OP_WRITES) || (f & OP_NEEDS_MEDIUM),
		   "OP_WRITES without OP_NEEDS_MEDIUM");
	row_assert(row, !(f & OP_WRITES) || (row->resv != RESV_ALLOWED && row->resv != RESV_READ),
		   "a write that passes a write exclusive reservation");
	row_assert(row, !(f & OP_ANY_LUN) || (f & OP_UA_EXEMPT),
		   "on no LUN there is no Unit Attention");
	row_assert(row,
		   !(f & OP_LEN6_ZERO_IS_256) || (row->cdb_len == 6 && row->unit == LEN_BLOCKS),
		   "0 is 256 only in READ(6) and WRITE(6)");
}

void dev_row_check(const struct opcode *row)
{
	assert_non_null(row->name);
	row_assert(row, row->run, "no handler");
	check_cdb_length(row);
	check_usage(row);
	check_fields(row);
	check_direction(row);
	check_flags(row);
}

static unsigned int row_key(const struct opcode *row)
{
	return (unsigned int)row->op << 17 | (row->sa == OP_NO_SA ? 0x10000u : row->sa);
}

static void check_order(const struct optable *t)
{
	for (size_t i = 1; i < t->count; i++) {
		const struct opcode *a = t->sorted[i - 1], *b = t->sorted[i];

		row_assert(b, row_key(a) < row_key(b), "twice in the table, or not sorted");
		row_assert(b, a->op != b->op || (a->sa != OP_NO_SA && b->sa != OP_NO_SA),
			   "an opcode with and without service actions");
	}
}

void dev_rows_check(const struct dev_type *dev)
{
	struct err err = { .code = ERR_OK };
	size_t count = 0;

	for (const struct opcode_rows *r = dev->rows; r->rows; r++) {
		for (size_t i = 0; i < r->count; i++, count++)
			dev_row_check(&r->rows[i]);
	}
	if (devtype_init(dev, &err))
		fail_msg("%s: %s", dev->name, err.text);
	assert_int_equal(dev->table->count, count);
	check_order(dev->table);
	devtype_done(dev);
}

static void need(const struct dev_type *dev, const struct dev_mandatory *m)
{
	for (const struct opcode_rows *r = dev->rows; r->rows; r++) {
		for (size_t i = 0; i < r->count; i++) {
			if (r->rows[i].op == m->op && r->rows[i].sa == m->sa)
				return;
		}
	}
	fail_msg("%s: %s (%02X/%04X) is mandatory", dev->name, m->name, m->op, m->sa);
}

void dev_rows_mandatory(const struct dev_type *dev, const struct dev_mandatory *own)
{
	static const struct dev_mandatory all[] = {
		{ 0x00, OP_NO_SA, "TEST UNIT READY" },
		{ 0x12, OP_NO_SA, "INQUIRY" },
		{ 0xa0, OP_NO_SA, "REPORT LUNS" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		need(dev, &all[i]);
	for (; own && own->name; own++)
		need(dev, own);
}

static void check_vpd(const struct dev_type *dev)
{
	const struct vpd_page *p;
	bool ident = false;

	assert_int_equal(dev->vpd[0].code, 0x00);
	for (p = dev->vpd; p->build; p++) {
		assert_non_null(p->name);
		if (p > dev->vpd && p[-1].code >= p->code)
			fail_msg("%s: VPD page %02X isn't sorted", dev->name, p->code);
		ident |= p->code == 0x83;
	}
	if (!ident)
		fail_msg("%s: VPD page 83 is mandatory (SPC-4 7.8.1)", dev->name);
}

/* MODE SENSE of all pages has to fit into its buffer of 4 KiB. */
static void check_modes(const struct dev_type *dev)
{
	const struct mode_page *p, *last = NULL;
	unsigned int total = 8 + 16;

	for (p = dev->modes; p && p->name; last = p++) {
		if (last && (last->page << 8 | last->subpage) >= (p->page << 8 | p->subpage))
			fail_msg("%s: mode page %02X/%02X isn't sorted", dev->name, p->page,
				 p->subpage);
		if (!p->defaults)
			fail_msg("%s: mode page %02X/%02X has no defaults()", dev->name, p->page,
				 p->subpage);
		if (p->page >= 0x3f || p->subpage == 0xff)
			fail_msg("%s: %02X/%02X is no mode page", dev->name, p->page, p->subpage);
		total += p->len + 4u;
	}
	assert_true(total <= 4096);
}

void dev_pages_check(const struct dev_type *dev)
{
	check_vpd(dev);
	check_modes(dev);
}
