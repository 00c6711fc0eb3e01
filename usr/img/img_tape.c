/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tapes: doc/tape-image.md. A new one is a superblock and a hole; which generation it is of, its
 * barcode tells, as on real cartridges.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "img/img_tape.h"

#define DENSITY_DEFAULT 0x5e /* LTO-8 */

static const struct {
	const char *suffix; /* of a barcode */
	const char *text;
	uint8_t density;
} generations[] = {
	{ "L5", "LTO-5", 0x58 }, { "L6", "LTO-6", 0x5a }, { "L7", "LTO-7", 0x5c },
	{ "L8", "LTO-8", 0x5e }, { "L9", "LTO-9", 0x60 },
};

static uint8_t density_of(const char *barcode)
{
	size_t n = barcode ? strlen(barcode) : 0;

	for (size_t i = 0; n > 2 && i < ARRAY_SIZE(generations); i++)
		if (!strcmp(barcode + n - 2, generations[i].suffix))
			return generations[i].density;
	return DENSITY_DEFAULT;
}

static int check(const struct img_new *n, struct err *err)
{
	if (n->barcode && (!*n->barcode || strlen(n->barcode) > TAPE_BARCODE_LEN))
		return err_set(err, ERR_INVALID_REQUEST, "a barcode has 1 to %d characters",
			       TAPE_BARCODE_LEN);
	for (const char *c = n->barcode; c && *c; c++)
		if (*c <= ' ' || *c > '~')
			return err_set(err, ERR_INVALID_REQUEST,
				       "a barcode is of printable ASCII without spaces");
	if (n->size < TAPE_PART_MIN || n->size > INT64_MAX - TAPE_DATA_AT)
		return err_set(err, ERR_INVALID_REQUEST, "a tape has at least 1 megabyte");
	return 0;
}

static int trouble(const struct img_new *n, struct err *err)
{
	int e = errno;

	err_set(err, ERR_UNKNOWN, "can't write %s: %s", n->path, strerror(e));
	return -e;
}

static int fill(struct img_new *n, struct err *err)
{
	struct tape_sb sb = { .align = TAPE_ALIGN_MIN, .capacity = 65535 };
	uint8_t buf[TAPE_SB_SIZE];
	const uint64_t one = 1;
	int r;

	n->size = TAPE_DATA_AT + round_up(n->size, TAPE_ALIGN_MIN);
	if (!(n->given & IMG_ALLOC))
		n->alloc = IMG_SPARSE;
	r = img_fill_space(n, err);
	if (r)
		return r;
	sb.size = n->size;
	sb.density = density_of(n->barcode);
	sb.flags = !strcmp(n->media, "worm") ? TAPE_WORM : !strcmp(n->media, "clean") ? TAPE_CLEANING : 0;
	if (n->barcode)
		strcpy(sb.barcode, n->barcode);
	if (getrandom(&sb.id, sizeof(sb.id), 0) != sizeof(sb.id))
		return trouble(n, err);
	tape_sb_divide(&sb, 1, &one);
	for (sb.gen = 0; sb.gen < 2; sb.gen++) {
		tape_sb_put(&sb, buf);
		if (pwrite(n->fd, buf, sizeof(buf), (off_t)(sb.gen * TAPE_SB_SIZE)) != sizeof(buf))
			return trouble(n, err);
	}
	return 0;
}

unsigned int img_tape_superblocks(const uint8_t *head, size_t len, struct tape_sb *sb)
{
	struct tape_sb one;
	unsigned int good = 0;

	memset(sb, 0, sizeof(*sb));
	for (unsigned int i = 0; i < 2 && len >= (i + 1) * TAPE_SB_SIZE; i++) {
		if (!tape_sb_get(&one, head + i * TAPE_SB_SIZE))
			continue;
		if (!good++ || one.gen > sb->gen)
			*sb = one;
	}
	return good;
}

static bool mine(const struct img_file *f)
{
	return f->head_len >= 2 * TAPE_SB_SIZE &&
	       (tape_sb_magic(f->head) || tape_sb_magic(f->head + TAPE_SB_SIZE));
}

static const char *generation_text(uint8_t density)
{
	for (size_t i = 0; i < ARRAY_SIZE(generations); i++)
		if (generations[i].density == density)
			return generations[i].text;
	return "not known";
}

static int show(const struct img_file *f, json_t *obj, struct err *err)
{
	struct tape_sb sb;
	unsigned int good = img_tape_superblocks(f->head, f->head_len, &sb);
	uint64_t room = 0;
	int r = 0;

	if (!good)
		return err_set(err, ERR_INVALID_REQUEST,
			       "%s: both superblocks are damaged, or of a later version", f->path);
	for (unsigned int i = 0; i < sb.n_parts; i++)
		room += sb.part[i].len;
	r |= json_object_set_new(obj, "type", json_string(sb.flags & TAPE_WORM ? "worm" :
		sb.flags & TAPE_CLEANING ? "clean" : "data"));
	r |= json_object_set_new(obj, "size", json_integer((json_int_t)room));
	r |= json_object_set_new(obj, "barcode", json_string(sb.barcode));
	r |= json_object_set_new(obj, "generation", json_string(generation_text(sb.density)));
	r |= json_object_set_new(obj, "partitions", json_integer(sb.n_parts));
	r |= json_object_set_new(obj, "allocated", json_integer((json_int_t)f->st.st_blocks * 512));
	if (good < 2)
		r |= json_object_set_new(obj, "warning", json_string(
			"one superblock is damaged; tgtimg --op repair writes it anew"));
	if (r)
		err_set(err, ERR_NOMEM, "out of memory");
	return r ? -ENOMEM : 0;
}

static const char *const media[] = { "data", "worm", "clean", NULL };

const struct img_type img_tape = {
	.name = "tape",
	.media = media,
	.blank = "TAPE",
	.takes = IMG_SIZE | IMG_BARCODE | IMG_ALLOC,
	.needs = IMG_SIZE,
	.check = check,
	.fill = fill,
	.mine = mine,
	.show = show,
	.verify = img_tape_check,
};
