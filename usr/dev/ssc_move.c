/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving the tape: REWIND, SPACE, LOCATE, LOAD UNLOAD (SSC-4 7.2, 7.3, 7.6 ...). The tape is where it
 * shall be as soon as it is known where that is, so IMMED changes nothing. Before it moves, what was
 * written is put on stable storage.
 */
#include "base/bytes.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/ssc.h"
#include "target/nexus.h"
#include "target/ua.h"

static struct tape_image *image(const struct scsi_cmd *cmd)
{
	return to_ssc(cmd->lu)->image;
}

/* --- REWIND --------------------------------------------------------------------------------------- */

static enum scsi_result rewind_synced(struct scsi_cmd *cmd, int err)
{
	if (err)
		return ssc_fail(cmd, err);
	tape_rewind(image(cmd));
	return RES_GOOD;
}

static enum scsi_result rewind_begin(struct scsi_cmd *cmd)
{
	tape_write_marks(image(cmd), 0, true, ssc_op_done, cmd);
	return ssc_wait(cmd, rewind_synced);
}

static enum scsi_result ssc_rewind(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, rewind_begin);
}

/* --- SPACE ---------------------------------------------------------------------------------------- */

enum { SPACE_BLOCKS, SPACE_MARKS, SPACE_MARKS_SEQUENTIAL, SPACE_EOD };

/* dev_priv: why it will end where it goes, and what will be left then; filemarks in a row. */
enum { P_STOP, P_REST, P_MARK, P_OBJECT };

static int64_t space_count(const struct scsi_cmd *cmd)
{
	if (cmd->cdb[0] == 0x91)
		return (int64_t)get_be64(cmd->cdb + 4);
	return (int32_t)(get_be24(cmd->cdb + 2) << 8) >> 8;
}

static enum scsi_result space_end(struct scsi_cmd *cmd)
{
	enum tape_stop stop = (enum tape_stop)cmd->dev_priv[P_STOP];

	return stop == TAPE_DONE ? RES_GOOD :
				   ssc_stopped(cmd, stop, (int64_t)cmd->dev_priv[P_REST]);
}

static enum scsi_result space_there(struct scsi_cmd *cmd, int err)
{
	return err ? ssc_fail(cmd, err) : space_end(cmd);
}

static enum scsi_result space_object(struct scsi_cmd *cmd, uint64_t n, enum tape_stop stop,
				     uint64_t left)
{
	cmd->dev_priv[P_STOP] = stop;
	cmd->dev_priv[P_REST] = left;
	tape_locate(image(cmd), image(cmd)->part, n, ssc_op_done, cmd);
	return ssc_wait(cmd, space_there);
}

static enum scsi_result space_mark(struct scsi_cmd *cmd, uint64_t k, bool behind,
				   enum tape_stop stop, uint64_t left)
{
	cmd->dev_priv[P_STOP] = stop;
	cmd->dev_priv[P_REST] = left;
	tape_locate_mark(image(cmd), k, behind, ssc_op_done, cmd);
	return ssc_wait(cmd, space_there);
}

static enum scsi_result space_eod(struct scsi_cmd *cmd, enum tape_stop stop, uint64_t left)
{
	return space_object(cmd, tape_eod(image(cmd))->objects, stop, left);
}

/* The next filemark is found: blocks end there, or before. */
static enum scsi_result blocks_mark_found(struct scsi_cmd *cmd, int err)
{
	uint64_t from = cmd->dev_priv[P_OBJECT], count = (uint64_t)space_count(cmd);
	struct tape_image *t = image(cmd);

	if (err)
		return ssc_fail(cmd, err);
	if (t->pos.objects - from >= count)
		return space_object(cmd, from + count, TAPE_DONE, 0);
	return space_mark(cmd, t->pos.files + 1, true, TAPE_AT_MARK,
			  count - (t->pos.objects - from));
}

static enum scsi_result blocks_forward(struct scsi_cmd *cmd, uint64_t count)
{
	struct tape_image *t = image(cmd);
	const struct tape_place *eod = tape_eod(t);
	uint64_t there = eod->objects - t->pos.objects;

	if (t->pos.files < eod->files) {
		cmd->dev_priv[P_OBJECT] = t->pos.objects;
		tape_locate_mark(t, t->pos.files + 1, false, ssc_op_done, cmd);
		return ssc_wait(cmd, blocks_mark_found);
	}
	if (count > there)
		return space_eod(cmd, TAPE_AT_EOD, count - there);
	return space_object(cmd, t->pos.objects + count, TAPE_DONE, 0);
}

