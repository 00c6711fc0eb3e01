/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors of the command line (getopt_error.h).
 */
#include "mgmt/getopt_error.h"

#include <stdio.h>
#include <string.h>

/* The long names that @word, with or without its value, could mean. */
static unsigned int matches(const char *word, const struct option *longs, char *list, size_t size)
{
	size_t len = strcspn(word, "="), used = 0;
	unsigned int n = 0;

	for (; longs->name; longs++) {
		if (strncmp(longs->name, word, len))
			continue;
		if (!longs->name[len])
			return 1;
		n++;
		if (used < size)
			used += (size_t)snprintf(list + used, size - used, " '--%s'", longs->name);
	}
	return n;
}

int getopt_error(int c, char **argv, const struct option *longs, struct adm_fail *fail)
{
	/* musl's optind is beyond the end when the last word lacks its argument. */
	const char *word = argv[optind - 1] ? argv[optind - 1] : argv[optind - 2];
	char list[256] = "";

	fail->hint = true;
	if (strncmp(word, "--", 2))
		return adm_fail(fail, ADM_EXIT_INVALID,
				c == ':' ? "option requires an argument -- '%c'" :
					   "invalid option -- '%c'", optopt);
	if (c == ':')
		return adm_fail(fail, ADM_EXIT_INVALID, "option '%s' requires an argument", word);
	if (matches(word + 2, longs, list, sizeof(list)) > 1)
		return adm_fail(fail, ADM_EXIT_INVALID,
				"option '%s' is ambiguous; possibilities:%s", word, list);
	if (optopt)
		return adm_fail(fail, ADM_EXIT_INVALID, "option '%.*s' doesn't allow an argument",
				(int)strcspn(word, "="), word);
	return adm_fail(fail, ADM_EXIT_INVALID, "unrecognized option '%s'", word);
}
