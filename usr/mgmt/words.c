/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line in words (words.h).
 */
#include "mgmt/words.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/getopt_error.h"
#include "mgmt/secret.h"
#include "mgmt/top.h"

/* Options before or among a verb's arguments. */
enum { OPT_JSON = 1, OPT_ARG = 256 };

static const struct option common[] = {
	{ "control-port", required_argument, NULL, 'C' },
	{ "debug", no_argument, NULL, 'd' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, OPT_JSON },
};

/* The first word's index, past --json, -d and -C N; 0: an option of the classic form is first. */
static int first_word(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (!strcmp(a, "-C") || !strcmp(a, "--control-port"))
			i++;
		else if (strncmp(a, "-C", 2) && strncmp(a, "--control-port=", 15) &&
			 strcmp(a, "-d") && strcmp(a, "--debug") && strcmp(a, "--json"))
			return *a != '-' || !a[1] ? i : 0;
	}
	return 0;
}

bool words_used(int argc, char **argv)
{
	return first_word(argc, argv) > 0;
}

static int common_option(int c, const char *value, struct adm_request *req, struct adm_fail *fail)
{
	unsigned long long n;

	switch (c) {
	case OPT_JSON:
		req->json = true;
		return 0;
	case 'd':
		req->debug = true;
		return 0;
	case 'h':
		req->form = ADM_HELP;
		return 0;
	default:
		if (adm_number(value, ADM_CONTROL_PORT_MAX, &n))
			return adm_fail(fail, ADM_EXIT_INVALID,
					"--control-port is a number from 0 to %d, not '%s'",
					ADM_CONTROL_PORT_MAX, value);
		req->control_port = (unsigned int)n;
		return 0;
	}
}

static int add_arg(const struct verb_arg *arg, const char *text, json_t *args,
		   struct adm_fail *fail)
{
	struct err err = { .code = ERR_OK };
	json_t *value = NULL;

	if (!text)
		value = json_true(); /* --force */
	else
		verb_arg_from_text(arg, text, &value, &err);
	if (err.code == ERR_OK && json_object_set_new(args, arg->name, value))
		err_set(&err, ERR_NOMEM, "%s", "");
	return err.code == ERR_OK ? 0 : adm_fail_err(fail, &err);
}

/* --password-file FILE and --password -; a password on the command line is hidden there. */
static int add_secret(const struct verb_arg *arg, bool file, char *text, json_t *args,
		      struct adm_fail *fail)
{
	struct err err = { .code = ERR_OK };
	char secret[SECRET_MAX + 1];
	int r;

	if (json_object_get(args, arg->name))
		return adm_fail(fail, ADM_EXIT_INVALID, "a second %s", arg->name);
	if (!file && strcmp(text, "-")) {
		r = add_arg(arg, text, args, fail);
		secret_hide(text);
		return r;
	}
	if (secret_read(text, false, secret, &err))
		return adm_fail_err(fail, &err);
	r = add_arg(arg, secret, args, fail);
	explicit_bzero(secret, sizeof(secret));
	return r;
}

static size_t count_args(const struct verb *verb)
{
	size_t n = 0;

	while (verb && verb->args && verb->args[n].name)
		n++;
	return n;
}

/* The options of a verb: its arguments, and for each secret the file that it may stand in. */
struct options {
	struct option *longs;
	char (*files)[32]; /* "password-file" */
};

static int make_options(struct options *o, const struct verb *verb)
{
	size_t i, n = count_args(verb);
	struct option *l;

	o->longs = l = calloc(2 * n + ARRAY_SIZE(common) + 1, sizeof(*o->longs));
	o->files = calloc(n + 1, sizeof(*o->files));
	if (!l || !o->files)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		const struct verb_arg *arg = &verb->args[i];

		*l++ = (struct option){ arg->name, arg->type == VERB_BOOL ? optional_argument :
									    required_argument,
					NULL, (int)(OPT_ARG + 2 * i) };
		if (arg->type != VERB_SECRET)
			continue;
		snprintf(o->files[i], sizeof(o->files[i]), "%s-file", arg->name);
		*l++ = (struct option){ o->files[i], required_argument, NULL,
					(int)(OPT_ARG + 2 * i + 1) };
	}
	memcpy(l, common, sizeof(common));
	return 0;
}

