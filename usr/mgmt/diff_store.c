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

/* Mounted, part of a RAID, swap: then a block device can't be opened exclusively. */
static bool in_use(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno == EBUSY;
	close(fd);
	return false;
}

const char *diff_store_trouble(const json_t *new, bool force)
{
	const char *path = diff_str(new, "backing-store");
	struct stat st;

	if (*path != '/' || !is_local(diff_str(new, "bstype")))
		return NULL;
	if (stat(path, &st))
		return errno == ENOENT ? "does not exist" : strerror(errno);
	if (S_ISDIR(st.st_mode))
		return "is a directory";
	if (S_ISBLK(st.st_mode) && !force && in_use(path))
		return "is in use; --force or 'allow-in-use yes' take it all the same, "
		       "which may damage its data";
	return NULL;
}
