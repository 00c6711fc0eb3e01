/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic node of a SCSI device, by sysfs: each of its nodes leads to the device,
 * whose directory scsi_generic names it. Called by sg.c.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bs/sg.h"

#define SG_MAJOR 21 /* Documentation/admin-guide/devices.txt */

/* The only entry of the directory. */
static bool entry_of(const char *dir, char *name, size_t size)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)) != NULL) {
		found = e->d_name[0] != '.';
		if (found)
			snprintf(name, size, "%s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

int sg_find(const char *path, char *sg, struct err *err)
{
	struct stat st;
	char dir[128], name[256];
	bool block;

	if (stat(path, &st)) {
		int ret = -errno;

		err_set(err, ERR_INVALID_REQUEST, "cannot open %s: %s", path, strerror(-ret));
		return ret;
	}
	block = S_ISBLK(st.st_mode);
	if (!block && !S_ISCHR(st.st_mode))
		return err_set(err, ERR_INVALID_REQUEST, "%s is no device", path);
	if (!block && major(st.st_rdev) == SG_MAJOR) {
		if (snprintf(sg, SG_PATH_MAX, "%s", path) < SG_PATH_MAX)
			return 0;
		return err_set(err, ERR_INVALID_REQUEST, "the path is too long");
	}
	snprintf(dir, sizeof(dir), "/sys/dev/%s/%u:%u/device/scsi_generic", block ? "block" : "char",
		 major(st.st_rdev), minor(st.st_rdev));
	if (!entry_of(dir, name, sizeof(name)))
		return err_set(err, ERR_INVALID_REQUEST, "%s is no SCSI device with a node /dev/sgN: "
			       "is the kernel's module sg loaded?", path);
	snprintf(sg, SG_PATH_MAX, "/dev/%s", name);
	return 0;
}
