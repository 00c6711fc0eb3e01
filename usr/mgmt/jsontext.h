/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small helpers around jansson that both ends of the management socket use.
 */
#ifndef MGMT_JSONTEXT_H
#define MGMT_JSONTEXT_H

#include <jansson.h>

/*
 * @s as a JSON string even when it is no UTF-8, as messages are that were cut short or name
 * files: bytes outside ASCII become '?' then. NULL: no memory.
 */
json_t *jsontext_string(const char *s);
/* The value as one line with its newline; malloc'ed. NULL: no memory, or @v was NULL. */
char *jsontext_line(const json_t *v);

#endif
