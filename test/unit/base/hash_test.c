/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash table: finding, equal hashes, growth, spread, lack of memory.
 */
#include "base/hash.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"

#define MANY 10000

struct entry {
	struct hash_node node;
	uint64_t key;
};

static struct entry entries[MANY];

static struct entry *find(const struct hash_table *t, uint32_t hash, uint64_t key)
{
	struct hash_node *n;

	for (n = hash_first(t, hash); n; n = hash_next(n))
		if (container_of(n, struct entry, node)->key == key)
			return container_of(n, struct entry, node);
	return NULL;
}

static void put(struct hash_table *t, struct entry *e, uint64_t key, uint32_t hash)
{
	e->key = key;
	assert_int_equal(hash_insert(t, &e->node, hash), 0);
}

static void every_entry_is_found_until_removed(void **state)
{
	struct hash_table t = { .buckets = NULL };

	(void)state;
	assert_null(find(&t, hash_u64(1), 1));
	for (uint64_t i = 0; i < MANY; i++)
		put(&t, &entries[i], i, hash_u64(i));
	assert_int_equal(t.count, MANY);
	assert_true(t.mask >= MANY / 2);
	for (uint64_t i = 0; i < MANY; i++)
		assert_ptr_equal(find(&t, hash_u64(i), i), &entries[i]);
	for (uint64_t i = 0; i < MANY; i += 2)
		hash_remove(&t, &entries[i].node);
	for (uint64_t i = 0; i < MANY; i++)
		assert_ptr_equal(find(&t, hash_u64(i), i), i % 2 ? &entries[i] : NULL);
	assert_int_equal(t.count, MANY / 2);
	hash_free(&t);
	assert_int_equal(t.count, 0);
}

static void entries_with_equal_hashes_live_together(void **state)
{
	struct hash_table t = { .buckets = NULL };

	(void)state;
	put(&t, &entries[0], 10, 7);
	put(&t, &entries[1], 11, 7);
	put(&t, &entries[2], 12, 7 + 16);
	assert_ptr_equal(find(&t, 7, 10), &entries[0]);
	assert_ptr_equal(find(&t, 7, 11), &entries[1]);
	assert_null(find(&t, 7, 12));
	assert_ptr_equal(find(&t, 7 + 16, 12), &entries[2]);
	hash_remove(&t, &entries[1].node);
	assert_null(find(&t, 7, 11));
	assert_ptr_equal(find(&t, 7, 10), &entries[0]);
	hash_free(&t);
}

static void only_the_first_bucket_array_is_needed(void **state)
{
	struct hash_table t = { .buckets = NULL };

	(void)state;
	t_alloc_fail_nth(1);
	assert_int_equal(hash_insert(&t, &entries[0].node, 1), -ENOMEM);
	assert_int_equal(t.count, 0);
	put(&t, &entries[0], 0, hash_u64(0));
	t_alloc_fail_nth(1);
	for (uint64_t i = 1; i < 40; i++)
		put(&t, &entries[i], i, hash_u64(i));
	assert_true(t_alloc_failed());
	t_alloc_fail_nth(0);
	for (uint64_t i = 0; i < 40; i++)
		assert_ptr_equal(find(&t, hash_u64(i), i), &entries[i]);
	hash_free(&t);
}

/* Ten times the mean in any bucket would take more than a bad seed. */
static void check_spread(const uint32_t *hash)
{
	static unsigned int bucket[1024];

	memset(bucket, 0, sizeof(bucket));
	for (int i = 0; i < MANY; i++)
		bucket[hash[i] % 1024]++;
	for (int i = 0; i < 1024; i++)
		assert_true(bucket[i] < 100);
}

static void keys_that_differ_little_spread(void **state)
{
	static uint32_t hash[MANY];
	char name[64];

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		hash[i] = hash_u64(i);
	check_spread(hash);
	for (uint64_t i = 0; i < MANY; i++)
		hash[i] = hash_u64(i << 32);
	check_spread(hash);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "iqn.2001-04.com.example:disk%d", i);
		hash[i] = hash_str(name);
	}
	check_spread(hash);
}

static void bytes_and_strings_hash_alike_and_every_byte_counts(void **state)
{
	char a[40] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint32_t h = hash_str(a);

	(void)state;
	assert_int_equal(h, hash_bytes(a, 36));
	assert_int_not_equal(h, hash_bytes(a, 35));
	assert_int_not_equal(hash_bytes("\0", 1), hash_bytes("\0\0", 2));
	for (int i = 0; i < 36; i++) {
		a[i] ^= 1;
		assert_int_not_equal(hash_str(a), h);
		a[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_entry_is_found_until_removed),
		cmocka_unit_test(entries_with_equal_hashes_live_together),
		cmocka_unit_test(only_the_first_bucket_array_is_needed),
		cmocka_unit_test(keys_that_differ_little_spread),
		cmocka_unit_test(bytes_and_strings_hash_alike_and_every_byte_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