/* The filemark before is found; the tape is behind it. */
static enum scsi_result blocks_back_found(struct scsi_cmd *cmd, int err)
{
	uint64_t from = cmd->dev_priv[P_OBJECT], count = 0 - (uint64_t)space_count(cmd);
	struct tape_image *t = image(cmd);

	if (err)
		return ssc_fail(cmd, err);
	if (from - t->pos.objects >= count)
		return space_object(cmd, from - count, TAPE_DONE, 0);
	return space_mark(cmd, t->pos.files, false, TAPE_AT_MARK,
			  count - (from - t->pos.objects));
}

static enum scsi_result blocks_back(struct scsi_cmd *cmd, uint64_t count)
{
	struct tape_image *t = image(cmd);
	uint64_t here = t->pos.objects;

	if (t->pos.files) {
		cmd->dev_priv[P_OBJECT] = here;
		tape_locate_mark(t, t->pos.files, true, ssc_op_done, cmd);
		return ssc_wait(cmd, blocks_back_found);
	}
	if (count > here)
		return space_object(cmd, 0, TAPE_AT_BOP, count - here);
	return space_object(cmd, here - count, TAPE_DONE, 0);
}

static enum scsi_result marks(struct scsi_cmd *cmd, int64_t count)
{
	const struct tape_image *t = image(cmd);
	uint64_t here = t->pos.files, there = tape_eod(t)->files - here;

	if (count > 0)
		return (uint64_t)count > there ?
			       space_eod(cmd, TAPE_AT_EOD, (uint64_t)count - there) :
			       space_mark(cmd, here + (uint64_t)count, true, TAPE_DONE, 0);
	if (0 - (uint64_t)count > here)
		return space_object(cmd, 0, TAPE_AT_BOP, 0 - (uint64_t)count - here);
	return space_mark(cmd, here + 1 - (0 - (uint64_t)count), false, TAPE_DONE, 0);
}

/*
 * SSC-4 7.2: so many filemarks one behind the other. P_MARK is the first of a row that may be it,
 * P_OBJECT its number among the objects; the last of the row has to be count - 1 behind.
 */
static enum scsi_result sequential_next(struct scsi_cmd *cmd);

static enum scsi_result sequential_last(struct scsi_cmd *cmd, int err)
{
	int64_t count = space_count(cmd);
	uint64_t n = count > 0 ? (uint64_t)count : 0 - (uint64_t)count, at, mark = cmd->dev_priv[P_MARK];

	if (err)
		return ssc_fail(cmd, err);
	at = image(cmd)->pos.objects;
	if ((count > 0 ? at - cmd->dev_priv[P_OBJECT] : cmd->dev_priv[P_OBJECT] - at) == n - 1)
		return space_mark(cmd, count > 0 ? mark + n - 1 : mark - n + 1, count > 0,
				  TAPE_DONE, 0);
	cmd->dev_priv[P_MARK] += count > 0 ? 1 : (uint64_t)-1;
	return sequential_next(cmd);
}

static enum scsi_result sequential_first(struct scsi_cmd *cmd, int err)
{
	int64_t count = space_count(cmd);
	uint64_t last = cmd->dev_priv[P_MARK] + (uint64_t)count + (count > 0 ? (uint64_t)-1 : 1);

	if (err)
		return ssc_fail(cmd, err);
	cmd->dev_priv[P_OBJECT] = image(cmd)->pos.objects;
	tape_locate_mark(image(cmd), last, false, ssc_op_done, cmd);
	return ssc_wait(cmd, sequential_last);
}

static enum scsi_result sequential_next(struct scsi_cmd *cmd)
{
	uint64_t mark = cmd->dev_priv[P_MARK], files = tape_eod(image(cmd))->files;
	int64_t count = space_count(cmd);

	if (cmd->aborted)
		return RES_TASK_ABORTED;
	if (count > 0 && (uint64_t)count > files - mark + 1)
		return space_eod(cmd, TAPE_AT_EOD, (uint64_t)count);
	if (count < 0 && 0 - (uint64_t)count > mark)
		return space_object(cmd, 0, TAPE_AT_BOP, 0 - (uint64_t)count);
	tape_locate_mark(image(cmd), mark, false, ssc_op_done, cmd);
	return ssc_wait(cmd, sequential_first);
}

