/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the tables of a device type contradict themselves or the standards.
 * Each device type's tests call these.
 */
#ifndef DEV_ROWS_H
#define DEV_ROWS_H

#include <stddef.h>

#include "scsi/opcode.h"
#include "target/devtype.h"

/* An opcode and service action (OP_NO_SA: none) that a device type must have. */
struct dev_mandatory {
	uint8_t op;
	uint16_t sa;
	const char *name;
};

/* What is wrong with a row; NULL: nothing. */
const char *dev_row_fault(const struct opcode *row);
/*
 * All rows of @dev and their order in its table, which is built and freed here. Fails the test with
 * the row's name and what is wrong.
 */
void dev_rows_check(const struct dev_type *dev);
/* What SPC-4 table 136 has mandatory for all device types, and @own, ended by a NULL name. */
void dev_rows_mandatory(const struct dev_type *dev, const struct dev_mandatory *own);
/* VPD and mode tables: order, ends, mandatory VPD pages, sizes. */
void dev_pages_check(const struct dev_type *dev);

#endif
