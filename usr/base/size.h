/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes as administrators write and read them.
 */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdint.h>

#define SIZE_STRLEN 16

/*
 * "512", "64M", "1T": powers of 1024 by K M G T P E; a bare number counts @unit bytes. 0, or
 * -EINVAL, or -ERANGE beyond 2^63-1.
 */
int size_parse(const char *text, uint64_t unit, uint64_t *size);
/* "10.5 GiB", rounded down to a tenth, so that what is not complete never looks so. Returns @out. */
const char *size_format(uint64_t size, char out[SIZE_STRLEN]);

#endif
