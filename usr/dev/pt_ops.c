/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the commands that are passed through, of disks, tapes, changers and CDs:
 * how they meet reservations (SPC-4 tables 41 to 43, SBC-4 table 13, SSC-4 4.2.23,
 * SMC-3 4.6), what they are counted as, how long they may take. The others are taken
 * for writes. Called by pt.c, and by cmd_decode.c through the device type.
 */
#include "dev/pt.h"
#include "scsi/scsi.h"

#define MINUTE 60U
#define HOUR (60U * MINUTE)

struct pt_op {
	bool known;
	uint8_t resv; /* enum resv_class */
	uint8_t cls;  /* enum op_class; what writes the medium is of OPC_WRITE or OPC_UNMAP */
	uint32_t seconds; /* 0: as the kind of device has it */
};

#define OP(resv_, cls_, seconds_)                                                                  \
	{ .known = true, .resv = RESV_##resv_, .cls = OPC_##cls_, .seconds = (seconds_) }

/* Where opcodes mean different things to different devices, the longest time and the strictest class. */
static const struct pt_op ops[256] = {
	[0x00] = OP(ALLOWED_PR, OTHER, 0),	   /* TEST UNIT READY */
	[0x01] = OP(READ, OTHER, 4 * HOUR),	   /* REWIND */
	[0x03] = OP(ALLOWED, OTHER, 0),		   /* REQUEST SENSE */
	[0x04] = OP(WRITE, UNMAP, 48 * HOUR),	   /* FORMAT UNIT, FORMAT MEDIUM */
	[0x05] = OP(ALLOWED, OTHER, 0),		   /* READ BLOCK LIMITS */
	[0x07] = OP(WRITE, OTHER, 4 * HOUR),	   /* INITIALIZE ELEMENT STATUS, REASSIGN BLOCKS */
	[0x08] = OP(READ, READ, 0),		   /* READ(6) */
	[0x0a] = OP(WRITE, WRITE, 0),		   /* WRITE(6) */
	[0x0b] = OP(WRITE, OTHER, 0),		   /* SET CAPACITY */
	[0x0f] = OP(READ, READ, 0),		   /* READ REVERSE(6) */
	[0x10] = OP(WRITE, WRITE, 0),		   /* WRITE FILEMARKS(6) */
	[0x11] = OP(READ, OTHER, 4 * HOUR),	   /* SPACE(6) */
	[0x12] = OP(ALLOWED, OTHER, 0),		   /* INQUIRY */
	[0x13] = OP(READ, VERIFY, 4 * HOUR),	   /* VERIFY(6) */
	[0x14] = OP(READ, READ, 0),		   /* RECOVER BUFFERED DATA */
	[0x15] = OP(WRITE, OTHER, 0),		   /* MODE SELECT(6) */
	[0x19] = OP(WRITE, UNMAP, 48 * HOUR),	   /* ERASE(6) */
	[0x1a] = OP(READ, OTHER, 0),		   /* MODE SENSE(6) */
	[0x1b] = OP(WRITE, OTHER, HOUR),	   /* START STOP UNIT, LOAD UNLOAD, OPEN/CLOSE ELEMENT */
	[0x1c] = OP(READ, OTHER, 0),		   /* RECEIVE DIAGNOSTIC RESULTS */
	[0x1d] = OP(WRITE, OTHER, 4 * HOUR),	   /* SEND DIAGNOSTIC */
	[0x23] = OP(READ, OTHER, 0),		   /* READ FORMAT CAPACITIES */
	[0x25] = OP(ALLOWED, OTHER, 0),		   /* READ CAPACITY(10) */
	[0x28] = OP(READ, READ, 0),		   /* READ(10) */
	[0x2a] = OP(WRITE, WRITE, 0),		   /* WRITE(10) */
	[0x2b] = OP(READ, OTHER, 4 * HOUR),	   /* LOCATE(10), POSITION TO ELEMENT */
	[0x2c] = OP(WRITE, UNMAP, 48 * HOUR),	   /* ERASE(10) */
	[0x2e] = OP(WRITE, WRITE, 0),		   /* WRITE AND VERIFY(10) */
	[0x2f] = OP(READ, VERIFY, HOUR),	   /* VERIFY(10) */
	[0x34] = OP(READ, OTHER, 0),		   /* PRE-FETCH(10), READ POSITION */
	[0x35] = OP(WRITE, FLUSH, 10 * MINUTE),	   /* SYNCHRONIZE CACHE(10) */
	[0x37] = OP(READ, OTHER, 4 * HOUR),	   /* READ DEFECT DATA(10), INITIALIZE ... WITH RANGE */
	[0x3b] = OP(WRITE, OTHER, 30 * MINUTE),	   /* WRITE BUFFER */
	[0x3c] = OP(READ, OTHER, 0),		   /* READ BUFFER(10) */
	[0x41] = OP(WRITE, WRITE, 4 * HOUR),	   /* WRITE SAME(10) */
	[0x42] = OP(WRITE, UNMAP, HOUR),	   /* UNMAP; READ SUB-CHANNEL */
	[0x43] = OP(READ, OTHER, 0),		   /* READ TOC/PMA/ATIP */
	[0x44] = OP(ALLOWED, OTHER, 0),		   /* REPORT DENSITY SUPPORT */
	[0x46] = OP(ALLOWED, OTHER, 0),		   /* GET CONFIGURATION */
	[0x48] = OP(WRITE, UNMAP, 48 * HOUR),	   /* SANITIZE */
	[0x4a] = OP(ALLOWED, OTHER, 0),		   /* GET EVENT STATUS NOTIFICATION */
	[0x4c] = OP(WRITE, OTHER, 0),		   /* LOG SELECT */
	[0x4d] = OP(ALLOWED, OTHER, 0),		   /* LOG SENSE */
	[0x51] = OP(READ, OTHER, 0),		   /* READ DISC INFORMATION */
	[0x52] = OP(READ, OTHER, 0),		   /* READ TRACK INFORMATION */
	[0x55] = OP(WRITE, OTHER, 0),		   /* MODE SELECT(10) */
	[0x5a] = OP(READ, OTHER, 0),		   /* MODE SENSE(10) */
	[0x5b] = OP(WRITE, WRITE, HOUR),	   /* CLOSE TRACK/SESSION */
	[0x5c] = OP(READ, OTHER, 0),		   /* READ BUFFER CAPACITY */
	[0x80] = OP(WRITE, WRITE, 0),		   /* WRITE FILEMARKS(16) */
	[0x81] = OP(READ, READ, 0),		   /* READ REVERSE(16) */
	[0x82] = OP(WRITE, OTHER, HOUR),	   /* ALLOW OVERWRITE */
	[0x85] = OP(WRITE, WRITE, HOUR),	   /* ATA PASS-THROUGH(16) */
	[0x88] = OP(READ, READ, 0),		   /* READ(16) */
	[0x89] = OP(WRITE, WRITE, 0),		   /* COMPARE AND WRITE */
	[0x8a] = OP(WRITE, WRITE, 0),		   /* WRITE(16) */
	[0x8b] = OP(WRITE, WRITE, 0),		   /* ORWRITE(16) */
	[0x8c] = OP(READ, OTHER, 0),		   /* READ ATTRIBUTE */
	[0x8d] = OP(WRITE, OTHER, 10 * MINUTE),	   /* WRITE ATTRIBUTE */
	[0x8e] = OP(WRITE, WRITE, 0),		   /* WRITE AND VERIFY(16) */
	[0x8f] = OP(READ, VERIFY, 4 * HOUR),	   /* VERIFY(16) */
	[0x90] = OP(READ, OTHER, 0),		   /* PRE-FETCH(16) */
	[0x91] = OP(WRITE, FLUSH, 4 * HOUR),	   /* SYNCHRONIZE CACHE(16), SPACE(16) */
	[0x92] = OP(READ, OTHER, 4 * HOUR),	   /* LOCATE(16) */
	[0x93] = OP(WRITE, UNMAP, 48 * HOUR),	   /* WRITE SAME(16), ERASE(16) */
	[0x9b] = OP(READ, OTHER, 0),		   /* READ BUFFER(16) */
	[0x9c] = OP(WRITE, WRITE, 0),		   /* WRITE ATOMIC(16) */
	[0x9e] = OP(ALLOWED, OTHER, 0),		   /* SERVICE ACTION IN(16): READ CAPACITY(16), ... */
	[0xa1] = OP(WRITE, UNMAP, 4 * HOUR),	   /* ATA PASS-THROUGH(12), BLANK */
	[0xa2] = OP(READ, OTHER, 0),		   /* SECURITY PROTOCOL IN */
	[0xa3] = OP(READ, OTHER, 0),		   /* MAINTENANCE IN; REPORT KEY */
	[0xa4] = OP(WRITE, OTHER, 0),		   /* MAINTENANCE OUT */
	[0xa5] = OP(WRITE, OTHER, HOUR),	   /* MOVE MEDIUM, PLAY AUDIO(12) */
	[0xa6] = OP(WRITE, OTHER, HOUR),	   /* EXCHANGE MEDIUM, LOAD/UNLOAD MEDIUM */
	[0xa8] = OP(READ, READ, 0),		   /* READ(12) */
	[0xaa] = OP(WRITE, WRITE, 0),		   /* WRITE(12) */
	[0xab] = OP(ALLOWED, OTHER, 0),		   /* READ MEDIA SERIAL NUMBER */
	[0xad] = OP(READ, OTHER, 0),		   /* READ DISC STRUCTURE */
	[0xae] = OP(WRITE, WRITE, 0),		   /* WRITE AND VERIFY(12) */
	[0xaf] = OP(READ, VERIFY, HOUR),	   /* VERIFY(12) */
	[0xb5] = OP(WRITE, OTHER, 0),		   /* SECURITY PROTOCOL OUT, REQUEST VOLUME ELEMENT ADDRESS */
	[0xb7] = OP(READ, OTHER, 0),		   /* READ DEFECT DATA(12) */
	[0xb8] = OP(READ, OTHER, HOUR),		   /* READ ELEMENT STATUS */
	[0xb9] = OP(READ, READ, 0),		   /* READ CD MSF */
	[0xbe] = OP(READ, READ, 0),		   /* READ CD */
	[0xe7] = OP(WRITE, OTHER, 4 * HOUR),	   /* INITIALIZE ELEMENT STATUS WITH RANGE, of old */
};

/* How long anything else may take: the kernel's drivers have the same (sd, sr; st's long one). */
static const struct {
	uint8_t pdt;
	uint32_t seconds;
} kinds[] = {
	{ PDT_DISK, MINUTE }, { PDT_CD, MINUTE }, { PDT_CHANGER, 10 * MINUTE },
	{ PDT_TAPE, 14000 },  { PDT_UNKNOWN, 14000 },
};

uint32_t pt_timeout(uint8_t op, uint8_t pdt)
{
	uint32_t seconds = ops[op].seconds, least = MINUTE;

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].pdt == pdt)
			least = kinds[i].seconds;
	return (seconds > least ? seconds : least) * 1000;
}

