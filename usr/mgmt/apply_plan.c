/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps become requests of one connection; after an error the way back is the plan from
 * what is there now to what was there before.
 */
#include "mgmt/apply_plan.h"

#include <stdarg.h>
#include <string.h>

#include "mgmt/conf_model.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

/* Who may only look sees no passwords: then they are not compared. */
static int add_accounts(struct call *c, json_t *state, struct adm_fail *fail)
{
	json_t *args = json_pack("{s:b}", "secrets", 1), *shown;
	int r = call_verb(c, "account", "show", args, &shown, fail);

	if (r)
		r = call_verb(c, "account", "show", NULL, &shown, fail);
	json_decref(args);
	if (r)
		return strcmp(fail->code, err_name(ERR_NO_DRIVER)) ? -1 : 0;
	diff_state_accounts(state, shown);
	json_decref(shown);
	return 0;
}

/* A tgtd without the driver has none. */
static int add_portals(struct call *c, json_t *state, struct adm_fail *fail)
{
	json_t *shown;

	if (call_verb(c, "system", "show", NULL, &shown, fail))
		return -1;
	diff_state_system(state, shown);
	json_decref(shown);
	if (call_verb(c, "portal", "show", NULL, &shown, fail))
		return strcmp(fail->code, err_name(ERR_NO_DRIVER)) ? -1 : 0;
	diff_state_portals(state, shown);
	json_decref(shown);
	return 0;
}

json_t *apply_running(struct call *c, struct adm_fail *fail)
{
	json_t *shown, *state;

	if (call_verb(c, "target", "show", NULL, &shown, fail))
		return NULL;
	state = diff_state(shown);
	json_decref(shown);
	if (!state)
		adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM });
	if (state && (add_accounts(c, state, fail) || add_portals(c, state, fail))) {
		json_decref(state);
		return NULL;
	}
	return state;
}

/* --- as text ---------------------------------------------------------------------------------- */

static void quoted(struct strbuf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./:,=+@%";

	if (*s && strspn(s, plain) == strlen(s)) {
		strbuf_puts(out, s);
		return;
	}
	strbuf_putc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			strbuf_puts(out, "'\\''");
		else
			strbuf_putc(out, *s);
	}
	strbuf_putc(out, '\'');
}

/* k=v,k=v with a backslash before a comma in a value. */
static void params_text(struct strbuf *out, const json_t *params)
{
	const char *name, *s;
	json_t *v;

	json_object_foreach((json_t *)params, name, v) {
		strbuf_printf(out, "%s%s=", out->len ? "," : "", name);
		for (s = json_string_value(v); *s; s++) {
			if (*s == ',')
				strbuf_putc(out, '\\');
			strbuf_putc(out, *s);
		}
	}
}

/* @words: not the classic form, where an option that is not given is off. */
static void argument(struct strbuf *out, const char *name, const json_t *v, bool words)
{
	struct strbuf text = STRBUF_INIT;

	if (json_is_boolean(v)) {
		if (json_is_true(v) || words)
			strbuf_printf(out, " --%s%s", name, json_is_true(v) ? "" : "=off");
		return;
	}
	if (!strcmp(name, "password"))
		strbuf_puts(&text, CONF_NO_PASSWORD);
	else if (json_is_object(v))
		params_text(&text, v);
	else if (json_is_integer(v))
		strbuf_printf(&text, "%lld", (long long)json_integer_value(v));
	else
		strbuf_puts(&text, json_string_value(v));
	strbuf_printf(out, " --%s ", name);
	quoted(out, strbuf_str(&text));
	strbuf_free(&text);
}

static void command(const json_t *step, const char *verb, json_t *args, unsigned int control_port,
		    struct strbuf *out)
{
	/* What the predecessor had no mode for, or not these arguments. */
	bool words = !adm_object(diff_str(step, "object")) ||
		     !strcmp(diff_str(step, "object"), "portal");
	const char *name;
	json_t *v;

	strbuf_printf(out, "tgtadm -C %u", control_port);
	if (words)
		strbuf_printf(out, " %s %s", diff_str(step, "object"), verb);
	else
		strbuf_printf(out, "%s --mode %s --op %s",
			      json_object_get(args, "lld") ? "" : " --lld iscsi",
			      diff_str(step, "object"), verb);
	json_object_foreach(args, name, v)
		argument(out, name, v, words);
}

