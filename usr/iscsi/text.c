/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of login and text requests (text.h).
 */
#include "iscsi/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* RFC 7143 6.1: letters, digits and a few signs; at most 63, beginning with a letter. */
static bool key_valid(const char *key, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t legal = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   ".-+@_#");

	return len && len <= TEXT_KEY_MAX && legal >= len && strchr(letters, *key);
}

int text_each(char *text, size_t len, int (*fn)(void *arg, const char *key, char *value), void *arg)
{
	char *p = text, *end;

	if (!len) /* @text may be NULL */
		return 0;
	end = text + len;
	while (p < end) {
		size_t n = strnlen(p, (size_t)(end - p));
		char *eq;
		int r;

		/* Padding behind the last pair, as some initiators send it. */
		if (!n) {
			p++;
			continue;
		}
		if (p + n == end)
			return -EINVAL; /* the last pair has no NUL */
		eq = memchr(p, '=', n);
		if (!eq || !key_valid(p, (size_t)(eq - p)) || n - (size_t)(eq - p) > TEXT_VALUE_MAX)
			return -EINVAL;
		*eq = '\0';
		r = fn(arg, p, eq + 1);
		*eq = '=';
		if (r)
			return r;
		p += n + 1;
	}
	return 0;
}

void text_put(struct strbuf *out, const char *key, const char *value)
{
	strbuf_puts(out, key);
	strbuf_putc(out, '=');
	strbuf_puts(out, value);
	strbuf_add(out, "", 1);
}

void text_put_number(struct strbuf *out, const char *key, uint32_t value)
{
	char digits[16];
	struct strbuf sb = strbuf_fixed(digits, sizeof(digits));

	strbuf_printf(&sb, "%u", value);
	text_put(out, key, digits);
}

bool text_number(const char *value, uint32_t *out)
{
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
	const char *digits = hex ? value + 2 : value;
	unsigned long long v;
	char *end;

	if (!*digits || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits))
		return false;
	errno = 0;
	v = strtoull(digits, &end, hex ? 16 : 10);
	if (errno || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int from_hex(const char *s, uint8_t *out, size_t max)
{
	size_t len = strlen(s), n = 0;
	bool half = len % 2;

	if (!len || (len + 1) / 2 > max)
		return -1;
	*out = 0;
	for (; *s; s++, half = !half) {
		int v = hex_digit(*s);

		if (v < 0)
			return -1;
		if (half)
			out[n++] |= (uint8_t)v;
		else
			out[n] = (uint8_t)(v << 4);
	}
	return (int)n;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* RFC 4648 chapter 4, with its padding. */
static int from_base64(const char *s, uint8_t *out, size_t max)
{
	size_t len = strlen(s), pad = 0, n, i;
	uint32_t bits = 0;

	while (pad < 2 && pad < len && s[len - 1 - pad] == '=')
		pad++;
	n = len / 4 * 3 - pad;
	if (!len || len % 4 || n > max)
		return -1;
	for (i = 0; i < len; i++) {
		int v = i < len - pad ? base64_digit(s[i]) : 0;

		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 == 3)
			for (int shift = 16; shift >= 0 && n; shift -= 8, n--)
				*out++ = (uint8_t)(bits >> shift);
	}
	return (int)(len / 4 * 3 - pad);
}

int text_binary(const char *value, uint8_t *out, size_t max)
{
	char kind = value[0] == '0' ? (char)(value[1] | 0x20) : '\0';

	if (kind == 'x')
		return from_hex(value + 2, out, max);
	return kind == 'b' ? from_base64(value + 2, out, max) : -1;
}

void text_put_binary(struct strbuf *out, const char *key, const uint8_t *data, size_t len)
{
	size_t i;

	strbuf_puts(out, key);
	strbuf_puts(out, "=0x");
	for (i = 0; i < len; i++)
		strbuf_printf(out, "%02x", data[i]);
	strbuf_add(out, "", 1);
}

char *text_next(char **list)
{
	char *word = *list, *comma;

	if (!word)
		return NULL;
	comma = strchr(word, ',');
	if (comma)
		*comma = '\0';
	*list = comma ? comma + 1 : NULL;
	return word;
}

bool text_in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list) {
		size_t n = strcspn(list, ",");

		if (n == len && !memcmp(list, word, len))
			return true;
		list = list[n] ? list + n + 1 : NULL;
	}
	return false;
}
