/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a command to its store and back: submits the request that is embedded in the
 * command, calls the next step when it is done, and ends the command when that step says
 * how. Called by the handlers of device types with blocks.
 */
#ifndef DEV_IO_H
#define DEV_IO_H

#include <stdint.h>
#include <sys/uio.h>

#include "scsi/result.h"
#include "target/cmd.h"

/* Scratch memory of a step: the piece size of commands that work through long ranges. */
#define DEV_IO_PIECE (1024U * 1024U)

/*
 * @done, below, is a step: it returns RES_PENDING when another request is under way, else the
 * completion. @err: 0 or -errno (BS_PREFETCH: or 1) of the request that was done.
 */

/*
 * Submits cmd->bsr: bytes @offset .. @offset + @len of lu->bs. @flags are BS_REQ_.
 * Returns RES_PENDING, after which @done is called from the loop; or what hinders it: no medium,
 * or the command was aborted. @iov is borrowed until then.
 */
enum scsi_result dev_io_vec(struct scsi_cmd *cmd, enum bs_op op, uint32_t flags, uint64_t offset,
			    uint64_t len, const struct iovec *iov, unsigned int iovcnt,
			    enum scsi_result (*done)(struct scsi_cmd *cmd, int err));
/* Without data: FLUSH, UNMAP, ZERO, PREFETCH. */
enum scsi_result dev_io(struct scsi_cmd *cmd, enum bs_op op, uint32_t flags, uint64_t offset,
			uint64_t len, enum scsi_result (*done)(struct scsi_cmd *cmd, int err));
/* READ into or WRITE from the scratch memory; @len <= dev_len. */
enum scsi_result dev_io_buf(struct scsi_cmd *cmd, enum bs_op op, uint32_t flags, uint64_t offset,
			    uint32_t len, enum scsi_result (*done)(struct scsi_cmd *cmd, int err));
/* EXTENTS; @max entries at @extents. */
enum scsi_result dev_io_extents(struct scsi_cmd *cmd, uint64_t offset, uint64_t len,
				struct bs_extent *extents, unsigned int max,
				enum scsi_result (*done)(struct scsi_cmd *cmd, int err));

/*
 * cmd->dev_ptr: @len bytes of scratch memory, page aligned, not zeroed. RES_GOOD, or RES_BUSY when
 * memory is short. dev_step_end() gives it back.
 */
enum scsi_result dev_buf_get(struct scsi_cmd *cmd, uint32_t len);
/*
 * Passes @r on; unless it is RES_PENDING, what the steps took (scratch memory, range) is given
 * back. Every handler that took something and ends without a step returns through this.
 */
enum scsi_result dev_step_end(struct scsi_cmd *cmd, enum scsi_result r);

/*
 * The result for -errno @err of the request in cmd->bsr, with the INFORMATION field where the
 * error belongs to a block (SPC-4 4.5.2.2).
 */
enum scsi_result dev_io_fail(struct scsi_cmd *cmd, int err);

#endif
