/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results as the text that the predecessor printed, which scripts take apart with
 * grep, sed and awk: every line, indent and width is fixed.
 */
#ifndef MGMT_CLASSIC_H
#define MGMT_CLASSIC_H

#include <jansson.h>

#include "base/strbuf.h"

/*
 * The text of @result of a verb. Nothing for verbs that have none. Control characters in names
 * and paths are shown as '?', so that no value can look like a line of its own.
 */
void classic_text(const char *object, const char *verb, const json_t *result, struct strbuf *out);

/* For classic_*.c. A string, "" for anything else. */
const char *classic_string(const json_t *v);
/* A member as text ("" when absent), as a number (0), as Yes or No. */
const char *classic_str(const json_t *obj, const char *name);
long long classic_int(const json_t *obj, const char *name);
const char *classic_yes(const json_t *obj, const char *name);
/* One line of @indent steps of four blanks, cleaned of control characters. */
void classic_line(struct strbuf *out, unsigned int indent, const char *fmt, ...)
	printf_like(3, 4);
/* "Key=Value", a line for each member. */
void classic_pairs(struct strbuf *out, const json_t *obj);

void classic_target_show(const json_t *result, struct strbuf *out);
void classic_lu_show(const json_t *result, struct strbuf *out);
void classic_system_stat(const json_t *result, struct strbuf *out);
void classic_target_stat(const json_t *result, struct strbuf *out);
void classic_lu_stat(const json_t *result, struct strbuf *out);
void classic_session_stat(const json_t *result, struct strbuf *out);
void classic_conn_stat(const json_t *result, struct strbuf *out);

#endif
