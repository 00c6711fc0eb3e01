/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules as a table (classic_rules.h). Sessions, connections and most of the system
 * mode were never checked by the client: no rule, then, and the daemon answers.
 */
#include "mgmt/classic_rules.h"

#include <string.h>

/* Options that every operation takes. */
#define ALWAYS "LCdmo\1"

struct rule {
	const char *object, *op;
	const char *allowed; /* letters besides ALWAYS; NULL: any */
	const char *need;    /* letters that must be there; NULL: none */
	bool any;	     /* one of @need is enough */
	const char *else_say;
};

#define NAME_AND_VALUE "update operation requires 'name' and 'value' options"
#define WHOM "initiator-address, initiator-name or bus"

static const struct rule rules[] = {
	{ "account", "bind", "tuO", "u", false, "'user' option is necessary" },
	{ "account", "delete", "u", "u", false, "'user' option is necessary" },
	{ "account", "new", "upf", "up", false, "'user' and 'password' options are required" },
	{ "account", "show", "", NULL, false, NULL },
	{ "account", "unbind", "tuO", "u", false, "'user' option is necessary" },
	{ "account", "update", "up", "up", false, "'user' and 'password' options are required" },
	{ "lld", "show", "", NULL, false, NULL },
	{ "lld", "start", "", NULL, false, NULL },
	{ "lld", "stop", "", NULL, false, NULL },
	{ "logicalunit", "delete", "tlF", NULL, false, NULL },
	{ "logicalunit", "new", "tlbESfyY", NULL, false, NULL },
	{ "logicalunit", "stat", "tls", NULL, false, NULL },
	{ "logicalunit", "update", "tlP", NULL, false, NULL },
	{ "portal", "delete", "P", "P", false, "you must specify --param portal=<portal>" },
	{ "portal", "new", "P", "P", false, "you must specify --param portal=<portal>" },
	{ "portal", "show", "", NULL, false, NULL },
	{ "system", "delete", NULL, NULL, false, NULL },
	{ "system", "show", NULL, NULL, false, NULL },
	{ "system", "stat", NULL, NULL, false, NULL },
	{ "system", "update", "nv", "nv", false, NAME_AND_VALUE },
	{ "target", "bind", "tIQBH", "IQBH", true, "bind operation requires " WHOM },
	{ "target", "delete", "tF", NULL, false, NULL },
	{ "target", "new", "tT", "T", false,
	  "creating new target requires a name, use --targetname" },
	{ "target", "show", "t", NULL, false, NULL },
	{ "target", "stat", "t", NULL, false, NULL },
	{ "target", "unbind", "tIQBH", "IQBH", true, "unbind operation requires " WHOM },
	{ "target", "update", "tnv", "nv", false, NAME_AND_VALUE },
};

bool classic_op_known(const char *op)
{
	static const char *const ops[] = { "bind", "delete", "new",  "show",  "start",
					   "stat", "stop",   "unbind", "update" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i], op))
			return true;
	return false;
}

/* Those that needed no store come first. */
static const char *const device_types[] = { "disk", "cd", "tape", "ssc", "changer", "osd", "pt" };

bool classic_device_type_known(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(device_types); i++)
		if (!strcmp(device_types[i], name))
			return true;
	return false;
}

static bool needs_store(const char *device_type)
{
	size_t i;

	for (i = 0; i < 4; i++)
		if (!device_type || !strcmp(device_types[i], device_type))
			return false;
	return true;
}

/* --tid and --lun are asked for before anything else. */
static int check_numbers(const char *object, const char *op, const char *const given[128],
			 unsigned long long tid, struct adm_fail *fail)
{
	bool lu = !strcmp(object, "logicalunit");

	if (!lu && (strcmp(object, "target") || !strcmp(op, "show")))
		return 0;
	if (!given['t'])
		return adm_fail(fail, ADM_EXIT_INVALID, "'tid' option is necessary");
	if (!tid)
		return adm_fail(fail, ADM_EXIT_INVALID,
				lu ? "'tid' must not be 0" : "'tid' cannot be 0");
	if (lu && !given['l'])
		return adm_fail(fail, ADM_EXIT_INVALID, "'lun' option is necessary");
	return 0;
}

static const struct rule *rule_of(const char *object, const char *op, bool *mode)
{
	size_t i;

	*mode = false;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (strcmp(rules[i].object, object))
			continue;
		*mode = true;
		if (!strcmp(rules[i].op, op))
			return &rules[i];
	}
	return NULL;
}

static int check_allowed(const struct rule *rule, const char *const given[128],
			 struct adm_fail *fail)
{
	/* Two old functions, two old sentences. */
	bool late = (!strcmp(rule->object, "logicalunit") && !strcmp(rule->op, "update")) ||
		    (!strcmp(rule->object, "portal") && !strcmp(rule->op, "show"));
	int c;

	for (c = 1; c < 128; c++) {
		if (!given[c] || strchr(rule->allowed, c) || strchr(ALWAYS, c))
			continue;
		return late ? adm_fail(fail, ADM_EXIT_INVALID,
				       "option '-%c' not supported in %s mode", c, rule->object) :
			      adm_fail(fail, ADM_EXIT_INVALID,
				       "%s mode: option '-%c' is not allowed/supported",
				       rule->object, c);
	}
	return 0;
}

static bool has_needed(const struct rule *rule, const char *const given[128])
{
	const char *c = rule->need;
	size_t n = 0;

	for (; c && *c; c++)
		n += !!given[(int)*c];
	return !rule->need || (rule->any ? n > 0 : n == strlen(rule->need));
}

int classic_rules_check(const char *object, const char *op, const char *const given[128],
			unsigned long long tid, struct adm_fail *fail)
{
	const struct rule *rule;
	bool mode;

	if (check_numbers(object, op, given, tid, fail))
		return -1;
	rule = rule_of(object, op, &mode);
	if (!rule && mode)
		return adm_fail(fail, ADM_EXIT_INVALID, "operation %s not supported in %s mode", op,
				object);
	if (!rule)
		return 0;
	if (rule->allowed && check_allowed(rule, given, fail))
		return -1;
	if (!has_needed(rule, given))
		return adm_fail(fail, ADM_EXIT_INVALID, "%s", rule->else_say);
	if (!strcmp(object, "logicalunit") && !strcmp(op, "new") && !given['b'] &&
	    needs_store(given['Y']))
		return adm_fail(fail, ADM_EXIT_INVALID, "'backing-store' option is necessary");
	return 0;
}
