/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EXTENDED COPY (SPC-4 6.4, 6.5, 5.17) and what is known of each: between the files that parse its
 * lists (xcopy_parse.c), run it (xcopy.c) and tell of it (xcopy_results.c).
 */
#ifndef DEV_XCOPY_H
#define DEV_XCOPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "dev/copy.h"
#include "scsi/result.h"
#include "target/nexus.h"

struct lu;
struct scsi_cmd;

/* Limits, told by RECEIVE COPY OPERATING PARAMETERS and VPD 8Fh. */
#define XCOPY_CSCDS 16U
#define XCOPY_SEGMENTS 256U
#define XCOPY_LIST_MAX (XCOPY_CSCDS * 32U + XCOPY_SEGMENTS * 32U) /* both lists of descriptors */
#define XCOPY_SEGMENT_BYTES (0xffffU * 4096U)
#define XCOPY_CONCURRENT 64U /* of a logical unit; as many are remembered */

/* CSCD descriptor IDs without a descriptor (SPC-4 table 127) */
#define XCOPY_CSCD_SELF 0xffffU /* the logical unit that got the command */

/* Descriptor type codes */
enum {
	XCOPY_SEG_BLOCK_BLOCK = 0x02,
	XCOPY_SEG_VERIFY = 0x07,
	XCOPY_SEG_OFFSETS = 0x0a, /* block to block, with byte offsets */
	XCOPY_CSCD_IDENT = 0xe4,
};

struct xcopy_cscd {
	struct lu *lu; /* held; NULL: it can't be reached */
	bool pad;
	bool other_type; /* it is no disk, says the descriptor */
};

struct xcopy_seg {
	uint8_t type;
	bool dc, cat, tur;
	uint16_t src, dst; /* CSCD descriptor IDs */
	uint16_t blocks;
	uint64_t src_lba, dst_lba;
	uint32_t bytes; /* of XCOPY_SEG_OFFSETS, as are these */
	uint16_t src_byte, dst_byte;
};

/* XCOPY_SHORT: WRITE USING TOKEN of a token that stands for less than was asked for. */
enum xcopy_state { XCOPY_RUNS, XCOPY_DONE, XCOPY_SHORT, XCOPY_FAILED, XCOPY_STOPPED };

/* A piece of WRITE USING TOKEN; all in bytes. */
struct token_part {
	uint64_t src, dst, len;
	uint32_t pad; /* zeroes behind it */
};

/* One operation. Owner: sbc.copies of the LU that got the command. */
struct xcopy {
	struct list link;
	struct lu *lu; /* held while it runs */
	struct nexus *nexus; /* that sent it; NULL: it is gone */
	struct nexus_watch watch;
	uint64_t nexus_seq;
	struct loop_call begin;
	bool started, stop;
	struct scsi_cmd *cmd; /* waits for the end; NULL: none */
	uint32_t list_id;
	uint8_t action; /* of the command */
	bool lid4, immed;
	bool keep; /* RECEIVE COPY ... may ask for it afterwards */
	enum xcopy_state state;
	uint16_t n_cscds, n_segs, seg; /* @seg: that is under way; how many are done */
	uint64_t bytes; /* of segments that are done */
	struct xcopy_cscd cscds[XCOPY_CSCDS];
	struct xcopy_seg *segs;
	struct copy copy;
	/* Of tokens only. */
	struct token *token; /* that is read; NULL: none, or zeroes */
	struct list token_link;
	struct token_part *parts; /* @n_segs of them, of @cscds[0].lu; NULL: it is EXTENDED COPY */
	bool delete_token; /* at the end */
	bool wants_more, token_lost;
	uint64_t lost_at; /* bytes that were good when the token was lost */
	uint8_t *made; /* the token that POPULATE TOKEN made */
	struct sense_third third;
	uint8_t status, sense_len;
	uint8_t sense[SCSI_SENSE_MAX];
};

/*
 * Fills list_id, immed, keep, descriptors; holds LUs, which xcopy_unhold() releases, after an error
 * too. x->lid4 says which form it is.
 */
enum scsi_result xcopy_parse(struct xcopy *x, struct scsi_cmd *cmd);
void xcopy_unhold(struct xcopy *x);

/*
 * A new operation of @cmd, with its list identifier to be set; NULL: no memory. xcopy_admit(): it may
 * run, by its list identifier and by how many there are. xcopy_run(): it does, and the end of @cmd
 * follows, unless it is immediate; x->segs or x->parts and n_segs are there.
 */
struct xcopy *xcopy_new(struct scsi_cmd *cmd);
enum scsi_result xcopy_admit(struct xcopy *x, struct scsi_cmd *cmd);
enum scsi_result xcopy_run(struct scsi_cmd *cmd, struct xcopy *x);
/* It had nothing to copy, and is over and remembered. */
void xcopy_over(struct scsi_cmd *cmd, struct xcopy *x);
void xcopy_free(struct xcopy *x);
/* Its token isn't valid any more: it ends. */
void xcopy_lose_token(struct xcopy *x);

/*
 * Starts the segment x->seg: RES_PENDING, and xcopy_copied() follows; or how it ends at once, RES_GOOD:
 * there was nothing to copy.
 */
enum scsi_result xcopy_segment_start(struct xcopy *x, struct sense_extra *ex);
void xcopy_copied(struct copy *c);
/* What stands behind COPY ABORTED: how the device ended its command. */
void xcopy_tell_third(struct xcopy *x, struct sense_extra *ex);

/* The one with this list identifier of the nexus that sent @cmd; NULL: none. */
struct xcopy *xcopy_find(const struct scsi_cmd *cmd, uint32_t list_id, bool lid4);
/* Bytes so far. */
uint64_t xcopy_bytes(const struct xcopy *x);
/* For the end of a LU and for its resets: stops what runs, forgets what is over. */
void xcopy_forget_all(struct lu *lu);

/* COPY OPERATION STATUS, and when it is worth asking again. */
#define XCOPY_POLL_MS 100
uint8_t xcopy_status(const struct xcopy *x);

/* VPD 8Fh, Third-Party Copy. */
/* A descriptor of @len bytes behind its header at *@at; returns them, zeroed. */
uint8_t *xcopy_vpd_desc(uint8_t *buf, uint32_t *at, uint16_t type, uint32_t len);
bool xcopy_vpd_enabled(const struct lu *lu);
uint32_t xcopy_vpd(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);

#endif
