/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire format of RFC 7143 chapter 11: one struct per PDU header, every
 * field with its section. Parsed once, in rx and the PDU's own file.
 */
#ifndef ISCSI_ISCSI_PROTO_H
#define ISCSI_ISCSI_PROTO_H

#include <assert.h>
#include <stdint.h>

#include "base/bytes.h"

#define ISCSI_BHS_LEN 48
#define ISCSI_PORT 3260
#define ISCSI_RESERVED_TAG 0xffffffffU /* 11.2.1.8, 11.7.4 */
#define ISCSI_DIGEST_LEN 4
#define ISCSI_VERSION 0

/* 11.2.1.2 */
enum iscsi_opcode {
	ISCSI_OP_NOP_OUT = 0x00,
	ISCSI_OP_SCSI_CMD = 0x01,
	ISCSI_OP_TMF_REQ = 0x02,
	ISCSI_OP_LOGIN_REQ = 0x03,
	ISCSI_OP_TEXT_REQ = 0x04,
	ISCSI_OP_DATA_OUT = 0x05,
	ISCSI_OP_LOGOUT_REQ = 0x06,
	ISCSI_OP_SNACK = 0x10,
	ISCSI_OP_NOP_IN = 0x20,
	ISCSI_OP_SCSI_RSP = 0x21,
	ISCSI_OP_TMF_RSP = 0x22,
	ISCSI_OP_LOGIN_RSP = 0x23,
	ISCSI_OP_TEXT_RSP = 0x24,
	ISCSI_OP_DATA_IN = 0x25,
	ISCSI_OP_LOGOUT_RSP = 0x26,
	ISCSI_OP_R2T = 0x31,
	ISCSI_OP_ASYNC = 0x32,
	ISCSI_OP_REJECT = 0x3f,
};

#define ISCSI_OPCODE_MASK 0x3f
#define ISCSI_IMMEDIATE 0x40	/* 11.2.1.1 */
#define ISCSI_FINAL 0x80	/* 11.2.1.3 */

/* What all headers share (11.2.1). */
struct iscsi_bhs {
	uint8_t opcode;		/* 11.2.1.2, with the I bit */
	uint8_t flags;
	uint8_t specific2[2];
	uint8_t ahs_words;	/* TotalAHSLength, 11.2.1.5 */
	struct be24 data_len;	/* DataSegmentLength, 11.2.1.6: without padding */
	uint8_t lun[8];		/* 11.2.1.7 */
	struct be32 itt;	/* 11.2.1.8 */
	uint8_t specific20[28];
};

/* SCSI Command (11.3) */
#define ISCSI_CMD_READ 0x40
#define ISCSI_CMD_WRITE 0x20
#define ISCSI_CMD_ATTR 0x07
struct iscsi_scsi_cmd {
	uint8_t opcode;
	uint8_t flags;		/* F R W ATTR: 11.3.1 */
	uint8_t rsvd2;
	uint8_t priority;	/* RFC 7144 5.1.1: PRI, the upper 4 bits */
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 edtl;	/* 11.3.4 */
	struct be32 cmd_sn;	/* 11.3.2 */
	struct be32 exp_stat_sn; /* 11.3.3 */
	uint8_t cdb[16];	/* 11.3.5 */
};

/* Additional header segments (11.2.2) */
#define ISCSI_AHS_EXT_CDB 1	/* 11.2.2.3 */
#define ISCSI_AHS_BIDI_READ 2	/* 11.2.2.4 */
struct iscsi_ahs {
	struct be16 len;	/* AHSLength, 11.2.2.1: bytes after AHSType, without padding */
	uint8_t type;
	uint8_t specific;
};

