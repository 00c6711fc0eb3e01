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
#define XCOPY_LIST_MAX (XCOPY_CSCDS * 32U + XCOPY_SEGMENTS * 28U) /* both lists of descriptors */
#define XCOPY_SEGMENT_BYTES (0xffffU * 4096U)
#define XCOPY_CONCURRENT 64U /* of a logical unit; as many are remembered */

/* CSCD descriptor IDs without a descriptor (SPC-4 table 127) */
#define XCOPY_CSCD_SELF 0xffffU /* the logical unit that got the command */

/* Descriptor type codes */
enum { XCOPY_CSCD_IDENT = 0xe4, XCOPY_SEG_BLOCK_BLOCK = 0x02 };

struct xcopy_cscd {
	struct lu *lu; /* held; NULL: it can't be reached */
	bool pad;
	bool other_type; /* it is no disk, says the descriptor */
};

struct xcopy_seg {
	uint16_t src, dst; /* CSCD descriptor IDs */
	uint16_t blocks;
	bool dc, cat;
	uint64_t src_lba, dst_lba;
};

enum xcopy_state { XCOPY_RUNS, XCOPY_DONE, XCOPY_FAILED, XCOPY_STOPPED };

/* One operation. Owner: spc_lu.copies of the LU that got the command. */
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
	bool lid4, immed;
	bool keep; /* RECEIVE COPY ... may ask for it afterwards */
	enum xcopy_state state;
	uint16_t n_cscds, n_segs, seg; /* @seg: that is under way; how many are done */
	uint64_t bytes; /* of segments that are done */
	struct xcopy_cscd cscds[XCOPY_CSCDS];
	struct xcopy_seg *segs;
	struct copy copy;
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

/* The one with this list identifier of the nexus that sent @cmd; NULL: none. */
struct xcopy *xcopy_find(const struct scsi_cmd *cmd, uint32_t list_id, bool lid4);
/* Bytes so far. */
uint64_t xcopy_bytes(const struct xcopy *x);
/* For the end of a LU and for its resets: stops what runs, forgets what is over. */
void xcopy_forget_all(struct lu *lu);

/* VPD 8Fh, Third-Party Copy. */
bool xcopy_vpd_enabled(const struct lu *lu);
uint32_t xcopy_vpd(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);

#endif
