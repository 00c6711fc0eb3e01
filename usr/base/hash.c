/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chained hash table that doubles when it holds an entry a bucket, and keyed
 * hash functions: a peer that chooses keys can't choose buckets. Bytes go
 * through SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input
 * PRF"), integers, which are looked up for every command, through two keyed
 * multiplications.
 */
#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define FIRST_BUCKETS 16

uint64_t hash_seed[2];

/* Before main(), so that no lookup has to ask whether it was done. */
__attribute__((constructor)) static void make_seed(void)
{
	/* Early in boot there may be no entropy yet; a guessable seed beats waiting for it. */
	if (getrandom(hash_seed, sizeof(hash_seed), GRND_NONBLOCK) != (ssize_t)sizeof(hash_seed))
		hash_seed[1] = (uint64_t)time(NULL) ^ (uintptr_t)&hash_seed;
}

static inline uint64_t rotl(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

uint32_t hash_bytes(const void *key, size_t len)
{
	const unsigned char *p = key;
	uint64_t v[4], m, last = (uint64_t)len << 56;
	size_t i;

	v[0] = hash_seed[0] ^ 0x736f6d6570736575ULL;
	v[1] = hash_seed[1] ^ 0x646f72616e646f6dULL;
	v[2] = hash_seed[0] ^ 0x6c7967656e657261ULL;
	v[3] = hash_seed[1] ^ 0x7465646279746573ULL;
	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&m, p + i, 8);
		sip_word(v, m);
	}
	for (unsigned int shift = 0; i < len; i++, shift += 8)
		last |= (uint64_t)p[i] << shift;
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int round = 0; round < 3; round++)
		sip_round(v);
	m = v[0] ^ v[1] ^ v[2] ^ v[3];
	return (uint32_t)(m ^ m >> 32);
}

uint32_t hash_str(const char *key)
{
	return hash_bytes(key, strlen(key));
}

static int grow(struct hash_table *t)
{
	uint32_t old = t->buckets ? t->mask + 1 : 0, n = old ? old * 2 : FIRST_BUCKETS;
	struct hash_node **buckets = calloc(n, sizeof(struct hash_node *));

	if (!buckets)
		return -1;
	for (uint32_t i = 0; i < old; i++) {
		for (struct hash_node *node = t->buckets[i], *next; node; node = next) {
			next = node->next;
			node->next = buckets[node->hash & (n - 1)];
			buckets[node->hash & (n - 1)] = node;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->mask = n - 1;
	return 0;
}

int hash_insert(struct hash_table *t, struct hash_node *n, uint32_t hash)
{
	if (!t->buckets || (t->count > t->mask && t->mask < UINT32_MAX / 2))
		if (grow(t) < 0 && !t->buckets)
			return -ENOMEM;
	n->hash = hash;
	n->next = t->buckets[hash & t->mask];
	t->buckets[hash & t->mask] = n;
	t->count++;
	return 0;
}

void hash_remove(struct hash_table *t, struct hash_node *n)
{
	struct hash_node **pp = &t->buckets[n->hash & t->mask];

	while (*pp != n) {
		assert(*pp);
		pp = &(*pp)->next;
	}
	*pp = n->next;
	n->next = NULL;
	t->count--;
}

void hash_free(struct hash_table *t)
{
	free(t->buckets);
	*t = (struct hash_table){ .buckets = NULL };
}
