/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identity of a local disk, from sysfs. The predecessor ran sg_inq for it.
 */
#include "mgmt/conf_direct.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define VPD_HEAD 4 /* SPC-4 7.8.1: type, page code, page length */

/* What the file @name of the device holds, without blanks at both ends; its length. */
static size_t attribute(const struct stat *st, const char *name, size_t skip, char *out,
			size_t size)
{
	char path[128], buf[256];
	size_t n, start;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(st->st_rdev),
		 minor(st->st_rdev), name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	for (start = skip; start < n && isspace((unsigned char)buf[start]); start++)
		;
	while (n > start && (isspace((unsigned char)buf[n - 1]) || !buf[n - 1]))
		n--;
	n = n > start ? n - start : 0;
	if (n >= size)
		n = size - 1;
	memcpy(out, buf + start, n);
	out[n] = '\0';
	return n;
}

static bool has_param(const json_t *lu, const char *name)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(lu, "params"), i, p)
		if (!strcmp(json_string_value(json_array_get(p, 0)), name))
			return true;
	return false;
}

static void add(json_t *lu, const char *name, const char *value)
{
	json_t *text = has_param(lu, name) ? NULL : json_string(value);

	if (text)
		json_array_append_new(json_object_get(lu, "params"),
				      json_pack("[s,o]", name, text));
}

static unsigned long number(const struct stat *st, const char *name)
{
	char text[32];

	return attribute(st, name, 0, text, sizeof(text)) ? strtoul(text, NULL, 10) : 0;
}

static void add_blocks(const struct stat *st, json_t *lu)
{
	unsigned long logical = number(st, "queue/logical_block_size");
	unsigned long physical = number(st, "queue/physical_block_size");
	json_t *new = json_object_get(lu, "new");
	unsigned int exponent = 0;
	char text[16];

	if (!logical)
		return;
	if (!json_object_get(new, "blocksize"))
		json_object_set_new(new, "blocksize", json_integer((json_int_t)logical));
	while (logical << exponent < physical && exponent < 15)
		exponent++;
	snprintf(text, sizeof(text), "%u", exponent);
	add(lu, "lbppbe", text);
}

void conf_direct(const char *path, json_t *lu)
{
	static const struct {
		const char *param, *file;
		size_t skip, max;
	} rows[] = {
		{ "vendor_id", "device/vendor", 0, 8 },
		{ "product_id", "device/model", 0, 16 },
		{ "product_rev", "device/rev", 0, 4 },
		{ "scsi_sn", "device/vpd_pg80", VPD_HEAD, 36 },
	};
	char text[64];
	struct stat st;
	size_t i;

	if (stat(path, &st) || !S_ISBLK(st.st_mode))
		return;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (attribute(&st, rows[i].file, rows[i].skip, text, rows[i].max + 1))
			add(lu, rows[i].param, text);
	add_blocks(&st, lu);
}
