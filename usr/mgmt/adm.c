/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of tgtadm and their failures (adm.h).
 */
#include "mgmt/adm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int adm_fail(struct adm_fail *f, int exit_code, const char *fmt, ...)
{
	va_list ap;

	f->exit_code = exit_code;
	snprintf(f->code, sizeof(f->code), "%s", err_name(ERR_INVALID_REQUEST));
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof(f->message), fmt, ap);
	va_end(ap);
	return -1;
}

int adm_fail_err(struct adm_fail *f, const struct err *err)
{
	adm_fail(f, ADM_EXIT_INVALID, "%s", err_sentence(err->code));
	snprintf(f->code, sizeof(f->code), "%s", err_name(err->code));
	snprintf(f->detail, sizeof(f->detail), "%s", err->text);
	return -1;
}

void adm_request_free(struct adm_request *req)
{
	json_decref(req->args);
	req->args = NULL;
}

const char *adm_object(const char *name)
{
	static const char *const names[][2] = {
		{ "account", "account" },     { "conn", "connection" },
		{ "connection", "connection" }, { "lld", "lld" },
		{ "logicalunit", "logicalunit" }, { "lu", "logicalunit" },
		{ "portal", "portal" },	      { "pt", "portal" },
		{ "sess", "session" },	      { "session", "session" },
		{ "sys", "system" },	      { "system", "system" },
		{ "target", "target" },	      { "tgt", "target" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i][0], name))
			return names[i][1];
	return NULL;
}

int adm_number(const char *text, unsigned long long max, unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (end == text || *end || strchr(text, '-'))
		return -EINVAL;
	return errno || *out > max ? -ERANGE : 0;
}
