/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic options (classic_opts.h): read all of them, check them against the rule of
 * the mode and operation, then fill in the arguments of the verb by name.
 */
#include "mgmt/classic_opts.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mgmt/classic_rules.h"
#include "mgmt/getopt_error.h"
#include "mgmt/secret.h"

enum { OPT_JSON = 1 }; /* its "letter"; it has none on the command line */

/*
 * Takes its value from a file. The letter is that of --password: so getopt_long() takes --pass for
 * the latter, as ever.
 */
#define PASSWORD_FILE "password-file"

/* One option. Where a verb has an argument of that name, it is that. */
struct option_row {
	const char *name;
	char letter;
	enum { FLAG, TEXT, NUMBER } kind;
	unsigned long long max;
};

static const struct option_row rows[] = {
	{ "backing-store", 'b', TEXT, 0 },
	{ "blocksize", 'y', NUMBER, UINT_MAX },
	{ "bsoflags", 'f', TEXT, 0 },
	{ "bsopts", 'S', TEXT, 0 },
	{ "bstype", 'E', TEXT, 0 },
	{ "bus", 'B', TEXT, 0 },
	{ "cid", 'c', NUMBER, UINT_MAX },
	{ "control-port", 'C', NUMBER, ADM_CONTROL_PORT_MAX },
	{ "debug", 'd', FLAG, 0 },
	{ "device-type", 'Y', TEXT, 0 },
	{ "force", 'F', FLAG, 0 },
	{ "help", 'h', FLAG, 0 },
	{ "host", 'H', NUMBER, INT_MAX },
	{ "initiator-address", 'I', TEXT, 0 },
	{ "initiator-name", 'Q', TEXT, 0 },
	{ "json", OPT_JSON, FLAG, 0 },
	{ "lld", 'L', TEXT, 0 },
	{ "lun", 'l', NUMBER, LLONG_MAX },
	{ "mode", 'm', TEXT, 0 },
	{ "name", 'n', TEXT, 0 },
	{ "op", 'o', TEXT, 0 },
	{ "outgoing", 'O', FLAG, 0 },
	{ "params", 'P', TEXT, 0 },
	{ "password", 'p', TEXT, 0 },
	{ PASSWORD_FILE, 'p', TEXT, 0 },
	{ "sid", 's', NUMBER, LLONG_MAX },
	{ "targetname", 'T', TEXT, 0 },
	{ "tid", 't', NUMBER, INT_MAX },
	{ "user", 'u', TEXT, 0 },
	{ "value", 'v', TEXT, 0 },
	{ "version", 'V', FLAG, 0 },
};

/* What was given; the index is the letter. */
struct given {
	const char *text[128];		 /* NULL: not given; "" for flags */
	unsigned long long number[128];
	char password[SECRET_MAX + 1]; /* that was read, or taken from the command line */
};

void classic_opts_words(struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		strbuf_printf(out, " --%s%s", rows[i].name, rows[i].kind == FLAG ? "" : "=");
}

static const struct option_row *row_of(int letter)
{
	const struct option_row *row = rows;

	while (row->letter != letter)
		row++;
	return row;
}

/* A value that is wrong whatever the rest says. */
static int take(struct given *g, int letter, const char *value, struct adm_fail *fail)
{
	const struct option_row *row = row_of(letter);
	int r;

	g->text[letter] = value ? value : "";
	r = row->kind == NUMBER ? adm_number(value, row->max, &g->number[letter]) : 0;
	if (r) {
		fail->bare = fail->hint = true;
		return adm_fail(fail, ADM_EXIT_INVALID, "-%c argument value '%s' %s", letter, value,
				r == -ERANGE ? "out of range" : "invalid");
	}
	if (letter == 'm' && !adm_object(value))
		return adm_fail(fail, ADM_EXIT_WORD, "unknown mode: %s", value);
	if (letter == 'o' && !classic_op_known(value))
		return adm_fail(fail, ADM_EXIT_WORD, "unknown operation: %s", value);
	if (letter == 'Y' && !classic_device_type_known(value))
		return adm_fail(fail, ADM_EXIT_INVALID, "unknown target type: %s", value);
	if (letter == 'Y' && !strcmp(value, "ssc"))
		g->text[letter] = "tape";
	return 0;
}

