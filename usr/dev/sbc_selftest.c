/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Self-tests of a disk (SPC-4 5.14.4): the short one reads places all over the medium, the extended one
 * all of it. In the background it gives way to commands; in the foreground there are none. What came
 * of the last twenty is kept and told by the Self-Test Results log page (7.3.19).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"
#include "target/core.h"
#include "target/lu_keep.h"
#include "target/target.h"

#define KEPT_AS "self-tests"

#define SHORT_PIECES 64U
#define SHORT_PIECE (64U * 1024)
#define LONG_PIECE DEV_IO_PIECE
#define PAUSE_NS (20 * NSEC_PER_MSEC) /* while there are commands */

/* SELF-TEST RESULTS, SPC-4 table 357 */
enum { RESULT_GOOD = 0, RESULT_ABORTED = 1, RESULT_INTERRUPTED = 2, RESULT_FAILED = 4, RESULT_RUNS = 15 };

/* Owner: itself. sbc.selftest of @lu, until it ends; one whose request is under way then stays. */
struct sbc_selftest {
	struct bs_req req;
	struct iovec iov;
	struct lu *lu; /* NULL: it is over */
	struct scsi_cmd *cmd; /* waits for it: in the foreground */
	struct loop_timer timer;
	struct loop_call again, cancelled;
	uint8_t code;
	bool busy;
	uint64_t at, pieces;
	uint32_t piece; /* bytes */
	uint8_t *buf;
};

static bool in_foreground(const struct sbc_selftest *t)
{
	return t->code == SELFTEST_FG_SHORT || t->code == SELFTEST_FG_EXTENDED;
}

/* --- results */

/* The parameter without its header. */
static void put_result(const struct sbc_selftest *t, uint8_t result, uint8_t *p)
{
	uint64_t hours = sbc_powered_ns(t->lu) / (3600 * NSEC_PER_SEC);

	memset(p, 0, SBC_SELFTEST_LEN);
	p[0] = (uint8_t)(t->code << 5 | result);
	put_be16(p + 2, (uint16_t)min_u64(hours, UINT16_MAX));
	put_be64(p + 4, UINT64_MAX);
	if (result != RESULT_FAILED)
		return;
	put_be64(p + 4, t->req.offset >> t->lu->block_shift);
	p[12] = SK_MEDIUM_ERROR;
	p[13] = 0x11; /* UNRECOVERED READ ERROR */
}

static void kept(void *arg, int err)
{
	const struct lu *lu = arg;

	if (err)
		log_warn("target %u LUN %llu: the result of a self-test could not be kept: %s",
			 lu->target->tid, (unsigned long long)lu->lun, strerror(-err));
}

static void record(const struct sbc_selftest *t, uint8_t result)
{
	struct sbc *sbc = to_sbc(t->lu);

	memmove(sbc->selftests + 1, sbc->selftests,
		sizeof(sbc->selftests) - sizeof(sbc->selftests[0]));
	put_result(t, result, sbc->selftests[0]);
	if (lu_keep_possible(t->lu) && !t->lu->dying &&
	    lu_keep_set(t->lu, KEPT_AS, sbc->selftests, sizeof(sbc->selftests), kept, t->lu))
		kept(t->lu, -ENOMEM);
}

void sbc_selftest_resume(struct lu *lu)
{
	struct sbc *sbc = to_sbc(lu);
	const void *was;
	uint32_t len;

	was = lu_keep_get(lu, KEPT_AS, &len);
	if (was && len == sizeof(sbc->selftests))
		memcpy(sbc->selftests, was, len);
}

uint32_t sbc_selftest_log(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	const struct sbc *sbc = to_sbc(lu);
	unsigned int runs = sbc->selftest ? 1 : 0;

	if (max < SBC_SELFTESTS * (4 + SBC_SELFTEST_LEN))
		return 0;
	for (unsigned int i = 0; i < SBC_SELFTESTS; i++) {
		uint8_t *p = spc_log_param(buf, (uint16_t)(i + 1), SBC_SELFTEST_LEN);

		if (i < runs)
			put_result(sbc->selftest, RESULT_RUNS, p);
		else
			memcpy(p, sbc->selftests[i - runs], SBC_SELFTEST_LEN);
		buf = p + SBC_SELFTEST_LEN;
	}
	return SBC_SELFTESTS * (4 + SBC_SELFTEST_LEN);
}

/* --- the way of a test */

static void test_free(struct sbc_selftest *t)
{
	free(t->buf);
	free(t);
}

/* @r: how the command ends that waits, if one does. */
static void test_end(struct sbc_selftest *t, uint8_t result, enum scsi_result r)
{
	struct scsi_cmd *cmd = t->cmd;
	struct lu *lu = t->lu;

	record(t, result);
	to_sbc(lu)->selftest = NULL;
	loop_timer_cancel(&t->timer);
	loop_call_cancel(&t->again);
	loop_call_cancel(&t->cancelled);
	t->lu = NULL;
	if (!t->busy)
		test_free(t);
	if (!cmd)
		return;
	if (lu->background == RES_NR_SELF_TEST)
		lu->background = RES_GOOD;
	range_recheck(lu);
	cmd->cancel = NULL;
	scsi_cmd_complete(cmd, r);
}

