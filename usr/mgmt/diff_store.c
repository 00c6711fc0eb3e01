/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the store of a LUN is there and free. As the predecessor did, a LUN without
 * is skipped with a message and the rest is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

/* Types whose path is a file of this machine. */
static bool is_local(const char *type)
{
	static const char *const types[] = { "", "rdwr", "aio", "sg", "bsg", "mmc", "ssc", "smc" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

/* 0, or why it can't be opened. */
static int try_open(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

const char *diff_store_trouble(const json_t *new, bool force)
{
	const char *path = diff_str(new, "backing-store");
	struct stat st;
	int r;

	if (*path != '/' || !is_local(diff_str(new, "bstype")))
		return NULL;
	if (stat(path, &st))
		return errno == ENOENT ? "does not exist" : strerror(errno);
	if (S_ISDIR(st.st_mode))
		return "is a directory";
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return NULL;
	r = try_open(path, 0);
	if (r)
		return strerror(r);
	/* Mounted, part of a RAID, swap: then a block device can't be opened exclusively. */
	if (S_ISBLK(st.st_mode) && !force && try_open(path, O_EXCL) == EBUSY)
		return "is in use; --force or 'allow-in-use yes' take it all the same, "
		       "which may damage its data";
	return NULL;
}
