/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers take from their input: a stream of small numbers and pieces, which ends
 * in zeroes. So every input means something, and most changes of one mean something else.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct fuzz {
	const uint8_t *p;
	size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz *f)
{
	if (!f->left)
		return 0;
	f->left--;
	return *f->p++;
}

static inline uint16_t fuzz_u16(struct fuzz *f)
{
	uint8_t high = fuzz_byte(f);

	return (uint16_t)(high << 8 | fuzz_byte(f));
}

/* @n bytes into @to, zeroes when the input has no more. */
static inline void fuzz_copy(struct fuzz *f, void *to, size_t n)
{
	size_t have = n < f->left ? n : f->left;

	memset(to, 0, n);
	if (have)
		memcpy(to, f->p, have);
	f->p += have;
	f->left -= have;
}

/* A violated promise, found by the fuzzer itself. */
#define fuzz_check(cond)                                                                           \
	do {                                                                                       \
		if (!(cond))                                                                       \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
