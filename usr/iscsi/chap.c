/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CHAP (RFC 7143 12.1, RFC 1994), one-way and mutual. A method of auth.h: the initiator lists
 * algorithms, we choose and challenge it, it answers, and may challenge us in the same step.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "iscsi/account.h"
#include "iscsi/auth.h"
#include "iscsi/auth_limit.h"
#include "iscsi/chap_hash.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/login_priv.h"
#include "iscsi/text.h"
#include "target/core.h"
#include "target/target.h"

#define CHALLENGE_LEN 32
#define BINARY_MAX 1024 /* RFC 7143 12.1.3: of a challenge or response */

/* l->auth_state. */
struct chap {
	const struct chap_alg *alg; /* NULL: CHAP_A has not come yet */
	uint8_t id, challenge[CHALLENGE_LEN];
	/* CHAP_A, I, C, N, R of the request that is being looked at, within l->in. */
	char *a, *i, *c, *n, *r;
};

static const struct account_set *accounts_of(const struct iscsi_login *l)
{
	return l->target ? &l->target->accounts : &iscsi.discovery_accounts;
}

static const struct chap_order *order_of(const struct iscsi_login *l)
{
	return l->target && l->target->chap_order.n ? &l->target->chap_order : &iscsi.chap_order;
}

static uint64_t now(void)
{
	return loop_now(iscsi.core->loop);
}

static bool allowed(const struct iscsi_login *l)
{
	return !list_empty(&accounts_of(l)->incoming);
}

/* Not to be told: a name that does not exist from a wrong secret. */
static enum iscsi_login_status failed(const struct iscsi_login *l, const char *user,
				      const char *why)
{
	char peer[ADDR_STRLEN];

	auth_limit_failed(&l->conn->peer, now());
	log_limited(LOG_LVL_NOTICE, "login of %s from %s to %s failed, account '%.255s': %s",
		    l->initiator, addr_format(&l->conn->peer, peer),
		    l->target ? l->target->t->name : "discovery", user, why);
	return LOGIN_AUTH_FAILED;
}

/* RFC 7143 11.13.5: a status after which initiators try again. */
static enum iscsi_login_status too_often(const struct iscsi_login *l)
{
	char peer[ADDR_STRLEN];

	log_limited(LOG_LVL_NOTICE, "login of %s from %s refused: too many failed logins from there",
		    l->initiator, addr_format(&l->conn->peer, peer));
	return LOGIN_UNAVAILABLE;
}

static enum iscsi_login_status begin(struct iscsi_login *l)
{
	if (!auth_limit_ok(&l->conn->peer, now()))
		return too_often(l);
	l->auth_state = calloc(1, sizeof(struct chap));
	return l->auth_state ? LOGIN_OK : LOGIN_NO_RESOURCES;
}

static void end(struct iscsi_login *l)
{
	free(l->auth_state);
	l->auth_state = NULL;
}

static int key(struct iscsi_login *l, const char *name, char *value)
{
	struct chap *c = l->auth_state;
	char **slot = NULL;

	if (!strncmp(name, "CHAP_", 5) && name[5] && !name[6])
		switch (name[5]) {
		case 'A': slot = &c->a; break;
		case 'I': slot = &c->i; break;
		case 'C': slot = &c->c; break;
		case 'N': slot = &c->n; break;
		case 'R': slot = &c->r; break;
		default: break;
		}
	if (!slot)
		return -ENOENT;
	if (*slot || l->auth_done)
		return -EPROTO;
	*slot = value;
	return 0;
}

/* --- we challenge the initiator --------------------------------------------------------------- */

static enum iscsi_login_status challenge(struct iscsi_login *l, struct chap *c)
{
	if (!c->a || c->i || c->c || c->n || c->r)
		return LOGIN_INITIATOR_ERROR;
	c->alg = chap_order_choose(order_of(l), c->a);
	if (!c->alg)
		return failed(l, "", "it offers no algorithm that may be used");
	/* It would wait for entropy only in the first moments of a machine. */
	if (getrandom(c->challenge, CHALLENGE_LEN, GRND_NONBLOCK) != CHALLENGE_LEN ||
	    getrandom(&c->id, 1, GRND_NONBLOCK) != 1)
		return LOGIN_NO_RESOURCES;
	text_put_number(&l->out, "CHAP_A", c->alg->number);
	text_put_number(&l->out, "CHAP_I", c->id);
	text_put_binary(&l->out, "CHAP_C", c->challenge, CHALLENGE_LEN);
	return LOGIN_OK;
}

