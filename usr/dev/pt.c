/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device type "pt": a SCSI device of this machine, on the store "sg". Commands are handed on
 * as they are, and what the device answers is the answer. Kept here is what the device can't
 * know, because all initiators are one to it: who has reserved it, who is to be told of a Unit
 * Attention, who may write, and REPORT LUNS. INQUIRY is in pt_inquiry.c.
 */
#include "dev/pt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dev/dev_types.h"
#include "dev/io.h"
#include "scsi/sense.h"
#include "target/nexus.h"
#include "target/reserve.h"
#include "target/ua.h"

#define CONTROL_NACA 0x04 /* SAM-5 5.2 */

struct bs_pass *pt_pass(struct scsi_cmd *cmd)
{
	static_assert(sizeof(struct bs_pass) <= 4 * sizeof(uint64_t), "room for a CDB stays");
	return (struct bs_pass *)cmd->dev_priv;
}

/* --- ends */

/* What all initiators have to know of, the device tells only once. */
static const struct {
	uint16_t asc;
	enum ua_code ua;
} attentions[] = {
	{ 0x2800, UA_MEDIUM_CHANGED },	 { 0x2900, UA_POWER_ON },	{ 0x2901, UA_POWER_ON },
	{ 0x2902, UA_BUS_RESET },	 { 0x2903, UA_DEVICE_RESET },	{ 0x2904, UA_DEVICE_RESET },
	{ 0x2a01, UA_MODE_CHANGED },	 { 0x2a02, UA_LOG_CHANGED },	{ 0x2a09, UA_CAPACITY_CHANGED },
	{ 0x2a10, UA_TIMESTAMP_CHANGED }, { 0x3803, UA_THIN_THRESHOLD }, { 0x3f03, UA_INQUIRY_CHANGED },
	{ 0x3f05, UA_IDENT_CHANGED },
};

static void spread_attention(struct scsi_cmd *cmd)
{
	uint16_t asc = sense_asc(cmd->sense, cmd->device.sense_len);

	if (sense_key(cmd->sense, cmd->device.sense_len) != SK_UNIT_ATTENTION)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(attentions); i++)
		if (attentions[i].asc == asc)
			ua_raise_lu(cmd->lu, attentions[i].ua, cmd->nexus);
}

static enum scsi_result error_result(int err)
{
	switch (err) {
	case -EAGAIN:
	case -ENOMEM:
	case -ENOBUFS:
		return RES_BUSY;
	case -ETIMEDOUT:
		return RES_AC_TIMEOUT;
	case -ECANCELED:
		return RES_AC_NONE;
	case -EINVAL: /* the adapter can't do so much at once */
	case -E2BIG:
		return RES_INVALID_FIELD_CDB;
	case -EOPNOTSUPP:
	case -EPERM:
		return RES_INVALID_OPCODE;
	case -EIO:
		return RES_HW_INTERNAL;
	default:
		return RES_HW_COMM;
	}
}

enum scsi_result pt_failed(struct scsi_cmd *cmd, int err)
{
	const struct bs_pass *pass = pt_pass(cmd);

	if (err)
		return error_result(err);
	cmd->device.status = pass->status;
	cmd->device.sense_len = pass->sense_len;
	if (pass->status == SAM_CHECK_CONDITION)
		spread_attention(cmd);
	return RES_DEVICE;
}

/* READ CAPACITY (SBC-4 5.20, 5.21) */
static void learn_block_size(struct scsi_cmd *cmd)
{
	const uint8_t *in = cmd->in_len && cmd->in.iov[0].iov_len >= 12 ? cmd->in.iov[0].iov_base : NULL;

	if (in && cmd->cdb[0] == 0x25 && cmd->in_len >= 8)
		to_pt(cmd->lu)->block_size = get_be32(in + 4);
	else if (in && cmd->cdb[0] == 0x9e && (cmd->cdb[1] & 0x1f) == 0x10 && cmd->in_len >= 12)
		to_pt(cmd->lu)->block_size = get_be32(in + 8);
}

/* SBC-3 6.5.1, SSC-4 8.3.1: WP of the mode parameter header, for whom may not write here. */
static void protect(struct scsi_cmd *cmd)
{
	uint32_t at = cmd->cdb[0] == 0x1a ? 2 : 3;

	if ((cmd->cdb[0] == 0x1a || cmd->cdb[0] == 0x5a) && cmd->in_len > at &&
	    (cmd->lu->readonly || cmd->itl->readonly) && cmd->in.iov[0].iov_len > at)
		((uint8_t *)cmd->in.iov[0].iov_base)[at] |= 0x80;
}

