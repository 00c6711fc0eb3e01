/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gates between a task set and a handler.
 */
#ifndef TARGET_GATE_H
#define TARGET_GATE_H

#include "scsi/result.h"

struct scsi_cmd;

/* RES_GOOD, or the first reason why the command may not run now. cmd->lu and ->itl are there. */
enum scsi_result gate_check(struct scsi_cmd *cmd);

#endif
