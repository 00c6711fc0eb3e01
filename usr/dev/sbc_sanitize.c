/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SANITIZE (SBC-4 5.30, 4.11): OVERWRITE everywhere, BLOCK ERASE where blocks can be given back and
 * then read as zeroes; no store has a key to forget for CRYPTOGRAPHIC ERASE. Neither an abort nor a
 * reset nor a new daemon ends it: what was asked for is kept, and is done anew where it broke off.
 * After an error nothing but another SANITIZE reaches the medium.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/sbc.h"
#include "dev/sbc_job.h"
#include "target/lu_keep.h"
#include "target/target.h"

#define CDB_IMMED 0x80
#define CDB_AUSE 0x20

enum { SA_OVERWRITE = 0x01, SA_BLOCK_ERASE = 0x02, SA_EXIT_FAILURE_MODE = 0x1f };

#define LIST_HEADER 4
#define LIST_INVERT 0x80
#define LIST_TEST 0x60
#define LIST_COUNT 0x1f

#define KEPT_AS "sanitize"
#define KEPT_VERSION 1

/* What was asked for, as it is kept; behind it the pattern, and which medium it is about. */
struct sbc_sanitize {
	uint8_t version, action, ause, invert, failed, count;
	uint8_t after_failure, ause_before; /* of the operation that this one takes the place of */
	uint8_t pattern_len[2];
	uint8_t pattern[];
};

static uint32_t state_len(const struct lu *lu, const struct sbc_sanitize *s)
{
	return (uint32_t)sizeof(*s) + get_be16(s->pattern_len) + sbc_medium_len(lu);
}

bool sbc_block_erase(const struct lu *lu)
{
	return sbc_thin(lu) && lu->bs && lu->bs->unmap_zeroes;
}

/* --- the work and its end */

static void state_drop(struct lu *lu)
{
	struct sbc *sbc = to_sbc(lu);

	free(sbc->sanitize);
	sbc->sanitize = NULL;
	lu->background = sbc->format_corrupt ? RES_ME_FORMAT_CORRUPT : RES_GOOD;
}

static void sanitize_failed(struct lu *lu)
{
	struct sbc_sanitize *s = to_sbc(lu)->sanitize;

	log_err("LUN %llu of %s: SANITIZE failed, its medium stays closed",
		(unsigned long long)lu->lun, lu->target->name);
	s->failed = 1;
	lu->background = RES_ME_SANITIZE_FAILED;
	/* If that can't be kept, the next daemon does once more what was asked for. */
	if (lu_keep_possible(lu) && lu_keep_set(lu, KEPT_AS, s, state_len(lu, s), NULL, NULL))
		log_err("LUN %llu of %s: no memory to keep that", (unsigned long long)lu->lun,
			lu->target->name);
	sbc_job_tell(lu, RES_ME_SANITIZE_FAILED);
}

/* Had no disk taken note of the end, a later daemon would do it all again. */
static void end_kept(void *arg, int err)
{
	struct lu *lu = arg;

	if (!to_sbc(lu)->sanitize)
		return;
	if (err) {
		sanitize_failed(lu);
		return;
	}
	to_sbc(lu)->format_corrupt = false; /* SBC-4 5.30.2 */
	state_drop(lu);
	sbc_job_tell(lu, RES_GOOD);
}

static void job_ended(struct lu *lu, int err)
{
	if (err)
		sanitize_failed(lu);
	else if (!lu_keep_possible(lu))
		end_kept(lu, 0);
	else if (lu_keep_set(lu, KEPT_AS, NULL, 0, end_kept, lu))
		sanitize_failed(lu);
}

static int work_start(struct lu *lu)
{
	const struct sbc_sanitize *s = to_sbc(lu)->sanitize;
	struct sbc_job_conf conf = {
		.op = BS_ZERO,
		.flags = BS_REQ_MAY_UNMAP,
		.passes = 1,
		.ended = job_ended,
	};

	if (s->action == SA_OVERWRITE) {
		conf.op = BS_WRITE;
		conf.flags = 0;
		conf.pattern = s->pattern;
		conf.pattern_len = get_be16(s->pattern_len);
		conf.passes = s->count;
		conf.invert = s->invert;
	}
	return sbc_job_start(lu, &conf);
}

/* --- its beginning */

/* It can't begin: all is as before. */
static void give_up(struct lu *lu)
{
	struct sbc_sanitize *s = to_sbc(lu)->sanitize;

	if (!s->after_failure) {
		state_drop(lu);
		return;
	}
	s->failed = 1;
	s->ause = s->ause_before;
	lu->background = RES_ME_SANITIZE_FAILED;
}

