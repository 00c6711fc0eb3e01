/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failed logins (auth_limit.h). Ten failures may come at once, then one in two
 * seconds: too few to guess a secret, enough for a host that has one wrong and one right.
 */
#include "iscsi/auth_limit.h"

#include "base/util.h"
#include "iscsi/buckets.h"

#define BURST 10
#define REFILL_NS (2 * NSEC_PER_SEC)

static struct buckets failures;

void auth_limit_init(void)
{
	buckets_init(&failures, REFILL_NS, BURST);
}

void auth_limit_done(void)
{
	buckets_done(&failures);
}

bool auth_limit_ok(const struct addr *peer, uint64_t now)
{
	return buckets_ok(&failures, peer, now);
}

void auth_limit_failed(const struct addr *peer, uint64_t now)
{
	buckets_take(&failures, peer, now);
}