/* SCSI Response (11.4) */
#define ISCSI_RSP_BIDI_OVER 0x10
#define ISCSI_RSP_BIDI_UNDER 0x08
#define ISCSI_RSP_OVER 0x04
#define ISCSI_RSP_UNDER 0x02
struct iscsi_scsi_rsp {
	uint8_t opcode;
	uint8_t flags;		/* o u O U: 11.4.1 */
	uint8_t response;	/* 11.4.3 */
	uint8_t status;		/* 11.4.2 */
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t rsvd8[8];
	struct be32 itt;
	struct be32 snack_tag;	/* 11.4.4 */
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	struct be32 exp_data_sn;   /* 11.4.8 */
	struct be32 bidi_residual; /* 11.4.5.2 */
	struct be32 residual;	   /* 11.4.5.1 */
};
#define ISCSI_RSP_COMPLETED 0x00
#define ISCSI_RSP_TARGET_FAILURE 0x01

/* Task Management Function Request (11.5) and Response (11.6) */
struct iscsi_tmf_req {
	uint8_t opcode;
	uint8_t flags;		/* 1 | Function: 11.5.1 */
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ref_itt;	/* 11.5.4 */
	struct be32 cmd_sn;
	struct be32 exp_stat_sn;
	struct be32 ref_cmd_sn;	/* 11.5.5 */
	struct be32 exp_data_sn; /* 11.5.6 */
	uint8_t rsvd40[8];
};
struct iscsi_tmf_rsp {
	uint8_t opcode;
	uint8_t flags;
	uint8_t response;	/* 11.6.1 */
	uint8_t rsvd3;
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t info[3];	/* Additional Response Information: RFC 7144 6.4.1 */
	uint8_t rsvd11[5];
	struct be32 itt;
	uint8_t rsvd20[4];
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	uint8_t rsvd36[12];
};

/* SCSI Data-Out (11.7) and Data-In (11.7) */
struct iscsi_data_out {
	uint8_t opcode;
	uint8_t flags;		/* F */
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;	/* 11.7.4 */
	uint8_t rsvd24[4];
	struct be32 exp_stat_sn;
	uint8_t rsvd32[4];
	struct be32 data_sn;	/* 11.7.5 */
	struct be32 offset;	/* Buffer Offset, 11.7.6 */
	uint8_t rsvd44[4];
};
#define ISCSI_DIN_ACK 0x40	/* A: 11.7.2 */
#define ISCSI_DIN_OVER 0x04
#define ISCSI_DIN_UNDER 0x02
#define ISCSI_DIN_STATUS 0x01	/* S: 11.7.3 */
struct iscsi_data_in {
	uint8_t opcode;
	uint8_t flags;
	uint8_t rsvd2;
	uint8_t status;		/* valid with S */
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;
	struct be32 stat_sn;	/* valid with S */
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	struct be32 data_sn;
	struct be32 offset;
	struct be32 residual;
};

/* Ready To Transfer (11.8) */
struct iscsi_r2t {
	uint8_t opcode;
	uint8_t flags;
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;
	struct be32 stat_sn;	/* the next StatSN, not advanced */
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	struct be32 r2t_sn;	/* 11.8.3 */
	struct be32 offset;
	struct be32 length;	/* Desired Data Transfer Length, 11.8.4 */
};

/* Asynchronous Message (11.9) */
enum iscsi_async_event {
	ISCSI_ASYNC_SCSI = 0,
	ISCSI_ASYNC_LOGOUT = 1,
	ISCSI_ASYNC_DROP_CONN = 2,
	ISCSI_ASYNC_DROP_SESSION = 3,
	ISCSI_ASYNC_NEGOTIATE = 4,
	ISCSI_ASYNC_TASKS_TERMINATED = 5, /* RFC 7143 11.9.1: all active tasks of a LUN */
};
struct iscsi_async {
	uint8_t opcode;
	uint8_t flags;
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;	/* FFFFFFFFh */
	uint8_t rsvd20[4];
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	uint8_t event;		/* 11.9.1 */
	uint8_t vcode;		/* 11.9.2 */
	struct be16 param1, param2, param3;
	uint8_t rsvd44[4];
};

