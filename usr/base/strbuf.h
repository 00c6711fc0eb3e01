/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A string that grows, or one in a fixed buffer. Failure is sticky: after an
 * allocation failed (or a fixed buffer was full) further appends do nothing and
 * strbuf_ok() is false, so callers check once at the end.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

struct strbuf {
	char *s;	/* always NUL terminated once anything was appended; may be NULL */
	size_t len;	/* bytes without the NUL */
	size_t cap;
	bool fixed;	/* s belongs to the caller and never grows */
	bool failed;
};

#define STRBUF_INIT { .s = NULL }

/* A string in @buf of @cap bytes, which stays the caller's. */
struct strbuf strbuf_fixed(char *buf, size_t cap);
/* Frees what strbuf owns and makes it empty again. */
void strbuf_free(struct strbuf *sb);
/* Keeps the memory, forgets the text and a failure. */
void strbuf_reset(struct strbuf *sb);
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_putc(struct strbuf *sb, char c);
/* In decimal; many times as fast as strbuf_printf(). */
void strbuf_putu(struct strbuf *sb, uint64_t v);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) printf_like(2, 3);
void strbuf_vprintf(struct strbuf *sb, const char *fmt, va_list ap);
/* Removes @n bytes from the front. @n <= len. */
void strbuf_consume(struct strbuf *sb, size_t n);
/* The text, never NULL ("" when empty). Borrowed until the next change. */
const char *strbuf_str(const struct strbuf *sb);

static inline bool strbuf_ok(const struct strbuf *sb)
{
	return !sb->failed;
}

#endif
