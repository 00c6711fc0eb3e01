/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounts and what they are bound to (account.h). Logins look them up by hash, whatever
 * their number.
 */
#include "iscsi/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/chap_hash.h"
#include "target/target.h"

static struct {
	struct list all;      /* struct account */
	struct list walks;    /* struct account_walk */
	struct hash_table by_name, bindings;
} accounts;

void accounts_init(void)
{
	list_init(&accounts.all);
	list_init(&accounts.walks);
}

/* --- bindings --------------------------------------------------------------------------------- */

static uint32_t binding_hash(const struct account *a, const struct account_set *set)
{
	return hash_u64((uintptr_t)a) ^ hash_u64((uintptr_t)set + 1);
}

static struct account_binding *find_binding(const struct account *a, const struct account_set *set)
{
	struct hash_node *n = hash_first(&accounts.bindings, binding_hash(a, set));

	for (; n; n = hash_next(n)) {
		struct account_binding *b = container_of(n, struct account_binding, node);

		if (b->account == a && b->set == set)
			return b;
	}
	return NULL;
}

/* One account may be both of a set, though RFC 7143 9.2.1 does not want it. */
static struct account_binding *find_bound(const struct account *a, const struct account_set *set,
					  bool outgoing)
{
	if (outgoing)
		return set->outgoing && set->outgoing->account == a ? set->outgoing : NULL;
	return find_binding(a, set);
}

static const char *set_name(const struct account_set *set)
{
	return set->target ? set->target->name : "discovery";
}

static void drop_binding(struct account_binding *b)
{
	struct account_set *set = b->set;

	if (b->outgoing) {
		set->outgoing = NULL;
	} else {
		hash_remove(&accounts.bindings, &b->node);
		list_del(&b->set_link);
	}
	list_del(&b->account_link);
	free(b);
}

static void unbind(struct account_binding *b)
{
	struct account_set *set = b->set;
	bool last = !b->outgoing && set->incoming.next == set->incoming.prev;

	drop_binding(b);
	if (last)
		log_notice("%s: its last account is unbound: it asks for no password any more",
			   set_name(set));
}

void account_set_init(struct account_set *set, const struct target *target)
{
	set->target = target;
	set->outgoing = NULL;
	list_init(&set->incoming);
}

void account_set_clear(struct account_set *set)
{
	struct account_binding *b, *tmp;

	list_for_each_safe(b, tmp, &set->incoming, set_link)
		drop_binding(b);
	if (set->outgoing)
		drop_binding(set->outgoing);
}

/* --- accounts --------------------------------------------------------------------------------- */

struct account *account_find(const char *name)
{
	struct hash_node *n = hash_first(&accounts.by_name, hash_str(name));

	for (; n; n = hash_next(n))
		if (!strcmp(container_of(n, struct account, node)->name, name))
			return container_of(n, struct account, node);
	return NULL;
}

struct account *account_incoming(const struct account_set *set, const char *name)
{
	struct account *a = account_find(name);

	return a && find_binding(a, set) ? a : NULL;
}

static struct account *find_or_say(const char *name, struct err *err)
{
	struct account *a = account_find(name);

	if (!a)
		err_set(err, ERR_NO_USER, "there is no account '%.255s'", name);
	return a;
}

