/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device type "pt": a real device that is passed through. pt.c hands commands on, pt_ops.c
 * knows what they are, pt_inquiry.c puts right what the device says of itself.
 */
#ifndef DEV_PT_H
#define DEV_PT_H

#include "dev/spc.h"
#include "target/cmd.h"

struct pt {
	struct spc_lu spc;
	uint8_t pdt; /* PDT_UNKNOWN until the device has told it */
	uint32_t block_size; /* of a disk; 0: likewise */
};

static inline struct pt *to_pt(const struct lu *lu)
{
	return container_of(lu->dev_priv, struct pt, spc);
}

/* pt_ops.c: the row for what is handed on; NULL: this must not be. */
const struct opcode *pt_other(const uint8_t *cdb, size_t cdb_len);
/* Milliseconds after which the kernel gives a command up, by its opcode and the kind of device. */
uint32_t pt_timeout(uint8_t op, uint8_t pdt);

/* pt.c */
enum scsi_result pt_check(struct scsi_cmd *cmd);
enum scsi_result pt_run(struct scsi_cmd *cmd);
/*
 * Hands on @cdb, which stays, with data-in to cmd->dev_ptr (dev_buf_get()); @done gets 0, and
 * pt_pass(cmd)->status tells how the device ended it, or the -errno.
 */
enum scsi_result pt_ask(struct scsi_cmd *cmd, const uint8_t *cdb, uint8_t cdb_len,
			enum scsi_result (*done)(struct scsi_cmd *cmd, int err));
struct bs_pass *pt_pass(struct scsi_cmd *cmd);
/* The end of a command that the device did not end well, or did not end. */
enum scsi_result pt_failed(struct scsi_cmd *cmd, int err);

/* pt_inquiry.c */
extern const struct opcode pt_inquiry_rows[1];

#endif
