/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buckets of failed logins (auth_limit.h). Ten failures may come at once, then one in two
 * seconds: too few to guess a secret, enough for a host that has one wrong and one right.
 */
#include "iscsi/auth_limit.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"

#define BURST 10
#define REFILL_NS (2 * NSEC_PER_SEC)

/* An address; of IPv6 the network of 64 bits, since a host may have any address in it. */
struct peer {
	struct hash_node node;
	struct list link;   /* the one that failed last comes last */
	uint8_t key[16];
	uint64_t forgotten_ns; /* when all its failures are, one each REFILL_NS */
};

static struct {
	struct hash_table peers;
	struct list by_age;
	unsigned int count;
} limit;

void auth_limit_init(void)
{
	list_init(&limit.by_age);
	limit.count = 0;
}

static void peer_free(struct peer *p)
{
	hash_remove(&limit.peers, &p->node);
	list_del(&p->link);
	free(p);
	limit.count--;
}

void auth_limit_done(void)
{
	struct peer *p, *tmp;

	list_for_each_safe(p, tmp, &limit.by_age, link)
		peer_free(p);
	hash_free(&limit.peers);
}

static void make_key(const struct addr *a, uint8_t key[16])
{
	memset(key, 0, 16);
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

static struct peer *find(const uint8_t key[16])
{
	struct hash_node *n = hash_first(&limit.peers, hash_bytes(key, 16));

	for (; n; n = hash_next(n))
		if (!memcmp(container_of(n, struct peer, node)->key, key, 16))
			return container_of(n, struct peer, node);
	return NULL;
}

bool auth_limit_ok(const struct addr *peer, uint64_t now)
{
	uint8_t key[16];
	struct peer *p;

	make_key(peer, key);
	p = find(key);
	return !p || p->forgotten_ns + REFILL_NS <= now + BURST * REFILL_NS;
}

static struct peer *peer_new(const uint8_t key[16])
{
	struct peer *p;

	if (limit.count == AUTH_LIMIT_PEERS)
		peer_free(list_first(&limit.by_age, struct peer, link));
	p = calloc(1, sizeof(*p));
	if (!p || hash_insert(&limit.peers, &p->node, hash_bytes(key, 16))) {
		free(p);
		return NULL;
	}
	memcpy(p->key, key, 16);
	list_push_back(&limit.by_age, &p->link);
	limit.count++;
	return p;
}

void auth_limit_failed(const struct addr *peer, uint64_t now)
{
	uint8_t key[16];
	struct peer *p;

	make_key(peer, key);
	p = find(key);
	if (!p)
		p = peer_new(key);
	if (!p)
		return;
	p->forgotten_ns = max_u64(p->forgotten_ns, now) + REFILL_NS;
	list_del(&p->link);
	list_push_back(&limit.by_age, &p->link);
}