static enum scsi_result sequential(struct scsi_cmd *cmd, int64_t count)
{
	const struct tape_image *t = image(cmd);

	cmd->dev_priv[P_MARK] = t->pos.files + (count > 0);
	if (count > 0 && t->pos.files == tape_eod(t)->files)
		return space_eod(cmd, TAPE_AT_EOD, (uint64_t)count);
	return sequential_next(cmd);
}

static enum scsi_result space_synced(struct scsi_cmd *cmd, int err)
{
	int64_t count = space_count(cmd);

	if (err)
		return ssc_fail(cmd, err);
	if ((cmd->cdb[1] & 0x0f) == SPACE_EOD)
		return space_eod(cmd, TAPE_DONE, 0);
	if (!count)
		return RES_GOOD;
	switch (cmd->cdb[1] & 0x0f) {
	case SPACE_MARKS: return marks(cmd, count);
	case SPACE_MARKS_SEQUENTIAL: return sequential(cmd, count);
	}
	return count > 0 ? blocks_forward(cmd, (uint64_t)count) :
			   blocks_back(cmd, 0 - (uint64_t)count);
}

static enum scsi_result space_begin(struct scsi_cmd *cmd)
{
	tape_write_marks(image(cmd), 0, true, ssc_op_done, cmd);
	return ssc_wait(cmd, space_synced);
}

/* Setmarks, and what is obsolete, are refused. */
static enum scsi_result space_check(struct scsi_cmd *cmd)
{
	return (cmd->cdb[1] & 0x0f) > SPACE_EOD ? scsi_bad_cdb(cmd, 1, 3) : RES_GOOD;
}

static enum scsi_result ssc_space(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, space_begin);
}

/* --- LOCATE --------------------------------------------------------------------------------------- */

enum { DEST_OBJECT, DEST_FILE, DEST_EOD = 3 };

static unsigned int dest_type(const struct scsi_cmd *cmd)
{
	return cmd->cdb[0] == 0x92 ? cmd->cdb[1] >> 3 & 0x07 : DEST_OBJECT;
}

static enum scsi_result located(struct scsi_cmd *cmd, int err)
{
	if (err)
		return ssc_fail(cmd, err);
	if (image(cmd)->stop != TAPE_AT_EOD)
		return RES_GOOD;
	return RES_EOD;
}

static enum scsi_result locate_file(struct scsi_cmd *cmd, uint64_t n)
{
	struct tape_image *t = image(cmd);

	if (n > tape_eod(t)->files)
		tape_locate(t, t->part, UINT64_MAX - 1, ssc_op_done, cmd);
	else if (n)
		tape_locate_mark(t, n, true, ssc_op_done, cmd);
	else
		tape_locate(t, t->part, 0, ssc_op_done, cmd);
	return ssc_wait(cmd, located);
}

static enum scsi_result locate_synced(struct scsi_cmd *cmd, int err)
{
	bool ten = cmd->cdb[0] == 0x2b;
	struct tape_image *t = image(cmd);
	uint64_t n = ten ? get_be32(cmd->cdb + 3) : get_be64(cmd->cdb + 4);
	unsigned int part = cmd->cdb[1] & 0x02 ? cmd->cdb[ten ? 8 : 3] : t->part;

	if (err)
		return ssc_fail(cmd, err);
	if (part >= t->sb.n_parts)
		return scsi_bad_cdb(cmd, ten ? 8 : 3, -1);
	if (part != t->part) {
		t->part = part;
		tape_rewind(t);
	}
	if (dest_type(cmd) == DEST_FILE)
		return locate_file(cmd, n);
	if (dest_type(cmd) == DEST_EOD)
		n = tape_eod(t)->objects;
	tape_locate(t, part, min_u64(n, UINT64_MAX - 1), ssc_op_done, cmd);
	return ssc_wait(cmd, located);
}

static enum scsi_result locate_begin(struct scsi_cmd *cmd)
{
	tape_write_marks(image(cmd), 0, true, ssc_op_done, cmd);
	return ssc_wait(cmd, locate_synced);
}

static enum scsi_result locate_check(struct scsi_cmd *cmd)
{
	unsigned int type = dest_type(cmd);

	return type == DEST_OBJECT || type == DEST_FILE || type == DEST_EOD ?
		       RES_GOOD : scsi_bad_cdb(cmd, 1, 5);
}

