/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes tgtd's state what targets.conf says, or saves it in that form: the options of the
 * predecessor's tgt-admin, and --diff, --check and --save. The file is read by conf_load(),
 * compared by diff_plan(), and apply_plan() does what differs.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mgmt/adm.h"
#include "mgmt/apply_lock.h"
#include "mgmt/apply_plan.h"
#include "mgmt/classic.h"
#include "mgmt/conf_model.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"
#include "mgmt/dump_conf.h"
#include "mgmt/getopt_error.h"
#include "mgmt/getopt_perl.h"
#include "mgmt/which.h"

#ifndef TGT_SYSCONFDIR
#define TGT_SYSCONFDIR "/etc"
#endif

#define EXIT_DIFFERENT 1 /* --diff: as diff(1) */
#define EXIT_NO_TARGET 1 /* --update, --offline, --ready: as the predecessor */
#define EXIT_NO_OUTPUT 1

enum action {
	ACT_NONE, ACT_EXECUTE, ACT_UPDATE, ACT_DELETE, ACT_OFFLINE, ACT_READY, ACT_SHOW, ACT_DUMP,
	ACT_SAVE, ACT_DIFF, ACT_CHECK, ACT_HELP, ACT_VERSION,
};

struct admin {
	enum action action;
	const char *which; /* ALL, tid=N or a name; of --save the file */
	const char *conf;
	bool port_given;
	bool secrets; /* of --dump and --save */
	struct diff_opts diff;
	struct apply_opts apply;
	struct call call;
	struct adm_fail fail;
};

static int print_fail(const struct adm_fail *f)
{
	fprintf(stderr, "%s%s\n", f->bare ? "" : "tgt-admin: ", f->message);
	if (f->detail[0])
		fprintf(stderr, "tgt-admin: %s\n", f->detail);
	return f->exit_code;
}

/* --- help ------------------------------------------------------------------------------------- */

static int usage(void)
{
	puts("Usage: tgt-admin [OPTION]...\n"
	     "Makes tgtd's state what " TGT_SYSCONFDIR "/tgt/targets.conf says.\n\n"
	     "  -e, --execute              add the targets of the file that do not run, delete\n"
	     "                             those that run and are not in it\n"
	     "      --update WHICH         change what differs from the file, and nothing else\n"
	     "      --delete WHICH         delete targets\n"
	     "      --offline WHICH        put targets offline\n"
	     "      --ready WHICH          put targets in service\n"
	     "  -s, --show                 show all targets\n"
	     "      --diff                 show what --update ALL would do; exit 1 when it is\n"
	     "                             something\n"
	     "      --check                read the file and say what is wrong with it\n"
	     "      --dump                 print a file that recreates the running state\n"
	     "      --save FILE            the same, into FILE\n"
	     "      --secrets              with --dump and --save: passwords too\n"
	     "  -c, --conf FILE            another configuration file\n"
	     "  -C, --control-port N       another tgtd\n"
	     "  -f, --force                also change or delete what is in use\n"
	     "      --ignore-errors        go on after an error\n"
	     "  -p, --pretend              only print the lines for tgtadm\n"
	     "  -v, --verbose              print them, and do it\n"
	     "  -V, --version              print the version\n"
	     "  -h, --help                 show this\n\n"
	     "WHICH is ALL, tid=N, a target's name, or help.");
	return 0;
}

static int which_help(const char *option)
{
	printf("      --%s WHICH   ALL: all targets\n"
	       "      %*s           tid=4: the target with this number\n"
	       "      %*s           iqn.2008-08.com.example:some.target: the target of this name\n"
	       "What is in use is neither deleted nor replaced unless --force is given.\n",
	       option, (int)strlen(option), "", (int)strlen(option), "");
	return 0;
}

/* --- what the actions share ------------------------------------------------------------------- */

static const char *conf_path(const struct admin *a)
{
	return a->conf ? a->conf : TGT_SYSCONFDIR "/tgt/targets.conf";
}

static void print_notes(const struct conf_notes *notes)
{
	unsigned int all = notes->errors + notes->warnings;

	fputs(strbuf_str(&notes->text), stderr);
	if (all > CONF_NOTES_MAX)
		fprintf(stderr, "tgt-admin: and %u more\n", all - CONF_NOTES_MAX);
}