/* "-": standard input. What stands on the command line is there no longer than it must. */
static int take_password(struct given *g, bool file, char *value, struct adm_fail *fail)
{
	struct err err = { .code = ERR_OK };

	if (g->text['p'])
		return adm_fail(fail, ADM_EXIT_INVALID, "a second password");
	g->text['p'] = g->password;
	if (file || !strcmp(value, "-"))
		return secret_read(value, false, g->password, &err) ? adm_fail_err(fail, &err) : 0;
	if (strlen(value) > SECRET_MAX)
		return adm_fail(fail, ADM_EXIT_INVALID, "a password has %d bytes at most",
				SECRET_MAX);
	strcpy(g->password, value);
	secret_hide(value);
	return 0;
}

static int read_options(int argc, char **argv, struct given *g, struct adm_fail *fail)
{
	struct option longs[ARRAY_SIZE(rows) + 1] = { 0 };
	char shorts[2 * ARRAY_SIZE(rows) + 2] = ":", *s = shorts + 1;
	int c, index = -1;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		bool value = rows[i].kind != FLAG;

		longs[i] = (struct option){ rows[i].name, value, NULL, rows[i].letter };
		if (rows[i].letter == OPT_JSON || !strcmp(rows[i].name, PASSWORD_FILE))
			continue;
		*s++ = rows[i].letter;
		if (value)
			*s++ = ':';
	}
	optind = 0; /* glibc: start anew, also after another argv */
	opterr = 0;
	for (; (c = getopt_long(argc, argv, shorts, longs, &index)) != -1; index = -1) {
		bool file = index >= 0 && !strcmp(longs[index].name, PASSWORD_FILE);

		if (c == '?' || c == ':')
			return getopt_error(c, argv, longs, fail);
		if (c == 'p' ? take_password(g, file, optarg, fail) : take(g, c, optarg, fail))
			return -1;
		if (c == 'h' || c == 'V')
			return 0;
	}
	if (optind == argc)
		return 0;
	fail->hint = true;
	return adm_fail(fail, ADM_EXIT_INVALID, "unrecognized option '%s'", argv[optind]);
}

/* -P of the portal mode: portal=..., and our arguments of the verb, tag=... and others. */
static int portal_params(json_t *args, const struct verb *verb, json_t *params,
			 struct adm_fail *fail)
{
	struct err err = { .code = ERR_OK };
	const struct verb_arg *arg;
	size_t known = 0;
	json_t *text, *value;

	for (arg = verb->args; arg->name && err.code == ERR_OK; arg++) {
		text = json_object_get(params, arg->name);
		if (!text)
			continue;
		known++;
		value = NULL;
		if (!verb_arg_from_text(arg, json_string_value(text), &value, &err) &&
		    json_object_set_new(args, arg->name, value))
			err_set(&err, ERR_NOMEM, "%s", "");
	}
	if (err.code != ERR_OK)
		return adm_fail_err(fail, &err);
	if (known != json_object_size(params) || !json_object_get(params, "portal"))
		return adm_fail(fail, ADM_EXIT_INVALID,
				"you must specify --param portal=<portal>");
	return 0;
}

/* -P has one meaning for each mode, wherever on the line it stands. */
static int add_params(json_t *args, const struct verb *verb, const char *text,
		      struct adm_fail *fail)
{
	static const struct verb_arg arg = { "params", VERB_PARAMS, false, "" };
	bool portal = !strcmp(verb->object, "portal");
	struct err err = { .code = ERR_OK };
	json_t *params;
	int r;

