/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FastAbort (RFC 7143 4.2.3.4, 4.2.3.5): a function that takes the commands of others tells them at
 * once, by Asynchronous Messages, so that nobody waits for data or answers that will not come.
 */
#ifndef ISCSI_FAST_ABORT_H
#define ISCSI_FAST_ABORT_H

struct iscsi_task;

/* Before the function in @task, which takes all commands of a logical unit or of the target, is done. */
void fast_abort_tell(const struct iscsi_task *task);

#endif
