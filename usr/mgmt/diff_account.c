/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from the accounts that run to those that the file has. Accounts are made before anything
 * is bound to them, new bindings come before old ones go, so that no target is open
 * meanwhile, and accounts go last. Called by diff_plan.c.
 */
#include <string.h>

#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"

static bool is_outgoing(const json_t *binding)
{
	return json_is_true(json_object_get(binding, "outgoing"));
}

static bool uses(const json_t *list, const char *user)
{
	const json_t *b;
	size_t i;

	json_array_foreach(list, i, b)
		if (!strcmp(diff_str(b, "user"), user))
			return true;
	return false;
}

/* With --update of one target, only what that one needs. */
static bool concerned(const struct diff_plan *p, const char *user)
{
	return !p->opts->only ||
	       uses(json_object_get(diff_target(p->wanted, p->opts->only), "accounts"), user);
}

static void secret_step(struct diff_plan *p, const char *sign, const char *verb, const char *user,
			const json_t *account)
{
	json_t *args = json_pack("{s:s s:O}", "user", user, "password",
				 json_object_get(account, "password"));

	diff_step(p, sign, "account", verb, args, "account %s%s", user,
		  strcmp(verb, "new") ? ": another password" : "");
}

void diff_accounts(struct diff_plan *p)
{
	const json_t *running = json_object_get(p->running, "accounts");
	const char *user, *now;
	json_t *account;

	json_object_foreach(json_object_get(p->wanted, "accounts"), user, account) {
		const json_t *was = json_object_get(running, user);

		if (!concerned(p, user))
			continue;
		p->where = diff_str(account, "where");
		p->rank = was ? DIFF_CHANGE : DIFF_BUILD;
		/* Who may not see passwords can't compare them. */
		now = diff_str(was, "password");
		if (!was)
			secret_step(p, "+", "new", user, account);
		else if (!*now || !strcmp(now, diff_str(account, "password")))
			continue;
		else if (!p->opts->add_only)
			secret_step(p, "~", "update", user, account);
		else
			diff_step(p, "#", NULL, NULL, NULL,
				  "account %s has another password and keeps it", user);
	}
}

/* --- bindings --------------------------------------------------------------------------------- */

static void bind_step(struct diff_plan *p, const struct diff_bound *b, const char *verb,
		      const json_t *binding)
{
	json_t *args = json_pack("{s:s}", "user", diff_str(binding, "user"));

	if (b->target)
		json_object_set_new(args, "tid", json_integer((json_int_t)b->tid));
	if (is_outgoing(binding))
		json_object_set_new(args, "outgoing", json_true());
	p->where = diff_str(binding, "where");
	diff_step(p, strcmp(verb, "bind") ? "-" : "+", "account", verb, args,
		  "%s%s: account %s%s", b->target ? "target " : "discovery",
		  b->target ? b->target : "", diff_str(binding, "user"),
		  is_outgoing(binding) ? " (outgoing)" : "");
}

static bool has(const json_t *list, const json_t *binding)
{
	const json_t *b;
	size_t i;

	json_array_foreach(list, i, b)
		if (is_outgoing(b) == is_outgoing(binding) &&
		    !strcmp(diff_str(b, "user"), diff_str(binding, "user")))
			return true;
	return false;
}

static const json_t *outgoing_of(const json_t *list)
{
	const json_t *b;
	size_t i;

	json_array_foreach(list, i, b)
		if (is_outgoing(b))
			return b;
	return NULL;
}

void diff_bindings(struct diff_plan *p, const struct diff_bound *b)
{
	const json_t *old = outgoing_of(b->was), *binding;
	size_t i;

	/* There is but one: the old one goes first. */
	if (old && !has(b->want, old) && outgoing_of(b->want) && !p->opts->add_only)
		bind_step(p, b, "unbind", old);
	json_array_foreach(b->want, i, binding) {
		if (has(b->was, binding))
			continue;
		if (old && is_outgoing(binding) && p->opts->add_only)
			diff_step(p, "#", NULL, NULL, NULL, "%s keeps its outgoing account %s",
				  b->target ? b->target : "discovery", diff_str(old, "user"));
		else
			bind_step(p, b, "bind", binding);
	}
}

void diff_bindings_removed(struct diff_plan *p, const struct diff_bound *b)
{
	const json_t *binding;
	size_t i;

	json_array_foreach(b->was, i, binding)
		if (!has(b->want, binding) && !(is_outgoing(binding) && outgoing_of(b->want)))
			bind_step(p, b, "unbind", binding);
}

/* --- what is left over ------------------------------------------------------------------------ */

void diff_keep_accounts(struct diff_plan *p, const json_t *target)
{
	const json_t *b;
	size_t i;

	json_array_foreach(json_object_get(target, "accounts"), i, b)
		json_object_set_new(p->kept, diff_str(b, "user"), json_true());
}

/*
 * Those that the file had, and has no more. One that is bound to nothing was never of a file: the
 * administrator has plans for it.
 */
void diff_accounts_removed(struct diff_plan *p)
{
	const json_t *wanted = json_object_get(p->wanted, "accounts");
	const char *user;
	json_t *account;

	p->where = NULL;
	p->rank = DIFF_AFTER;
	json_object_foreach(json_object_get(p->running, "accounts"), user, account) {
		bool bound = json_is_true(json_object_get(account, "bound"));

		if (json_object_get(wanted, user) || json_object_get(p->kept, user))
			continue;
		if (bound || p->opts->exact)
			diff_step(p, "-", "account", "delete", json_pack("{s:s}", "user", user),
				  "account %s", user);
	}
}