static void free_secret(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static struct account *after(const struct account *a)
{
	return a->link.next == &accounts.all ? NULL :
					       list_entry(a->link.next, struct account, link);
}

static void account_free(struct account *a)
{
	struct account_walk *w;

	list_for_each(w, &accounts.walks, link)
		if (w->next == a)
			w->next = after(a);
	list_del(&a->link);
	hash_remove(&accounts.by_name, &a->node);
	free_secret(a->secret);
	free(a);
}

void accounts_done(void)
{
	struct account_binding *b, *next;
	struct account *a, *tmp;

	list_for_each_safe(a, tmp, &accounts.all, link) {
		list_for_each_safe(b, next, &a->bindings, account_link)
			drop_binding(b);
		account_free(a);
	}
	hash_free(&accounts.by_name);
	hash_free(&accounts.bindings);
}

/* Neither fits into the files of initiators with control characters. */
static int check_text(const char *what, const char *text, struct err *err)
{
	const char *p;

	if (!*text || strlen(text) > ACCOUNT_TEXT_MAX)
		return err_set(err, ERR_INVALID_REQUEST, "%s has 1 to %d bytes", what,
			       ACCOUNT_TEXT_MAX);
	for (p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return err_set(err, ERR_INVALID_REQUEST, "%s has no control characters",
				       what);
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	return check_text("the name of an account", name, err);
}

static int check_secret(const char *secret, struct err *err)
{
	return check_text("a password", secret, err);
}

static struct account *account_alloc(const char *name, const char *secret)
{
	size_t len = strlen(name) + 1;
	struct account *a = calloc(1, sizeof(*a) + len);

	if (!a)
		return NULL;
	memcpy(a->name, name, len);
	a->secret = strdup(secret);
	list_init(&a->bindings);
	if (a->secret && !hash_insert(&accounts.by_name, &a->node, hash_str(name)))
		return a;
	free_secret(a->secret);
	free(a);
	return NULL;
}

int account_new(const char *name, const char *secret, struct err *err)
{
	struct account *a;

	if (check_name(name, err) || check_secret(secret, err))
		return -EINVAL;
	if (account_find(name))
		return err_set(err, ERR_USER_EXISTS, "there is an account '%.255s'", name);
	a = account_alloc(name, secret);
	if (!a)
		return err_set(err, ERR_NOMEM, "%s", "");
	list_push_back(&accounts.all, &a->link);
	return 0;
}

int account_set_secret(const char *name, const char *secret, struct err *err)
{
	struct account *a = find_or_say(name, err);
	char *copy;

	if (!a || check_secret(secret, err))
		return -EINVAL;
	copy = strdup(secret);
	if (!copy)
		return err_set(err, ERR_NOMEM, "%s", "");
	free_secret(a->secret);
	a->secret = copy;
	return 0;
}

int account_delete(const char *name, struct err *err)
{
	struct account *a = find_or_say(name, err);
	struct account_binding *b, *tmp;

	if (!a)
		return -EINVAL;
	list_for_each_safe(b, tmp, &a->bindings, account_link)
		unbind(b);
	account_free(a);
	return 0;
}

/* --- binding ---------------------------------------------------------------------------------- */

static int check_bind(const struct account_set *set, const struct account *a, bool outgoing,
		      struct err *err)
{
	struct chap_order usable;

	chap_order_default(&usable);
	if (!usable.n)
		return err_set(err, ERR_UNSUPPORTED,
			       "no algorithm of CHAP can be used: this tgtd is built without "
			       "libcrypto, or libcrypto forbids them all");
	if (outgoing && set->outgoing)
		return err_set(err, ERR_OUTGOING_EXISTS, "%s has '%.255s': unbind it first",
			       set_name(set), set->outgoing->account->name);
	if (!outgoing && find_binding(a, set))
		return err_set(err, ERR_USER_EXISTS, "'%.255s' is bound to %s already", a->name,
			       set_name(set));
	return 0;
}

int account_bind(struct account_set *set, const char *name, bool outgoing, struct err *err)
{
	struct account *a = find_or_say(name, err);
	struct account_binding *b;

	if (!a || check_bind(set, a, outgoing, err))
		return -EINVAL;
	b = calloc(1, sizeof(*b));
	if (!b || (!outgoing && hash_insert(&accounts.bindings, &b->node, binding_hash(a, set)))) {
		free(b);
		return err_set(err, ERR_NOMEM, "%s", "");
	}
	b->account = a;
	b->set = set;
	b->outgoing = outgoing;
	list_push_back(&a->bindings, &b->account_link);
	if (outgoing)
		set->outgoing = b;
	else
		list_push_back(&set->incoming, &b->set_link);
	return 0;
}

int account_unbind(struct account_set *set, const char *name, bool outgoing, struct err *err)
{
	struct account *a = find_or_say(name, err);
	struct account_binding *b = a ? find_bound(a, set, outgoing) : NULL;

	if (!a)
		return -EINVAL;
	if (!b)
		return err_set(err, ERR_NO_USER, "'%.255s' is no %s account of %s", name,
			       outgoing ? "outgoing" : "incoming", set_name(set));
	unbind(b);
	return 0;
}

const struct account *account_shared_secret(const struct account_set *set, const char *name)
{
	const struct account *out = set->outgoing ? set->outgoing->account : NULL;
	const struct account *a = account_incoming(set, name);
	const struct account_binding *b;

	if (!out)
		return NULL;
	if (strcmp(out->name, name))
		return a && !strcmp(a->secret, out->secret) ? a : NULL;
	list_for_each(b, &set->incoming, set_link)
		if (!strcmp(b->account->secret, out->secret))
			return b->account;
	return NULL;
}

/* --- looking ---------------------------------------------------------------------------------- */

static json_t *binding_json(const struct account_binding *b)
{
	return json_pack("{s:s s:b}", "user", b->account->name, "outgoing", b->outgoing);
}

json_t *account_set_show(const struct account_set *set)
{
	const struct account_binding *b;
	json_t *array = json_array();

	list_for_each(b, &set->incoming, set_link)
		json_array_append_new(array, binding_json(b));
	if (set->outgoing)
		json_array_append_new(array, binding_json(set->outgoing));
	return array;
}

void account_walk_begin(struct account_walk *w)
{
	w->next = list_empty(&accounts.all) ? NULL :
					      list_first(&accounts.all, struct account, link);
	list_push_back(&accounts.walks, &w->link);
}

struct account *account_walk_next(struct account_walk *w)
{
	struct account *a = w->next;

	if (a)
		w->next = after(a);
	return a;
}

void account_walk_end(struct account_walk *w)
{
	list_del(&w->link);
}