static int take_settings(struct admin *a, const json_t *state)
{
	const char *port = diff_str(state, "control-port");
	unsigned long long n;

	if (conf_is_yes(diff_str(state, "ignore-errors")))
		a->apply.ignore_errors = true;
	if (!*port || a->port_given)
		return 0;
	if (adm_number(port, ADM_CONTROL_PORT_MAX, &n)) {
		fprintf(stderr, "%s: error: expected a number from 0 to %d after control-port, not "
			"'%s'\n", conf_path(a), ADM_CONTROL_PORT_MAX, port);
		return -1;
	}
	a->apply.control_port = (unsigned int)n;
	return 0;
}

/* NULL: said. */
static json_t *load(struct admin *a)
{
	struct conf_notes notes = { .text = STRBUF_INIT };
	json_t *state = conf_load(conf_path(a), &notes);

	print_notes(&notes);
	if (!state)
		fprintf(stderr, "tgt-admin: %s: %u error%s; nothing is changed\n", conf_path(a),
			notes.errors, notes.errors == 1 ? "" : "s");
	strbuf_free(&notes.text);
	if (state && take_settings(a, state)) {
		json_decref(state);
		return NULL;
	}
	return state;
}

/* 0, or the exit code of what was said. */
static int connect_to(struct admin *a, json_t **running)
{
	*running = NULL;
	if (call_open(&a->call, a->apply.control_port, &a->fail))
		return print_fail(&a->fail);
	*running = apply_running(&a->call, &a->fail);
	return *running ? 0 : print_fail(&a->fail);
}

static void on_event(void *arg, enum apply_event event, const char *text)
{
	(void)arg;
	if (event == APPLY_DONE || event == APPLY_COMMAND)
		puts(text);
	else
		fprintf(stderr, "tgt-admin: %s\n", text);
}

/* --- --execute, --update, --diff -------------------------------------------------------------- */

static int print_diff(const json_t *steps)
{
	const json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
		printf("%s %s\n", diff_str(step, "sign"), diff_str(step, "say"));
	return json_array_size(steps) ? EXIT_DIFFERENT : 0;
}

static void waiting(void)
{
	fputs("tgt-admin: waiting for another that changes this tgtd's state\n", stderr);
}

static int change(struct admin *a, const json_t *running, const json_t *wanted)
{
	json_t *steps = diff_plan(running, wanted, &a->diff);
	int r = steps ? 0 : ADM_EXIT_INVALID;

	if (steps && a->action == ACT_DIFF)
		r = print_diff(steps);
	else if (steps)
		r = apply_plan(&a->call, steps, running, &a->apply);
	json_decref(steps);
	return r;
}

static int act_conf(struct admin *a)
{
	json_t *wanted, *running = NULL;
	int r, lock = -1;

	wanted = load(a);
	if (!wanted)
		return ADM_EXIT_INVALID;
	if (a->action != ACT_DIFF && !a->apply.pretend)
		lock = apply_lock(a->apply.control_port, waiting);
	r = connect_to(a, &running);
	if (!r && a->action == ACT_UPDATE && !which_target(a->which, running, wanted, &a->diff.only)) {
		fprintf(stderr, "tgt-admin: there is no target %s, neither running nor in %s\n",
			a->which, conf_path(a));
		r = EXIT_NO_TARGET;
	} else if (!r) {
		r = change(a, running, wanted);
	}
	if (lock >= 0)
		close(lock);
	json_decref(running);
	json_decref(wanted);
	return r;
}

static int act_check(struct admin *a)
{
	json_t *wanted = load(a), *t, *lu;
	const char *trouble;
	size_t i, j;

	if (!wanted)
		return ADM_EXIT_INVALID;
	json_array_foreach(json_object_get(wanted, "targets"), i, t) {
		json_array_foreach(json_object_get(t, "luns"), j, lu) {
			trouble = diff_store_trouble(json_object_get(lu, "new"), true);
			if (trouble)
				fprintf(stderr, "%s: warning: %s %s\n", diff_str(lu, "where"),
					diff_str(json_object_get(lu, "new"), "backing-store"),
					trouble);
		}
	}
	json_decref(wanted);
	return 0;
}

/* --- --delete, --offline, --ready ------------------------------------------------------------- */

static void delete_step(struct admin *a, struct diff_plan *p, const json_t *t)
{
	json_t *args = json_pack("{s:O s:b}", "tid", json_object_get(t, "tid"), "force",
				 (int)a->diff.force);

	if (diff_int(t, "sessions") && !a->diff.force) {
		json_decref(args);
		diff_step(p, "#", NULL, NULL, NULL, "target %s, tid %lld, is in use, it won't be "
			  "deleted", diff_str(t, "name"), diff_int(t, "tid"));
		return;
	}
	diff_step(p, "-", "target", "delete", args, "target %s, tid %lld", diff_str(t, "name"),
		  diff_int(t, "tid"));
}

