/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on a whole medium that may outlive its command: SANITIZE and FORMAT UNIT. While one runs,
 * lu->background says so to all other commands, lu->progress how far it is.
 */
#ifndef DEV_SBC_JOB_H
#define DEV_SBC_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "bs/bs.h"
#include "scsi/result.h"

struct lu;
struct scsi_cmd;

/* What is done to every byte. */
struct sbc_job_conf {
	enum bs_op op; /* UNMAP, ZERO, WRITE */
	uint32_t flags; /* BS_REQ_ */
	const uint8_t *pattern; /* WRITE: begins anew in each block; copied */
	uint32_t pattern_len;
	unsigned int passes; /* at least 1 */
	bool invert; /* the pattern, between passes; the last is as given (SBC-4 5.30.2) */
	/*
	 * From the loop, never inside sbc_job_start(): 0 when all is done and flushed, or -errno. Not
	 * when the LU or its store went meanwhile.
	 */
	void (*ended)(struct lu *lu, int err);
};

/*
 * 0 or -ENOMEM. lu->background is the caller's to set and to clear; it isn't RES_GOOD meanwhile, and
 * no write is under way.
 */
int sbc_job_start(struct lu *lu, const struct sbc_job_conf *conf);
/*
 * @cmd waits until sbc_job_tell(), or until it is aborted: returns RES_PENDING. One command may wait,
 * from before sbc_job_start() if need be.
 */
enum scsi_result sbc_job_wait(struct scsi_cmd *cmd);
/* Ends the command that waits, if one does. */
void sbc_job_tell(struct lu *lu, enum scsi_result r);
/* The LU ends, or gets another store. */
void sbc_job_forget(struct lu *lu);

#endif
