/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target is part of the way out of a memory shortage: dirty pages of an initiator on
 * this very machine, or a swap device, are written back through it.
 */
#include "base/protect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57 /* Linux 5.6 */
#endif
#define MANY_FILES 1048576

static void granted(const char *what, int failed)
{
	if (failed)
		log_debug("%s: %s", what, strerror(errno));
}

static void survive_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	granted("oom_score_adj stays as it is", write(fd, "-1000", 5) != 5);
	close(fd);
}

/* Below a limit, locking what comes later would make allocations fail: all or nothing. */
static void lock_memory(void)
{
	struct rlimit lim = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &lim)) {
		granted("memory is not locked, its limit can't be raised", 1);
		return;
	}
	granted("memory is not locked", mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
}

static void open_many_files(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		return;
	lim.rlim_cur = lim.rlim_max;
	if (!geteuid() && lim.rlim_max < MANY_FILES)
		lim.rlim_cur = lim.rlim_max = MANY_FILES;
	granted("RLIMIT_NOFILE stays as it is", setrlimit(RLIMIT_NOFILE, &lim));
}

void protect_process(void)
{
	survive_oom();
	lock_memory();
	granted("the kernel may write back when it allocates for us",
		prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0));
	open_many_files();
}
