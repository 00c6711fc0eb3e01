/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tape drive (SSC-4), private to its files: state of a LU, opcode rows, pages and what the
 * commands share. Outside, only dev_tape is used. Where the tape is and what is on it is
 * dev/tape_image.h's.
 */
#ifndef DEV_SSC_H
#define DEV_SSC_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/spc.h"
#include "dev/tape_image.h"
#include "target/cmd.h"
#include "target/lu.h"

#define SSC_MAX_XFER (64 * MiB) /* data of one command */
#define SSC_PARTITIONS 2 /* as LTO-5 drives make them; st counts on no more */
#define SSC_PARTITION_PARAMS (6 + 2 * SSC_PARTITIONS) /* bytes of the Medium Partition page */

/* What a drive can do with media of a kind. */
struct ssc_generation {
	const char *name;    /* "lto8" */
	const char *product; /* of the drive */
	uint8_t density;
	uint8_t reads, writes; /* so many generations back */
	uint16_t bits_per_mm;
	uint16_t tracks;
	uint32_t capacity;   /* 10^6 bytes */
	const char *text;    /* "Ultrium 8/16T" */
};

struct ssc {
	struct spc_lu spc;	  /* first: lu->dev_priv */
	struct lu *lu;
	struct tape_image *image; /* NULL: no medium, or not to be used */
	bool opening;		  /* the image is being looked at; holds the LU */
	const struct ssc_generation *drive; /* NULL: of any generation */
	enum scsi_result protect; /* RES_GOOD, or why nothing can be written */
	uint32_t block_len;	  /* BLOCK LENGTH of the block descriptor; 0: variable */
	bool unbuffered;	  /* BUFFERED MODE 0 */
	bool selected;		  /* @partition was, for FORMAT MEDIUM: mode page 11h */
	uint8_t partition[SSC_PARTITION_PARAMS];
	uint64_t written, read;	  /* bytes of blocks since the medium was loaded */
	uint64_t received, sent;  /* bytes since the LU was made */
	uint64_t loads;
	uint64_t alerts;	  /* TapeAlert flag n: bit n - 1 */
};

static inline struct ssc *to_ssc(const struct lu *lu)
{
	return lu->dev_priv;
}

extern const struct opcode ssc_rw_rows[4];     /* READ, WRITE, VERIFY, WRITE FILEMARKS */
extern const struct opcode ssc_move_rows[6];   /* REWIND, SPACE, LOCATE, LOAD UNLOAD */
extern const struct opcode ssc_position_rows[4]; /* READ POSITION */
extern const struct opcode ssc_medium_rows[3]; /* ERASE, FORMAT MEDIUM, SET CAPACITY */
extern const struct opcode ssc_report_rows[2]; /* READ BLOCK LIMITS, REPORT DENSITY SUPPORT */
extern const struct opcode ssc_mam_rows[6];    /* READ and WRITE ATTRIBUTE */

extern const struct mode_page ssc_modes[];
extern const struct vpd_page ssc_vpd[];
extern const struct spc_log_page ssc_logs[];

/*
 * The commands that use the tape come one after another. Takes the turn, then @run, whose return value is
 * the completion; before it, what may have changed while waiting is looked at again: the medium, and
 * when the row OP_WRITES, whether it may be written.
 */
enum scsi_result ssc_turn(struct scsi_cmd *cmd, enum scsi_result (*run)(struct scsi_cmd *cmd));
/* tape_done of a command, @arg: calls cmd->io_done, and completes with what it returns. */
void ssc_op_done(void *arg, int err);
/* RES_PENDING, after noting that @done follows. */
enum scsi_result ssc_wait(struct scsi_cmd *cmd, enum scsi_result (*done)(struct scsi_cmd *cmd,
									 int err));
/* The result for -errno of an operation on the image. */
enum scsi_result ssc_fail(struct scsi_cmd *cmd, int err);
/* INFORMATION becomes @residual, which may be negative. */
void ssc_residual(struct scsi_cmd *cmd, int64_t residual);
/* RES_FILEMARK, RES_EOD, ... with their bits, and @residual. */
enum scsi_result ssc_stopped(struct scsi_cmd *cmd, enum tape_stop stop, int64_t residual);
/* The tape is beyond the early warning. */
bool ssc_early(const struct lu *lu);

/* A medium came, or went. */
void ssc_load(struct lu *lu);

/* NULL: no such generation. */
const struct ssc_generation *ssc_generation_find(const char *name);
/* By density code. */
const struct ssc_generation *ssc_generation_of(uint8_t density);
/* What the drive makes of a medium: RES_GOOD or why it can't be read; *@protect likewise for writing. */
enum scsi_result ssc_medium_check(const struct ssc *ssc, const struct tape_sb *sb,
				  enum scsi_result *protect);
/* The parameters of the Medium Partition page as they are now. */
void ssc_partition_page(const struct lu *lu, uint8_t *p);
bool ssc_block_desc(const struct lu *lu, struct spc_block_desc *d);
enum scsi_result ssc_set_block_desc(struct scsi_cmd *cmd, const struct spc_block_desc *d,
				    uint16_t offset, bool apply);
/* Counts what the medium auxiliary memory keeps about a load; it is then to be saved. */
void ssc_mam_loaded(struct ssc *ssc);
/* The same of an unload: what was written and read since. */
void ssc_mam_count(struct ssc *ssc);

#endif
