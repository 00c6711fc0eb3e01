/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of commands of one logical unit (SAM-5 8). Every step is O(1).
 */
#ifndef TARGET_TASKSET_H
#define TARGET_TASKSET_H

#include <stdbool.h>
#include <stdint.h>

struct lu;
struct scsi_cmd;
struct taskset;

void taskset_init(struct taskset *ts);
/*
 * While it is held, no command is enabled but those that bypass the order. taskset_advance() must
 * follow the end.
 */
void taskset_hold(struct taskset *ts, bool hold);
/* ATTR_SIMPLE, _ORDERED or _HEAD_OF_QUEUE: how a command of @attr queues. */
uint8_t taskset_order(uint8_t attr);
/* For qos.c: the command counts, but waits outside of the order; and not any more. */
void taskset_throttle(struct scsi_cmd *cmd);
void taskset_unthrottle(struct scsi_cmd *cmd);
/* Takes the command in and sets its state; true: enabled at once, false: dormant. */
bool taskset_enter(struct scsi_cmd *cmd);
/* Takes it out, whose state still tells where it was; taskset_advance() must follow. */
void taskset_remove(struct scsi_cmd *cmd);
/* Calls cmd_enable() for each dormant command whose turn has come; none while the target holds. */
void taskset_advance(struct lu *lu);

#endif
