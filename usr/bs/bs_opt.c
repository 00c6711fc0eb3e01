/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of bsopts and of filter arguments: name=value lists and sizes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
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
	return size_parse(text, 1, size);
}
