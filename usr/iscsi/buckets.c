/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Token buckets (buckets.h). Of each only the time is kept at which it will be full again;
 * a bucket that nobody remembers is full.
 */
#include "iscsi/buckets.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct peer {
	struct hash_node node;
	struct list link; /* the one that took a token last comes last */
	uint8_t key[BUCKETS_KEY];
	uint64_t full_ns;
};

void buckets_init(struct buckets *b, uint64_t refill_ns, unsigned int depth)
{
	*b = (struct buckets){ .refill_ns = refill_ns, .depth_ns = refill_ns * depth };
	list_init(&b->by_age);
}

static void peer_free(struct buckets *b, struct peer *p)
{
	hash_remove(&b->peers, &p->node);
	list_del(&p->link);
	free(p);
	b->count--;
}

void buckets_done(struct buckets *b)
{
	while (b->count)
		peer_free(b, list_first(&b->by_age, struct peer, link));
	hash_free(&b->peers);
}

void buckets_key(const struct addr *a, uint8_t key[BUCKETS_KEY])
{
	memset(key, 0, BUCKETS_KEY);
	if (a->sa.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr)) {
		memcpy(key, &a->in6.sin6_addr, 8);
		return;
	}
	memset(key + 10, 0xff, 2);
	if (a->sa.sa_family == AF_INET6)
		memcpy(key + 12, a->in6.sin6_addr.s6_addr + 12, 4);
	else
		memcpy(key + 12, &a->in4.sin_addr, 4);
}

static struct peer *find(const struct buckets *b, const uint8_t key[BUCKETS_KEY])
{
	struct hash_node *n = hash_first(&b->peers, hash_bytes(key, BUCKETS_KEY));

	for (; n; n = hash_next(n))
		if (!memcmp(container_of(n, struct peer, node)->key, key, BUCKETS_KEY))
			return container_of(n, struct peer, node);
	return NULL;
}

bool buckets_ok(const struct buckets *b, const struct addr *peer, uint64_t now)
{
	uint8_t key[BUCKETS_KEY];
	struct peer *p;

	buckets_key(peer, key);
	p = find(b, key);
	return !p || p->full_ns + b->refill_ns <= now + b->depth_ns;
}

static struct peer *peer_new(struct buckets *b, const uint8_t key[BUCKETS_KEY])
{
	struct peer *p;

	if (b->count == BUCKETS_MAX)
		peer_free(b, list_first(&b->by_age, struct peer, link));
	p = calloc(1, sizeof(*p));
	if (!p || hash_insert(&b->peers, &p->node, hash_bytes(key, BUCKETS_KEY))) {
		free(p);
		return NULL;
	}
	memcpy(p->key, key, BUCKETS_KEY);
	list_push_back(&b->by_age, &p->link);
	b->count++;
	return p;
}

void buckets_take(struct buckets *b, const struct addr *peer, uint64_t now)
{
	uint8_t key[BUCKETS_KEY];
	struct peer *p;

	buckets_key(peer, key);
	p = find(b, key);
	if (!p)
		p = peer_new(b, key);
	if (!p)
		return;
	p->full_ns = max_u64(p->full_ns, now) + b->refill_ns;
	list_del(&p->link);
	list_push_back(&b->by_age, &p->link);
}
