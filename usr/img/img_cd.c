/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Discs: an ISO 9660 image is what it is; a blank DVD+R is an empty file, which grows as it is
 * burnt.
 */
#include <string.h>

#include "img/img.h"

#define ISO_MAGIC_AT 32769 /* ECMA-119 8.1: sector 16, after the type of the descriptor */

static int fill(struct img_new *n, struct err *err)
{
	(void)n;
	(void)err;
	return 0;
}

static bool has_iso(const struct img_file *f)
{
	return f->head_len >= ISO_MAGIC_AT + 5 && !memcmp(f->head + ISO_MAGIC_AT, "CD001", 5);
}

static bool mine(const struct img_file *f)
{
	return S_ISREG(f->st.st_mode) && (!f->size || has_iso(f));
}

static int show(const struct img_file *f, json_t *obj, struct err *err)
{
	const char *text = !f->size ? "blank" : has_iso(f) ? "an ISO 9660 file system" : "not known";
	int r = json_object_set_new(obj, "size", json_integer((json_int_t)f->size));

	r |= json_object_set_new(obj, "contents", json_string(text));
	if (r)
		err_set(err, ERR_NOMEM, "out of memory");
	return r;
}

static const char *const media[] = { "dvd+r", NULL };

const struct img_type img_cd = {
	.name = "cd",
	.media = media,
	.blank = "DVD+R",
	.takes = 0,
	.needs = 0,
	.fill = fill,
	.mine = mine,
	.show = show,
};
