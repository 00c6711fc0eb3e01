/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding verbs and checking what they are given, so that run() may take its
 * arguments without looking at their types. Called by the management server and,
 * for arguments written as text, by tgtadm and the configuration reader.
 */
#include "base/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void verb_finish(struct verb_call *call)
{
	call->finished(call);
}

static int put_piece(const char *piece, size_t len, void *arg)
{
	strbuf_add(arg, piece, len);
	return strbuf_ok(arg) ? 0 : -1;
}

int verb_put(struct verb_call *call, const char *before, json_t *v)
{
	int ret;

	strbuf_puts(&call->text, before);
	ret = json_dump_callback(v, put_piece, &call->text, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(v);
	return ret ? -ENOMEM : 0;
}

const struct verb *verb_find(const struct verb_table *tables, const char *object, const char *verb)
{
	for (; tables->verbs; tables++)
		for (size_t i = 0; i < tables->count; i++)
			if (!strcmp(tables->verbs[i].object, object) &&
			    !strcmp(tables->verbs[i].verb, verb))
				return &tables->verbs[i];
	return NULL;
}

static const struct verb_arg *arg_find(const struct verb *verb, const char *name)
{
	const struct verb_arg *arg = verb->args;

	while (arg && arg->name && strcmp(arg->name, name))
		arg++;
	return arg && arg->name ? arg : NULL;
}

static bool is_uint(const json_t *v)
{
	return json_is_integer(v) && json_integer_value(v) >= 0;
}

static bool is_text(const json_t *v)
{
	return json_is_string(v) && strlen(json_string_value(v)) == json_string_length(v);
}

static bool is_bool(const json_t *v)
{
	return json_is_boolean(v);
}

static bool is_params(const json_t *v)
{
	const char *key;
	json_t *member;

	if (!json_is_object(v))
		return false;
	json_object_foreach((json_t *)(uintptr_t)v, key, member)
		if (!is_text(member))
			return false;
	return true;
}

static const struct {
	bool (*is)(const json_t *v);
	const char *must_be;
} types[] = {
	[VERB_STRING] = { is_text, "a string" },
	[VERB_UINT] = { is_uint, "a number, 0 or above" },
	[VERB_BOOL] = { is_bool, "true or false" },
	[VERB_PARAMS] = { is_params, "an object whose members are strings" },
	[VERB_SECRET] = { is_text, "a string" },
};

int verb_check_args(const struct verb *verb, json_t *args, struct err *err)
{
	const struct verb_arg *arg;
	const char *name;
	json_t *value;

	if (!json_is_object(args))
		return err_set(err, ERR_INVALID_REQUEST,
			       "the arguments of `tgtadm %s %s` must be an object", verb->object,
			       verb->verb);
	json_object_foreach(args, name, value) {
		arg = arg_find(verb, name);
		if (!arg)
			return err_set(err, ERR_INVALID_REQUEST,
				       "unknown argument %.64s of `tgtadm %s %s`", name,
				       verb->object, verb->verb);
		if (!types[arg->type].is(value))
			return err_set(err, ERR_INVALID_REQUEST,
				       "%s of `tgtadm %s %s` must be %s", name, verb->object,
				       verb->verb, types[arg->type].must_be);
	}
	for (arg = verb->args; arg && arg->name; arg++)
		if (arg->required && !json_object_get(args, arg->name))
			return err_set(err, ERR_INVALID_REQUEST, "`tgtadm %s %s` needs %s (%s)",
				       verb->object, verb->verb, arg->name, arg->help);
	return 0;
}

json_t *verb_arg(const struct verb_call *call, const char *name)
{
	return json_object_get(call->args, name);
}

const char *verb_str(const struct verb_call *call, const char *name)
{
	return json_string_value(verb_arg(call, name));
}

uint64_t verb_uint(const struct verb_call *call, const char *name, uint64_t dflt)
{
	json_t *v = verb_arg(call, name);

	return is_uint(v) ? (uint64_t)json_integer_value(v) : dflt;
}

bool verb_bool(const struct verb_call *call, const char *name, bool dflt)
{
	json_t *v = verb_arg(call, name);

	return json_is_boolean(v) ? json_is_true(v) : dflt;
}

/* 0; -EINVAL: does not read so; -ENOMEM. */
static int text_to_uint(const char *text, json_t **out)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	unsigned long long v;
	char *end;

	/* strtoull() would take signs and blanks. */
	if (!*digits || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") !=
				strlen(digits))
		return -EINVAL;
	errno = 0;
	v = strtoull(digits, &end, hex ? 16 : 10);
	if (errno || v > INT64_MAX)
		return -EINVAL;
	*out = json_integer((json_int_t)v);
	return *out ? 0 : -ENOMEM;
}

