/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words as Perl's Getopt::Long takes them, and what becomes of them.
 */
#include "mgmt/getopt_perl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct option longs[] = {
	{ "check", no_argument, NULL, 'k' },	    { "conf", required_argument, NULL, 'c' },
	{ "control-port", required_argument, NULL, 'C' }, { "execute", no_argument, NULL, 'e' },
	{ "show", no_argument, NULL, 's' },	    { "save", required_argument, NULL, 'S' },
	{ "update", required_argument, NULL, 'U' }, { "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },	    { NULL, 0, NULL, 0 },
};
static const char *const old[] = { "conf", "control-port", "execute", "show", "update", "verbose", NULL };

/* @given, words with blanks between, become @want. */
static void becomes(const char *given, const char *want)
{
	char text[256], out[256] = "", *argv[16] = { "tgt-admin" }, *save, *word, *was[16];
	int argc = 1, i;

	snprintf(text, sizeof(text), "%s", given);
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		was[argc] = argv[argc] = word, argc++;
	assert_int_equal(getopt_perl(argc, argv, ":c:C:esvV", longs, old), 0);
	for (i = 1; i < argc; i++) {
		strcat(strcat(out, i > 1 ? " " : ""), argv[i]);
		if (argv[i] != was[i])
			free(argv[i]);
	}
	assert_string_equal(out, want);
}

static void one_dash_is_as_good_as_two(void **state)
{
	(void)state;
	becomes("-execute", "--execute");
	becomes("-conf x -update ALL", "--conf x --update ALL");
	becomes("-conf=x", "--conf=x");
	becomes("-check", "--check");
	becomes("--check --save x", "--check --save x");
}

static void names_may_be_cut_short_as_before_there_were_new_ones(void **state)
{
	(void)state;
	becomes("-u ALL", "--update ALL");
	becomes("--ver", "--verbose");
	becomes("-exe", "--execute");
	becomes("--version", "--version");
	becomes("-versi", "--versi");
}

static void letters_may_have_two_dashes_and_a_value(void **state)
{
	(void)state;
	becomes("--s", "-s");
	becomes("--c x", "-c x");
	becomes("-c=x --C=5", "-cx -C5");
}

static void letters_together_and_unknown_words_stay(void **state)
{
	(void)state;
	becomes("-es -C5 -cx", "-es -C5 -cx");
	becomes("-x --what -", "-x --what -");
	becomes("--co x", "--co x");
}

static void values_are_no_options(void **state)
{
	(void)state;
	becomes("-c -execute", "-c -execute");
	becomes("-update -show -show", "--update -show --show");
	becomes("--save -show -show", "--save -show --show");
	becomes("-e -- -show", "-e -- -show");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_dash_is_as_good_as_two),
		cmocka_unit_test(names_may_be_cut_short_as_before_there_were_new_ones),
		cmocka_unit_test(letters_may_have_two_dashes_and_a_value),
		cmocka_unit_test(letters_together_and_unknown_words_stay),
		cmocka_unit_test(values_are_no_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
