/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong, for the administrator: a stable code, whose sentence scripts
 * of the predecessor parse, and a text that says what, where and what to do.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/util.h"

/* The order is no interface; the words on the wire are err_name() and err_sentence(). */
enum err_code {
	ERR_OK,
	ERR_UNKNOWN,
	ERR_NOMEM,
	ERR_NO_DRIVER,
	ERR_NO_TARGET,
	ERR_NO_LUN,
	ERR_NO_SESSION,
	ERR_NO_CONNECTION,
	ERR_NO_BINDING,
	ERR_TARGET_EXISTS,
	ERR_BINDING_EXISTS,
	ERR_LUN_EXISTS,
	ERR_ACL_EXISTS,
	ERR_NO_ACL,
	ERR_USER_EXISTS,
	ERR_NO_USER,
	ERR_TOO_MANY_USERS,
	ERR_INVALID_REQUEST,
	ERR_OUTGOING_EXISTS,
	ERR_TARGET_ACTIVE,
	ERR_LUN_ACTIVE,
	ERR_DRIVER_BUSY,
	ERR_UNSUPPORTED,
	ERR_UNKNOWN_PARAM,
	ERR_PREVENT_REMOVAL,
	ERR_CODES
};

struct err {
	enum err_code code;
	char text[512]; /* "" when the sentence of the code says it all */
};

/* "no-target": the code's name in JSON. */
const char *err_name(enum err_code code);
/* "can't find the target": the predecessor's sentence, word for word. */
const char *err_sentence(enum err_code code);
/* The reverse of err_name(); ERR_UNKNOWN for a name that it doesn't know. */
enum err_code err_from_name(const char *name);

/*
 * Sets @err (may be NULL) and returns -EINVAL, so that "return err_set(...)" is
 * the usual form. The first error stays: a later err_set() on it changes nothing.
 */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) printf_like(3, 4);

#endif