static void state_step(struct diff_plan *p, const json_t *t, const char *state)
{
	diff_step(p, "~", "target", "update",
		  json_pack("{s:O s:s s:s}", "tid", json_object_get(t, "tid"), "name", "state",
			    "value", state),
		  "target %s: state=%s", diff_str(t, "name"), state);
}

/*
 * The predecessor took a target that is gone already for deleted, and left a number that is none's
 * to tgtadm.
 */
static int no_such_target(const struct admin *a)
{
	if (a->action == ACT_DELETE)
		return 0;
	return strncmp(a->which, "tid=", 4) ? EXIT_NO_TARGET : ADM_EXIT_INVALID;
}

static int act_targets(struct admin *a)
{
	struct diff_plan p = { .steps = json_array() };
	json_t *running, *t;
	const char *only;
	size_t i;
	int r = connect_to(a, &running);

	if (!r && !which_target(a->which, running, NULL, &only)) {
		fprintf(stderr, "tgt-admin: there is no target %s\n", a->which);
		r = no_such_target(a);
	} else if (!r) {
		json_array_foreach(json_object_get(running, "targets"), i, t) {
			if (only && strcasecmp(only, diff_str(t, "name")))
				continue;
			if (a->action == ACT_DELETE)
				delete_step(a, &p, t);
			else
				state_step(&p, t, a->action == ACT_READY ? "ready" : "offline");
		}
		r = apply_plan(&a->call, p.steps, NULL, &a->apply);
	}
	json_decref(running);
	json_decref(p.steps);
	return r;
}

/* --- --show, --dump, --save ------------------------------------------------------------------- */

static int act_show(struct admin *a)
{
	struct strbuf out = STRBUF_INIT;
	json_t *result;
	int r = call_open(&a->call, a->apply.control_port, &a->fail);

	if (!r)
		r = call_verb(&a->call, "target", "show", NULL, &result, &a->fail);
	if (r)
		return print_fail(&a->fail);
	classic_text("target", "show", result, &out);
	fwrite(strbuf_str(&out), 1, out.len, stdout);
	strbuf_free(&out);
	json_decref(result);
	return 0;
}

/* The file is the old one or the new one at any time; only its owner may read it. */
static int write_file(const char *path, const struct strbuf *text)
{
	struct strbuf tmp = STRBUF_INIT;
	FILE *f = NULL;
	int fd, bad = 1;

	strbuf_printf(&tmp, "%s.XXXXXX", path);
	fd = strbuf_ok(&tmp) ? mkstemp(tmp.s) : -1;
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f) {
		bad = fwrite(text->s, 1, text->len, f) != text->len;
		bad |= fflush(f) || fsync(fd);
		bad |= fclose(f);
		bad = bad || rename(tmp.s, path);
	}
	if (bad) {
		fprintf(stderr, "tgt-admin: can't write %s: ", path);
		perror(NULL);
		if (fd >= 0)
			unlink(tmp.s);
	}
	strbuf_free(&tmp);
	return bad ? EXIT_NO_OUTPUT : 0;
}

static int act_dump(struct admin *a)
{
	struct strbuf out = STRBUF_INIT;
	struct err err = { .code = ERR_OK };
	json_t *running;
	int r = connect_to(a, &running);

	if (r)
		return r;
	if (dump_conf(running, a->secrets, &out, &err)) {
		adm_fail_err(&a->fail, &err);
		r = print_fail(&a->fail);
	} else if (a->action == ACT_SAVE) {
		if (!a->secrets && strstr(strbuf_str(&out), " " CONF_NO_PASSWORD "\n"))
			fprintf(stderr, "tgt-admin: %s has " CONF_NO_PASSWORD " in the place of "
				"passwords: put them in, or use --secrets\n", a->which);
		r = write_file(a->which, &out);
	} else {
		fputs(strbuf_str(&out), stdout);
	}
	strbuf_free(&out);
	json_decref(running);
	return r;
}

/* --- options ---------------------------------------------------------------------------------- */