/* What was asked for is on disk, or can't be. */
static void begin_kept(void *arg, int err)
{
	struct lu *lu = arg;
	const struct sbc *sbc = to_sbc(lu);

	if (!sbc->sanitize) /* the medium is another meanwhile */
		return;
	if (err) {
		give_up(lu);
		sbc_job_tell(lu, RES_HW_INTERNAL);
	} else if (work_start(lu)) {
		sanitize_failed(lu);
	} else if (sbc->job_cmd && sbc->job_cmd->cdb[1] & CDB_IMMED) {
		sbc_job_tell(lu, RES_GOOD);
	}
}

static struct sbc_sanitize *state_new(struct scsi_cmd *cmd)
{
	const struct sbc_sanitize *before = to_sbc(cmd->lu)->sanitize;
	uint8_t head[LIST_HEADER] = { 0 };
	uint16_t pattern = 0;
	struct sbc_sanitize *s;

	if (scsi_cmd_param(cmd, 0, head, sizeof(head)))
		pattern = get_be16(head + 2);
	s = calloc(1, sizeof(*s) + pattern + sbc_medium_len(cmd->lu));
	if (!s)
		return NULL;
	*s = (struct sbc_sanitize){
		.version = KEPT_VERSION,
		.action = (uint8_t)cmd->op->sa,
		.ause = !!(cmd->cdb[1] & CDB_AUSE),
		.invert = !!(head[0] & LIST_INVERT),
		.count = head[0] & LIST_COUNT,
		.after_failure = before != NULL,
		.ause_before = before && before->ause,
	};
	put_be16(s->pattern_len, pattern);
	scsi_cmd_param(cmd, LIST_HEADER, s->pattern, pattern);
	sbc_medium_put(cmd->lu, s->pattern + pattern);
	return s;
}

/* No write is under way any more, and none begins from now on. */
static enum scsi_result sanitize_start(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;
	struct sbc_sanitize *s = lu->bs ? state_new(cmd) : NULL;
	int err;

	if (!s)
		return lu->bs ? RES_BUSY : RES_NR_NO_MEDIUM;
	free(to_sbc(lu)->sanitize);
	to_sbc(lu)->sanitize = s;
	lu->background = RES_NR_SANITIZE;
	lu->progress = 0;
	range_recheck(lu);
	if (lu_keep_possible(lu)) {
		err = lu_keep_set(lu, KEPT_AS, s, state_len(lu, s), begin_kept, lu);
	} else {
		err = work_start(lu);
		if (!err && cmd->cdb[1] & CDB_IMMED)
			return RES_GOOD;
	}
	if (!err)
		return sbc_job_wait(cmd);
	give_up(lu);
	return RES_BUSY;
}

static enum scsi_result check_list(struct scsi_cmd *cmd)
{
	uint8_t h[LIST_HEADER] = { 0 };
	uint32_t pattern;

	if (sbc_out_complete(cmd) != RES_GOOD)
		return sbc_out_complete(cmd);
	scsi_cmd_param(cmd, 0, h, sizeof(h));
	pattern = get_be16(h + 2);
	if (h[0] & LIST_TEST) /* no vendor's own patterns */
		return scsi_bad_param(cmd, 0, 6);
	if (!(h[0] & LIST_COUNT))
		return scsi_bad_param(cmd, 0, 4);
	if (h[1])
		return scsi_bad_param(cmd, 1, -1);
	if (!pattern || pattern > cmd->lu->block_size)
		return scsi_bad_param(cmd, 2, -1);
	return LIST_HEADER + pattern > cmd->out_cdb ? RES_PARAM_LIST_LENGTH : RES_GOOD;
}

static enum scsi_result sanitize(struct scsi_cmd *cmd)
{
	enum scsi_result r = cmd->op->sa == SA_OVERWRITE ? check_list(cmd) : RES_GOOD;

	return r == RES_GOOD ? range_exclusive(cmd, 0, cmd->lu->blocks, sanitize_start) : r;
}

/* SBC-4 table 137: what must stand in PARAMETER LIST LENGTH. */
static bool length_right(const struct scsi_cmd *cmd)
{
	if (cmd->op->sa == SA_OVERWRITE)
		return cmd->out_cdb > LIST_HEADER &&
		       cmd->out_cdb <= LIST_HEADER + cmd->lu->block_size;
	return !cmd->out_cdb;
}

/*
 * After one that failed with AUSE 0 only those without AUSE are processed, and nothing leads out
 * but one that succeeds (SBC-4 4.11.4).
 */