static uint64_t piece_offset(const struct sbc_selftest *t)
{
	const struct bs *bs = t->lu->bs;
	uint64_t last = (bs->size - t->piece) & ~((uint64_t)t->lu->block_size - 1);

	if (t->pieces > 1 && t->piece == SHORT_PIECE)
		return last / (t->pieces - 1) * t->at & ~((uint64_t)t->lu->block_size - 1);
	return min_u64(t->at * t->piece, last);
}

static void read_done(struct bs_req *req);

static void next_piece(struct sbc_selftest *t)
{
	struct lu *lu = t->lu;

	if (t->at == t->pieces) {
		test_end(t, RESULT_GOOD, RES_GOOD);
		return;
	}
	/* A format, a medium that went, a disk that was stopped or shrank. */
	if (lu->dying || lu->background != (t->cmd ? RES_NR_SELF_TEST : RES_GOOD) ||
	    lu_medium_state(lu) != RES_GOOD || lu->bs->size < t->piece) {
		test_end(t, RESULT_INTERRUPTED, RES_TASK_ABORTED);
		return;
	}
	t->req.bs = lu->bs;
	t->req.op = BS_READ;
	t->req.flags = 0;
	t->req.offset = piece_offset(t);
	t->req.len = t->piece;
	t->iov = (struct iovec){ .iov_base = t->buf, .iov_len = t->piece };
	t->req.iov = &t->iov;
	t->req.iovcnt = 1;
	t->req.done = read_done;
	t->busy = true;
	bs_submit(&t->req);
}

static void pause_over(struct loop_timer *timer)
{
	next_piece(container_of(timer, struct sbc_selftest, timer));
}

static void read_done(struct bs_req *req)
{
	struct sbc_selftest *t = container_of(req, struct sbc_selftest, req);

	t->busy = false;
	if (!t->lu) {
		test_free(t);
		return;
	}
	if (req->result) {
		test_end(t, RESULT_FAILED, RES_HW_SELF_TEST);
		return;
	}
	t->at++;
	if (!t->cmd && t->lu->ts.n_tasks &&
	    !loop_timer_set(t->lu->target->core->loop, &t->timer, PAUSE_NS, pause_over))
		return;
	next_piece(t);
}

static void begin(struct loop_call *call)
{
	next_piece(container_of(call, struct sbc_selftest, again));
}

static void was_cancelled(struct loop_call *call)
{
	test_end(container_of(call, struct sbc_selftest, cancelled), RESULT_INTERRUPTED,
		 RES_TASK_ABORTED);
}

static void cancel(struct scsi_cmd *cmd)
{
	loop_call_queue(cmd->lu->target->core->loop, &to_sbc(cmd->lu)->selftest->cancelled);
}

static struct sbc_selftest *test_new(struct lu *lu, uint8_t code)
{
	bool extended = code == SELFTEST_BG_EXTENDED || code == SELFTEST_FG_EXTENDED;
	uint64_t size = lu->blocks << lu->block_shift;
	struct sbc_selftest *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->lu = lu;
	t->code = code;
	t->piece = (uint32_t)min_u64(extended ? LONG_PIECE : SHORT_PIECE, size);
	t->pieces = extended ? (size + t->piece - 1) / t->piece
			     : min_u64(SHORT_PIECES, size / t->piece);
	loop_call_init(&t->again, LOOP_COMPLETE, begin);
	loop_call_init(&t->cancelled, LOOP_COMPLETE, was_cancelled);
	t->buf = malloc(t->piece);
	if (t->buf)
		return t;
	free(t);
	return NULL;
}

static enum scsi_result test_start(struct scsi_cmd *cmd, uint8_t code)
{
	struct lu *lu = cmd->lu;
	struct sbc_selftest *t;
	enum scsi_result r = lu_medium_state(lu);

	if (r != RES_GOOD)
		return r;
	if (!lu->blocks)
		return RES_NR_NO_MEDIUM;
	t = test_new(lu, code);
	if (!t)
		return RES_BUSY;
	to_sbc(lu)->selftest = t;
	loop_call_queue(lu->target->core->loop, &t->again);
	if (!in_foreground(t))
		return RES_GOOD;
	t->cmd = cmd;
	cmd->cancel = cancel;
	lu->background = RES_NR_SELF_TEST;
	lu->progress = 0;
	range_recheck(lu);
	return RES_PENDING;
}

enum scsi_result sbc_self_test(struct scsi_cmd *cmd, unsigned int code)
{
	struct sbc_selftest *t = to_sbc(cmd->lu)->selftest;

	if (code == SELFTEST_ABORT) {
		if (!t)
			return scsi_bad_cdb(cmd, 1, 7);
		test_end(t, RESULT_ABORTED, RES_TASK_ABORTED);
		return RES_GOOD;
	}
	if (t) {
		sbc_selftest_progress(cmd->lu, &cmd->extra.progress);
		cmd->extra.progress_valid = true;
		return RES_NR_SELF_TEST;
	}
	return code ? test_start(cmd, (uint8_t)code) : RES_GOOD;
}

bool sbc_selftest_progress(const struct lu *lu, uint16_t *progress)
{
	const struct sbc_selftest *t = to_sbc(lu)->selftest;

	if (!t)
		return false;
	*progress = (uint16_t)min_u64(t->at * 65536 / t->pieces, 65535);
	return true;
}

void sbc_selftest_stop(struct lu *lu)
{
	if (to_sbc(lu)->selftest)
		test_end(to_sbc(lu)->selftest, RESULT_INTERRUPTED, RES_TASK_ABORTED);
}
