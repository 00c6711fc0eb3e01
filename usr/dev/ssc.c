/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device type "tape" (SSC-4): puts opcode rows, pages and hooks together, loads and unloads
 * media, and holds what the commands share.
 */
#include "dev/ssc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dev/dev_types.h"
#include "dev/io.h"
#include "dev/range.h"
#include "target/core.h"
#include "target/target.h"
#include "target/ua.h"

/* --- commands ------------------------------------------------------------------------------------- */

static enum scsi_result may_run(const struct scsi_cmd *cmd)
{
	enum scsi_result r = lu_medium_state(cmd->lu);

	if (r == RES_GOOD && !to_ssc(cmd->lu)->image)
		r = RES_NR_NO_MEDIUM;
	if (r == RES_GOOD && cmd->op->flags & OP_WRITES)
		r = to_ssc(cmd->lu)->protect;
	return r;
}

static enum scsi_result turn_got(struct scsi_cmd *cmd)
{
	enum scsi_result (*run)(struct scsi_cmd *cmd);
	enum scsi_result r = may_run(cmd);

	memcpy(&run, &cmd->dev_priv[5], sizeof(run));
	return r == RES_GOOD ? run(cmd) : r;
}

enum scsi_result ssc_turn(struct scsi_cmd *cmd, enum scsi_result (*run)(struct scsi_cmd *cmd))
{
	memcpy(&cmd->dev_priv[5], &run, sizeof(run));
	return range_exclusive(cmd, 0, 1, turn_got);
}

void ssc_op_done(void *arg, int err)
{
	struct scsi_cmd *cmd = arg;
	enum scsi_result r = dev_step_end(cmd, cmd->io_done(cmd, err));

	if (r != RES_PENDING)
		scsi_cmd_complete(cmd, r);
}

enum scsi_result ssc_wait(struct scsi_cmd *cmd, enum scsi_result (*done)(struct scsi_cmd *cmd,
									 int err))
{
	cmd->io_done = done;
	return RES_PENDING;
}

enum scsi_result ssc_fail(struct scsi_cmd *cmd, int err)
{
	bool reads = cmd->op->dir != DATA_OUT && !(cmd->op->flags & OP_WRITES);

	to_ssc(cmd->lu)->alerts |= reads ? 1ULL << 3 | 1ULL << 4 : 1ULL << 3 | 1ULL << 5;
	cmd->bsr.op = reads ? BS_READ : BS_FLUSH; /* no block address belongs to it */
	cmd->bsr.offset = cmd->bsr.len = 0;
	return err == -EBADMSG ? RES_ME_READ : dev_io_fail(cmd, err);
}

void ssc_residual(struct scsi_cmd *cmd, int64_t residual)
{
	cmd->extra.info_valid = true;
	cmd->extra.info = cmd->lu->descriptor_sense ? (uint64_t)residual :
						      (uint32_t)(int32_t)residual;
}

enum scsi_result ssc_stopped(struct scsi_cmd *cmd, enum tape_stop stop, int64_t residual)
{
	ssc_residual(cmd, residual);
	cmd->extra.filemark = stop == TAPE_AT_MARK;
	cmd->extra.eom = stop == TAPE_AT_EOM || stop == TAPE_AT_BOP;
	switch (stop) {
	case TAPE_AT_MARK: return RES_FILEMARK;
	case TAPE_AT_EOD: return RES_EOD;
	case TAPE_AT_BOP: return RES_BOP;
	default: return RES_EOM;
	}
}

bool ssc_early(const struct lu *lu)
{
	const struct tape_image *t = to_ssc(lu)->image;

	return tape_free(t, t->part) < tape_early(t, t->part);
}

/* --- media ---------------------------------------------------------------------------------------- */

static const char *why(int err)
{
	switch (err) {
	case -EILSEQ: return "no tape image; tgtimg(8) makes one";
	case -EPROTO: return "a damaged tape image, or one of a later version; tgtimg(8) checks it";
	case -EMSGSIZE: return "smaller than the tape image in it says";
	case -EINVAL: return "a store that can't address blocks as small as the image's";
	default: return strerror(-err);
	}
}

static void opened(struct ssc *ssc, int err)
{
	struct lu *lu = ssc->lu;
	struct tape_image *t = ssc->image;

	lu->medium = err == -EILSEQ || err == -EPROTO ? RES_ME_UNKNOWN_FORMAT : RES_ME_FORMAT_CORRUPT;
	if (err) {
		log_warn("%s lun %" PRIu64 ": %s: %s", lu->target->name, lu->lun,
			 lu->path ? lu->path : "", why(err));
		tape_image_free(t);
		ssc->image = NULL;
		return;
	}
	if (t->cut)
		log_notice("%s lun %" PRIu64 ": %s: what was written last is torn and was cut off",
			   lu->target->name, lu->lun, lu->path ? lu->path : "");
	lu->medium = ssc_medium_check(ssc, &t->sb, &ssc->protect);
	if (lu->medium != RES_GOOD)
		return;
	ssc->loads++;
	ssc_mam_loaded(ssc);
	ua_raise_lu(lu, UA_MEDIUM_CHANGED, NULL);
}

/* The load is counted: whether that could be kept is no reason not to use the medium. */
static void load_kept(void *arg, int err)
{
	struct ssc *ssc = arg;

	(void)err;
	ssc->opening = false;
	lu_release(ssc->lu);
}

static void image_opened(void *arg, int err)
{
	struct ssc *ssc = arg;

	opened(ssc, err);
	if (ssc->lu->medium == RES_GOOD && !ssc->lu->readonly)
		tape_mam_save(ssc->image, load_kept, ssc);
	else
		load_kept(ssc, 0);
}