static int text_to_bool(const char *text, json_t **out)
{
	static const char *const words[][2] = {
		{ "off", "on" }, { "no", "yes" }, { "0", "1" }, { "false", "true" },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i / 2][i % 2]))
			continue;
		*out = json_boolean(i % 2);
		return 0;
	}
	return -EINVAL;
}

/* jansson refuses what is no UTF-8, and does not tell that from a lack of memory. */
static int why_refused(const char *text, size_t len)
{
	for (; len; text++, len--)
		if ((unsigned char)*text >= 0x80)
			return -EINVAL;
	return -ENOMEM;
}

static int text_to_string(const char *text, size_t len, json_t **out)
{
	*out = json_stringn(text, len);
	return *out ? 0 : why_refused(text, len);
}

/* Up to a comma that no backslash makes part of the value, or the end. */
static size_t pair_len(const char *text)
{
	size_t len = 0;

	while (text[len] && text[len] != ',')
		len += text[len] == '\\' && text[len + 1] == ',' ? 2 : 1;
	return len;
}

/* The value with "\," as ",". Other backslashes stand for themselves. */
static int text_to_value(const char *text, size_t len, json_t **out)
{
	char *s = malloc(len + 1);
	size_t i, n = 0;
	int ret;

	if (!s)
		return -ENOMEM;
	for (i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len && text[i + 1] == ',')
			i++;
		s[n++] = text[i];
	}
	ret = text_to_string(s, n, out);
	free(s);
	return ret;
}

/* One "key=value" of @len bytes. */
static int add_param(json_t *params, const char *pair, size_t len)
{
	const char *eq = memchr(pair, '=', len);
	json_t *value;
	char *key;
	int ret;

	if (!eq || eq == pair)
		return -EINVAL;
	ret = text_to_value(eq + 1, len - (size_t)(eq + 1 - pair), &value);
	if (ret < 0)
		return ret;
	key = strndup(pair, (size_t)(eq - pair));
	if (!key || json_object_get(params, key)) {
		ret = key ? -EINVAL : -ENOMEM;
		json_decref(value);
	} else if (json_object_set_new(params, key, value) < 0) {
		ret = why_refused(key, strlen(key));
	}
	free(key);
	return ret;
}

static int text_to_params(const char *text, json_t **out)
{
	json_t *params = json_object();
	int ret = params ? 0 : -ENOMEM;

	while (!ret && *text) {
		size_t len = pair_len(text);

		/* Pacemaker's agents write ",a=b,". */
		if (len)
			ret = add_param(params, text, len);
		text += len + (text[len] == ',');
	}
	if (ret < 0) {
		json_decref(params);
		params = NULL;
	}
	*out = params;
	return ret;
}

int verb_arg_from_text(const struct verb_arg *arg, const char *text, json_t **out, struct err *err)
{
	static const char *const must_be[] = {
		[VERB_STRING] = "text in UTF-8",
		[VERB_UINT] = "a number: 16 or 0x10",
		[VERB_BOOL] = "on or off",
		[VERB_PARAMS] = "key=value,key=value with every key once",
		[VERB_SECRET] = "text in UTF-8",
	};
	int ret = -EINVAL;

	*out = NULL;
	switch (arg->type) {
	case VERB_STRING:
	case VERB_SECRET:
		ret = text_to_string(text, strlen(text), out);
		break;
	case VERB_UINT:
		ret = text_to_uint(text, out);
		break;
	case VERB_BOOL:
		ret = text_to_bool(text, out);
		break;
	case VERB_PARAMS:
		ret = text_to_params(text, out);
		break;
	}
	if (ret == -ENOMEM)
		err_set(err, ERR_NOMEM, "%s", "");
	else if (ret < 0 && arg->type != VERB_SECRET)
		err_set(err, ERR_INVALID_REQUEST, "%s must be %s, not \"%.100s\"", arg->name,
			must_be[arg->type], text);
	else if (ret < 0)
		err_set(err, ERR_INVALID_REQUEST, "%s must be %s", arg->name, must_be[arg->type]);
	return ret;
}
