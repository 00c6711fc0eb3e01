/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers around jansson (jsontext.h).
 */
#include "mgmt/jsontext.h"

#include <stdlib.h>
#include <string.h>

json_t *jsontext_string(const char *s)
{
	json_t *v = json_string(s);
	char *ascii;

	if (v)
		return v;
	ascii = strdup(s);
	if (!ascii)
		return NULL;
	for (char *c = ascii; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	v = json_string(ascii);
	free(ascii);
	return v;
}

char *jsontext_line(const json_t *v)
{
	char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	char *line;
	size_t len;

	if (!text)
		return NULL;
	len = strlen(text);
	line = realloc(text, len + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	memcpy(line + len, "\n", 2);
	return line;
}