/* The classic command line has no --params with "logicalunit new": they follow as an update. */
void apply_command(const json_t *step, unsigned int control_port, struct strbuf *out)
{
	json_t *args = json_object_get(step, "args"), *params = json_object_get(args, "params");
	json_t *first, *second;

	if (strcmp(diff_str(step, "verb"), "new") || !params) {
		command(step, diff_str(step, "verb"), args, control_port, out);
		return;
	}
	first = json_copy(args);
	second = json_pack("{s:O s:O s:O}", "tid", json_object_get(args, "tid"), "lun",
			   json_object_get(args, "lun"), "params", params);
	json_object_del(first, "params");
	command(step, "new", first, control_port, out);
	strbuf_putc(out, '\n');
	command(step, "update", second, control_port, out);
	json_decref(first);
	json_decref(second);
}

/* --- running ---------------------------------------------------------------------------------- */

static void tell(const struct apply_opts *opts, enum apply_event event, const char *fmt, ...)
	printf_like(3, 4);
static void tell(const struct apply_opts *opts, enum apply_event event, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	opts->event(opts->arg, event, strbuf_str(&text));
	strbuf_free(&text);
}

static void tell_command(const json_t *step, const struct apply_opts *opts)
{
	struct strbuf line = STRBUF_INIT;

	apply_command(step, opts->control_port, &line);
	tell(opts, APPLY_COMMAND, "%s", strbuf_str(&line));
	strbuf_free(&line);
}

static int run(struct call *c, const json_t *step, const struct apply_opts *opts)
{
	struct adm_fail fail = { .exit_code = 0 };
	const char *where;
	json_t *result;
	int r = call_verb(c, diff_str(step, "object"), diff_str(step, "verb"),
			  json_object_get(step, "args"), &result, &fail);

	json_decref(result);
	if (!r)
		return 0;
	/* What runs has no line. */
	where = strchr(diff_str(step, "where"), ':') ? diff_str(step, "where") : "";
	tell(opts, APPLY_ERROR, "%s%s%s: %s%s%s", where, *where ? ": " : "", diff_str(step, "say"),
	     fail.message, *fail.detail ? ": " : "", fail.detail);
	return strcmp(fail.code, "closed") ? fail.exit_code : ADM_EXIT_NOTCONN;
}

static int run_step(struct call *c, const json_t *step, const struct apply_opts *opts)
{
	int r;

	if (!json_object_get(step, "object")) {
		tell(opts, APPLY_LEFT, "%s", diff_str(step, "say"));
		return 0;
	}
	if (opts->pretend || opts->verbose)
		tell_command(step, opts);
	if (opts->pretend)
		return 0;
	r = run(c, step, opts);
	if (!r && !opts->verbose)
		tell(opts, APPLY_DONE, "%s %s", diff_str(step, "sign"), diff_str(step, "say"));
	return r;
}

static void undo(struct call *c, const json_t *before, const struct apply_opts *opts)
{
	static const struct diff_opts all = { .force = true, .exact = true };
	struct adm_fail fail = { .exit_code = 0 };
	json_t *now = apply_running(c, &fail), *plan = now ? diff_plan(now, before, &all) : NULL;
	json_t *steps = plan ? diff_order(plan) : NULL, *step;
	int bad = !steps;
	size_t i;

	json_array_foreach(steps, i, step)
		if (json_object_get(step, "object"))
			bad |= run(c, step, opts);
	tell(opts, APPLY_UNDONE, bad ? "not all of what was done could be undone: see --diff" :
				       "nothing is changed: what was done is undone");
	json_decref(now);
	json_decref(plan);
	json_decref(steps);
}

int apply_plan(struct call *c, const json_t *plan, const json_t *before,
	       const struct apply_opts *opts)
{
	json_t *steps = diff_order(plan), *step;
	int first = 0, r;
	size_t i;

	json_array_foreach(steps, i, step) {
		r = run_step(c, step, opts);
		if (r && !first)
			first = r;
		if (!r || (opts->ignore_errors && r != ADM_EXIT_NOTCONN))
			continue;
		if (before && r != ADM_EXIT_NOTCONN)
			undo(c, before, opts);
		break;
	}
	json_decref(steps);
	return first;
}