static const struct option longs[] = {
	{ "check", no_argument, NULL, 'k' },
	{ "conf", required_argument, NULL, 'c' },
	{ "control-port", required_argument, NULL, 'C' },
	{ "delete", required_argument, NULL, 'D' },
	{ "diff", no_argument, NULL, 'd' },
	{ "dump", no_argument, NULL, 'u' },
	{ "execute", no_argument, NULL, 'e' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "ignore-errors", no_argument, NULL, 'i' },
	{ "offline", required_argument, NULL, 'O' },
	{ "pretend", no_argument, NULL, 'p' },
	{ "ready", required_argument, NULL, 'R' },
	{ "save", required_argument, NULL, 'S' },
	{ "secrets", no_argument, NULL, 'P' },
	{ "show", no_argument, NULL, 's' },
	{ "update", required_argument, NULL, 'U' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

#define SHORTS ":c:C:efhpsvV"

/* The predecessor's, for who cuts them short. */
static const char *const old_longs[] = {
	"conf", "control-port", "delete", "dump", "execute", "force", "help", "ignore-errors", "offline",
	"pretend", "ready", "show", "update", "verbose", NULL,
};

static const struct action_row {
	char option;
	enum action action;
	const char *name; /* of the option that has a WHICH */
	int (*run)(struct admin *a);
} actions[] = {
	{ 'D', ACT_DELETE, "delete", act_targets },
	{ 'O', ACT_OFFLINE, "offline", act_targets },
	{ 'R', ACT_READY, "ready", act_targets },
	{ 'S', ACT_SAVE, NULL, act_dump },
	{ 'U', ACT_UPDATE, "update", act_conf },
	{ 'V', ACT_VERSION, NULL, NULL },
	{ 'd', ACT_DIFF, NULL, act_conf },
	{ 'e', ACT_EXECUTE, NULL, act_conf },
	{ 'h', ACT_HELP, NULL, NULL },
	{ 'k', ACT_CHECK, NULL, act_check },
	{ 's', ACT_SHOW, NULL, act_show },
	{ 'u', ACT_DUMP, NULL, act_dump },
};

static int take_action(struct admin *a, int c)
{
	size_t i;

	if (a->action != ACT_NONE)
		return adm_fail(&a->fail, ADM_EXIT_INVALID, "one action at a time, please");
	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (actions[i].option == c)
			a->action = actions[i].action;
	a->which = optarg;
	return 0;
}

static int take_port(struct admin *a)
{
	unsigned long long n;

	if (adm_number(optarg, ADM_CONTROL_PORT_MAX, &n))
		return adm_fail(&a->fail, ADM_EXIT_INVALID,
				"--control-port is a number from 0 to %d", ADM_CONTROL_PORT_MAX);
	a->apply.control_port = (unsigned int)n;
	a->port_given = true;
	return 0;
}

static int parse(struct admin *a, int argc, char **argv)
{
	int c, r = 0;

	opterr = 0;
	if (getopt_perl(argc, argv, SHORTS, longs, old_longs))
		return adm_fail(&a->fail, ADM_EXIT_INVALID, "out of memory");
	while (!r && (c = getopt_long(argc, argv, SHORTS, longs, NULL)) != -1) {
		switch (c) {
		case 'c': a->conf = optarg; break;
		case 'C': r = take_port(a); break;
		case 'f': a->diff.force = true; break;
		case 'P': a->secrets = true; break;
		case 'i': a->apply.ignore_errors = true; break;
		case 'p': a->apply.pretend = true; break;
		case 'v': a->apply.verbose = true; break;
		case '?':
		case ':': return getopt_error(c, argv, longs, &a->fail);
		default: r = take_action(a, c);
		}
	}
	if (!r && optind < argc)
		r = adm_fail(&a->fail, ADM_EXIT_INVALID, "unexpected argument '%s'", argv[optind]);
	return r;
}

static int run(struct admin *a)
{
	const struct action_row *row = actions;

	while (row->action != a->action)
		row++;
	if (row->name && !strcmp(a->which, "help"))
		return which_help(row->name);
	return row->run(a);
}

int main(int argc, char **argv)
{
	struct admin a = { .call = { .fd = -1 }, .apply = { .event = on_event } };
	int r = 0;

	if (parse(&a, argc, argv))
		return print_fail(&a.fail);
	if (a.action == ACT_NONE || a.action == ACT_HELP)
		return usage();
	a.diff.add_only = a.action == ACT_EXECUTE;
	if (a.action == ACT_VERSION)
		puts(TGT_VERSION);
	else
		r = run(&a);
	call_close(&a.call);
	if (fflush(stdout)) {
		perror("tgt-admin: can't write");
		return EXIT_NO_OUTPUT;
	}
	return r;
}
