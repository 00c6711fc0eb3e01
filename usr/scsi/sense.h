/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sense data, fixed (SPC-4 4.5.3) and descriptor (4.5.2) format.
 */
#ifndef SCSI_SENSE_H
#define SCSI_SENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/result.h"

/* How another device ended a command of a third-party copy (SPC-4 4.5.2.7, 5.17.7.3). */
struct sense_third {
	bool at_src;	  /* of the source; else of the destination */
	uint8_t status;
	uint8_t len;	  /* of @sense; 0: there is none */
	uint8_t sense[18];
};

/* What goes with a sense triple. All zero: nothing. */
struct sense_extra {
	bool info_valid;
	uint64_t info;		/* INFORMATION: usually an LBA, or the offset of a miscompare */
	bool cmd_info_valid;
	uint64_t cmd_info;	/* COMMAND-SPECIFIC INFORMATION */
	bool field_valid;	/* sense key specific: field pointer (ILLEGAL REQUEST) */
	bool field_in_cdb;	/* C/D bit: 1 = in the CDB, 0 = in the parameter list */
	bool field_in_segment;	/* SD bit, of COPY ABORTED: in the segment descriptor */
	int8_t field_bit;	/* -1: no bit */
	uint16_t field_byte;
	bool progress_valid;
	uint16_t progress;	/* of 65536 */
	bool filemark, eom, ili;
	const struct sense_third *third; /* NULL: none; borrowed */
};

/* Writes sense data for @r to @buf (SCSI_SENSE_MAX bytes); returns its length. @ex may be NULL. */
uint8_t sense_build(uint8_t *buf, bool descriptor, enum scsi_result r,
		    const struct sense_extra *ex);

/* Of sense data in either format, as a device has sent it; 0 when there is none or it is cut off. */
uint8_t sense_key(const uint8_t *sense, uint32_t len);
/* ADDITIONAL SENSE CODE and its QUALIFIER, in this order; 0 likewise. */
uint16_t sense_asc(const uint8_t *sense, uint32_t len);

#endif
