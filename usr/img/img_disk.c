/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks: the bytes of the disk, and nothing else.
 */
#include <errno.h>

#include "img/img.h"

static int check(const struct img_new *n, struct err *err)
{
	if (n->size && n->size % IMG_BLOCK == 0)
		return 0;
	return err_set(err, ERR_INVALID_REQUEST,
		       "the size of a disk is a multiple of %d bytes, and not 0", IMG_BLOCK);
}

/* Any bytes are a disk. */
static bool mine(const struct img_file *f)
{
	(void)f;
	return true;
}

static int show(const struct img_file *f, json_t *obj, struct err *err)
{
	uint64_t allocated = (uint64_t)f->st.st_blocks * 512;
	bool foreign = false, file = S_ISREG(f->st.st_mode);
	const char *contents = file && !allocated ? "nothing was written" :
						    img_contents(f, &foreign);
	int r = 0;

	r |= json_object_set_new(obj, "size", json_integer((json_int_t)f->size));
	r |= json_object_set_new(obj, "blocks", json_integer((json_int_t)(f->size / IMG_BLOCK)));
	if (file) {
		r |= json_object_set_new(obj, "allocated", json_integer((json_int_t)allocated));
		r |= json_object_set_new(obj, "sparse", json_boolean(allocated < f->size));
	}
	r |= json_object_set_new(obj, "contents", json_string(contents ? contents : "not known"));
	if (foreign)
		r |= json_object_set_new(obj, "warning", json_string(
			"a target shows this format's bytes, not the disk in it: qemu-img convert "
			"-O raw takes it out"));
	else if (f->size % IMG_BLOCK)
		r |= json_object_set_new(obj, "warning", json_string(
			"the size is no multiple of 512 bytes: what is after the last block is not "
			"served"));
	if (r)
		err_set(err, ERR_NOMEM, "out of memory");
	return r ? -ENOMEM : 0;
}

static const char *const media[] = { "raw", "disk", NULL };

const struct img_type img_disk = {
	.name = "disk",
	.media = media,
	.blank = "DISK",
	.takes = IMG_SIZE | IMG_ALLOC,
	.needs = IMG_SIZE,
	.check = check,
	.fill = img_fill_space,
	.mine = mine,
	.show = show,
};
