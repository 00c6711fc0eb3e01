/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrator's client: a command line, classic or in words, becomes one request
 * to tgtd; the response becomes classic text or JSON, and an exit code that scripts
 * of the predecessor know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "mgmt/adm.h"
#include "mgmt/call.h"
#include "mgmt/classic.h"
#include "mgmt/classic_opts.h"
#include "mgmt/jsontext.h"
#include "mgmt/top.h"
#include "mgmt/verb_help.h"
#include "mgmt/words.h"
#include "modules.h"

#define EXIT_NO_OUTPUT 1 /* the result could not be written */

static void print_json(const json_t *v)
{
	if (v)
		json_dumpf(v, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	else
		fputs("null", stdout);
	putchar('\n');
}

static int print_fail(const struct adm_fail *f, bool json)
{
	json_t *obj;

	if (json) {
		obj = json_pack("{s:{s:s s:o s:o}}", "error", "code", f->code, "message",
				jsontext_string(f->message), "detail", jsontext_string(f->detail));
		print_json(obj);
		json_decref(obj);
		return f->exit_code;
	}
	fprintf(stderr, "%s%s\n", f->bare ? "" : "tgtadm: ", f->message);
	if (f->detail[0])
		fprintf(stderr, "tgtadm: %s\n", f->detail);
	if (f->hint)
		fputs("Try `tgtadm --help' for more information.\n", stderr);
	return f->exit_code;
}

/* What was done all the same, and is worth a word: scripts read standard output. */
static void print_warning(const json_t *result)
{
	const char *warning = json_string_value(json_object_get(result, "warning"));

	if (warning)
		fprintf(stderr, "tgtadm: warning: %s\n", warning);
}

static int print_result(const struct adm_request *req, const json_t *result)
{
	struct strbuf out = STRBUF_INIT;

	if (req->json)
		print_json(result);
	else
		classic_text(req->object, req->verb, result, &out);
	if (!req->json)
		print_warning(result);
	fwrite(strbuf_str(&out), 1, out.len, stdout);
	if (fflush(stdout) || !strbuf_ok(&out)) {
		perror("tgtadm: can't print the result");
		strbuf_free(&out);
		return EXIT_NO_OUTPUT;
	}
	strbuf_free(&out);
	return 0;
}

/* --lld with a verb that takes none: the old daemon looked it up first all the same. */
static int check_lld(struct call *c, const struct adm_request *req, struct adm_fail *fail)
{
	bool need_ready = strcmp(req->object, "lld");
	struct err err = { .code = ERR_OK };
	const json_t *lld;
	json_t *result;
	bool found = false;
	size_t i;

	if (!req->lld)
		return 0;
	if (call_verb(c, "lld", "show", NULL, &result, fail))
		return -1;
	json_array_foreach(result, i, lld)
		if (!strcmp(classic_str(lld, "name"), req->lld))
			found = !need_ready || !strcmp(classic_str(lld, "state"), "ready");
	json_decref(result);
	if (found)
		return 0;
	err_set(&err, ERR_NO_DRIVER, "no driver '%s' is ready", req->lld);
	return adm_fail_err(fail, &err);
}

static bool ends_daemon(const struct adm_request *req)
{
	return !strcmp(req->object, "system") && !strcmp(req->verb, "delete");
}

static int run_verb(const struct adm_request *req, struct adm_fail *fail)
{
	struct call c = { .debug = req->debug };
	json_t *result = NULL;
	int r = call_open(&c, req->control_port, fail);

	if (!r)
		r = check_lld(&c, req, fail);
	if (!r)
		r = call_verb(&c, req->object, req->verb, req->args, &result, fail);
	call_close(&c);
	if (!r && ends_daemon(req))
		r = call_wait_gone(req->control_port, fail);
	r = r ? print_fail(fail, req->json) : print_result(req, result);
	json_decref(result);
	return r;
}

/* Request lines from stdin, response lines to stdout, in order. 22 when one of them failed. */
static int run_batch(const struct adm_request *req, struct adm_fail *fail)
{
	struct call c = { .debug = req->debug };
	char *line = NULL;
	const char *text;
	size_t size = 0;
	int ret = 0;

	if (call_open(&c, req->control_port, fail))
		return print_fail(fail, true);
	while (getline(&line, &size, stdin) > 0) {
		if (!line[strspn(line, " \t\r\n")])
			continue;
		if (!strchr(line, '\n')) {
			/* The last line may lack its newline; getline() left room for the NUL only. */
			char *longer = realloc(line, size + 1);

			if (!longer)
				break;
			line = longer;
			size++;
			strcat(line, "\n");
		}
		text = call_line(&c, line, fail);
		if (!text) {
			ret = print_fail(fail, true);
			break;
		}
		if (strncmp(text, "{\"ok\":true", 10))
			ret = ADM_EXIT_INVALID;
		puts(text);
		fflush(stdout);
	}
	free(line);
	call_close(&c);
	return ferror(stdout) ? EXIT_NO_OUTPUT : ret;
}

static int run_help(const struct adm_request *req, struct adm_fail *fail)
{
	struct strbuf out = STRBUF_INIT;
	int r = verb_help(modules_verb_tables, req->object, req->verb, &out, fail);

	if (r)
		r = print_fail(fail, req->json);
	else
		fputs(strbuf_str(&out), stdout);
	strbuf_free(&out);
	return r;
}

static int run_top(const struct adm_request *req, struct adm_fail *fail)
{
	int r = top_run(req->args, req, fail);

	return r ? print_fail(fail, req->json) : 0;
}

static bool json_asked(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	/* getopt_long() permutes; a command line that can't be read may still want JSON. */
	bool json = json_asked(argc, argv);
	struct adm_request req = { .form = ADM_VERB };
	struct adm_fail fail = { .exit_code = 0 };
	int r;

	r = words_used(argc, argv) ? words_parse(argc, argv, modules_verb_tables, &req, &fail) :
				     classic_opts_parse(argc, argv, modules_verb_tables, &req, &fail);
	if (r)
		r = print_fail(&fail, json);
	else if (req.form == ADM_VERSION)
		puts(TGT_VERSION);
	else if (req.form == ADM_HELP)
		r = run_help(&req, &fail);
	else if (req.form == ADM_TOP)
		r = run_top(&req, &fail);
	else if (req.form == ADM_BATCH)
		r = run_batch(&req, &fail);
	else
		r = run_verb(&req, &fail);
	adm_request_free(&req);
	return r;
}
