/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing and fixed strings, and their sticky failure.
 */
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"

static void text_is_appended_in_every_way(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_puts(&sb, "tid=");
	strbuf_printf(&sb, "%d", 12);
	strbuf_putc(&sb, ',');
	strbuf_add(&sb, "lun!", 3);
	strbuf_puts(&sb, "");
	assert_string_equal(strbuf_str(&sb), "tid=12,lun");
	assert_int_equal(sb.len, 10);
	assert_true(strbuf_ok(&sb));
	strbuf_free(&sb);
	assert_string_equal(strbuf_str(&sb), "");
}

static void numbers_are_written_in_decimal(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	strbuf_putu(&sb, 0);
	strbuf_putc(&sb, ' ');
	strbuf_putu(&sb, 1020);
	strbuf_putc(&sb, ' ');
	strbuf_putu(&sb, UINT64_MAX);
	assert_string_equal(strbuf_str(&sb), "0 1020 18446744073709551615");
	strbuf_free(&sb);
}

static void it_grows_over_any_length(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		strbuf_printf(&sb, "%*d", i % 200, i);
		assert_int_equal(sb.s[sb.len], '\0');
	}
	assert_true(strbuf_ok(&sb));
	assert_int_equal(strlen(sb.s), sb.len);
	strbuf_free(&sb);
}

static void bytes_are_consumed_from_the_front(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	strbuf_consume(&sb, 0);
	strbuf_puts(&sb, "key=value");
	strbuf_consume(&sb, 4);
	assert_string_equal(strbuf_str(&sb), "value");
	strbuf_consume(&sb, 5);
	assert_string_equal(strbuf_str(&sb), "");
	assert_int_equal(sb.len, 0);
	strbuf_free(&sb);
}

static void a_full_fixed_buffer_keeps_what_it_has_and_fails(void **state)
{
	char buf[8], untouched = 'x';
	struct strbuf sb = strbuf_fixed(buf, sizeof(buf)), none = strbuf_fixed(&untouched, 0);

	(void)state;
	assert_string_equal(buf, "");
	strbuf_puts(&sb, "1234567");
	assert_true(strbuf_ok(&sb));
	strbuf_putc(&sb, '8');
	assert_false(strbuf_ok(&sb));
	assert_string_equal(strbuf_str(&sb), "1234567");
	strbuf_reset(&sb);
	strbuf_puts(&sb, "ab");
	strbuf_printf(&sb, "%s", "123456");
	assert_false(strbuf_ok(&sb));
	assert_string_equal(buf, "ab");
	strbuf_puts(&sb, "c");
	assert_string_equal(buf, "ab");
	strbuf_free(&sb);
	assert_ptr_equal(sb.s, buf);
	strbuf_puts(&sb, "again");
	assert_string_equal(buf, "again");
	strbuf_printf(&none, "%d", 1);
	strbuf_putc(&none, 'y');
	assert_false(strbuf_ok(&none));
	assert_string_equal(strbuf_str(&none), "");
	assert_int_equal(untouched, 'x');
}

static void append(void *arg)
{
	struct strbuf sb = STRBUF_INIT;

	(void)arg;
	strbuf_puts(&sb, "some");
	for (int i = 0; i < 100; i++)
		strbuf_printf(&sb, " %d", i);
	assert_int_equal(strbuf_ok(&sb), !t_alloc_failed());
	if (!strbuf_ok(&sb)) {
		size_t len = sb.len;

		strbuf_puts(&sb, "more");
		assert_int_equal(sb.len, len);
		assert_int_equal(strlen(strbuf_str(&sb)), len);
	}
	strbuf_free(&sb);
}

static void a_failed_allocation_is_remembered(void **state)
{
	(void)state;
	assert_true(t_alloc_each(append, NULL) > 2);
}

static void an_absurd_length_fails(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	strbuf_add(&sb, "x", SIZE_MAX / 2);
	assert_false(strbuf_ok(&sb));
	assert_string_equal(strbuf_str(&sb), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_appended_in_every_way),
		cmocka_unit_test(numbers_are_written_in_decimal),
		cmocka_unit_test(it_grows_over_any_length),
		cmocka_unit_test(bytes_are_consumed_from_the_front),
		cmocka_unit_test(a_full_fixed_buffer_keeps_what_it_has_and_fails),
		cmocka_unit_test(a_failed_allocation_is_remembered),
		cmocka_unit_test(an_absurd_length_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
