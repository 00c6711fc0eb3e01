/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The growing string. Memory is at least doubled, so that appending byte by
 * byte costs no more than copying the result once.
 */
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

struct strbuf strbuf_fixed(char *buf, size_t cap)
{
	struct strbuf sb = { .s = buf, .cap = cap, .fixed = true };

	if (cap)
		buf[0] = '\0';
	return sb;
}

void strbuf_free(struct strbuf *sb)
{
	if (sb->fixed) {
		strbuf_reset(sb);
		return;
	}
	free(sb->s);
	*sb = (struct strbuf)STRBUF_INIT;
}

void strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	sb->failed = false;
	if (sb->cap)
		sb->s[0] = '\0';
}

/* Makes room for @n more bytes and the NUL; notes the failure. */
static bool reserve(struct strbuf *sb, size_t n)
{
	size_t cap = max_u64(sb->cap, FIRST_CAP / 2);
	char *s;

	if (sb->failed)
		return false;
	if (n < sb->cap - sb->len)
		return true;
	if (sb->fixed || n >= SIZE_MAX / 4 - sb->len)
		goto fail;
	while (cap - sb->len <= n)
		cap *= 2;
	s = realloc(sb->s, cap);
	if (!s)
		goto fail;
	sb->s = s;
	sb->cap = cap;
	return true;
fail:
	sb->failed = true;
	return false;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (!reserve(sb, len))
		return;
	if (len)
		memcpy(sb->s + sb->len, data, len);
	sb->len += len;
	sb->s[sb->len] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_putc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_putu(struct strbuf *sb, uint64_t v)
{
	char digits[20];
	unsigned int at = sizeof(digits);

	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	strbuf_add(sb, digits + at, sizeof(digits) - at);
}

void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list ap)
{
	size_t room = sb->cap - sb->len;
	va_list again;
	int n;

	if (sb->failed)
		return;
	va_copy(again, ap);
	n = vsnprintf(room ? sb->s + sb->len : NULL, room, fmt, ap);
	if (n < 0) {
		sb->failed = true;
	} else if ((size_t)n >= room && reserve(sb, (size_t)n)) {
		room = sb->cap - sb->len;
		n = vsnprintf(sb->s + sb->len, room, fmt, again);
	}
	va_end(again);
	if (!sb->failed)
		sb->len += (size_t)n;
	else if (room)
		sb->s[sb->len] = '\0';
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(sb, fmt, ap);
	va_end(ap);
}

void strbuf_consume(struct strbuf *sb, size_t n)
{
	assert(n <= sb->len);
	if (!n)
		return;
	sb->len -= n;
	memmove(sb->s, sb->s + n, sb->len + 1);
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->s && sb->cap ? sb->s : "";
}
