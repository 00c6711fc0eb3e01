/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of the mode page engine: values (spc_mode.c), MODE SENSE
 * (spc_mode_sense.c), MODE SELECT (spc_mode_select.c).
 */
#ifndef DEV_SPC_MODE_H
#define DEV_SPC_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/spc.h"

struct scsi_cmd;

/* The changeable bits of byte @i of a page's parameters. */
static inline uint8_t spc_mode_mask(const struct mode_page *page, unsigned int i)
{
	return page->changeable ? page->changeable[i] : 0;
}

/* modes.work becomes what is current. */
void spc_mode_work_begin(struct lu *lu);
/* The page's part of modes.work; page->len bytes. */
uint8_t *spc_mode_work(const struct lu *lu, const struct mode_page *page);
/* Makes modes.work current, calls changed() of the pages that differ; false: none did. */
bool spc_mode_work_apply(struct lu *lu);

/* The block descriptor of the LU as it is now; false: it has none. */
bool spc_block_desc_current(const struct lu *lu, struct spc_block_desc *d);
/* Bytes of a block descriptor: 16 when @long_lba and the LU is a disk (SBC-3 6.5.2.3), else 8. */
uint32_t spc_block_desc_len(const struct lu *lu, bool long_lba);
/* Values that a short descriptor can't hold are told as all ones. */
void spc_block_desc_put(const struct lu *lu, bool long_lba, const struct spc_block_desc *d,
			uint8_t *buf);
void spc_block_desc_get(const struct lu *lu, bool long_lba, const uint8_t *buf,
			struct spc_block_desc *d);
/* What put and get make of @d: its saturated form. */
void spc_block_desc_clip(const struct lu *lu, bool long_lba, struct spc_block_desc *d);

enum scsi_result spc_mode_sense6(struct scsi_cmd *cmd);
enum scsi_result spc_mode_sense10(struct scsi_cmd *cmd);
enum scsi_result spc_mode_select_check(struct scsi_cmd *cmd);
enum scsi_result spc_mode_select6(struct scsi_cmd *cmd);
enum scsi_result spc_mode_select10(struct scsi_cmd *cmd);

#endif
