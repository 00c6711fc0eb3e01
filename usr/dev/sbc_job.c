/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on a whole medium: one request after another from the first byte to the last, pass by
 * pass, with a flush after each. Owned by itself; the LU knows it until it is forgotten.
 */
#include "dev/sbc_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev/io.h"
#include "dev/sbc.h"
#include "target/core.h"
#include "target/target.h"

struct sbc_job {
	struct bs_req req;
	struct iovec iov;
	struct lu *lu; /* NULL: forgotten */
	struct sbc_job_conf conf;
	unsigned int pass;
	uint64_t at; /* bytes of this pass that are done */
	uint8_t *buf; /* WRITE, and ZERO in a store that can't after all */
	uint32_t buf_len;
};

static void job_free(struct sbc_job *job)
{
	free(job->buf);
	free(job);
}

/* Tells how it ended, unless nobody wants to know. */
static void job_end(struct sbc_job *job, int err)
{
	struct lu *lu = job->lu;

	if (!lu) {
		job_free(job);
		return;
	}
	to_sbc(lu)->job = NULL;
	job->conf.ended(lu, err);
	job_free(job);
}

/* Whole units that the store takes; what is less at its end can't be reached by anybody. */
static uint64_t job_size(const struct sbc_job *job)
{
	return job->req.bs->size & ~((uint64_t)job->req.bs->align - 1);
}

static void tell_progress(struct sbc_job *job)
{
	uint64_t unit = job_size(job) / 65536 + 1;
	uint64_t done = (uint64_t)job->pass * 65536 + job->at / unit;

	job->lu->progress = (uint16_t)min_u64(done / job->conf.passes, 65535);
}

static void job_next(struct sbc_job *job);

static void pattern_invert(struct sbc_job *job)
{
	for (uint32_t i = 0; i < job->buf_len; i++)
		job->buf[i] = (uint8_t)~job->buf[i];
}

static void pass_flushed(struct bs_req *req)
{
	struct sbc_job *job = container_of(req, struct sbc_job, req);

	if (req->result && req->result != -EOPNOTSUPP) {
		job_end(job, req->result);
		return;
	}
	job->at = 0;
	if (++job->pass == job->conf.passes) {
		job_end(job, 0);
		return;
	}
	if (job->conf.invert)
		pattern_invert(job);
	job_next(job);
}

/* Memory for what is written; the pattern begins with each block. */
static int pattern_get(struct sbc_job *job)
{
	uint32_t block = job->lu->block_size;

	job->buf_len = (uint32_t)DEV_IO_PIECE;
	job->buf = calloc(1, job->buf_len);
	if (!job->buf)
		return -ENOMEM;
	for (uint32_t i = 0; job->conf.pattern_len && i < block; i++)
		job->buf[i] = job->conf.pattern[i % job->conf.pattern_len];
	for (uint32_t at = block; at < job->buf_len; at += block)
		memcpy(job->buf + at, job->buf, block);
	/* Of an even number of passes the first is the inverted one. */
	if (job->conf.invert && job->conf.passes % 2 == 0)
		pattern_invert(job);
	return 0;
}

/* The store found out only now that it can't: zeroes are written, unmapping is left out. */
static int do_otherwise(struct sbc_job *job)
{
	if (job->conf.op == BS_UNMAP) {
		job->at = job_size(job);
		return 0;
	}
	if (job->conf.op == BS_WRITE)
		return -EOPNOTSUPP;
	job->conf.op = BS_WRITE;
	job->conf.flags = 0;
	return pattern_get(job);
}

static void piece_done(struct bs_req *req)
{
	struct sbc_job *job = container_of(req, struct sbc_job, req);
	int err = req->result;

	if (err == -EOPNOTSUPP && job->lu)
		err = do_otherwise(job);
	else
		job->at += req->len;
	if (err)
		job_end(job, err);
	else
		job_next(job);
}

static void job_submit(struct sbc_job *job, enum bs_op op, uint64_t len,
		       void (*done)(struct bs_req *req))
{
	struct bs_req *req = &job->req;

	req->op = op;
	req->flags = op == BS_FLUSH ? 0 : job->conf.flags;
	req->offset = job->at;
	req->len = len;
	job->iov = (struct iovec){ .iov_base = job->buf, .iov_len = (size_t)len };
	req->iov = op == BS_WRITE ? &job->iov : NULL;
	req->iovcnt = op == BS_WRITE;
	req->done = done;
	bs_submit(req);
}

static void job_next(struct sbc_job *job)
{
	uint64_t piece = job->conf.op == BS_WRITE ? job->buf_len : 0, size;

	/* A store that isn't the LU's any more is being closed; a dying LU is soon forgotten. */
	if (!job->lu || job->lu->dying || job->lu->bs != job->req.bs) {
		if (job->lu)
			sbc_job_forget(job->lu);
		job_free(job);
		return;
	}
	tell_progress(job);
	size = job_size(job);
	if (job->at >= size) {
		job_submit(job, BS_FLUSH, 0, pass_flushed);
		return;
	}
	if (!piece)
		piece = sbc_zero_piece(job->lu, job->conf.op);
	job_submit(job, job->conf.op, min_u64(size - job->at, piece), piece_done);
}

int sbc_job_start(struct lu *lu, const struct sbc_job_conf *conf)
{
	struct sbc_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->lu = lu;
	job->req.bs = lu->bs;
	job->conf = *conf;
	if (conf->op == BS_WRITE && pattern_get(job)) {
		free(job);
		return -ENOMEM;
	}
	job->conf.pattern = NULL;
	job->conf.pattern_len = 0;
	to_sbc(lu)->job = job;
	job_next(job);
	return 0;
}

/* --- the command that waits */

static void waiter_cancelled(struct loop_call *call)
{
	struct sbc *sbc = container_of(call, struct sbc, job_cancel);

	sbc_job_tell(sbc->job_cmd->lu, RES_TASK_ABORTED);
}

/* The work goes on (SBC-4 4.11.2). */
static void waiter_cancel(struct scsi_cmd *cmd)
{
	loop_call_queue(cmd->lu->target->core->loop, &to_sbc(cmd->lu)->job_cancel);
}

enum scsi_result sbc_job_wait(struct scsi_cmd *cmd)
{
	struct sbc *sbc = to_sbc(cmd->lu);

	assert(!sbc->job_cmd);
	sbc->job_cmd = cmd;
	loop_call_init(&sbc->job_cancel, LOOP_COMPLETE, waiter_cancelled);
	cmd->cancel = waiter_cancel;
	return RES_PENDING;
}

void sbc_job_tell(struct lu *lu, enum scsi_result r)
{
	struct sbc *sbc = to_sbc(lu);
	struct scsi_cmd *cmd = sbc->job_cmd;

	if (!cmd)
		return;
	sbc->job_cmd = NULL;
	loop_call_cancel(&sbc->job_cancel);
	cmd->cancel = NULL;
	scsi_cmd_complete(cmd, dev_step_end(cmd, r));
}

void sbc_job_forget(struct lu *lu)
{
	struct sbc *sbc = to_sbc(lu);

	if (sbc->job)
		sbc->job->lu = NULL;
	sbc->job = NULL;
	sbc_job_tell(lu, RES_LUN_NOT_SUPPORTED);
}
