/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a request line to a verb and back to a response line (dispatch.h).
 */
#include "mgmt/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/jsontext.h"

static void verb_finished(struct verb_call *call)
{
	struct mgmt_request *req = container_of(call, struct mgmt_request, call);

	req->finished(req);
}

static int parse(struct mgmt_request *req, const char *line, size_t len, const char **object,
		 const char **verb, json_t **doc)
{
	json_error_t jerr;
	json_t *args = NULL;

	*doc = json_loadb(line, len, JSON_REJECT_DUPLICATES, &jerr);
	if (!*doc && json_error_code(&jerr) == json_error_out_of_memory)
		return err_set(&req->call.err, ERR_NOMEM, "%s", "");
	if (!*doc)
		return err_set(&req->call.err, ERR_INVALID_REQUEST,
			       "the request is not JSON: %s at byte %d", jerr.text, jerr.position);
	req->id = json_incref(json_object_get(*doc, "id"));
	if (json_unpack_ex(*doc, &jerr, 0, "{s:s s:s s?o}", "object", object, "verb", verb, "args",
			   &args))
		return err_set(&req->call.err, ERR_INVALID_REQUEST, "bad request: %s", jerr.text);
	req->call.args = args ? json_incref(args) : json_object();
	if (!req->call.args)
		return err_set(&req->call.err, ERR_NOMEM, "%s", "");
	return 0;
}

static bool object_known(const struct verb_table *tables, const char *object)
{
	for (; tables->verbs; tables++)
		for (size_t i = 0; i < tables->count; i++)
			if (!strcmp(tables->verbs[i].object, object))
				return true;
	return false;
}

static int find_verb(struct mgmt_request *req, const struct verb_table *tables, const char *object,
		     const char *name)
{
	struct verb_call *call = &req->call;

	call->verb = verb_find(tables, object, name);
	if (!call->verb && !object_known(tables, object))
		return err_set(&call->err, ERR_UNSUPPORTED, "this tgtd has no verbs of '%.64s'",
			       object);
	if (!call->verb)
		return err_set(&call->err, ERR_INVALID_REQUEST, "there is no verb '%s %.64s'",
			       object, name);
	if (!call->admin && !call->verb->read_only)
		return err_set(&call->err, ERR_INVALID_REQUEST,
			       "'%s %s' changes things, and you may only look", object, name);
	return verb_check_args(call->verb, call->args, &call->err);
}

void mgmt_request_run(struct mgmt_request *req, const struct verb_table *tables, void *context,
		      bool admin, const char *line, size_t len)
{
	const char *object, *verb;
	json_t *doc = NULL;
	int r;

	req->call = (struct verb_call){
		.admin = admin,
		.context = context,
		.finished = verb_finished,
		.owner = req,
	};
	req->id = NULL;
	r = parse(req, line, len, &object, &verb, &doc);
	if (!r)
		r = find_verb(req, tables, object, verb);
	json_decref(doc);
	if (!r)
		r = req->call.verb->run(&req->call);
	if (r == -EINPROGRESS)
		return;
	if (r && req->call.err.code == ERR_OK)
		err_set(&req->call.err, r == -ENOMEM ? ERR_NOMEM : ERR_UNKNOWN, "%s", strerror(-r));
	req->finished(req);
}

static json_t *error_json(const struct err *err)
{
	return json_pack("{s:s s:s s:o}", "code", err_name(err->code), "message",
			 err_sentence(err->code), "detail", jsontext_string(err->text));
}

static json_t *response_json(const struct mgmt_request *req)
{
	const struct verb_call *call = &req->call;
	bool ok = call->err.code == ERR_OK;
	json_t *obj = json_pack("{s:b}", "ok", ok);
	int r = obj ? 0 : -1;

	if (!r && !ok)
		r = json_object_set_new(obj, "error", error_json(&call->err));
	else if (!r && call->result)
		r = json_object_set(obj, "result", call->result);
	if (!r && req->id)
		r = json_object_set(obj, "id", req->id);
	if (!r)
		return obj;
	json_decref(obj);
	return NULL;
}

/* {"ok":true,"id":...,"result": - and what follows is in call.text. */
static char *text_head(const struct mgmt_request *req)
{
	struct strbuf head = STRBUF_INIT;
	char *id = req->id ? json_dumps(req->id, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (id)
		strbuf_printf(&head, "{\"ok\":true,\"id\":%s,\"result\":", id);
	else
		strbuf_puts(&head, "{\"ok\":true,\"result\":");
	if ((req->id && !id) || !strbuf_ok(&head)) {
		strbuf_free(&head);
		head.s = NULL;
	}
	free(id);
	return head.s;
}

char *mgmt_response(const struct mgmt_request *req)
{
	json_t *obj;
	char *line;

	if (req->call.err.code == ERR_OK && req->call.text.len)
		return text_head(req);
	obj = response_json(req);
	line = jsontext_line(obj);
	json_decref(obj);
	return line;
}

struct strbuf mgmt_response_text(struct mgmt_request *req)
{
	struct strbuf text = STRBUF_INIT;

	if (req->call.err.code != ERR_OK || !req->call.text.len)
		return text;
	text = req->call.text;
	req->call.text = (struct strbuf)STRBUF_INIT;
	strbuf_puts(&text, "}\n");
	return text;
}

void mgmt_request_done(struct mgmt_request *req)
{
	json_decref(req->call.args);
	json_decref(req->call.result);
	json_decref(req->id);
	strbuf_free(&req->call.text);
}