/* Text Request (11.10) and Response (11.11) */
#define ISCSI_TEXT_CONTINUE 0x40 /* C */
struct iscsi_text_req {
	uint8_t opcode;
	uint8_t flags;
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;
	struct be32 cmd_sn;
	struct be32 exp_stat_sn;
	uint8_t rsvd32[16];
};
struct iscsi_text_rsp {
	uint8_t opcode;
	uint8_t flags;
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	uint8_t rsvd36[12];
};

/* Login Request (11.12) and Response (11.13) */
#define ISCSI_LOGIN_TRANSIT 0x80 /* T: 11.12.1 */
#define ISCSI_LOGIN_CONTINUE 0x40
#define ISCSI_LOGIN_CSG(flags) (((flags) >> 2) & 3)
#define ISCSI_LOGIN_NSG(flags) ((flags) & 3)
enum iscsi_stage { STAGE_SECURITY = 0, STAGE_OPERATIONAL = 1, STAGE_FULL_FEATURE = 3 };
struct iscsi_login_req {
	uint8_t opcode;		/* I bit set */
	uint8_t flags;		/* T C CSG NSG */
	uint8_t version_max;	/* 11.12.4 */
	uint8_t version_min;
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t isid[6];	/* 11.12.5 */
	struct be16 tsih;	/* 11.12.6 */
	struct be32 itt;
	struct be16 cid;	/* 11.12.7 */
	uint8_t rsvd22[2];
	struct be32 cmd_sn;
	struct be32 exp_stat_sn;
	uint8_t rsvd32[16];
};
struct iscsi_login_rsp {
	uint8_t opcode;
	uint8_t flags;
	uint8_t version_max;
	uint8_t version_active;
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t isid[6];
	struct be16 tsih;
	struct be32 itt;
	uint8_t rsvd20[4];
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	uint8_t status_class;	/* 11.13.5 */
	uint8_t status_detail;
	uint8_t rsvd38[10];
};
/* Class << 8 | Detail, 11.13.5 */
enum iscsi_login_status {
	LOGIN_OK = 0x0000,
	LOGIN_MOVED_TEMPORARILY = 0x0101,
	LOGIN_MOVED_PERMANENTLY = 0x0102,
	LOGIN_INITIATOR_ERROR = 0x0200,
	LOGIN_AUTH_FAILED = 0x0201,
	LOGIN_FORBIDDEN = 0x0202,
	LOGIN_NOT_FOUND = 0x0203,
	LOGIN_TARGET_REMOVED = 0x0204,
	LOGIN_BAD_VERSION = 0x0205,
	LOGIN_TOO_MANY_CONNECTIONS = 0x0206,
	LOGIN_MISSING_PARAMETER = 0x0207,
	LOGIN_CANT_INCLUDE = 0x0208,
	LOGIN_BAD_SESSION_TYPE = 0x0209,
	LOGIN_NO_SESSION = 0x020a,
	LOGIN_INVALID_REQUEST = 0x020b,
	LOGIN_TARGET_ERROR = 0x0300,
	LOGIN_UNAVAILABLE = 0x0301,
	LOGIN_NO_RESOURCES = 0x0302,
};

/* Logout Request (11.14) and Response (11.15) */
enum iscsi_logout_reason { LOGOUT_SESSION = 0, LOGOUT_CONNECTION = 1, LOGOUT_RECOVERY = 2 };
struct iscsi_logout_req {
	uint8_t opcode;
	uint8_t flags;		/* 1 | Reason Code: 11.14.1 */
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t rsvd8[8];
	struct be32 itt;
	struct be16 cid;
	uint8_t rsvd22[2];
	struct be32 cmd_sn;
	struct be32 exp_stat_sn;
	uint8_t rsvd32[16];
};
enum iscsi_logout_response {
	LOGOUT_OK = 0,
	LOGOUT_NO_CID = 1,
	LOGOUT_NO_RECOVERY = 2,
	LOGOUT_CLEANUP_FAILED = 3,
};
struct iscsi_logout_rsp {
	uint8_t opcode;
	uint8_t flags;
	uint8_t response;
	uint8_t rsvd3;
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t rsvd8[8];
	struct be32 itt;
	uint8_t rsvd20[4];
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	uint8_t rsvd36[4];
	struct be16 time2wait;
	struct be16 time2retain;
	uint8_t rsvd44[4];
};