static enum scsi_result ssc_locate(struct scsi_cmd *cmd)
{
	return ssc_turn(cmd, locate_begin);
}

/* --- LOAD UNLOAD ---------------------------------------------------------------------------------- */

#define CDB_LOAD 0x01
#define CDB_EOT 0x04
#define CDB_HOLD 0x08

static enum scsi_result unloaded(struct scsi_cmd *cmd, int err)
{
	if (err)
		return ssc_fail(cmd, err);
	tape_rewind(image(cmd));
	if (!(cmd->cdb[4] & CDB_HOLD))
		cmd->lu->online = false;
	return RES_GOOD;
}

static enum scsi_result unload_synced(struct scsi_cmd *cmd, int err)
{
	if (err)
		return ssc_fail(cmd, err);
	ssc_mam_count(to_ssc(cmd->lu));
	if (cmd->lu->readonly || cmd->lu->medium != RES_GOOD)
		return unloaded(cmd, 0);
	tape_mam_save(image(cmd), ssc_op_done, cmd);
	return ssc_wait(cmd, unloaded);
}

static enum scsi_result load(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;

	if (!lu->bs)
		return RES_NR_NO_MEDIUM;
	if (!lu->online) {
		lu->online = true;
		to_ssc(lu)->loads++;
		ua_raise_lu(lu, UA_MEDIUM_CHANGED, cmd->nexus);
	}
	if (lu_medium_state(lu) == RES_GOOD && image(cmd))
		return rewind_begin(cmd);
	return lu_medium_state(lu);
}

static enum scsi_result load_unload_turn(struct scsi_cmd *cmd)
{
	struct lu *lu = cmd->lu;

	if (cmd->cdb[4] & CDB_LOAD)
		return load(cmd);
	if (lu->n_prevent)
		return RES_REMOVAL_PREVENTED;
	if (!lu->online || !lu->bs)
		return RES_NR_NO_MEDIUM;
	if (!image(cmd) || to_ssc(lu)->opening) {
		lu->online = to_ssc(lu)->opening;
		return to_ssc(lu)->opening ? RES_NR_BECOMING_READY : RES_GOOD;
	}
	tape_write_marks(image(cmd), 0, true, ssc_op_done, cmd);
	return ssc_wait(cmd, unload_synced);
}

static enum scsi_result load_unload_check(struct scsi_cmd *cmd)
{
	bool both = (cmd->cdb[4] & (CDB_LOAD | CDB_EOT)) == (CDB_LOAD | CDB_EOT);

	return both ? scsi_bad_cdb(cmd, 4, 2) : RES_GOOD;
}

static enum scsi_result ssc_load_unload(struct scsi_cmd *cmd)
{
	return range_exclusive(cmd, 0, 1, load_unload_turn);
}

const struct opcode ssc_move_rows[6] = {
	{ .op = 0x01, .sa = OP_NO_SA, .name = "REWIND", .cdb_len = 6, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM, .usage = { 0x01, 0x01 }, .resv = RESV_WRITE,
	  .run = ssc_rewind },
	{ .op = 0x11, .sa = OP_NO_SA, .name = "SPACE(6)", .cdb_len = 6, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM, .usage = { 0x11, 0x0f, 0xff, 0xff, 0xff }, .resv = RESV_WRITE,
	  .check = space_check, .run = ssc_space },
	{ .op = 0x1b, .sa = OP_NO_SA, .name = "LOAD UNLOAD", .cdb_len = 6, .dir = DATA_NONE,
	  .usage = { 0x1b, 0x01, 0, 0, 0x0f }, .resv = RESV_WRITE, .check = load_unload_check,
	  .run = ssc_load_unload },
	{ .op = 0x2b, .sa = OP_NO_SA, .name = "LOCATE(10)", .cdb_len = 10, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM, .usage = { 0x2b, 0x07, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff },
	  .resv = RESV_WRITE, .run = ssc_locate },
	{ .op = 0x91, .sa = OP_NO_SA, .name = "SPACE(16)", .cdb_len = 16, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0x91, 0x0f, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	  .resv = RESV_WRITE, .check = space_check, .run = ssc_space },
	{ .op = 0x92, .sa = OP_NO_SA, .name = "LOCATE(16)", .cdb_len = 16, .dir = DATA_NONE,
	  .flags = OP_NEEDS_MEDIUM,
	  .usage = { 0x92, 0x3b, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	  .resv = RESV_WRITE, .check = locate_check, .run = ssc_locate },
};
