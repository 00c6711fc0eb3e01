/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the opcode table of a device type from its rows, and refuses rows that
 * contradict themselves. Called once at start by core_init().
 */
#include "target/devtype.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_opcode(const void *a, const void *b)
{
	const struct opcode *x = *(const struct opcode *const *)a;
	const struct opcode *y = *(const struct opcode *const *)b;

	if (x->op != y->op)
		return x->op < y->op ? -1 : 1;
	return x->sa == y->sa ? 0 : x->sa < y->sa ? -1 : 1;
}

static size_t count_rows(const struct dev_type *dev)
{
	const struct opcode_rows *r;
	size_t n = 0;

	for (r = dev->rows; r->rows; r++)
		n += r->count;
	return n;
}

/* What is wrong with a row; NULL: nothing. */
static const char *row_fault(const struct opcode *row)
{
	uint8_t cdb[8] = { row->op, 0, 0, 0, 0, 0, 0, (uint8_t)(row->cdb_len - 8) };
	unsigned int len = cdb_length(cdb, sizeof(cdb));

	if (!row->name || !row->run)
		return "has no name or no handler";
	if (row->cdb_len < 6 || row->cdb_len > sizeof(row->usage) || (len && len != row->cdb_len))
		return "has a CDB length that its opcode contradicts";
	if (row->usage[0] != row->op)
		return "has another opcode in its usage bytes";
	if (row->lba.byte + row->lba.bytes > row->cdb_len ||
	    row->len.byte + row->len.bytes > row->cdb_len)
		return "has a field beyond its CDB";
	if (row->dir == DATA_NONE && (row->unit == LEN_ALLOC || row->unit == LEN_PARAM))
		return "has a length of data and no data";
	if ((row->unit == LEN_ALLOC && row->dir == DATA_OUT) ||
	    (row->unit == LEN_PARAM && row->dir == DATA_IN))
		return "has a length for the other direction of data";
	if ((row->flags & OP_RANGE) && !row->lba.bytes)
		return "has a range and no LBA";
	if ((row->flags & OP_ANY_LUN) && row->dir != DATA_IN)
		return "runs without a logical unit and is no inquiry";
	return NULL;
}

/* Neighbours after sorting: no service action twice, no row without one beside rows with. */
static const char *pair_fault(const struct opcode *a, const struct opcode *b)
{
	if (a->op != b->op)
		return NULL;
	if (a->sa == b->sa)
		return "is there twice";
	return b->sa == OP_NO_SA ? "has a row without a service action beside others" : NULL;
}

static int check(const struct dev_type *dev, const struct opcode *const *rows, size_t n,
		 struct err *err)
{
	const char *fault;

	for (size_t i = 0; i < n; i++) {
		fault = row_fault(rows[i]);
		if (!fault && i)
			fault = pair_fault(rows[i - 1], rows[i]);
		if (fault)
			return err_set(err, ERR_INVALID_REQUEST, "device type %s: %s (%02xh) %s",
				       dev->name, rows[i]->name ? rows[i]->name : "?", rows[i]->op,
				       fault);
	}
	return 0;
}

int devtype_init(const struct dev_type *dev, struct err *err)
{
	struct optable *t = dev->table;
	size_t n = count_rows(dev), i = 0;
	const struct opcode_rows *r;
	const struct opcode **rows;

	if (t->sorted)
		return 0;
	rows = calloc(n + 1, sizeof(*rows));
	if (!rows) {
		err_set(err, ERR_NOMEM, "%s", "");
		return -ENOMEM;
	}
	for (r = dev->rows; r->rows; r++)
		for (size_t k = 0; k < r->count; k++)
			rows[i++] = &r->rows[k];
	qsort(rows, n, sizeof(*rows), by_opcode);
	if (check(dev, rows, n, err)) {
		free(rows);
		return -EINVAL;
	}
	memset(t, 0, sizeof(*t));
	for (i = 0; i < n; i++)
		if (!t->rows[rows[i]->op]++)
			t->first[rows[i]->op] = (uint16_t)(i + 1);
	t->sorted = rows;
	t->count = n;
	return 0;
}

void devtype_done(const struct dev_type *dev)
{
	free((void *)(uintptr_t)dev->table->sorted);
	memset(dev->table, 0, sizeof(*dev->table));
}