static enum scsi_result passed(struct scsi_cmd *cmd, int err)
{
	const struct bs_pass *pass = pt_pass(cmd);

	cmd->out_cdb = !err && pass->dir == BS_PASS_OUT ? pass->moved : 0;
	cmd->in_len = !err && pass->dir == BS_PASS_IN ? pass->moved : 0;
	if (err || pass->status)
		return pt_failed(cmd, err);
	protect(cmd);
	learn_block_size(cmd);
	return RES_GOOD;
}

/* --- beginnings */

static uint8_t length_of(const struct scsi_cmd *cmd)
{
	unsigned int len = cdb_length(cmd->cdb, cmd->cdb_len);

	if (!len) /* vendor specific groups: as long as the kernel takes them to be */
		len = 10;
	return (uint8_t)min_u32(len, cmd->cdb_len);
}

enum scsi_result pt_check(struct scsi_cmd *cmd)
{
	unsigned int control = cmd->cdb[0] == 0x7f ? 1 : length_of(cmd) - 1U;

	if (cmd->cdb[control] & CONTROL_NACA)
		return scsi_bad_cdb(cmd, (uint16_t)control, 2);
	/* The kernel has no way for both. */
	if (cmd->out_edtl && cmd->in_edtl)
		return RES_INVALID_OPCODE;
	if (cmd->lu->bs && max_u64(cmd->out_edtl, cmd->in_edtl) > cmd->lu->bs->pass_max)
		return RES_INVALID_FIELD_CDB;
	return RES_GOOD;
}

static void pass_fill(struct scsi_cmd *cmd, const uint8_t *cdb, uint8_t cdb_len,
		      enum bs_pass_dir dir)
{
	*pt_pass(cmd) = (struct bs_pass){
		.words = cdb,
		.words_len = cdb_len,
		.sense = cmd->sense,
		.sense_max = sizeof(cmd->sense) < 252 ? sizeof(cmd->sense) : 252,
		.timeout_ms = pt_timeout(cdb[0], to_pt(cmd->lu)->pdt),
		.dir = dir,
	};
	cmd->bsr.pass = pt_pass(cmd);
}

/* What the device does not fill in must not be what was there before. */
static enum scsi_result room_in(struct scsi_cmd *cmd)
{
	enum scsi_result r = scsi_cmd_alloc_in(cmd, cmd->in_edtl);

	for (uint32_t i = 0; r == RES_GOOD && i < cmd->in.iovcnt; i++)
		memset(cmd->in.iov[i].iov_base, 0, cmd->in.iov[i].iov_len);
	return r;
}

enum scsi_result pt_run(struct scsi_cmd *cmd)
{
	enum bs_pass_dir dir = cmd->in_edtl  ? BS_PASS_IN :
			       cmd->out_want ? BS_PASS_OUT :
					       BS_PASS_NO_DATA;
	const struct scsi_data *data = dir == BS_PASS_IN ? &cmd->in : &cmd->out;
	enum scsi_result r = dir == BS_PASS_IN ? room_in(cmd) : RES_GOOD;

	if (r != RES_GOOD)
		return r;
	pass_fill(cmd, cmd->cdb, length_of(cmd), dir);
	return dev_io_vec(cmd, BS_PASS, 0, 0, dir == BS_PASS_IN ? cmd->in_edtl : cmd->out_want,
			  data->iov, data->iovcnt, passed);
}

enum scsi_result pt_ask(struct scsi_cmd *cmd, const uint8_t *cdb, uint8_t cdb_len,
			enum scsi_result (*done)(struct scsi_cmd *cmd, int err))
{
	pass_fill(cmd, cdb, cdb_len, BS_PASS_IN);
	memset(cmd->dev_ptr, 0, cmd->dev_len);
	return dev_io_buf(cmd, BS_PASS, 0, 0, cmd->dev_len, done);
}

/* --- what the target knows and the device doesn't */

/* A Unit Attention that is kept here comes before what the device would say (SPC-4 6.39). */
static enum scsi_result request_sense(struct scsi_cmd *cmd)
{
	uint8_t buf[SCSI_SENSE_MAX];

	if (!cmd->itl->ua)
		return pt_run(cmd);
	return scsi_cmd_reply(cmd, buf, sense_build(buf, cmd->cdb[1] & 0x01, ua_take(cmd->itl), NULL));
}

