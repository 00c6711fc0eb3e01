/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file is: opened, its first bytes read, and asked of the types.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "img/img.h"

/* Bytes at a place that only one kind of contents has. */
static const struct contents {
	unsigned int at;
	const char *magic;
	unsigned int len;
	const char *text;
	bool foreign;
} contents[] = {
	{ 0, "QFI\xfb", 4, "a qcow2 image", true },
	{ 0, "KDMV", 4, "a VMDK image", true },
	{ 0, "# Disk DescriptorFile", 21, "the description of a VMDK image", true },
	{ 64, "\x7f\x10\xda\xbe", 4, "a VDI image", true },
	{ 0, "vhdxfile", 8, "a VHDX image", true },
	{ 0, "conectix", 8, "a VHD image", true },
	{ 512, "EFI PART", 8, "a GPT partition table", false },
	{ 4096, "EFI PART", 8, "a GPT partition table of blocks of 4096 bytes", false },
	{ 0, "LUKS\xba\xbe", 6, "an encrypted volume (LUKS)", false },
	{ 512, "LABELONE", 8, "a physical volume of LVM", false },
	{ 1080, "\x53\xef", 2, "an ext file system", false },
	{ 0, "XFSB", 4, "an XFS file system", false },
	{ 3, "NTFS    ", 8, "an NTFS file system", false },
	{ 32769, "CD001", 5, "an ISO 9660 file system", false },
	{ 510, "\x55\xaa", 2, "a boot sector, perhaps an MBR partition table", false },
};

const char *img_contents(const struct img_file *f, bool *foreign)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(contents); i++) {
		const struct contents *c = &contents[i];

		if (c->at + c->len > f->head_len || memcmp(f->head + c->at, c->magic, c->len))
			continue;
		*foreign = c->foreign;
		return c->text;
	}
	*foreign = false;
	return NULL;
}

static int fail(struct err *err, int e, const char *path)
{
	err_set(err, ERR_UNKNOWN, "can't read %s: %s", path, strerror(e));
	return -e;
}

static int open_file(struct img_file *f, struct err *err)
{
	off_t end;
	ssize_t n;

	/* What is no file and no device may wait for its other end in open(). */
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &f->st))
		return fail(err, errno, f->path);
	if (!S_ISREG(f->st.st_mode) && !S_ISBLK(f->st.st_mode)) {
		err_set(err, ERR_INVALID_REQUEST, "%s is neither a file nor a block device", f->path);
		return -EINVAL;
	}
	end = lseek(f->fd, 0, SEEK_END);
	if (end < 0)
		return fail(err, errno, f->path);
	f->size = (uint64_t)end;
	while (f->head_len < sizeof(f->head)) {
		n = pread(f->fd, f->head + f->head_len, sizeof(f->head) - f->head_len,
			  (off_t)f->head_len);
		if (n < 0)
			return fail(err, errno, f->path);
		if (!n)
			break;
		f->head_len += (size_t)n;
	}
	return 0;
}

/* The type that the file is of; NULL with @err: it isn't one of @type. */
static const struct img_type *type_of(const struct img_type *type, const struct img_file *f,
				      struct err *err)
{
	const struct img_type *const *t = img_types;

	while (!type && !(*t)->mine(f))
		t++;
	type = type ? type : *t;
	if (type->mine(f))
		return type;
	err_set(err, ERR_INVALID_REQUEST, "%s is no image of a %s", f->path, type->name);
	return NULL;
}

/* What is looked at: shown, checked or repaired. */
enum look { LOOK_SHOW, LOOK_CHECK, LOOK_REPAIR };

static int check(const struct img_type *type, const struct img_file *f, bool repair, json_t *out,
		 struct err *err)
{
	int fd, r;

	if (!type->verify)
		return err_set(err, ERR_INVALID_REQUEST, "there is nothing to check in a %s",
			       type->name);
	fd = open(f->path, (repair ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return fail(err, errno, f->path);
	r = type->verify(fd, repair, out, err);
	close(fd);
	return r;
}

static int look(const struct img_type *type, const struct img_file *f, enum look how, json_t **out,
		struct err *err)
{
	int r;

	type = type_of(type, f, err);
	if (!type)
		return -EINVAL;
	*out = json_pack("{s:s s:s s:s}", "file", f->path, "device_type", type->name, "type",
			 type->media[0]);
	if (!*out)
		r = -ENOMEM;
	else
		r = how == LOOK_SHOW ? type->show(f, *out, err) :
				       check(type, f, how == LOOK_REPAIR, *out, err);
	if (r < 0) {
		err_set(err, ERR_NOMEM, "out of memory");
		json_decref(*out);
		*out = NULL;
	}
	return r;
}

static int open_and_look(const struct img_type *type, const char *path, enum look how,
			 json_t **out, struct err *err)
{
	struct img_file *f = calloc(1, sizeof(*f));
	int r;

	*out = NULL;
	if (!f) {
		err_set(err, ERR_NOMEM, "out of memory");
		return -ENOMEM;
	}
	f->path = path;
	r = open_file(f, err);
	if (!r)
		r = look(type, f, how, out, err);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
	return r;
}

int img_show(const struct img_type *type, const char *path, json_t **out, struct err *err)
{
	return open_and_look(type, path, LOOK_SHOW, out, err);
}

int img_check(const struct img_type *type, const char *path, bool repair, json_t **out,
	      struct err *err)
{
	return open_and_look(type, path, repair ? LOOK_REPAIR : LOOK_CHECK, out, err);
}
