/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of making an image (img.h). A new file gets its name at once and loses it when the
 * work fails. One that replaces another is made beside it and takes its place when it is whole, so
 * that who has the old one open, as tgtd may, keeps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "img/img.h"

#define MODE 0640

const struct img_type *const img_types[] = { &img_cd, &img_tape, &img_disk, NULL };

const struct img_type *img_type_find(const char *name)
{
	const struct img_type *const *t = img_types;

	while (*t && strcmp((*t)->name, name))
		t++;
	return *t;
}

static int fail(struct err *err, int e, const char *what, const char *path)
{
	err_set(err, ERR_UNKNOWN, "%s %s: %s", what, path, strerror(e));
	return -e;
}

/* --- what is asked for --------------------------------------------------------------------------- */

static int check_media(const struct img_type *type, struct img_new *n, struct err *err)
{
	char list[128] = "";
	size_t i, used = 0;

	if (!n->media)
		n->media = type->media[0];
	for (i = 0; type->media[i]; i++) {
		if (!strcasecmp(n->media, type->media[i])) {
			n->media = type->media[i];
			return 0;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 type->media[i]);
	}
	return err_set(err, ERR_INVALID_REQUEST, "there is no %s of type '%s': %s", type->name,
		       n->media, list);
}

static int check_new(const struct img_type *type, struct img_new *n, struct err *err)
{
	static const struct {
		unsigned int what;
		const char *option;
	} rows[] = {
		{ IMG_SIZE, "--size" },
		{ IMG_BARCODE, "--barcode" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (type->needs & ~n->given & rows[i].what)
			return err_set(err, ERR_INVALID_REQUEST, "a %s needs %s", type->name,
				       rows[i].option);
	if (check_media(type, n, err))
		return -EINVAL;
	return type->check ? type->check(n, err) : 0;
}

/* --- the file ------------------------------------------------------------------------------------ */

/* What is being made, and where it goes. */
struct output {
	char place[PATH_MAX];	   /* the name it will have */
	char made[PATH_MAX + 8];   /* the name it has now; the same, unless it replaces a file */
	bool replaces;
};

static int open_new(struct output *o, const char *path, int *fd, struct err *err)
{
	if (strlen(path) >= sizeof(o->place))
		return fail(err, ENAMETOOLONG, "can't make", path);
	strcpy(o->place, path);
	strcpy(o->made, path);
	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	if (*fd >= 0)
		return 0;
	if (errno != EEXIST)
		return fail(err, errno, "can't make", path);
	err_set(err, ERR_INVALID_REQUEST, "%s is there already; --force replaces it", path);
	return -EEXIST;
}

static int open_beside(struct output *o, const char *path, const struct stat *old, int *fd,
		       struct err *err)
{
	if (!realpath(path, o->place))
		return fail(err, errno, "can't find", path);
	o->replaces = true;
	snprintf(o->made, sizeof(o->made), "%s.XXXXXX", o->place);
	*fd = mkostemp(o->made, O_CLOEXEC);
	if (*fd < 0)
		return fail(err, errno, "can't make a file beside", path);
	/* Who could use the old one can use this; where only root may give files away, it stays ours. */
	if (fchown(*fd, old->st_uid, old->st_gid) && errno != EPERM)
		return fail(err, errno, "can't set the owner of", o->made);
	if (fchmod(*fd, old->st_mode & 0777))
		return fail(err, errno, "can't set the mode of", o->made);
	return 0;
}

static int open_output(struct output *o, const struct img_new *n, int *fd, struct err *err)
{
	struct stat st;

	*fd = -1;
	if (stat(n->path, &st))
		return open_new(o, n->path, fd, err);
	if (!S_ISREG(st.st_mode)) {
		err_set(err, ERR_INVALID_REQUEST,
			"%s is no file%s", n->path,
			S_ISBLK(st.st_mode) ? ", but a device: it can be a backing store as it is" : "");
		return -EEXIST;
	}
	return n->force ? open_beside(o, n->path, &st, fd, err) : open_new(o, n->path, fd, err);
}

/* The name has to survive the loss of power as the contents do. */
static int sync_dir(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, r;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) && errno != EINVAL ? -errno : 0;
	close(fd);
	return r;
}

static int finish(const struct output *o, int fd, struct err *err)
{
	if (fsync(fd))
		return fail(err, errno, "can't write", o->place);
	if (o->replaces && rename(o->made, o->place))
		return fail(err, errno, "can't replace", o->place);
	if (sync_dir(o->place))
		return fail(err, errno, "can't write the directory of", o->place);
	return 0;
}

int img_create(const struct img_type *type, struct img_new *n, struct err *err)
{
	struct output o = { .replaces = false };
	int r = check_new(type, n, err);

	if (r)
		return r;
	r = open_output(&o, n, &n->fd, err);
	if (!r)
		r = type->fill(n, err);
	if (!r)
		r = finish(&o, n->fd, err);
	if (n->fd < 0)
		return r;
	if (r)
		unlink(o.made);
	close(n->fd);
	return r;
}
