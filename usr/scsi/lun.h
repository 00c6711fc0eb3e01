/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LUNs on the wire (SAM-5 4.7): peripheral, flat space and well known addressing.
 */
#ifndef SCSI_LUN_H
#define SCSI_LUN_H

#include <stdint.h>

#include "scsi/scsi.h"

#define LUN_MAX 16383ULL		/* flat space addressing: 14 bits */
#define LUN_INVALID UINT64_MAX
#define LUN_WLUN_REPORT_LUNS (UINT64_MAX - 1) /* C1 01 00 ... (SPC-4 8) */

/* The number of a LUN, LUN_WLUN_REPORT_LUNS or LUN_INVALID. */
uint64_t lun_decode(const uint8_t lun[SCSI_LUN_LEN]);
/* Up to 255: peripheral addressing, else flat space. @lun: 0..LUN_MAX or LUN_WLUN_REPORT_LUNS. */
void lun_encode(uint8_t out[SCSI_LUN_LEN], uint64_t lun);

#endif
