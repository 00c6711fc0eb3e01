/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of SAM-5, SPC-4 and SBC-4 that more than one file needs: status codes,
 * sense keys, task attributes, peripheral types. Opcodes stand in the opcode rows only.
 */
#ifndef SCSI_SCSI_H
#define SCSI_SCSI_H

#include <stdint.h>

/* SAM-5 5.3.1 */
enum scsi_status {
	SAM_GOOD = 0x00,
	SAM_CHECK_CONDITION = 0x02,
	SAM_CONDITION_MET = 0x04,
	SAM_BUSY = 0x08,
	SAM_RESERVATION_CONFLICT = 0x18,
	SAM_TASK_SET_FULL = 0x28,
	SAM_ACA_ACTIVE = 0x30,
	SAM_TASK_ABORTED = 0x40,
};

/* SPC-4 4.5.6 */
enum sense_key {
	SK_NO_SENSE = 0x0,
	SK_RECOVERED_ERROR = 0x1,
	SK_NOT_READY = 0x2,
	SK_MEDIUM_ERROR = 0x3,
	SK_HARDWARE_ERROR = 0x4,
	SK_ILLEGAL_REQUEST = 0x5,
	SK_UNIT_ATTENTION = 0x6,
	SK_DATA_PROTECT = 0x7,
	SK_BLANK_CHECK = 0x8,
	SK_COPY_ABORTED = 0xa,
	SK_ABORTED_COMMAND = 0xb,
	SK_VOLUME_OVERFLOW = 0xd,
	SK_MISCOMPARE = 0xe,
	SK_COMPLETED = 0xf,
};

/* SAM-5 8.6; the values are those of the iSCSI ATTR field (RFC 7143 11.3.1). */
enum task_attr {
	ATTR_UNTAGGED = 0,
	ATTR_SIMPLE = 1,
	ATTR_ORDERED = 2,
	ATTR_HEAD_OF_QUEUE = 3,
	ATTR_ACA = 4,
};

/* SPC-4 table 138, PERIPHERAL DEVICE TYPE */
enum scsi_pdt {
	PDT_DISK = 0x00,
	PDT_TAPE = 0x01,
	PDT_CD = 0x05,
	PDT_CHANGER = 0x08,
	PDT_CONTROLLER = 0x0c,
	PDT_WLUN = 0x1e,
	PDT_UNKNOWN = 0x1f,
};

/* SAM-5 7, with the function codes of RFC 7143 11.5.1 where it has one */
enum tmf_function {
	TMF_ABORT_TASK = 1,
	TMF_ABORT_TASK_SET = 2,
	TMF_CLEAR_ACA = 3,
	TMF_CLEAR_TASK_SET = 4,
	TMF_LUN_RESET = 5,
	TMF_TARGET_WARM_RESET = 6,
	TMF_TARGET_COLD_RESET = 7,
	TMF_TASK_REASSIGN = 8,	 /* handled by the transport alone */
	TMF_QUERY_TASK = 9,	 /* RFC 7144 */
	TMF_QUERY_TASK_SET = 10,
	TMF_NEXUS_RESET = 11,
	TMF_QUERY_ASYNC_EVENT = 12,
	TMF_COUNT,
};

/* RFC 7143 11.6.1: the response codes serve every transport. */
enum tmf_response {
	TMF_RSP_COMPLETE = 0,
	TMF_RSP_NO_TASK = 1,
	TMF_RSP_NO_LUN = 2,
	TMF_RSP_STILL_ALLEGIANT = 3,
	TMF_RSP_NO_REASSIGN = 4,
	TMF_RSP_NOT_SUPPORTED = 5,
	TMF_RSP_AUTH_FAILED = 6,
	TMF_RSP_SUCCEEDED = 7, /* RFC 7144: QUERY ... found something */
	TMF_RSP_REJECTED = 255,
};

#define SCSI_LUN_LEN 8
#define SCSI_CDB_MAX 260 /* SPC-4 4.3.3: variable length CDBs */
#define SCSI_SENSE_MAX 96 /* what this target ever builds; SPC-4 allows 252 */

#endif
