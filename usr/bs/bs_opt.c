/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of bsopts and of filter arguments: name=value lists and sizes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bs/bs.h"

char *bs_opt_get(const char *opts, char sep, const char *name, bool *found)
{
	size_t len = strlen(name);

	*found = false;
	for (const char *p = opts; p && *p;) {
		const char *end = strchr(p, sep);
		size_t n = end ? (size_t)(end - p) : strlen(p);

		if (n > len && !memcmp(p, name, len) && p[len] == '=') {
			*found = true;
			return strndup(p + len + 1, n - len - 1);
		}
		p = end ? end + 1 : NULL;
	}
	return NULL;
}

int bs_size_parse(const char *text, uint64_t *size)
{
	static const char units[] = "KMGTPE";
	uint64_t v = 0;
	unsigned int shift = 0;
	const char *p = text, *u;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > (INT64_MAX - 9) / 10)
			return -ERANGE;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	if (*p) {
		u = strchr(units, *p >= 'a' ? *p - 'a' + 'A' : *p);
		if (!u || p[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(u - units + 1);
	}
	if (v > (uint64_t)INT64_MAX >> shift)
		return -ERANGE;
	*size = v << shift;
	return 0;
}