	if (verb_arg_from_text(&arg, text ? text : "", &params, &err))
		return adm_fail_err(fail, &err);
	if (portal) {
		r = portal_params(args, verb, params, fail);
		json_decref(params);
		return r;
	}
	r = json_object_set_new(args, "params", params);
	return r ? adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM }) : 0;
}

static int add_arg(json_t *args, const struct option_row *row, const struct given *g,
		   const struct verb_arg *arg, struct adm_fail *fail)
{
	struct err err = { .code = ERR_OK };
	json_t *value = NULL;

	if (row->kind == NUMBER)
		value = json_integer((json_int_t)g->number[(int)row->letter]);
	else if (row->kind == FLAG)
		value = json_true();
	else
		verb_arg_from_text(arg, g->text[(int)row->letter], &value, &err);
	if (err.code == ERR_OK && json_object_set_new(args, arg->name, value))
		err_set(&err, ERR_NOMEM, "%s", "");
	return err.code == ERR_OK ? 0 : adm_fail_err(fail, &err);
}

static const struct option_row *row_named(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

/*
 * The verb's arguments are named as the options are. A number that the old client did not ask
 * for (--tid, --sid of connections) is 0 when it is left out: then the daemon does not find it.
 */
static int fill_args(json_t *args, const struct verb *verb, const struct given *g,
		     struct adm_fail *fail)
{
	const struct verb_arg *arg;
	int r = 0;

	for (arg = verb->args; !r && arg && arg->name; arg++) {
		const struct option_row *row = row_named(arg->name);

		if (row && row->letter == 'P')
			continue;
		if (row && (g->text[(int)row->letter] || (arg->required && row->kind == NUMBER)))
			r = add_arg(args, row, g, arg, fail);
	}
	if (!r && (g->text['P'] || !strcmp(verb->verb, "update")))
		for (arg = verb->args; !r && arg && arg->name; arg++)
			if (!strcmp(arg->name, "params") || !strcmp(arg->name, "portal"))
				r = add_params(args, verb, g->text['P'], fail);
	return r;
}

static bool takes(const struct verb *verb, const char *name)
{
	const struct verb_arg *arg;

	for (arg = verb ? verb->args : NULL; arg && arg->name; arg++)
		if (!strcmp(arg->name, name))
			return true;
	return false;
}

static int make_request(const struct verb_table *tables, struct given *g, struct adm_request *req,
			struct adm_fail *fail)
{
	const struct verb *verb;

	if (!g->text['o'])
		return adm_fail(fail, ADM_EXIT_INVALID, "specify the operation type");
	if (!g->text['m'])
		return adm_fail(fail, ADM_EXIT_INVALID, "specify the mode");
	req->object = adm_object(g->text['m']);
	req->verb = g->text['o'];
	if (classic_rules_check(req->object, req->verb, g->text, g->number['t'], fail))
		return -1;
	verb = verb_find(tables, req->object, req->verb);
	if (!takes(verb, "lld"))
		req->lld = g->text['L'];
	else if (!g->text['L'] && !strcmp(req->object, "lld"))
		g->text['L'] = "iscsi"; /* the first driver, as ever */
	req->args = json_object();
	if (!req->args)
		return adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM });
	/* A verb that nobody has is refused by the daemon, if there is one. */
	return verb ? fill_args(req->args, verb, g, fail) : 0;
}

int classic_opts_parse(int argc, char **argv, const struct verb_table *tables,
		       struct adm_request *req, struct adm_fail *fail)
{
	struct given g = { .text = { NULL } };

	if (read_options(argc, argv, &g, fail))
		return -1;
	req->json = g.text[OPT_JSON];
	req->debug = g.text['d'];
	req->control_port = (unsigned int)g.number['C'];
	if (g.text['h'] || g.text['V']) {
		req->form = g.text['h'] ? ADM_HELP : ADM_VERSION;
		return 0;
	}
	return make_request(tables, &g, req, fail);
}
