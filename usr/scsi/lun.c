/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LUNs to and from their eight bytes. Called for every command by target/cmd,
 * and by REPORT LUNS.
 */
#include "scsi/lun.h"

#include <string.h>

#include "base/bytes.h"

#define WLUN_REPORT_LUNS 0xc101 /* SAM-5 4.7.7.5.1: extended, well known, LUN 01h */

uint64_t lun_decode(const uint8_t lun[SCSI_LUN_LEN])
{
	uint16_t first = get_be16(lun);

	/* One level only: the lower three must be zero (SAM-5 4.7.4). */
	if (get_be16(lun + 2) || get_be32(lun + 4))
		return LUN_INVALID;
	switch (first >> 14) {
	case 0: /* peripheral device addressing, SAM-5 4.7.7.2; another bus than 0 isn't here */
		return first <= 0xff ? first : LUN_INVALID;
	case 1: /* flat space addressing, SAM-5 4.7.7.3 */
		return first & 0x3fff;
	case 3:
		return first == WLUN_REPORT_LUNS ? LUN_WLUN_REPORT_LUNS : LUN_INVALID;
	default:
		return LUN_INVALID;
	}
}

void lun_encode(uint8_t out[SCSI_LUN_LEN], uint64_t lun)
{
	memset(out, 0, SCSI_LUN_LEN);
	if (lun == LUN_WLUN_REPORT_LUNS)
		put_be16(out, WLUN_REPORT_LUNS);
	else
		put_be16(out, (uint16_t)(lun <= 0xff ? lun : 0x4000 | lun));
}
