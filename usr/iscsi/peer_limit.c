/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of what comes from outside (peer_limit.h). One address is looked at first, so
 * that what is refused to it is not missed by the others. A host that starts may bring what it has at
 * once: buckets hold the tokens of BURST_S seconds.
 */
#include "iscsi/peer_limit.h"

#include <string.h>

#include "base/util.h"
#include "iscsi/buckets.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/text.h"

#define BURST_S 10

/* Of connections, or of logins. */
struct rate {
	struct peer_limit limit;
	uint64_t full_ns; /* when the bucket of all is full again */
	struct buckets peers;
};

static struct rate connections, logins;

int peer_limit_parse(struct peer_limit *limit, const char *name, const char *value, uint32_t max,
		     struct err *err)
{
	const char *colon = strchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : strlen(value);
	struct peer_limit new = *limit;
	char all[16] = "";

	if (len < sizeof(all))
		memcpy(all, value, len);
	if (!text_number(all, &new.all) || new.all > max ||
	    (colon && (!text_number(colon + 1, &new.each) || new.each > max)))
		return err_set(err, ERR_INVALID_REQUEST,
			       "%s is a number from 0 to %u, or two with a colon between: of all, and of "
			       "one address", name, max);
	*limit = new;
	return 0;
}

static void rate_start(struct rate *r, struct peer_limit limit)
{
	r->limit = limit;
	r->full_ns = 0;
	buckets_init(&r->peers, limit.each ? NSEC_PER_SEC / limit.each : 0, limit.each * BURST_S);
}

void peer_limit_start(void)
{
	peer_limit_done();
	rate_start(&connections, iscsi.limits.connection_rate);
	rate_start(&logins, iscsi.limits.login_rate);
}

void peer_limit_done(void)
{
	buckets_done(&connections.peers);
	buckets_done(&logins.peers);
}

/* Takes a token of both, or none. */
static bool rate_take(struct rate *r, const struct addr *peer, uint64_t now)
{
	uint64_t refill = r->limit.all ? NSEC_PER_SEC / r->limit.all : 0;

	if (r->limit.each && !buckets_ok(&r->peers, peer, now))
		return false;
	if (refill && r->full_ns + refill > now + refill * r->limit.all * BURST_S)
		return false;
	if (r->limit.each)
		buckets_take(&r->peers, peer, now);
	r->full_ns = max_u64(r->full_ns, now) + refill;
	return true;
}

/* Of those that are not logged in, which are few: iscsi.limits.logins.all. */
static unsigned int logins_of(const struct addr *peer)
{
	uint8_t key[BUCKETS_KEY], other[BUCKETS_KEY];
	const struct iscsi_conn *conn;
	unsigned int n = 0;

	buckets_key(peer, key);
	list_for_each(conn, &iscsi.logins, link) {
		buckets_key(&conn->peer, other);
		n += !memcmp(key, other, BUCKETS_KEY);
	}
	return n;
}

const char *peer_limit_connection(const struct addr *peer, uint64_t now)
{
	const struct iscsi_limits *max = &iscsi.limits;

	if ((max->logins.all && iscsi.n_logins >= max->logins.all) ||
	    iscsi.n_conns >= max->max_connections)
		return "too many connections";
	if (max->logins.each && logins_of(peer) >= max->logins.each)
		return "too many connections of its address that are not logged in";
	if (!rate_take(&connections, peer, now))
		return "too many connections in a short time";
	return NULL;
}

bool peer_limit_login(const struct addr *peer, uint64_t now)
{
	return rate_take(&logins, peer, now);
}
