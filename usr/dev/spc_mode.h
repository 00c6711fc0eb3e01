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

/* Where the page's values begin in each part of struct spc_modes. */
uint32_t spc_mode_offset(const struct lu *lu, const struct mode_page *page);
/* PS: MODE SELECT can save it. */
bool spc_mode_saveable(const struct lu *lu, const struct mode_page *page);
/* Parameters of a page as they are saved; defaults when none are. */
void spc_mode_saved(const struct lu *lu, const struct mode_page *page, uint8_t *buf);
/* What the LU remembers becomes modes.saved. */
void spc_mode_saved_load(struct lu *lu);
/*
 * Keeps all pages of @values. 0: @done follows from the loop, with 0 when they are on disk and in
 * modes.saved, or -errno. Negative: nothing was begun.
 */
int must_check spc_mode_save(struct lu *lu, const uint8_t *values,
			     void (*done)(void *arg, int err), void *arg);
/* The administrator says what a page is from now on: where pages are saved, that too. */
void spc_mode_saved_configure(struct lu *lu, const struct mode_page *page, const uint8_t *params);
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