static int take_arg(const struct verb *verb, int c, struct adm_request *req, struct adm_fail *fail)
{
	const struct verb_arg *arg = &verb->args[(c - OPT_ARG) / 2];

	if (arg->type == VERB_SECRET)
		return add_secret(arg, (c - OPT_ARG) % 2, optarg, req->args, fail);
	return add_arg(arg, optarg, req->args, fail);
}

/* @argv[0] is skipped. @verb NULL: only common options. */
static int read_options(int argc, char **argv, const struct verb *verb, struct adm_request *req,
			struct adm_fail *fail)
{
	struct options o;
	int c, r = make_options(&o, verb);

	if (r)
		adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM });
	optind = 0; /* glibc: start anew */
	opterr = 0;
	while (!r && (c = getopt_long(argc, argv, ":C:dh", o.longs, NULL)) != -1) {
		if (c == '?' || c == ':')
			r = getopt_error(c, argv, o.longs, fail);
		else if (c >= OPT_ARG)
			r = take_arg(verb, c, req, fail);
		else
			r = common_option(c, optarg, req, fail);
	}
	free(o.longs);
	free(o.files);
	if (!r && optind < argc)
		r = adm_fail(fail, ADM_EXIT_INVALID, "unexpected argument '%s'", argv[optind]);
	return r;
}


static int read_help(int argc, char **argv, struct adm_request *req)
{
	req->form = ADM_HELP;
	if (argc > 1)
		req->object = adm_object(argv[1]) ? adm_object(argv[1]) : argv[1];
	if (argc > 2)
		req->verb = argv[2];
	return 0;
}

static int unknown_verb(const struct verb_table *tables, struct adm_request *req,
			struct adm_fail *fail)
{
	bool known = adm_object(req->object);
	size_t i;

	for (; !known && tables->verbs; tables++)
		for (i = 0; i < tables->count; i++)
			known |= !strcmp(tables->verbs[i].object, req->object);
	fail->hint = true;
	if (!known)
		return adm_fail(fail, ADM_EXIT_INVALID,
				"unknown object '%s': see `tgtadm help'", req->object);
	if (!*req->verb)
		return adm_fail(fail, ADM_EXIT_INVALID, "name a verb: see `tgtadm help %s'",
				req->object);
	return adm_fail(fail, ADM_EXIT_INVALID, "%s has no verb '%s': see `tgtadm help %s'",
			req->object, req->verb, req->object);
}

static int read_verb(int argc, char **argv, const struct verb_table *tables,
		     struct adm_request *req, struct adm_fail *fail)
{
	struct err err = { .code = ERR_OK };
	const struct verb *verb;

	req->object = adm_object(argv[0]) ? adm_object(argv[0]) : argv[0];
	req->verb = argc > 1 ? argv[1] : "";
	verb = verb_find(tables, req->object, req->verb);
	if (argc > 1 && !verb && (!strcmp(req->verb, "--help") || !strcmp(req->verb, "-h"))) {
		req->verb = NULL;
		req->form = ADM_HELP;
		return 0;
	}
	if (!verb)
		return unknown_verb(tables, req, fail);
	req->args = json_object();
	if (!req->args)
		return adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM });
	if (read_options(argc - 1, argv + 1, verb, req, fail))
		return -1;
	if (req->form != ADM_HELP && verb_check_args(verb, req->args, &err))
		return adm_fail_err(fail, &err);
	return 0;
}

static int read_top(int argc, char **argv, struct adm_request *req, struct adm_fail *fail)
{
	req->form = ADM_TOP;
	req->object = top_verb.object;
	req->verb = NULL;
	req->args = json_object();
	if (!req->args)
		return adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM });
	return read_options(argc, argv, &top_verb, req, fail);
}

int words_parse(int argc, char **argv, const struct verb_table *tables, struct adm_request *req,
		struct adm_fail *fail)
{
	int first = first_word(argc, argv);

	if (read_options(first, argv, NULL, req, fail))
		return -1;
	if (!strcmp(argv[first], "help"))
		return read_help(argc - first, argv + first, req);
	if (!strcmp(argv[first], top_verb.object))
		return read_top(argc - first, argv + first, req, fail);
	if (strcmp(argv[first], "-"))
		return read_verb(argc - first, argv + first, tables, req, fail);
	if (!req->json || first + 1 < argc)
		return adm_fail(fail, ADM_EXIT_INVALID, "a batch is read with `tgtadm --json -'");
	req->form = ADM_BATCH;
	return 0;
}