static enum scsi_result sanitize_check(struct scsi_cmd *cmd)
{
	const struct sbc_sanitize *s = to_sbc(cmd->lu)->sanitize;
	bool restricted = s && !s->ause;

	if (!length_right(cmd))
		return scsi_bad_cdb(cmd, 7, -1);
	if (cmd->lu->background == RES_GOOD || cmd->lu->background == RES_ME_FORMAT_CORRUPT)
		return RES_GOOD;
	if (cmd->lu->background != RES_ME_SANITIZE_FAILED)
		return lu_background(cmd->lu, &cmd->extra);
	if (restricted && cmd->op->sa == SA_EXIT_FAILURE_MODE)
		return scsi_bad_cdb(cmd, 1, 4);
	return restricted && cmd->cdb[1] & CDB_AUSE ? scsi_bad_cdb(cmd, 1, 5) : RES_GOOD;
}

static void exit_kept(void *arg, int err)
{
	struct lu *lu = arg;

	if (!to_sbc(lu)->sanitize)
		return;
	if (err)
		lu->background = RES_ME_SANITIZE_FAILED;
	else
		state_drop(lu);
	sbc_job_tell(lu, err ? RES_HW_INTERNAL : RES_GOOD);
}

/* As if the one that failed had not. */
static enum scsi_result exit_failure_mode(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;

	if (!to_sbc(lu)->sanitize)
		return RES_GOOD;
	if (lu->background != RES_ME_SANITIZE_FAILED) /* another came first */
		return lu_background(lu, &cmd->extra);
	if (!lu_keep_possible(lu)) {
		state_drop(lu);
		return RES_GOOD;
	}
	if (lu_keep_set(lu, KEPT_AS, NULL, 0, exit_kept, lu))
		return RES_BUSY;
	lu->background = RES_NR_SANITIZE; /* until that is certain */
	return sbc_job_wait(cmd);
}

/* --- over the end of the daemon, and of a medium's stay */

/* Whether it is about this store: never is another one's content destroyed. */
static bool is_ours(const struct lu *lu, const struct sbc_sanitize *s, uint32_t len)
{
	return len >= sizeof(*s) && s->version == KEPT_VERSION && len == state_len(lu, s) &&
	       sbc_medium_is(lu, s->pattern + get_be16(s->pattern_len), sbc_medium_len(lu)) &&
	       (s->action == SA_BLOCK_ERASE ||
		(s->action == SA_OVERWRITE && s->count && get_be16(s->pattern_len)));
}

void sbc_sanitize_resume(struct lu *lu)
{
	struct sbc *sbc = to_sbc(lu);
	uint32_t len;
	const void *kept = lu_keep_get(lu, KEPT_AS, &len);

	if (!kept || !lu->bs)
		return;
	if (!is_ours(lu, kept, len)) {
		log_notice("LUN %llu of %s: a SANITIZE of another medium was not finished",
			   (unsigned long long)lu->lun, lu->target->name);
		return;
	}
	sbc->sanitize = malloc(len);
	lu->background = RES_ME_SANITIZE_FAILED;
	if (!sbc->sanitize)
		return;
	memcpy(sbc->sanitize, kept, len);
	if (sbc->sanitize->failed)
		return;
	log_notice("LUN %llu of %s: SANITIZE goes on", (unsigned long long)lu->lun,
		   lu->target->name);
	lu->background = RES_NR_SANITIZE;
	if (work_start(lu))
		sanitize_failed(lu);
}

void sbc_sanitize_forget(struct lu *lu)
{
	state_drop(lu);
}

/* Byte 1: IMMED, AUSE; ZNR is for zones, which there are none of. */
#define SANITIZES(action)                                                                          	.op = 0x48, .sa = action, .cdb_len = 10, .dir = DATA_OUT, .len = { 7, 2 },                 	.unit = LEN_PARAM, .usage = { 0x48, 0xa0 | (action), 0, 0, 0, 0, 0, 0xff, 0xff, 0 },       	.flags = OP_NEEDS_MEDIUM | OP_WRITES | OP_FORMATTING_OK | OP_IMPLICIT_HOQ,                 	.resv = RESV_WRITE, .check = sanitize_check

const struct opcode sbc_sanitize_rows[3] = {
	{ SANITIZES(SA_OVERWRITE), .name = "SANITIZE, OVERWRITE", .run = sanitize },
	{ SANITIZES(SA_BLOCK_ERASE), .name = "SANITIZE, BLOCK ERASE", .enabled = sbc_block_erase,
	  .run = sanitize },
	{ SANITIZES(SA_EXIT_FAILURE_MODE), .name = "SANITIZE, EXIT FAILURE MODE",
	  .run = exit_failure_mode },
};