/* The digest that @secret makes of our challenge is the initiator's @response. */
static bool responds(const struct chap *c, const char *secret, const uint8_t *response, int len)
{
	uint8_t want[CHAP_DIGEST_MAX];

	return chap_digest(c->alg, c->id, secret, c->challenge, CHALLENGE_LEN, want) &&
	       len == c->alg->len && chap_digest_equal(want, response, c->alg->len);
}

/* Why the initiator is not who it says, or NULL. */
static const char *check_response(const struct iscsi_login *l, const struct chap *c)
{
	const struct account_set *set = accounts_of(l);
	const struct account *a = account_incoming(set, c->n);
	uint8_t response[BINARY_MAX];
	int len = text_binary(c->r, response, sizeof(response));

	/* The same work for a name that is not known. */
	if (!responds(c, a ? a->secret : "", response, len) || !a)
		return a ? "wrong password" : "no such account here";
	/* RFC 7143 9.2.1: who answers as we would may have let us answer our own challenge. */
	if (set->outgoing && responds(c, set->outgoing->account->secret, response, len))
		return "its password is the one that the target itself answers with";
	return NULL;
}

/* --- the initiator challenges us -------------------------------------------------------------- */

/* One of our own challenges, of this connection or of another that logs in now (9.2.1). */
static bool is_ours(const uint8_t *bytes, int len)
{
	const struct iscsi_conn *conn;

	list_for_each(conn, &iscsi.logins, link) {
		const struct iscsi_login *l = conn->login;
		const struct chap *c = l && l->auth == &auth_chap ? l->auth_state : NULL;

		if (c && c->alg && len == CHALLENGE_LEN && !memcmp(bytes, c->challenge, (size_t)len))
			return true;
	}
	return false;
}

static enum iscsi_login_status answer(struct iscsi_login *l, const struct chap *c)
{
	const struct account_binding *out = accounts_of(l)->outgoing;
	uint8_t bytes[BINARY_MAX], digest[CHAP_DIGEST_MAX];
	int len = text_binary(c->c, bytes, sizeof(bytes));
	uint32_t id;

	if (len < 0 || !text_number(c->i, &id) || id > UINT8_MAX)
		return LOGIN_INITIATOR_ERROR;
	if (is_ours(bytes, len))
		return failed(l, c->n, "it sent our own challenge back");
	if (!out)
		return failed(l, c->n, "it wants the target's password, and there is no outgoing "
				       "account");
	if (!chap_digest(c->alg, (uint8_t)id, out->account->secret, bytes, (size_t)len, digest))
		return LOGIN_NO_RESOURCES;
	text_put(&l->out, "CHAP_N", out->account->name);
	text_put_binary(&l->out, "CHAP_R", digest, c->alg->len);
	return LOGIN_OK;
}

static enum iscsi_login_status succeeded(const struct iscsi_login *l, const struct chap *c)
{
	struct iscsi_conn *conn = l->conn;
	char peer[ADDR_STRLEN];

	free(conn->account);
	conn->account = strdup(c->n);
	if (!conn->account)
		return LOGIN_NO_RESOURCES;
	conn->chap_alg = c->alg;
	conn->chap_mutual = c->c;
	log_limited(LOG_LVL_INFO, "%s from %s is account '%.255s' of %s (CHAP with %s%s)",
		    l->initiator, addr_format(&conn->peer, peer), c->n,
		    l->target ? l->target->t->name : "discovery", c->alg->name,
		    c->c ? ", mutual" : "");
	return LOGIN_OK;
}

static enum iscsi_login_status verify(struct iscsi_login *l, struct chap *c)
{
	enum iscsi_login_status status;
	const char *why;

	if (c->a || !c->n || !c->r || !c->i != !c->c)
		return LOGIN_INITIATOR_ERROR;
	/* Many connections may have got their challenge before the first of them failed. */
	if (!auth_limit_ok(&l->conn->peer, now()))
		return too_often(l);
	why = check_response(l, c);
	if (why)
		return failed(l, c->n, why);
	status = c->c ? answer(l, c) : LOGIN_OK;
	if (status)
		return status;
	l->auth_done = true;
	return succeeded(l, c);
}

static enum iscsi_login_status step(struct iscsi_login *l)
{
	struct chap *c = l->auth_state;
	enum iscsi_login_status status = c->alg ? verify(l, c) : challenge(l, c);

	c->a = c->i = c->c = c->n = c->r = NULL;
	return status;
}

const struct auth_method auth_chap = {
	.name = "CHAP",
	.allowed = allowed,
	.begin = begin,
	.key = key,
	.step = step,
	.end = end,
};
