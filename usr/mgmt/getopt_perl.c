/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Getopt::Long as it is by default (getopt_perl.h): one dash is as good as two, names may be cut
 * short, a value may follow a short name after '='. What it does not know stays as getopt_long() has
 * it: "-ef", "-C5".
 */
#include "mgmt/getopt_perl.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The old name that the first @len bytes stand for, or NULL. */
static const char *old_name(const char *const *old, const char *word, size_t len)
{
	const char *found = NULL;

	for (; *old; old++) {
		if (strncmp(*old, word, len))
			continue;
		if (!(*old)[len])
			return *old;
		if (found)
			return NULL;
		found = *old;
	}
	return found;
}

static const struct option *long_name(const struct option *longs, const char *word, size_t len)
{
	for (; longs->name; longs++)
		if (!strncmp(longs->name, word, len))
			return longs;
	return NULL;
}

static bool takes_value(const struct option *longs, const char *name)
{
	for (; longs->name; longs++)
		if (!strcmp(longs->name, name))
			return longs->has_arg == required_argument;
	return false;
}

/* @word in another form, or NULL: no memory. @eq: "=VALUE" or "". */
static char *in_full(const char *dashes, const char *name, size_t len, const char *eq)
{
	size_t size = strlen(dashes) + len + strlen(eq) + 1;
	char *s = malloc(size);

	if (s)
		snprintf(s, size, "%s%.*s%s", dashes, (int)len, name, eq);
	return s;
}

struct reader {
	const char *shorts;
	const struct option *longs;
	const char *const *old;
	bool value_follows; /* the next word is no option */
};

/* One letter: "-s", "--s", "-c=FILE". */
static int letter(struct reader *r, char **word, const char *name, const char *eq)
{
	const char *known = strchr(r->shorts, *name);
	bool value = known && known[1] == ':';

	r->value_follows = value && !*eq;
	if (name == *word + 1 && !*eq)
		return 0;
	/* "-s=1" is as wrong there; getopt_long() says so of "--show=1". */
	*word = in_full("-", name, 1, value && *eq ? eq + 1 : eq);
	return *word ? 0 : -ENOMEM;
}

static int take(struct reader *r, char **word)
{
	const char *name = *word + strspn(*word, "-"), *old;
	size_t dashes = (size_t)(name - *word), len = strcspn(name, "=");
	const struct option *any;

	if (len == 1 && strchr(r->shorts, *name) && *name != ':')
		return letter(r, word, name, name + len);
	old = old_name(r->old, name, len);
	any = long_name(r->longs, name, len);
	r->value_follows = !name[len] && takes_value(r->longs, old ? old : name);
	if (!old && (!any || dashes == 2))
		return 0;
	*word = in_full("--", old ? old : name, old ? strlen(old) : len, name + len);
	return *word ? 0 : -ENOMEM;
}

int getopt_perl(int argc, char **argv, const char *shorts, const struct option *longs,
		const char *const *old)
{
	struct reader r = { .shorts = shorts, .longs = longs, .old = old };
	int i, ret = 0;

	for (i = 1; i < argc && !ret && strcmp(argv[i], "--"); i++) {
		bool value = r.value_follows;

		r.value_follows = false;
		if (!value && *argv[i] == '-' && argv[i][1] && argv[i][1] != '=')
			ret = take(&r, &argv[i]);
	}
	return ret;
}
