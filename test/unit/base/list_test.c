/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists, wire fields and the small arithmetic of base/util.h.
 */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

struct item {
	struct list link;
	char name;
};

static const char *names(struct list *head)
{
	static char out[16];
	struct item *i;
	char *p = out;

	list_for_each(i, head, link)
		*p++ = i->name;
	*p = '\0';
	return out;
}

static void links_are_pushed_popped_and_deleted(void **state)
{
	struct item a = { .name = 'a' }, b = { .name = 'b' }, c = { .name = 'c' };
	struct list head = LIST_INIT(head);

	(void)state;
	list_init(&a.link);
	assert_true(list_empty(&head));
	assert_null(list_pop(&head));
	list_push_back(&head, &b.link);
	list_push_back(&head, &c.link);
	list_push_front(&head, &a.link);
	assert_string_equal(names(&head), "abc");
	list_del(&b.link);
	list_del(&b.link);
	assert_false(list_linked(&b.link));
	assert_string_equal(names(&head), "ac");
	assert_ptr_equal(list_pop(&head), &a.link);
	assert_false(list_linked(&a.link));
	assert_ptr_equal(list_first(&head, struct item, link), &c);
}

static void a_safe_walk_may_delete_and_a_splice_moves_all(void **state)
{
	struct item i[5], *pos, *tmp;
	struct list head = LIST_INIT(head), other = LIST_INIT(other);

	(void)state;
	for (int n = 0; n < 5; n++) {
		i[n].name = (char)('a' + n);
		list_push_back(&head, &i[n].link);
	}
	list_for_each_safe(pos, tmp, &head, link) {
		list_del(&pos->link);
		if (pos->name % 2)
			list_push_back(&other, &pos->link);
	}
	assert_true(list_empty(&head));
	assert_string_equal(names(&other), "ace");
	list_push_back(&head, &i[1].link);
	list_splice_back(&head, &other);
	assert_string_equal(names(&head), "bace");
	assert_true(list_empty(&other));
	list_splice_back(&head, &other);
	assert_string_equal(names(&head), "bace");
}

static void wire_fields_are_big_endian_and_unpadded(void **state)
{
	struct {
		struct be16 a;
		struct be24 b;
		struct be32 c;
		struct be64 d;
	} w;
	static const uint8_t want[] = { 1, 2, 0xff, 4, 5, 0xff, 7, 8, 9,
					0xff, 11, 12, 13, 14, 15, 16, 17 };

	(void)state;
	assert_int_equal(sizeof(w), 17);
	be16_put(&w.a, 0x0102);
	be24_put(&w.b, 0xff0405);
	be32_put(&w.c, 0xff070809);
	be64_put(&w.d, 0xff0b0c0d0e0f1011);
	assert_memory_equal(&w, want, sizeof(w));
	assert_int_equal(be16_get(w.a), 0x0102);
	assert_int_equal(be24_get(w.b), 0xff0405);
	assert_int_equal(be32_get(w.c), 0xff070809);
	assert_true(be64_get(w.d) == 0xff0b0c0d0e0f1011);
}

static void arithmetic_helpers_do_as_named(void **state)
{
	(void)state;
	assert_int_equal(round_up(0, 8), 0);
	assert_int_equal(round_up(9, 8), 16);
	assert_int_equal(round_up(16, 8), 16);
	assert_true(is_power_of_2(1) && is_power_of_2(1ULL << 63));
	assert_false(is_power_of_2(0) || is_power_of_2(12));
	assert_int_equal(min_u64(1, 2), 1);
	assert_int_equal(max_u32(1, 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_pushed_popped_and_deleted),
		cmocka_unit_test(a_safe_walk_may_delete_and_a_splice_moves_all),
		cmocka_unit_test(wire_fields_are_big_endian_and_unpadded),
		cmocka_unit_test(arithmetic_helpers_do_as_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
