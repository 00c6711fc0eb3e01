/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks and compares iSCSI names. Called when targets are made, looked up, and
 * when access lists are matched.
 */
#include "scsi/names.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	c = lower(c);
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_name_char(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' || c == '-' ||
	       c == ':';
}

static bool has_prefix(const char *name, const char *prefix)
{
	while (*prefix)
		if (lower(*name++) != *prefix++)
			return false;
	return true;
}

/* @n hexadecimal digits and nothing else. */
static bool all_hex(const char *s, size_t n)
{
	if (strlen(s) != n)
		return false;
	while (*s)
		if (!is_hex(*s++))
			return false;
	return true;
}

const char *name_fault(const char *name)
{
	size_t len = strlen(name), i;

	if (!len)
		return "is empty";
	if (len > SCSI_NAME_MAX)
		return "is longer than 223 characters";
	for (i = 0; i < len; i++)
		if (!is_name_char(name[i]))
			return "has a character other than letters, digits, '.', '-' and ':'";
	/*
	 * RFC 7143 4.2.7.4 and .5. Names of type iqn are not looked into, and others are taken too:
	 * configurations of the predecessor hold names like "disk1".
	 */
	if (has_prefix(name, "eui.") && !all_hex(name + 4, 16))
		return "of type eui. needs 16 hexadecimal digits";
	if (has_prefix(name, "naa.") && !all_hex(name + 4, 16) && !all_hex(name + 4, 32))
		return "of type naa. needs 16 or 32 hexadecimal digits";
	return NULL;
}

bool name_equal(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

void name_fold(char *out, const char *name)
{
	size_t i;

	for (i = 0; name[i] && i < SCSI_NAME_MAX; i++)
		out[i] = lower(name[i]);
	out[i] = '\0';
}

bool name_match(const char *pattern, const char *name)
{
	const char *star = NULL, *retry = NULL;

	/* After a mismatch the last '*' takes one more letter; earlier ones never need to. */
	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (*pattern == '?' || (*pattern && lower(*pattern) == lower(*name))) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