/* The device is told of the first that prevents removal and of the last that allows it again. */
static enum scsi_result prevent_allow(struct scsi_cmd *cmd)
{
	enum scsi_result r = spc_prevent_allow(cmd);

	if (r != RES_GOOD || (!(cmd->cdb[4] & 0x01) && cmd->lu->n_prevent))
		return r;
	return pt_run(cmd);
}

static const struct opcode own_rows[] = {
	{ .op = 0x03, .sa = OP_NO_SA, .name = "REQUEST SENSE", .cdb_len = 6, .dir = DATA_IN,
	  .len = { 4, 1 }, .unit = LEN_ALLOC, .usage = { 0x03, 0xff, 0xff, 0xff, 0xff, 0xff },
	  .flags = OP_UA_EXEMPT | OP_IMPLICIT_HOQ | OP_FORMATTING_OK, .resv = RESV_ALLOWED,
	  .check = pt_check, .run = request_sense },
	{ .op = 0x1e, .sa = OP_NO_SA, .name = "PREVENT ALLOW MEDIUM REMOVAL", .cdb_len = 6,
	  .dir = DATA_NONE, .usage = { 0x1e, 0xff, 0xff, 0xff, 0xff, 0xff },
	  .resv = RESV_SPECIAL, .check = pt_check, .run = prevent_allow },
};

/* --- what the target itself tells the device */

/* Lives as long as it takes, which may be longer than the logical unit. */
struct errand {
	struct bs_req req;
	struct bs_pass pass;
};

static void errand_ended(struct bs_req *req)
{
	free(container_of(req, struct errand, req));
}

static void errand_run(struct lu *lu, const struct bs_pass *pass)
{
	struct errand *e;

	if (!lu->bs)
		return;
	e = calloc(1, sizeof(*e));
	if (!e) {
		log_err("%s: no memory to reset the device, or to unlock it", lu->path);
		return;
	}
	e->pass = *pass;
	e->req.bs = lu->bs;
	e->req.op = BS_PASS;
	e->req.pass = &e->pass;
	e->req.done = errand_ended;
	bs_submit(&e->req);
}

/* Commands that the device still has come back by this; those that come now wait for it. */
static void reset(struct lu *lu)
{
	static const struct bs_pass pass = { .reset = true };

	errand_run(lu, &pass);
}

static void removal_allowed(struct lu *lu)
{
	static const uint8_t allow[6] = { 0x1e };
	struct bs_pass pass = { .words = allow, .words_len = sizeof(allow) };

	pass.timeout_ms = pt_timeout(allow[0], to_pt(lu)->pdt);
	errand_run(lu, &pass);
}

/* --- the logical unit */

static int attach(struct lu *lu, struct err *err)
{
	struct pt *pt = calloc(1, sizeof(*pt));
	int ret = -ENOMEM;

	if (pt)
		ret = spc_attach(lu, &pt->spc, NULL, err);
	else
		err_set(err, ERR_NOMEM, "no memory for the logical unit");
	if (ret)
		free(pt);
	else
		pt->pdt = PDT_UNKNOWN;
	lu->third_party_copy = false;
	return ret;
}

static void detach(struct lu *lu)
{
	struct pt *pt = to_pt(lu);

	spc_detach(lu);
	free(pt);
}

static void medium_changed(struct lu *lu)
{
	to_pt(lu)->pdt = PDT_UNKNOWN;
	to_pt(lu)->block_size = 0;
}

static const struct opcode_rows rows[] = {
	OPCODE_ROWS(pt_inquiry_rows), OPCODE_ROWS(own_rows),	   OPCODE_ROWS(spc_luns_rows),
	OPCODE_ROWS(spc_reserve_rows), OPCODE_ROWS(spc_pr_in_rows), OPCODE_ROWS(spc_pr_out_rows),
	OPCODE_ROWS_END,
};
static struct optable table;

const struct dev_type dev_pt = {
	.name = "pt",
	.show_name = "passthrough",
	.pdt = PDT_UNKNOWN,
	.needs_store = true,
	.bstype = "sg",
	.product = "PASSTHROUGH",
	.rows = rows,
	.other = pt_other,
	.table = &table,
	.attach = attach,
	.detach = detach,
	.medium_changed = medium_changed,
	.removal_allowed = removal_allowed,
	.reset = reset,
};
