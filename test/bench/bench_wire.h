/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The little of iSCSI that the load generator and the limit program need, apart
 * from the product's code on purpose: the measuring stick must not change with
 * what it measures. Offsets are those of RFC 7143 chapter 11.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BHS 48

static inline void w16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void w32(uint8_t *p, uint32_t v)
{
	w16(p, v >> 16);
	w16(p + 2, v);
}

static inline uint32_t r24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t r32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | r24(p + 1);
}

static inline uint32_t pad4(uint32_t n)
{
	return (n + 3) & ~3u;
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The value of @key in a text segment of @len bytes, or NULL. */
static inline const char *text_value(const char *text, size_t len, const char *key)
{
	size_t k = strlen(key);
	const char *p = text, *end = text + len;

	while (p < end) {
		if ((size_t)(end - p) > k && !memcmp(p, key, k) && p[k] == '=')
			return p + k + 1;
		p += strnlen(p, (size_t)(end - p)) + 1;
	}
	return NULL;
}

static inline void die_errno(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

#endif