static void forget(struct lu *lu)
{
	struct ssc *ssc = to_ssc(lu);
	bool held = ssc->opening;

	ssc->opening = false;
	tape_image_free(ssc->image);
	ssc->image = NULL;
	ssc->protect = RES_GOOD;
	ssc->selected = false;
	ssc->written = ssc->read = 0;
	lu->medium = RES_GOOD;
	if (held)
		lu_release(lu);
}

void ssc_load(struct lu *lu)
{
	struct ssc *ssc = to_ssc(lu);

	forget(lu);
	if (!lu->bs)
		return;
	ssc->image = tape_image_new(lu->bs);
	lu->medium = ssc->image ? RES_NR_BECOMING_READY : RES_HW_INTERNAL;
	if (!ssc->image)
		return;
	ssc->opening = true;
	lu_hold(lu);
	tape_image_open(ssc->image, image_opened, ssc);
}

/* --- hooks ---------------------------------------------------------------------------------------- */

/* SSC-4 8.3.1: WP, BUFFERED MODE 1 */
static uint8_t device_specific(const struct lu *lu, bool readonly)
{
	const struct ssc *ssc = to_ssc(lu);

	return (readonly || lu->swp || ssc->protect != RES_GOOD ? 0x80 : 0) |
	       (ssc->unbuffered ? 0 : 0x10);
}

static enum scsi_result set_device_specific(struct scsi_cmd *cmd, uint8_t byte, uint16_t offset,
					    bool apply)
{
	if ((byte & 0x70) > 0x10 || byte & 0x0f)
		return scsi_bad_param(cmd, offset, byte & 0x70 ? 6 : 3);
	if (apply)
		to_ssc(cmd->lu)->unbuffered = !(byte & 0x70);
	return RES_GOOD;
}

static const struct spc_ops ops = {
	.device_specific = device_specific,
	.set_device_specific = set_device_specific,
	.block_desc = ssc_block_desc,
	.set_block_desc = ssc_set_block_desc,
	.logs = ssc_logs,
};

static int attach(struct lu *lu, struct err *err)
{
	struct ssc *ssc = calloc(1, sizeof(*ssc));
	int r;

	if (!ssc) {
		err_set(err, ERR_NOMEM, "no memory for a tape drive");
		return -ENOMEM;
	}
	ssc->lu = lu;
	lu->removable = true;
	range_init(lu);
	r = spc_attach(lu, &ssc->spc, &ops, err);
	if (r)
		free(ssc);
	else
		ssc_load(lu);
	return r;
}

static void detach(struct lu *lu)
{
	struct ssc *ssc = to_ssc(lu);

	tape_image_free(ssc->image);
	range_done(lu);
	spc_detach(lu);
	free(ssc);
}

static int set(struct lu *lu, const char *name, const char *value, struct err *err)
{
	struct ssc *ssc = to_ssc(lu);
	const struct ssc_generation *g = NULL;

	if (strcmp(name, "generation"))
		return spc_set(lu, name, value, err);
	if (strcmp(value, "any")) {
		g = ssc_generation_find(value);
		if (!g)
			return err_set(err, ERR_INVALID_REQUEST,
				       "generation is lto5, lto6, lto7, lto8, lto9 or any, not '%s'",
				       value);
	}
	ssc->drive = g;
	snprintf(lu->id.product, sizeof(lu->id.product), "%s", g ? g->product : "VIRTUAL-TAPE");
	ua_raise_lu(lu, UA_INQUIRY_CHANGED, NULL);
	if (ssc->image && !ssc->opening)
		lu->medium = ssc_medium_check(ssc, &ssc->image->sb, &ssc->protect);
	return 0;
}

static void reset(struct lu *lu)
{
	struct ssc *ssc = to_ssc(lu);

	ssc->block_len = 0;
	ssc->unbuffered = false;
	spc_modes_reset(lu);
}

static void show(const struct lu *lu, json_t *obj)
{
	const struct ssc *ssc = to_ssc(lu);
	const struct tape_image *t = ssc->image;

	json_object_set_new(obj, "generation", json_string(ssc->drive ? ssc->drive->name : "any"));
	if (!t || ssc->opening)
		return;
	json_object_set_new(obj, "barcode", json_string(t->sb.barcode));
	json_object_set_new(obj, "partition", json_integer((json_int_t)t->part));
	json_object_set_new(obj, "position", json_integer((json_int_t)t->pos.objects));
	json_object_set_new(obj, "objects", json_integer((json_int_t)tape_eod(t)->objects));
	json_object_set_new(obj, "filemarks", json_integer((json_int_t)tape_eod(t)->files));
	json_object_set_new(obj, "free", json_integer((json_int_t)tape_free(t, t->part)));
}

static const struct opcode_rows rows[] = {
	SPC_ROWS,
	SPC_ROWS_DEVICE,
	OPCODE_ROWS(ssc_rw_rows),
	OPCODE_ROWS(ssc_move_rows),
	OPCODE_ROWS(ssc_position_rows),
	OPCODE_ROWS(ssc_medium_rows),
	OPCODE_ROWS(ssc_report_rows),
	OPCODE_ROWS(ssc_mam_rows),
	OPCODE_ROWS_END,
};

static struct optable table;

const struct dev_type dev_tape = {
	.name = "tape",
	.show_name = "tape",
	.pdt = PDT_TAPE,
	.removable = true,
	.needs_store = true,
	.product = "VIRTUAL-TAPE",
	.rows = rows,
	.vpd = ssc_vpd,
	.modes = ssc_modes,
	.table = &table,
	.attach = attach,
	.detach = detach,
	.medium_changed = ssc_load,
	.set = set,
	.show = show,
	.reset = reset,
};
