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

static const char *cdb_length_fault(const struct opcode *row)
{
	uint8_t cdb[32] = { row->op };

	if (row->cdb_len < 6 || row->cdb_len > sizeof(row->usage))
		return "CDB length out of bounds";
	if (row->op == OP_VARIABLE_LENGTH)
		cdb[7] = (uint8_t)(row->cdb_len - 8);
	return cdb_length(cdb, sizeof(cdb)) == row->cdb_len ? NULL
							    : "CDB length isn't the opcode's";
}

static const char *usage_fault(const struct opcode *row)
{
	unsigned int control = row->op == OP_VARIABLE_LENGTH ? 1 : row->cdb_len - 1u;

	if (row->usage[0] != row->op)
		return "usage byte 0 isn't the opcode";
	if (row->usage[control] & NACA)
		return "NACA claimed";
	for (unsigned int i = row->cdb_len; i < sizeof(row->usage); i++) {
		if (row->usage[i])
			return "usage bytes beyond the CDB";
	}
	if (row->sa != OP_NO_SA &&
	    opcode_service_action(row->op, row->usage, row->cdb_len) != row->sa)
		return "usage bytes don't hold the service action";
	return NULL;
}

/* The bits of a field are evaluated. 21-bit LBAs of 6-byte CDBs share their first byte. */
static const char *field_fault(const struct opcode *row, unsigned int byte, unsigned int bytes)
{
	if (byte + bytes > row->cdb_len || (bytes && !byte))
		return "a field outside of the CDB";
	for (unsigned int i = byte; i < byte + bytes; i++) {
		uint8_t want = i == 1 && bytes == 3 && row->cdb_len == 6 ? 0x1f : 0xff;

		if (row->usage[i] != want)
			return "bits of a field that isn't evaluated";
	}
	return NULL;
}

static const char *fields_fault(const struct opcode *row)
{
	unsigned int lba_end = row->lba.byte + row->lba.bytes;
	unsigned int len_end = row->len.byte + row->len.bytes;
	const char *fault = field_fault(row, row->lba.byte, row->lba.bytes);

	if (!fault)
		fault = field_fault(row, row->len.byte, row->len.bytes);
	if (fault)
		return fault;
	if (row->lba.bytes && row->len.bytes && lba_end > row->len.byte && len_end > row->lba.byte)
		return "LBA and length overlap";
	if ((row->unit != LEN_NONE) != (row->len.bytes != 0))
		return "a length field and its unit belong together";
	return NULL;
}

static const char *direction_fault(const struct opcode *row)
{
	if (row->unit == LEN_ALLOC && row->dir != DATA_IN && row->dir != DATA_BIDI)
		return "ALLOCATION LENGTH without data-in";
	if (row->unit == LEN_PARAM && row->dir != DATA_OUT && row->dir != DATA_BIDI)
		return "PARAMETER LIST LENGTH without data-out";
	if (row->dir == DATA_NONE && row->unit != LEN_NONE && row->unit != LEN_BLOCKS)
		return "bytes counted, none moved";
	return NULL;
}

static const char *flags_fault(const struct opcode *row)
{
	unsigned int f = row->flags;

	if ((f & OP_RANGE) && !row->lba.bytes)
		return "OP_RANGE without an LBA";
	if ((f & (OP_RANGE | OP_WRITES)) && !(f & OP_NEEDS_MEDIUM))
		return "OP_RANGE or OP_WRITES without OP_NEEDS_MEDIUM";
	if ((f & OP_WRITES) && (row->resv == RESV_ALLOWED || row->resv == RESV_READ))
		return "a write that passes a write exclusive reservation";
	if ((f & OP_ANY_LUN) && !(f & OP_UA_EXEMPT))
		return "on no LUN there is no Unit Attention";
	if ((f & OP_LEN6_ZERO_IS_256) && (row->cdb_len != 6 || row->unit != LEN_BLOCKS))
		return "0 is 256 only in READ(6) and WRITE(6)";
	return NULL;
}

/* What moves blocks between initiator and medium is counted as that. */
static const char *class_fault(const struct opcode *row)
{
	bool tape = row->unit == LEN_BYTES && (row->flags & OP_NEEDS_MEDIUM);
	bool in = (row->unit == LEN_BLOCKS || tape) && row->dir == DATA_IN;
	bool out = ((row->flags & OP_RANGE) || tape) && (row->flags & OP_WRITES);

	if (row->cls >= OPC_COUNT)
		return "of no class";
	if (in != (row->cls == OPC_READ))
		return "counted as a read and none, or the reverse";
	if (out != (row->cls == OPC_WRITE))
		return "counted as a write and none, or the reverse";
	return NULL;
}

const char *dev_row_fault(const struct opcode *row)
{
	const char *(*const faults[])(const struct opcode *row) = {
		cdb_length_fault, usage_fault, fields_fault, direction_fault, flags_fault,
		class_fault,
	};
	const char *fault = row->name && row->run ? NULL : "no name or no handler";

	for (size_t i = 0; !fault && i < ARRAY_SIZE(faults); i++)
		fault = faults[i](row);
	return fault;
}

static void check_row(const struct opcode *row)
{
	const char *fault = dev_row_fault(row);

	if (fault)
		fail_msg("%s (%02X/%04X): %s", row->name, row->op, row->sa, fault);
}

static unsigned int row_key(const struct opcode *row)
{
	return (unsigned int)row->op << 17 | (row->sa == OP_NO_SA ? 0x10000u : row->sa);
}

static void check_order(const struct optable *t)
{
	for (size_t i = 1; i < t->count; i++) {
		const struct opcode *a = t->sorted[i - 1], *b = t->sorted[i];

		if (row_key(a) >= row_key(b))
			fail_msg("%s: twice in the table, or not sorted", b->name);
		if (a->op == b->op && (a->sa == OP_NO_SA || b->sa == OP_NO_SA))
			fail_msg("%s: an opcode with and without service actions", b->name);
	}
}

void dev_rows_check(const struct dev_type *dev)
{
	struct err err = { .code = ERR_OK };
	size_t count = 0;

	for (const struct opcode_rows *r = dev->rows; r->rows; r++) {
		for (size_t i = 0; i < r->count; i++, count++)
			check_row(&r->rows[i]);
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

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
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
