/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may log in: lists of addresses and of initiator names. When both kinds are
 * set both must match; a target with neither admits nobody.
 */
#ifndef TARGET_ACCESS_H
#define TARGET_ACCESS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/list.h"

/* Embedded in the target. */
struct access {
	struct list addrs; /* in the order they were added */
	struct list names;
};

void access_init(struct access *a);
void access_free(struct access *a);
/* ERR_ACL_EXISTS, ERR_INVALID_REQUEST. @text is shown again as the administrator wrote it. */
int access_add_addr(struct access *a, const char *text, struct err *err);
int access_add_name(struct access *a, const char *name, struct err *err);
/* ERR_NO_ACL. */
int access_del_addr(struct access *a, const char *text, struct err *err);
int access_del_name(struct access *a, const char *name, struct err *err);
/*
 * Adds or removes an address, a name (either may be NULL, but not both), or both or neither; the
 * errors as above.
 */
int access_change(struct access *a, bool add, const char *addr, const char *name, struct err *err);
/*
 * Names compare as RFC 3722 normalizes: ASCII letters without case; '*' and '?' are wildcards;
 * "ALL" is everybody. @peer NULL: one without an address, which matches ALL only.
 */
bool access_ok(const struct access *a, const char *initiator_name, const struct addr *peer);
/* Neither addresses nor names are listed. */
bool access_is_empty(const struct access *a);
/* Only by address: for transports that close unwelcome connections early. */
bool access_addr_ok(const struct access *a, const struct addr *peer);
/* Array of strings, addresses first, then names. New reference. */
json_t *access_show(const struct access *a);
json_t *access_show_addrs(const struct access *a);
json_t *access_show_names(const struct access *a);

#endif