/* SNACK Request (11.16) */
struct iscsi_snack {
	uint8_t opcode;
	uint8_t flags;		/* 1 | Type: 11.16.1 */
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;
	uint8_t rsvd24[4];
	struct be32 exp_stat_sn;
	uint8_t rsvd32[8];
	struct be32 beg_run;
	struct be32 run_length;
};

/* Reject (11.17) */
enum iscsi_reject_reason {
	REJECT_DATA_DIGEST = 0x02,
	REJECT_SNACK = 0x03,
	REJECT_PROTOCOL_ERROR = 0x04,
	REJECT_UNSUPPORTED = 0x05,
	REJECT_TOO_MANY_IMMEDIATE = 0x06,
	REJECT_TASK_IN_PROGRESS = 0x07,
	REJECT_INVALID_DATA_ACK = 0x08,
	REJECT_INVALID_FIELD = 0x09,
	REJECT_OUT_OF_RESOURCES = 0x0a,
	REJECT_NEGOTIATION_RESET = 0x0b,
	REJECT_WAITING_FOR_LOGOUT = 0x0c,
};
struct iscsi_reject {
	uint8_t opcode;
	uint8_t flags;
	uint8_t reason;
	uint8_t rsvd3;
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t rsvd8[8];
	struct be32 itt;	/* FFFFFFFFh */
	uint8_t rsvd20[4];
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	struct be32 data_sn;
	uint8_t rsvd40[8];
};

/* NOP-Out (11.18) and NOP-In (11.19) */
struct iscsi_nop_out {
	uint8_t opcode;
	uint8_t flags;
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;
	struct be32 cmd_sn;
	struct be32 exp_stat_sn;
	uint8_t rsvd32[16];
};
struct iscsi_nop_in {
	uint8_t opcode;
	uint8_t flags;
	uint8_t rsvd2[2];
	uint8_t ahs_words;
	struct be24 data_len;
	uint8_t lun[8];
	struct be32 itt;
	struct be32 ttt;
	struct be32 stat_sn;
	struct be32 exp_cmd_sn;
	struct be32 max_cmd_sn;
	uint8_t rsvd36[12];
};

#define ISCSI_CHECK_LEN(type) static_assert(sizeof(struct type) == ISCSI_BHS_LEN, #type)
ISCSI_CHECK_LEN(iscsi_bhs);
ISCSI_CHECK_LEN(iscsi_scsi_cmd);
ISCSI_CHECK_LEN(iscsi_scsi_rsp);
ISCSI_CHECK_LEN(iscsi_tmf_req);
ISCSI_CHECK_LEN(iscsi_tmf_rsp);
ISCSI_CHECK_LEN(iscsi_data_out);
ISCSI_CHECK_LEN(iscsi_data_in);
ISCSI_CHECK_LEN(iscsi_r2t);
ISCSI_CHECK_LEN(iscsi_async);
ISCSI_CHECK_LEN(iscsi_text_req);
ISCSI_CHECK_LEN(iscsi_text_rsp);
ISCSI_CHECK_LEN(iscsi_login_req);
ISCSI_CHECK_LEN(iscsi_login_rsp);
ISCSI_CHECK_LEN(iscsi_logout_req);
ISCSI_CHECK_LEN(iscsi_logout_rsp);
ISCSI_CHECK_LEN(iscsi_snack);
ISCSI_CHECK_LEN(iscsi_reject);
ISCSI_CHECK_LEN(iscsi_nop_out);
ISCSI_CHECK_LEN(iscsi_nop_in);

#endif
