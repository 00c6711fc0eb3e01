/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of blocks that commands write. Commands that read, decide and write (COMPARE AND
 * WRITE, ORWRITE, WRITE AND VERIFY, WRITE ATOMIC) take theirs exclusively; all others that
 * write take theirs shared, which costs one comparison while nobody asks for exclusion. Reads take
 * none, unless they could see an atomic write half done. First come, first served: nobody overtakes an earlier command that it overlaps.
 */
#ifndef DEV_RANGE_H
#define DEV_RANGE_H

#include <stdint.h>

#include "base/list.h"
#include "target/cmd.h"
#include "target/lu.h"

/* scsi_cmd.range_mode */
enum range_mode {
	RANGE_NONE,
	RANGE_SHARED,		/* holds; not in lu->ranges, found through lu->ts.enabled */
	RANGE_EXCLUSIVE,	/* holds; in lu->ranges */
	RANGE_WAIT_SHARED,	/* waits; in lu->ranges */
	RANGE_WAIT_EXCLUSIVE,
	RANGE_WAIT_GUEST,	/* as a shared one, but of no command of the task set: */
	RANGE_GUEST,		/* in lu->ranges as long as it waits or holds */
};

/* For attach(): lu->ranges and lu->range_call become ready. */
void range_init(struct lu *lu);
/* For detach(): no command is left. */
void range_done(struct lu *lu);

/* Behind range_shared() and range_exclusive(). */
enum scsi_result range_enter(struct scsi_cmd *cmd, enum range_mode want,
			     enum scsi_result (*got)(struct scsi_cmd *cmd));

/*
 * Take blocks @first .. @first + @count. @got, the next step, runs inside when the range
 * is free, else later from the loop; its return value is the completion. Returns that, or
 * RES_PENDING. Either way all is given back when the command ends: callers return what this
 * returned, and must not call dev_step_end() on it. A command holds one range.
 */
static inline enum scsi_result range_shared(struct scsi_cmd *cmd, uint64_t first, uint64_t count,
					    enum scsi_result (*got)(struct scsi_cmd *cmd))
{
	cmd->range_first = first;
	cmd->range_count = count;
	return range_enter(cmd, RANGE_SHARED, got);
}

static inline enum scsi_result range_exclusive(struct scsi_cmd *cmd, uint64_t first,
					       uint64_t count,
					       enum scsi_result (*got)(struct scsi_cmd *cmd))
{
	cmd->range_first = first;
	cmd->range_count = count;
	return range_enter(cmd, RANGE_EXCLUSIVE, got);
}

/*
 * The same, shared, for those who write from outside the task set: @cmd is no command, only its lu,
 * op, aborted and range_* count. @got returns RES_PENDING, and comes also when @cmd was aborted (and
 * range_recheck() called), or a background operation has begun; range_leave() follows.
 */
void range_guest(struct scsi_cmd *cmd, uint64_t first, uint64_t count,
		 enum scsi_result (*got)(struct scsi_cmd *cmd));

/* For waiters: one was aborted, or lu->background has changed: those that wait may not have to. */
void range_recheck(struct lu *lu);

/* For dev_step_end(): gives the range back; those who wait for it follow from the loop. */
void range_leave(struct scsi_cmd *cmd);

#endif
