/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big-endian wire fields. In structs that mirror a PDU or a page, use be16 ..
 * be64: arrays of bytes, so there is no padding, no unaligned access, and
 * arithmetic on a wire value does not compile. For bytes in a buffer use
 * get_be*() and put_be*().
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdint.h>

struct be16 {
	uint8_t b[2];
};
struct be24 {
	uint8_t b[3];
};
struct be32 {
	uint8_t b[4];
};
struct be64 {
	uint8_t b[8];
};

static inline uint16_t get_be16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t get_be24(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
}

static inline uint32_t get_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t get_be64(const void *p)
{
	const uint8_t *b = p;

	return (uint64_t)get_be32(b) << 32 | get_be32(b + 4);
}

static inline void put_be16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static inline void put_be24(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 16);
	b[1] = (uint8_t)(v >> 8);
	b[2] = (uint8_t)v;
}

static inline void put_be32(void *p, uint32_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 24);
	b[1] = (uint8_t)(v >> 16);
	b[2] = (uint8_t)(v >> 8);
	b[3] = (uint8_t)v;
}

static inline void put_be64(void *p, uint64_t v)
{
	uint8_t *b = p;

	put_be32(b, (uint32_t)(v >> 32));
	put_be32(b + 4, (uint32_t)v);
}

static inline uint16_t be16_get(struct be16 f)
{
	return get_be16(f.b);
}

static inline uint32_t be24_get(struct be24 f)
{
	return get_be24(f.b);
}

static inline uint32_t be32_get(struct be32 f)
{
	return get_be32(f.b);
}

static inline uint64_t be64_get(struct be64 f)
{
	return get_be64(f.b);
}

static inline void be16_put(struct be16 *f, uint16_t v)
{
	put_be16(f->b, v);
}

static inline void be24_put(struct be24 *f, uint32_t v)
{
	put_be24(f->b, v);
}

static inline void be32_put(struct be32 *f, uint32_t v)
{
	put_be32(f->b, v);
}

static inline void be64_put(struct be64 *f, uint64_t v)
{
	put_be64(f->b, v);
}

#endif
