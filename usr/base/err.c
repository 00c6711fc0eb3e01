/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and sentences of the errors that administrators see. Scripts match the
 * sentences, so they are the predecessor's to the letter.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *sentence;
} codes[ERR_CODES] = {
	[ERR_OK] = { "ok", "success" },
	[ERR_UNKNOWN] = { "unknown", "unknown error" },
	[ERR_NOMEM] = { "no-memory", "out of memory" },
	[ERR_NO_DRIVER] = { "no-driver", "can't find the driver" },
	[ERR_NO_TARGET] = { "no-target", "can't find the target" },
	[ERR_NO_LUN] = { "no-lun", "can't find the logical unit" },
	[ERR_NO_SESSION] = { "no-session", "can't find the session" },
	[ERR_NO_CONNECTION] = { "no-connection", "can't find the connection" },
	[ERR_NO_BINDING] = { "no-binding", "can't find the binding" },
	[ERR_TARGET_EXISTS] = { "target-exists", "this target already exists" },
	[ERR_BINDING_EXISTS] = { "binding-exists", "this binding already exists" },
	[ERR_LUN_EXISTS] = { "lun-exists", "this logical unit number already exists" },
	[ERR_ACL_EXISTS] = { "acl-exists", "this access control rule already exists" },
	[ERR_NO_ACL] = { "no-acl", "this access control rule does not exist" },
	[ERR_USER_EXISTS] = { "user-exists", "this account already exists" },
	[ERR_NO_USER] = { "no-user", "can't find the account" },
	[ERR_TOO_MANY_USERS] = { "too-many-users", "too many accounts" },
	[ERR_INVALID_REQUEST] = { "invalid-request", "invalid request" },
	[ERR_OUTGOING_EXISTS] = { "outgoing-exists",
				  "this target already has an outgoing account" },
	[ERR_TARGET_ACTIVE] = { "target-active", "this target is still active" },
	[ERR_LUN_ACTIVE] = { "lun-active", "this logical unit is still active" },
	[ERR_DRIVER_BUSY] = { "driver-busy", "this driver is busy" },
	[ERR_UNSUPPORTED] = { "unsupported", "this operation isn't supported" },
	[ERR_UNKNOWN_PARAM] = { "unknown-param", "unknown parameter" },
	[ERR_PREVENT_REMOVAL] = { "prevent-removal", "this device has Prevent Removal set" },
};

static enum err_code known(enum err_code code)
{
	return (unsigned int)code < ERR_CODES ? code : ERR_UNKNOWN;
}

const char *err_name(enum err_code code)
{
	return codes[known(code)].name;
}

const char *err_sentence(enum err_code code)
{
	return codes[known(code)].sentence;
}

enum err_code err_from_name(const char *name)
{
	for (unsigned int i = 0; i < ERR_CODES; i++)
		if (!strcmp(codes[i].name, name))
			return (enum err_code)i;
	return ERR_UNKNOWN;
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->code != ERR_OK)
		return -EINVAL;
	err->code = known(code);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}
