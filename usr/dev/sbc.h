/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk (SBC-4), private to its files: state of a LU, limits, opcode rows, pages and
 * what the commands share. Outside, only dev_disk is used.
 */
#ifndef DEV_SBC_H
#define DEV_SBC_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/spc.h"
#include "target/cmd.h"
#include "target/devtype.h"
#include "target/lu.h"

/* Limits; VPD B0h tells them in blocks. */
#define SBC_MAX_XFER (32 * MiB)	     /* data of one command */
#define SBC_MAX_CAW 255U	     /* blocks; what its CDB can say */
#define SBC_MAX_UNMAP (1024U * 1024) /* blocks; sum of the descriptors of one UNMAP */
#define SBC_MAX_UNMAP_DESCS 256U
#define SBC_MAX_WSAME (4 * GiB)	     /* where the store can't zero natively; else none */
/* One request of UNMAP, WRITE SAME, FORMAT UNIT: an abort waits for no more than that. */
#define SBC_ZERO_PIECE (256 * MiB)
#define SBC_EMULATED_PIECE (4 * MiB)

/* Self-tests that are remembered, each as in the log page. */
#define SBC_SELFTESTS 20U
#define SBC_SELFTEST_LEN 16U

struct sbc_flush;
struct sbc_job;
struct sbc_provision;
struct sbc_sanitize;
struct sbc_selftest;

struct sbc {
	struct spc_lu spc;	 /* first: lu->dev_priv */
	bool wce;		 /* caching mode page */
	bool flush_failed;	 /* a flush that was answered before its end; told once */
	struct sbc_flush *flush; /* the one that runs; owned by itself */
	struct sbc_job *job;	 /* likewise: sbc_job.h */
	struct scsi_cmd *job_cmd; /* waits for the job's end; NULL: none */
	struct loop_call job_cancel;
	struct sbc_sanitize *sanitize; /* that runs or failed; owned */
	struct list copies;	 /* struct xcopy: third-party copies that run, or may be asked about */
	uint64_t starts, loads;	 /* START STOP UNIT: of the disk, of the medium */
	uint64_t since_ns;	 /* when the LU was made */
	struct list tokens;	 /* struct token */
	uint64_t used, avail;	 /* bytes, as the store said last */
	bool usage_failed;	 /* ... or that it does not know */
	struct sbc_selftest *selftest; /* that runs; NULL: none */
	uint8_t selftests[SBC_SELFTESTS][SBC_SELFTEST_LEN]; /* the last ones, newest first */
	struct sbc_provision *provision; /* thresholds; NULL: never had any */
	bool format_corrupt;	 /* a FORMAT UNIT failed */
	uint32_t next_block_size; /* by MODE SELECT, for the next FORMAT UNIT; 0: as it is */
};

static inline struct sbc *to_sbc(const struct lu *lu)
{
	return lu->dev_priv;
}

static inline uint64_t sbc_bytes(const struct lu *lu, uint64_t blocks)
{
	return blocks << lu->block_shift;
}

/*
 * Where DPO, FUA, BYTCHK and their like stand: in CDBs of 32 bytes they are as in byte 1 of the others
 * that are longer than 6.
 */
static inline unsigned int sbc_options_at(const struct scsi_cmd *cmd)
{
	return 1 + 9U * (cmd->op->cdb_len >> 5);
}

static inline uint8_t sbc_options(const struct scsi_cmd *cmd)
{
	return cmd->cdb[sbc_options_at(cmd)];
}

extern const struct opcode sbc_rw_rows[10];	  /* READ, WRITE */
extern const struct opcode sbc_atomic_rows[1];	  /* WRITE ATOMIC(16) */
extern const struct opcode sbc_verify_rows[8];	  /* VERIFY, WRITE AND VERIFY */
extern const struct opcode sbc_caw_rows[1];	  /* COMPARE AND WRITE */
extern const struct opcode sbc_orwrite_rows[1];	  /* ORWRITE(16) */
extern const struct opcode sbc_wsame_rows[3];	  /* WRITE SAME */
extern const struct opcode sbc_unmap_rows[1];	  /* UNMAP */
extern const struct opcode sbc_lbastat_rows[1];	  /* GET LBA STATUS(16) */
extern const struct opcode sbc_cache_rows[4];	  /* PRE-FETCH, SYNCHRONIZE CACHE */
extern const struct opcode sbc_capacity_rows[2];  /* READ CAPACITY */
extern const struct opcode sbc_reassign_rows[1];  /* REASSIGN BLOCKS */
extern const struct opcode sbc_defects_rows[2];	  /* READ DEFECT DATA */
extern const struct opcode sbc_startstop_rows[1]; /* START STOP UNIT */
extern const struct opcode sbc_format_rows[1];	  /* FORMAT UNIT */
extern const struct opcode sbc_sanitize_rows[3];  /* SANITIZE */

extern const struct opcode xcopy_rows[3];	  /* EXTENDED COPY, COPY OPERATION ABORT */
extern const struct opcode token_rows[2];	  /* POPULATE TOKEN, WRITE USING TOKEN */
extern const struct opcode token_results_rows[2]; /* RECEIVE ROD TOKEN ..., REPORT ALL ROD TOKENS */
extern const struct opcode xcopy_results_rows[6]; /* RECEIVE COPY ... */

extern const struct vpd_page sbc_vpd[];
extern const struct mode_page sbc_modes[];
extern const struct spc_log_page sbc_logs[];

