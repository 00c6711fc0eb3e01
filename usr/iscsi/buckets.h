/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Token buckets by address, in bounded memory: what auth_limit.c and peer_limit.c count with.
 */
#ifndef ISCSI_BUCKETS_H
#define ISCSI_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/list.h"

#define BUCKETS_MAX 1024 /* addresses remembered; then the one that took a token longest ago goes */
#define BUCKETS_KEY 16

struct buckets {
	uint64_t refill_ns;	/* one token in so long */
	uint64_t depth_ns;	/* refill_ns times the tokens of a full bucket */
	struct hash_table peers;
	struct list by_age;
	unsigned int count;
};

void buckets_init(struct buckets *b, uint64_t refill_ns, unsigned int depth);
/* Forgets all addresses: all buckets are full. */
void buckets_done(struct buckets *b);
/* Whether there is a token for @peer at @now (loop_now()). */
bool buckets_ok(const struct buckets *b, const struct addr *peer, uint64_t now);
/* Takes one, even if there is none: the bucket then takes longer to fill. Without memory nothing is taken. */
void buckets_take(struct buckets *b, const struct addr *peer, uint64_t now);
/* What counts as one address: of IPv6 the network of 64 bits, since a host may have any address in it. */
void buckets_key(const struct addr *peer, uint8_t key[BUCKETS_KEY]);

#endif
