/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of authentication methods, and the one that asks for nothing.
 */
#include "iscsi/auth.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "iscsi/login_priv.h"
#include "iscsi/text.h"

/* Who has accounts wants to know who comes. */
static bool none_allowed(const struct iscsi_login *l)
{
	return !auth_chap.allowed(l);
}

static enum iscsi_login_status none_begin(struct iscsi_login *l)
{
	l->auth_done = true;
	return LOGIN_OK;
}

const struct auth_method auth_none = {
	.name = "None",
	.allowed = none_allowed,
	.begin = none_begin,
};

const struct auth_method *const auth_methods[] = {
	&auth_chap,
	&auth_none,
	NULL,
};

const struct auth_method *auth_choose(const struct iscsi_login *l, char *list)
{
	const struct auth_method *const *m;
	char *word;

	while ((word = text_next(&list)))
		for (m = auth_methods; *m; m++)
			if (!strcmp((*m)->name, word) && (*m)->allowed(l))
				return *m;
	return NULL;
}

bool auth_skippable(const struct iscsi_login *l)
{
	return auth_none.allowed(l);
}
