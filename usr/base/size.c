/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes in and out (size.h).
 */
#include "base/size.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char units[] = "KMGTPE";

int size_parse(const char *text, uint64_t unit, uint64_t *size)
{
	uint64_t v = 0;
	const char *p = text, *u;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (v > (INT64_MAX - digit) / 10)
			return -ERANGE;
		v = v * 10 + digit;
	}
	if (*p) {
		u = strchr(units, *p >= 'a' ? *p - 'a' + 'A' : *p);
		if (!u || p[1])
			return -EINVAL;
		unit = UINT64_C(1) << (10 * (u - units + 1));
	}
	if (v > (uint64_t)INT64_MAX / unit)
		return -ERANGE;
	*size = v * unit;
	return 0;
}

const char *size_format(uint64_t size, char out[SIZE_STRLEN])
{
	unsigned int i = 0;

	if (size < 1024) {
		snprintf(out, SIZE_STRLEN, "%u bytes", (unsigned int)size);
		return out;
	}
	for (; size >= 1024 * 1024; i++)
		size /= 1024;
	snprintf(out, SIZE_STRLEN, "%u.%u %ciB", (unsigned int)size / 1024,
		 (unsigned int)size % 1024 * 10 / 1024, units[i]);
	return out;
}
