/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of login and text requests (RFC 7143 6.1): key=value pairs, each ended by a
 * NUL, cut into PDUs at any byte.
 */
#ifndef ISCSI_TEXT_H
#define ISCSI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

#define TEXT_KEY_MAX 63	    /* RFC 7143 6.1 */
#define TEXT_VALUE_MAX 8192 /* simple values: 255 bytes; lists and binary ones are longer */

/*
 * Calls @fn for each pair of @text (@len bytes; cut at its '=' during the call, whole again after
 * it). 0, -EINVAL for text that is no sequence of pairs, or what @fn returned when that was not 0.
 */
int text_each(char *text, size_t len, int (*fn)(void *arg, const char *key, char *value), void *arg);
/* Appends "key=value" and its NUL. */
void text_put(struct strbuf *out, const char *key, const char *value);
void text_put_number(struct strbuf *out, const char *key, uint32_t value);
/* Decimal, or hex with 0x (6.1). False: no number, or above 32 bits. */
bool text_number(const char *value, uint32_t *out);
/* Takes the next value of a comma-separated list; NULL at its end. @list moves on and is cut. */
char *text_next(char **list);
/*
 * A binary value (6.1): hex after 0x, where an odd digit comes first, or base64 after 0b. Its
 * length in bytes, or -1: not so written, empty, or longer than @max.
 */
int text_binary(const char *value, uint8_t *out, size_t max);
/* Appends a binary value, in hex. */
void text_put_binary(struct strbuf *out, const char *key, const uint8_t *data, size_t len);
/* Whether @word is in the comma-separated @list. */
bool text_in_list(const char *list, const char *word);

#endif
