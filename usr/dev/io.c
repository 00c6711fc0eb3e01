/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a command to its store and back. Handlers call dev_io*(); the store's answer comes
 * in at request_done(), which runs the command's next step and, when that returns an end,
 * completes the command. What errors of stores look like to initiators stands here only.
 */
#include <errno.h>

#include "base/pool.h"
#include "dev/io.h"
#include "dev/range.h"
#include "dev/spc.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/target.h"

static void request_done(struct bs_req *req)
{
	struct scsi_cmd *cmd = container_of(req, struct scsi_cmd, bsr);
	enum scsi_result r = dev_step_end(cmd, cmd->io_done(cmd, req->result));

	if (r != RES_PENDING)
		scsi_cmd_complete(cmd, r);
}

/* RES_GOOD, or why no request can be made now: between two steps the medium may have gone. */
static enum scsi_result request_prepare(struct scsi_cmd *cmd, enum bs_op op, uint32_t flags,
					uint64_t offset, uint64_t len)
{
	struct bs_req *req = &cmd->bsr;

	if (unlikely(cmd->aborted))
		return RES_TASK_ABORTED;
	if (unlikely(!cmd->lu->bs))
		return RES_NR_NO_MEDIUM;
	req->bs = cmd->lu->bs;
	req->op = op;
	req->flags = flags;
	req->offset = offset;
	req->len = len;
	req->iov = NULL;
	req->iovcnt = 0;
	req->done = request_done;
	return RES_GOOD;
}

enum scsi_result dev_io_vec(struct scsi_cmd *cmd, enum bs_op op, uint32_t flags, uint64_t offset,
			    uint64_t len, const struct iovec *iov, unsigned int iovcnt,
			    enum scsi_result (*done)(struct scsi_cmd *cmd, int err))
{
	enum scsi_result r = request_prepare(cmd, op, flags, offset, len);

	if (unlikely(r != RES_GOOD))
		return r;
	cmd->bsr.iov = iov;
	cmd->bsr.iovcnt = iovcnt;
	cmd->io_done = done;
	bs_submit(&cmd->bsr);
	return RES_PENDING;
}

enum scsi_result dev_io(struct scsi_cmd *cmd, enum bs_op op, uint32_t flags, uint64_t offset,
			uint64_t len, enum scsi_result (*done)(struct scsi_cmd *cmd, int err))
{
	return dev_io_vec(cmd, op, flags, offset, len, NULL, 0, done);
}

enum scsi_result dev_io_buf(struct scsi_cmd *cmd, enum bs_op op, uint32_t flags, uint64_t offset,
			    uint32_t len, enum scsi_result (*done)(struct scsi_cmd *cmd, int err))
{
	assert(len <= cmd->dev_len);
	cmd->dev_iov.iov_base = cmd->dev_ptr;
	cmd->dev_iov.iov_len = len;
	return dev_io_vec(cmd, op, flags, offset, len, &cmd->dev_iov, 1, done);
}

enum scsi_result dev_io_extents(struct scsi_cmd *cmd, uint64_t offset, uint64_t len,
				struct bs_extent *extents, unsigned int max,
				enum scsi_result (*done)(struct scsi_cmd *cmd, int err))
{
	cmd->bsr.extents = extents;
	cmd->bsr.max_extents = max;
	cmd->bsr.n_extents = 0;
	return dev_io(cmd, BS_EXTENTS, 0, offset, len, done);
}

enum scsi_result dev_buf_get(struct scsi_cmd *cmd, uint32_t len)
{
	assert(!cmd->dev_ptr);
	cmd->dev_ptr = buf_get(&cmd->lu->target->core->bufs, len);
	if (!cmd->dev_ptr)
		return RES_BUSY;
	cmd->dev_len = len;
	return RES_GOOD;
}

enum scsi_result dev_step_end(struct scsi_cmd *cmd, enum scsi_result r)
{
	if (r == RES_PENDING)
		return r;
	if (cmd->dev_ptr) {
		buf_put(&cmd->lu->target->core->bufs, cmd->dev_ptr, cmd->dev_len);
		cmd->dev_ptr = NULL;
	}
	if (cmd->range_mode != RANGE_NONE)
		range_leave(cmd);
	return r;
}

static const struct {
	int error;
	enum scsi_result result;
} errors[] = {
	{ ENOSPC, RES_SPACE_ALLOC_FAILED },
	{ EDQUOT, RES_SPACE_ALLOC_FAILED },
	{ EFBIG, RES_SPACE_ALLOC_FAILED },
	{ EROFS, RES_WRITE_PROTECTED },
	{ EACCES, RES_WRITE_PROTECTED },
	{ EPERM, RES_WRITE_PROTECTED },
	{ ENOMEDIUM, RES_NR_NO_MEDIUM },
	{ ENODEV, RES_HW_COMM },
	{ ENXIO, RES_HW_COMM },
	{ ENOTCONN, RES_HW_COMM },
	{ ESHUTDOWN, RES_HW_COMM },
	{ ETIMEDOUT, RES_HW_COMM },
	{ ECONNRESET, RES_HW_COMM },
	{ ECONNREFUSED, RES_HW_COMM },
	{ EPIPE, RES_HW_COMM },
	{ EHOSTUNREACH, RES_HW_COMM },
	{ ENETUNREACH, RES_HW_COMM },
	{ ESTALE, RES_HW_COMM },
	{ ENOLINK, RES_HW_COMM },
	{ ENOMEM, RES_BUSY },
	{ ENOBUFS, RES_BUSY },
	{ EAGAIN, RES_BUSY },
	{ EOPNOTSUPP, RES_INVALID_OPCODE },
};

/* The medium's own errors: EIO, and what stores with checksums say (EBADMSG, EILSEQ, ENODATA). */
static bool of_medium(int error)
{
	return error == EIO || error == EBADMSG || error == EILSEQ || error == ENODATA ||
	       error == EREMOTEIO;
}

/* For the log pages 02h, 03h, 05h and 06h. */
static void count_error(const struct scsi_cmd *cmd, bool reads, enum scsi_result r)
{
	enum spc_error what = reads ? SPC_ERR_READ : SPC_ERR_WRITE;
	uint8_t key = scsi_result_info(r)->key;

	if (key == SK_HARDWARE_ERROR)
		what = SPC_ERR_OTHER;
	else if (key != SK_MEDIUM_ERROR)
		return;
	else if (cmd->op->cls == OPC_VERIFY)
		what = SPC_ERR_VERIFY;
	spc_lu(cmd->lu)->errors[what]++;
}

static enum scsi_result result_of(struct scsi_cmd *cmd, int err, bool reads)
{
	const struct bs_req *req = &cmd->bsr;

	if (of_medium(-err)) {
		enum scsi_result r = reads ? RES_ME_READ : RES_ME_WRITE;

		if (req->op == BS_FLUSH) /* which block it was, nobody knows */
			return r;
		return scsi_fail_at(cmd, r, req->offset >> cmd->lu->block_shift);
	}
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (errors[i].error == -err)
			return errors[i].result;
	}
	/* A store that has shrunk since the command passed the range gate. */
	if (err == -EINVAL && cmd->lu->bs && req->offset + req->len > cmd->lu->bs->size)
		return RES_LBA_RANGE;
	return RES_HW_INTERNAL;
}

enum scsi_result dev_io_fail(struct scsi_cmd *cmd, int err)
{
	enum bs_op op = cmd->bsr.op;
	bool reads = op == BS_READ || op == BS_PREFETCH || op == BS_EXTENTS;
	enum scsi_result r = result_of(cmd, err, reads);

	count_error(cmd, reads, r);
	return r;
}
