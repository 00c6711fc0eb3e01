/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intrusive hash table: a lookup's cost does not grow with the number of
 * entries. Keys that a peer chooses are mixed with a random seed.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

/* Embedded in the entry. */
struct hash_node {
	struct hash_node *next;
	uint32_t hash;
};

/* Embedded in its owner. */
struct hash_table {
	struct hash_node **buckets; /* NULL until the first insertion */
	uint32_t mask;
	uint32_t count;
};

/* Random, set before main(). */
extern uint64_t hash_seed[2];

static inline uint32_t hash_u64(uint64_t key)
{
	uint64_t v = (key ^ hash_seed[1]) * 0x9e3779b97f4a7c15ULL;

	v ^= v >> 32;
	v = (v + hash_seed[0]) * 0xd6e8feb86659fd93ULL;
	return (uint32_t)(v >> 32);
}

uint32_t hash_bytes(const void *key, size_t len);
uint32_t hash_str(const char *key);

/* -ENOMEM only when the very first bucket array can't be had; growing may fail silently. */
int must_check hash_insert(struct hash_table *t, struct hash_node *n, uint32_t hash);
/* The node must be in the table. */
void hash_remove(struct hash_table *t, struct hash_node *n);
/* Frees the bucket array; the entries belong to their owners. */
void hash_free(struct hash_table *t);

/* First node with this hash, or NULL; compare the key yourself and go on with hash_next(). */
static inline struct hash_node *hash_first(const struct hash_table *t, uint32_t hash)
{
	struct hash_node *n = t->buckets ? t->buckets[hash & t->mask] : NULL;

	while (n && n->hash != hash)
		n = n->next;
	return n;
}

static inline struct hash_node *hash_next(struct hash_node *n)
{
	uint32_t hash = n->hash;

	do {
		n = n->next;
	} while (n && n->hash != hash);
	return n;
}

#endif
