/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounts of CHAP: a name and a secret, known to the whole driver, and bound to targets or to
 * discovery sessions. Incoming ones are for initiators that log in, the outgoing one is
 * the target's own. chap.c asks; account_verbs.c changes.
 */
#ifndef ISCSI_ACCOUNT_H
#define ISCSI_ACCOUNT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"

struct target;

#define ACCOUNT_TEXT_MAX 255   /* bytes of a name (RFC 7143 6.1: a simple value), and of a secret */
#define ACCOUNT_SECRET_MIN 12  /* bytes; RFC 7143 9.2.1 wants 96 random bits, shorter is warned of */

struct account {
	struct list link;	/* all accounts, the oldest first */
	struct hash_node node;	/* by name */
	struct list bindings;	/* struct account_binding */
	char *secret;
	char name[];
};

/* Owner: the account. */
struct account_binding {
	struct list account_link, set_link;
	struct hash_node node;	/* by account and set */
	struct account *account;
	struct account_set *set;
	bool outgoing;
};

/* The accounts of a target, or of discovery. Embedded. */
struct account_set {
	const struct target *target;	  /* NULL: discovery */
	struct list incoming;		  /* struct account_binding */
	struct account_binding *outgoing; /* NULL: none */
};

void accounts_init(void);
/* Forgets all; sets stay, and are empty. */
void accounts_done(void);

void account_set_init(struct account_set *set, const struct target *target);
/* Takes every binding away. */
void account_set_clear(struct account_set *set);

/* NULL: there is none. */
struct account *account_find(const char *name);
/* The account, when it is an incoming one of @set. */
struct account *account_incoming(const struct account_set *set, const char *name);
/* ERR_USER_EXISTS; ERR_INVALID_REQUEST for names and secrets that can't be. Copies both. */
int account_new(const char *name, const char *secret, struct err *err);
/* ERR_NO_USER, ERR_INVALID_REQUEST. Sessions that logged in with the old secret stay. */
int account_set_secret(const char *name, const char *secret, struct err *err);
/* ERR_NO_USER. Its bindings go as well. */
int account_delete(const char *name, struct err *err);
/* ERR_NO_USER, ERR_USER_EXISTS, ERR_OUTGOING_EXISTS, ERR_UNSUPPORTED: no crypto library. */
int account_bind(struct account_set *set, const char *name, bool outgoing, struct err *err);
/* ERR_NO_USER */
int account_unbind(struct account_set *set, const char *name, bool outgoing, struct err *err);
/*
 * RFC 7143 9.2.1 forbids that one secret serves both directions: a mutual login would fail. The
 * incoming account of a set where @name is bound whose secret is its outgoing one's, or NULL.
 */
const struct account *account_shared_secret(const struct account_set *set, const char *name);

/* Array of {"user", "outgoing"}: incoming ones as they were bound, then the outgoing one. */
json_t *account_set_show(const struct account_set *set);

/*
 * A walk over all accounts that may be interrupted: an account that is deleted meanwhile is
 * stepped over.
 */
struct account_walk {
	struct list link;
	struct account *next;
};
void account_walk_begin(struct account_walk *w);
/* NULL: that was the last. */
struct account *account_walk_next(struct account_walk *w);
void account_walk_end(struct account_walk *w);

#endif
