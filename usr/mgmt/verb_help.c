/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Help from the verb tables (verb_help.h).
 */
#include "mgmt/verb_help.h"

#include <string.h>

#include "mgmt/classic_opts.h"
#include "mgmt/top.h"

static const char *placeholder(enum verb_type type)
{
	static const char *const words[] = {
		[VERB_STRING] = " TEXT",  [VERB_UINT] = " N",	    [VERB_BOOL] = "",
		[VERB_PARAMS] = " K=V,...", [VERB_SECRET] = " SECRET",
	};

	return words[type];
}

static void usage_line(const struct verb *verb, struct strbuf *out)
{
	const struct verb_arg *arg;

	strbuf_printf(out, "tgtadm %s%s%s", verb->object, *verb->verb ? " " : "", verb->verb);
	for (arg = verb->args; arg && arg->name; arg++)
		strbuf_printf(out, arg->required ? " --%s%s" : " [--%s%s]", arg->name,
			      placeholder(arg->type));
	strbuf_putc(out, '\n');
}

/* The same as the predecessor's options, which portals and sets of parameters alone differ in. */
static void classic_line(const struct verb *verb, struct strbuf *out)
{
	bool portal = !strcmp(verb->object, "portal");
	const struct verb_arg *arg;

	strbuf_printf(out, "tgtadm --mode %s --op %s", verb->object, verb->verb);
	for (arg = verb->args; arg && arg->name; arg++)
		if (portal && arg->required)
			strbuf_printf(out, " --params %s=TEXT", arg->name);
		else if (arg->required)
			strbuf_printf(out, " --%s%s", arg->name, placeholder(arg->type));
	strbuf_putc(out, '\n');
}

static void help_verb(const struct verb *verb, struct strbuf *out)
{
	const struct verb_arg *arg;

	usage_line(verb, out);
	strbuf_printf(out, "\n%s\n", verb->help);
	if (verb->args && verb->args[0].name)
		strbuf_putc(out, '\n');
	for (arg = verb->args; arg && arg->name; arg++) {
		strbuf_printf(out, "  --%-22s%s%s\n", arg->name, arg->help,
			      arg->required ? "" : " (optional)");
		if (arg->type == VERB_SECRET)
			strbuf_printf(out, "  --%s-file FILE   instead of it: the file with it; -: "
					   "standard input\n", arg->name);
	}
	/* What the classic form never had. */
	if (verb == &top_verb)
		return;
	if (!strcmp(verb->object, "logicalunit") && !strcmp(verb->verb, "show"))
		return;
	strbuf_puts(out, "\nWith classic options: ");
	classic_line(verb, out);
}

static bool help_object(const struct verb_table *tables, const char *object, struct strbuf *out)
{
	bool any = false;
	size_t i;

	for (; tables->verbs; tables++)
		for (i = 0; i < tables->count; i++) {
			const struct verb *verb = &tables->verbs[i];

			if (strcmp(object, verb->object))
				continue;
			usage_line(verb, out);
			strbuf_printf(out, "      %s\n", verb->help);
			any = true;
		}
	return any;
}

static void help_all(const struct verb_table *tables, struct strbuf *out)
{
	size_t i;

	strbuf_puts(out,
		    "Linux SCSI Target administration utility, version " TGT_VERSION "\n\n"
		    "Usage: tgtadm [OPTION]... OBJECT VERB [--ARGUMENT VALUE]...\n"
		    "       tgtadm [OPTION]... --mode OBJECT --op VERB [--ARGUMENT VALUE]...\n"
		    "       tgtadm --json -          requests as JSON, one a line, from standard input\n"
		    "       tgtadm top               what runs now, updated in place\n"
		    "       tgtadm help [OBJECT [VERB]]\n\n"
		    "  -C, --control-port N         which tgtd: the number of its management socket\n"
		    "      --json                   print the result, or the error, as JSON\n"
		    "  -d, --debug                  show the request and the response\n"
		    "  -V, --version                print the version\n"
		    "  -h, --help                   print this, or the arguments of a verb\n\n");
	for (; tables->verbs; tables++)
		for (i = 0; i < tables->count; i++) {
			const struct verb *verb = &tables->verbs[i];

			strbuf_printf(out, "  %-12s %-8s %s\n", verb->object, verb->verb,
				      verb->help);
		}
	strbuf_puts(out, "\nExit status: 0 done, 22 refused, 107 no tgtd runs, 1 unknown mode or "
			 "operation.\nSee tgtadm(8).\n");
}

static void completion_options(const struct verb *verb, struct strbuf *out)
{
	const struct verb_arg *arg;

	for (arg = verb->args; arg && arg->name; arg++) {
		strbuf_printf(out, " --%s%s", arg->name, arg->type == VERB_BOOL ? "" : "=");
		if (arg->type == VERB_SECRET)
			strbuf_printf(out, " --%s-file=", arg->name);
	}
	strbuf_putc(out, '\n');
}

/* A line for each verb, "target new --tid= --targetname=", for top, and for the classic options. */
static void completion_words(const struct verb_table *tables, struct strbuf *out)
{
	size_t i;

	for (; tables->verbs; tables++)
		for (i = 0; i < tables->count; i++) {
			strbuf_printf(out, "%s %s", tables->verbs[i].object, tables->verbs[i].verb);
			completion_options(&tables->verbs[i], out);
		}
	strbuf_puts(out, top_verb.object);
	completion_options(&top_verb, out);
	strbuf_puts(out, "classic -");
	classic_opts_words(out);
	strbuf_putc(out, '\n');
}

int verb_help(const struct verb_table *tables, const char *object, const char *name,
	      struct strbuf *out, struct adm_fail *fail)
{
	const struct verb *verb;

	if (!object) {
		help_all(tables, out);
		return 0;
	}
	if (!strcmp(object, "--completion")) {
		completion_words(tables, out);
		return 0;
	}
	if (!strcmp(object, top_verb.object)) {
		help_verb(&top_verb, out);
		return 0;
	}
	if (!name && help_object(tables, object, out))
		return 0;
	verb = name ? verb_find(tables, object, name) : NULL;
	if (!verb)
		return adm_fail(fail, ADM_EXIT_INVALID, "there is no help on '%s%s%s'", object,
				name ? " " : "", name ? name : "");
	help_verb(verb, out);
	return 0;
}
