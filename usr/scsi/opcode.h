/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opcode row: one per command or service action, in the file that implements
 * it. Dispatch, CDB checks, lengths, gates, reservation conflicts, REPORT
 * SUPPORTED OPERATION CODES, doc/opcodes.md and self-tests all read the rows.
 */
#ifndef SCSI_OPCODE_H
#define SCSI_OPCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/result.h"

struct scsi_cmd;
struct lu;

enum data_dir { DATA_NONE, DATA_IN, DATA_OUT, DATA_BIDI };

/* What the length field of the CDB counts. */
enum len_unit {
	LEN_NONE,
	LEN_BLOCKS,  /* TRANSFER LENGTH, VERIFICATION LENGTH, NUMBER OF LOGICAL BLOCKS */
	LEN_ALLOC,   /* ALLOCATION LENGTH: data-in is cut to it, less is no error */
	LEN_PARAM,   /* PARAMETER LIST LENGTH: data-out of exactly so many bytes */
	LEN_BYTES,   /* TRANSFER LENGTH in bytes */
};

/* How a command meets reservations (SPC-4 5.9 tables 41 to 43, SBC-4 table 13). */
enum resv_class {
	RESV_ALLOWED,	/* never a conflict: INQUIRY, REPORT LUNS, REQUEST SENSE, ... */
	RESV_ALLOWED_PR, /* conflict only with SPC-2 RESERVE: TEST UNIT READY (SPC-2 table 10) */
	RESV_READ,	/* conflict only with exclusive access */
	RESV_WRITE,	/* conflict with write exclusive and with exclusive access */
	RESV_EXCLUSIVE,	/* conflict even for registrants: RESERVE, FORMAT ... */
	RESV_SPECIAL,	/* the handler decides: PERSISTENT RESERVE OUT, RELEASE, START STOP ... */
};

/* What the statistics count a command as. */
enum op_class {
	OPC_OTHER,
	OPC_READ,	/* moves blocks of the medium to the initiator */
	OPC_WRITE,	/* and from it, whatever else it does with them */
	OPC_VERIFY,	/* looks at the medium, tells only whether it is good */
	OPC_FLUSH,
	OPC_UNMAP,
	OPC_COUNT
};

/* opcode.flags */
#define OP_NEEDS_MEDIUM 0x0001u	  /* NOT READY when stopped, offline or without a medium */
#define OP_WRITES 0x0002u	  /* refused when write protected */
#define OP_RANGE 0x0004u	  /* LBA + length must lie on the medium */
#define OP_UA_EXEMPT 0x0008u	  /* runs in spite of a pending Unit Attention (SAM-5 5.14) */
#define OP_ANY_LUN 0x0010u	  /* runs on LUNs that do not exist: cmd->lu may be NULL */
#define OP_WLUN 0x0020u		  /* runs on the REPORT LUNS well known logical unit */
#define OP_IMPLICIT_HOQ 0x0040u	  /* does not wait in the task set: INQUIRY, REPORT LUNS ... */
#define OP_LEN6_ZERO_IS_256 0x0080u /* READ(6), WRITE(6): SBC-4 5.11 */
#define OP_FORMATTING_OK 0x0100u  /* allowed while FORMAT UNIT or SANITIZE runs or has failed */

#define OP_STANDBY_OK 0x0200u	  /* also by a port in the standby state (SPC-5 5.16.2.4) */
#define OP_UNAVAILABLE_OK 0x0400u /* and by one in any other state: INQUIRY, REPORT LUNS ... */

#define OP_NO_SA 0xffff

struct opcode {
	uint8_t op;
	uint16_t sa;		/* service action, OP_NO_SA when the opcode has none */
	const char *name;	/* "READ(10)": T10's spelling */
	uint8_t cdb_len;
	uint8_t cls;		/* enum op_class */
	enum data_dir dir;
	struct {
		uint8_t byte, bytes; /* position and width; bytes 0: no such field */
	} lba, len;
	enum len_unit unit;
	/*
	 * CDB usage bytes (SPC-4 6.35): 1 where the bit is evaluated. Byte 0 is the
	 * opcode; the service action bits hold the service action. Control byte included.
	 */
	uint8_t usage[32];
	uint16_t flags;
	enum resv_class resv;
	/* NULL: always. */
	bool (*enabled)(const struct lu *lu);
	/*
	 * Bytes of data that the CDB asks to move, where that is not the length field times
	 * its unit (WRITE SAME, VERIFY with BYTCHK, COMPARE AND WRITE, ...). NULL: the rule.
	 */
	uint64_t (*data_len)(const struct scsi_cmd *cmd);
	/*
	 * After the gates and before data-out is fetched: RES_GOOD, or why it can't be (options and
	 * lengths beyond the limits told in VPD B0h). Must not wait. NULL: nothing to check.
	 */
	enum scsi_result (*check)(struct scsi_cmd *cmd);
	/*
	 * On the loop, all data-out there. The return value is the completion;
	 * RES_PENDING: scsi_cmd_complete() will be called once.
	 */
	enum scsi_result (*run)(struct scsi_cmd *cmd);
};

/* Rows of one device type, from several files, by opcode. Built once at start. */
struct optable {
	const struct opcode *const *sorted; /* by op, sa */
	size_t count;
	uint16_t first[256];  /* index + 1 in sorted of the first row of that opcode; 0: none */
	uint8_t rows[256];
};

/*
 * What stands where the service action of @op would: byte 1 bits 4..0, or bytes 8-9 for 7Fh;
 * OP_NO_SA when the CDB is too short. Whether @op has service actions is told by its rows.
 */
uint16_t opcode_service_action(uint8_t op, const uint8_t *cdb, size_t cdb_len);
/*
 * The row for a CDB. NULL with *@result RES_INVALID_OPCODE (unknown opcode) or
 * RES_INVALID_FIELD_CDB (known opcode, unknown service action).
 */
const struct opcode *optable_find(const struct optable *t, const uint8_t *cdb, size_t cdb_len,
				  enum scsi_result *result);
/*
 * First bit that is set though the usage bytes reserve it. True when there is one; *@byte and
 * *@bit tell where (for the field pointer).
 */
bool opcode_reserved_bit(const struct opcode *row, const uint8_t *cdb, uint16_t *byte, int8_t *bit);
/* The LBA and length fields; 0 when the row has none. */
uint64_t opcode_lba(const struct opcode *row, const uint8_t *cdb);
uint64_t opcode_len(const struct opcode *row, const uint8_t *cdb);
/* Length of a CDB by its first byte (SPC-4 4.2.5.1); variable length: 8 + byte 7; 0: vendor's. */
unsigned int cdb_length(const uint8_t *cdb, size_t have);

#endif
