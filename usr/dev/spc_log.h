/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between LOG SENSE (spc_log.c) and LOG SELECT (spc_log_select.c): the pages of a device type and
 * their counters.
 */
#ifndef DEV_SPC_LOG_H
#define DEV_SPC_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/spc.h"

struct scsi_cmd;

#define LOG_SUBPAGE_ALL 0xff
#define LOG_SP 0x01 /* in byte 1 of both CDBs */

/* PC field, SPC-4 table 207 */
enum { LOG_THRESHOLD, LOG_CUMULATIVE, LOG_DEFAULT_THRESHOLD, LOG_DEFAULT_CUMULATIVE };

/* The device type's, ended by a NULL name. */
const struct spc_log_page *spc_log_pages(const struct lu *lu);
/* NULL: there is none. */
const struct spc_log_page *spc_log_find(const struct lu *lu, uint8_t page, uint8_t subpage);
/* It is a list of several counters, not a data counter. */
bool spc_log_is_list(const struct spc_log_page *p, const struct spc_log_counter *c);
/* Where the counter's beginning is kept. */
uint64_t *spc_log_base(const struct lu *lu, const struct spc_log_page *page,
		       const struct spc_log_counter *c);

/*
 * Keeps what all counters are now: RES_PENDING, and @done follows with 0 or -errno; or why it can't
 * be. The command is the only argument.
 */
enum scsi_result spc_log_save(struct scsi_cmd *cmd, void (*done)(void *cmd, int err));

enum scsi_result spc_log_select_check(struct scsi_cmd *cmd);
enum scsi_result spc_log_select(struct scsi_cmd *cmd);

#endif
