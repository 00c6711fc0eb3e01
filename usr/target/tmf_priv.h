/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between cmd.c and tmf.c: commands that end, functions that wait for them.
 */
#ifndef TARGET_TMF_PRIV_H
#define TARGET_TMF_PRIV_H

#include "base/list.h"

struct scsi_cmd;
struct target;

/* Moves the functions that waited only for @cmd to @done. */
void tmf_cmd_ended(struct target *t, const struct scsi_cmd *cmd, struct list *done);
/* Responds them all. */
void tmf_respond_all(struct list *done);

#endif
