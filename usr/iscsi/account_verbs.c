/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of accounts. Called by the management server through the rows in
 * iscsi_verbtab.c. Secrets come in, and go out only to an administrator who asks for them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "iscsi/account.h"
#include "iscsi/iscsi.h"
#include "iscsi/iscsi_verbs.h"
#include "target/core.h"
#include "target/target.h"
#include "target/target_verbs.h"

#define SHOW_STEP 200 /* accounts and bindings told in one turn of the loop */

/* 0, or -EINVAL: the driver is not there, nor its table. */
static int check_driver(struct verb_call *call)
{
	if (iscsi_transport.state == TRANSPORT_READY)
		return 0;
	return err_set(&call->err, ERR_NO_DRIVER, "the iSCSI driver is not running");
}

/* Logged, and told with the result. */
static int warn(struct verb_call *call, json_t *text)
{
	if (!text)
		return err_set(&call->err, ERR_NOMEM, "%s", "");
	log_warn("%s", json_string_value(text));
	call->result = json_pack("{s:o}", "warning", text);
	return 0;
}

static int check_length(struct verb_call *call)
{
	if (strlen(verb_str(call, "password")) >= ACCOUNT_SECRET_MIN)
		return 0;
	return warn(call, json_sprintf("the password of account '%s' has less than %d bytes: "
				       "RFC 7143 wants %d at least, and some initiators refuse it",
				       verb_str(call, "user"), ACCOUNT_SECRET_MIN,
				       ACCOUNT_SECRET_MIN));
}

int account_verb_new(struct verb_call *call)
{
	int r = check_driver(call);

	if (!r)
		r = account_new(verb_str(call, "user"), verb_str(call, "password"), &call->err);
	return r ? r : check_length(call);
}

int account_verb_update(struct verb_call *call)
{
	int r = check_driver(call);

	if (!r)
		r = account_set_secret(verb_str(call, "user"), verb_str(call, "password"),
				       &call->err);
	return r ? r : check_length(call);
}

int account_verb_delete(struct verb_call *call)
{
	int r = check_driver(call);

	return r ? r : account_delete(verb_str(call, "user"), &call->err);
}

/* The target's; without a tid those of discovery. */
static struct account_set *call_set(struct verb_call *call)
{
	struct target *t;

	if (check_driver(call))
		return NULL;
	if (!verb_arg(call, "tid"))
		return &iscsi.discovery_accounts;
	t = verb_target(call);
	if (t && t->transport == &iscsi_transport)
		return &iscsi_target_of(t)->accounts;
	if (t)
		err_set(&call->err, ERR_UNSUPPORTED, "only iSCSI targets have accounts");
	return NULL;
}

int account_verb_bind(struct verb_call *call)
{
	struct account_set *set = call_set(call);
	const char *user = verb_str(call, "user");
	const struct account *same;

	if (!set || account_bind(set, user, verb_bool(call, "outgoing", false), &call->err))
		return -EINVAL;
	same = account_shared_secret(set, user);
	if (!same)
		return 0;
	return warn(call, json_sprintf("account '%s' has the password of the outgoing account: no "
				       "login with it will succeed (RFC 7143 9.2.1)", same->name));
}

int account_verb_unbind(struct verb_call *call)
{
	struct account_set *set = call_set(call);

	if (!set)
		return -EINVAL;
	return account_unbind(set, verb_str(call, "user"), verb_bool(call, "outgoing", false),
			      &call->err);
}

/* --- show ------------------------------------------------------------------------------------- */

/* In pieces, since there may be many. */
struct show {
	struct verb_call *call;
	struct account_walk walk;
	struct loop_call step;
	bool secrets, more;
};

/* {"tid": N, "outgoing": false}; discovery has no tid. */
static json_t *binding_json(const struct account_binding *b)
{
	const struct target *t = b->set->target;

	return json_pack("{s:o* s:b}", "tid", t ? json_integer((json_int_t)t->tid) : NULL,
			 "outgoing", b->outgoing);
}

static int put_account(struct show *s, const struct account *a)
{
	json_t *bound = json_array(), *obj;
	const struct account_binding *b;

	list_for_each(b, &a->bindings, account_link)
		json_array_append_new(bound, binding_json(b));
	obj = json_pack("{s:s s:o s:s*}", "user", a->name, "bound", bound, "password",
			s->secrets ? a->secret : NULL);
	if (verb_put(s->call, s->more ? "," : "", obj))
		return -ENOMEM;
	s->more = true;
	return 0;
}

/* 0: all is told. -EINPROGRESS: there is more. */
static int show_some(struct show *s)
{
	const struct account *a;
	int n, r = 0;

	for (n = 0; !r && n < SHOW_STEP; n++) {
		a = account_walk_next(&s->walk);
		if (!a) {
			strbuf_puts(&s->call->text, "]");
			return strbuf_ok(&s->call->text) ? 0 : -ENOMEM;
		}
		r = put_account(s, a);
	}
	return r ? r : -EINPROGRESS;
}

static void show_end(struct show *s, int r)
{
	if (r) {
		strbuf_free(&s->call->text);
		err_set(&s->call->err, ERR_NOMEM, "%s", "");
	}
	account_walk_end(&s->walk);
	free(s);
}

static void show_step(struct loop_call *c)
{
	struct show *s = container_of(c, struct show, step);
	struct verb_call *call = s->call;
	int r = show_some(s);

	if (r == -EINPROGRESS) {
		loop_call_queue(iscsi.core->loop, &s->step);
		return;
	}
	show_end(s, r);
	verb_finish(call);
}

int account_verb_show(struct verb_call *call)
{
	bool secrets = verb_bool(call, "secrets", false);
	struct show *s;
	int r;

	if (check_driver(call))
		return -EINVAL;
	if (secrets && !call->admin)
		return err_set(&call->err, ERR_INVALID_REQUEST,
			       "passwords are shown to those only who may change them");
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(&call->err, ERR_NOMEM, "%s", "");
	s->call = call;
	s->secrets = secrets;
	loop_call_init(&s->step, LOOP_REAP, show_step);
	account_walk_begin(&s->walk);
	strbuf_puts(&call->text, "[");
	r = show_some(s);
	if (r == -EINPROGRESS)
		loop_call_queue(iscsi.core->loop, &s->step);
	else
		show_end(s, r);
	return r == -ENOMEM ? -EINVAL : r;
}