/* As much as the initiator sends or takes: what the CDB says, only the device knows. */
static uint64_t all(const struct scsi_cmd *cmd)
{
	(void)cmd;
	return UINT32_MAX;
}

#define ROW(resv_, cls_, flags_)                                                                   \
	[OPC_##cls_] = { .sa = OP_NO_SA, .name = "passed on, " #cls_, .dir = DATA_BIDI,            \
			 .flags = (flags_), .resv = RESV_##resv_, .cls = OPC_##cls_,               \
			 .data_len = all, .check = pt_check, .run = pt_run }
#define ROWS(resv_)                                                                                \
	[RESV_##resv_] = { ROW(resv_, OTHER, 0),	 ROW(resv_, READ, 0),                      \
			   ROW(resv_, WRITE, OP_WRITES), ROW(resv_, VERIFY, 0),                    \
			   ROW(resv_, FLUSH, 0),	 ROW(resv_, UNMAP, OP_WRITES) }

static const struct opcode rows[][OPC_COUNT] = {
	ROWS(ALLOWED),
	ROWS(ALLOWED_PR),
	ROWS(READ),
	ROWS(WRITE),
};

/*
 * What must not reach the device: third-party copies (it would look for the others in its own fabric),
 * and what concerns the ports and their access states, which are not its own here (SPC-4
 * 6.4, 6.37, 6.45).
 */
static bool refused(const uint8_t *cdb)
{
	uint8_t action = cdb[1] & 0x1f;

	return cdb[0] == 0x83 || cdb[0] == 0x84 || (cdb[0] == 0xa3 && action == 0x0a) ||
	       (cdb[0] == 0xa4 && action == 0x0a);
}

const struct opcode *pt_other(const uint8_t *cdb, size_t cdb_len)
{
	const struct pt_op *op = &ops[cdb[0]];

	if (cdb_len < 6 || refused(cdb))
		return NULL;
	return op->known ? &rows[op->resv][op->cls] : &rows[RESV_WRITE][OPC_OTHER];
}