/*
 * CDBs of 32 bytes are there. SBC-4 5.19: only with protection of type 2, which there is not; so only for
 * who asks for them.
 */
bool sbc_cdb32(const struct lu *lu);
/* Thin provisioning is on and the store has it. */
bool sbc_thin(const struct lu *lu);
/* LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT: as configured, else the store's. */
uint8_t sbc_phys_exponent(const struct lu *lu);
/* MAXIMUM WRITE SAME LENGTH in blocks; 0: any. */
uint64_t sbc_max_wsame(const struct lu *lu);

/* MAXIMUM ATOMIC TRANSFER LENGTH in blocks; 0: the store has no atomic writes. */
uint32_t sbc_max_atomic(const struct lu *lu);

/* opcode.check: TRANSFER LENGTH against MAXIMUM TRANSFER LENGTH. */
enum scsi_result sbc_check_len(struct scsi_cmd *cmd);
/*
 * opcode.check: the transport announces exactly the data that the CDB asks for. For commands whose
 * meaning depends on where in the data something stands.
 */
enum scsi_result sbc_check_exact(struct scsi_cmd *cmd);
/* BS_REQ_ flags of a command that writes: DPO and FUA of byte 1, and WCE (SBC-4 4.15). */
uint32_t sbc_write_flags(const struct scsi_cmd *cmd);
/* FUA of WCE alone: for commands without a FUA bit. */
uint32_t sbc_wce_flags(const struct scsi_cmd *cmd);
/*
 * RES_GOOD when all data-out that the CDB asks for came. A command whose meaning depends on all of
 * its data must not run with less (an initiator that announced less in its transport header).
 */
enum scsi_result sbc_out_complete(const struct scsi_cmd *cmd);
/* Where data-out from byte @off on differs from @buf first: 0 .. @len, @len when it doesn't. */
uint32_t sbc_out_differs(const struct scsi_cmd *cmd, uint32_t off, const uint8_t *buf,
			 uint32_t len);
/* Largest request for @op, UNMAP or ZERO. */
uint64_t sbc_zero_piece(const struct lu *lu, enum bs_op op);

/*
 * Which medium something was kept about: the store's path and size, so that what is meant for one
 * never happens to another. lu->bs is there.
 */
uint32_t sbc_medium_len(const struct lu *lu);
void sbc_medium_put(const struct lu *lu, uint8_t *buf);
bool sbc_medium_is(const struct lu *lu, const uint8_t *kept, uint32_t len);

/* Self-tests: spc_ops.self_test and .self_test_progress; log page 10h. */
enum scsi_result sbc_self_test(struct scsi_cmd *cmd, unsigned int code);
bool sbc_selftest_progress(const struct lu *lu, uint16_t *progress);
uint32_t sbc_selftest_log(const struct lu *lu, uint8_t *buf, uint32_t max);
void sbc_selftest_resume(struct lu *lu);
/* A reset, another medium, the end of the LU. */
void sbc_selftest_stop(struct lu *lu);

/*
 * Log page 0Ch: what a thin disk takes and could take. Counts are of threshold sets of 2^exponent
 * blocks.
 */
unsigned int sbc_threshold_exponent(const struct lu *lu);
bool sbc_usage_known(const struct lu *lu);
enum scsi_result sbc_usage_ask(struct scsi_cmd *cmd);
uint32_t sbc_usage_log(const struct lu *lu, uint8_t *buf, uint32_t max);

/* Thin provisioning thresholds: mode page 1Ch/02h, from its fifth byte on. */
#define SBC_PROVISION_LEN 28
extern const uint8_t sbc_provision_mask[SBC_PROVISION_LEN];
void sbc_provision_defaults(const struct lu *lu, uint8_t *p);
void sbc_provision_changed(struct lu *lu, const uint8_t *page);
void sbc_provision_forget(struct lu *lu);

/* How long the LU has been there. */
uint64_t sbc_powered_ns(const struct lu *lu);

/* The block size that an initiator has formatted this medium to, or may want. */
void sbc_block_size_resume(struct lu *lu);
bool sbc_block_desc(const struct lu *lu, struct spc_block_desc *d);
enum scsi_result sbc_set_block_desc(struct scsi_cmd *cmd, const struct spc_block_desc *d,
				    uint16_t offset, bool apply);
/*
 * FORMAT UNIT has done its work. Keeps the wanted size: 0, @done follows from the loop; 1, there is
 * nothing to be kept; -errno. Then it is taken, and told to all but @except.
 */
int sbc_block_size_keep(struct lu *lu, void (*done)(void *arg, int err));
void sbc_block_size_take(struct lu *lu, const struct nexus *except);
/* What blocks can't be, with @err. */
int sbc_block_size_check(const struct lu *lu, uint32_t size, struct err *err);

/* SANITIZE with BLOCK ERASE is there. */
bool sbc_block_erase(const struct lu *lu);
/* A new LU, or a new medium: what a daemon before left unfinished goes on, or stays failed. */
void sbc_sanitize_resume(struct lu *lu);
void sbc_sanitize_forget(struct lu *lu);

/* Whether the store has anything to flush. */
bool sbc_flush_needed(const struct lu *lu);
/*
 * Starts a flush that no command waits for. False when memory is short: the caller then waits
 * itself.
 */
bool sbc_flush_start(struct lu *lu);
/* The LU ends, or gets another store: the running flush forgets it. */
void sbc_flush_forget(struct sbc *sbc);

#endif
