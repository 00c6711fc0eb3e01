/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What PERSISTENT RESERVE IN and OUT share.
 */
#ifndef DEV_SPC_PR_H
#define DEV_SPC_PR_H

#include "scsi/result.h"

struct scsi_cmd;

/* An SPC-2 reservation conflicts with both, even for its holder (SPC-2 5.5.1). */
enum scsi_result spc_pr_check(struct scsi_cmd *cmd);

#endif
