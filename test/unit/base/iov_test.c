/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scattered buffers against a flat model, for every offset and length.
 */
#include "base/iov.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

#define TOTAL 12

static char mem[TOTAL];

/* 3, 0, 5 and 4 bytes of mem, in order. */
static const struct iovec *scatter(void)
{
	static const struct iovec iov[] = {
		{ mem, 3 }, { mem + 3, 0 }, { mem + 3, 5 }, { mem + 8, 4 },
	};

	memcpy(mem, "abcdefghijkl", TOTAL);
	return iov;
}

static size_t covered(size_t off, size_t len)
{
	return off >= TOTAL ? 0 : min_u64(len, TOTAL - off);
}

#define for_each_range(off, len)                                                                   \
	for (size_t off = 0; off <= TOTAL + 2; off++)                                              \
		for (size_t len = 0; len <= TOTAL + 2; len++)

static void size_is_the_sum(void **state)
{
	(void)state;
	assert_int_equal(iov_size(scatter(), 4), TOTAL);
	assert_int_equal(iov_size(scatter(), 2), 3);
	assert_int_equal(iov_size(NULL, 0), 0);
}

static void bytes_are_copied_out(void **state)
{
	char out[TOTAL + 2];

	(void)state;
	for_each_range(off, len) {
		memset(out, '-', sizeof(out));
		assert_int_equal(iov_to_buf(scatter(), 4, off, out, len), covered(off, len));
		assert_memory_equal(out, mem + min_u64(off, TOTAL), covered(off, len));
		for (size_t i = covered(off, len); i < sizeof(out); i++)
			assert_int_equal(out[i], '-');
	}
}

static void bytes_are_copied_in(void **state)
{
	(void)state;
	for_each_range(off, len) {
		const struct iovec *iov = scatter();

		assert_int_equal(iov_from_buf(iov, 4, off, "0123456789ABCD", len),
				 covered(off, len));
		for (size_t i = 0; i < TOTAL; i++)
			assert_int_equal(mem[i], i >= off && i < off + len ?
							 "0123456789ABCD"[i - off] :
							 "abcdefghijkl"[i]);
	}
}

static void bytes_are_set(void **state)
{
	(void)state;
	for_each_range(off, len) {
		const struct iovec *iov = scatter();

		assert_int_equal(iov_set(iov, 4, off, '#', len), covered(off, len));
		for (size_t i = 0; i < TOTAL; i++)
			assert_int_equal(mem[i],
					 i >= off && i < off + len ? '#' : "abcdefghijkl"[i]);
	}
}

static void a_slice_describes_the_range(void **state)
{
	struct iovec out[4];
	char flat[TOTAL];
	unsigned int n;

	(void)state;
	for_each_range(off, len) {
		n = iov_slice(scatter(), 4, off, len, out, 4);
		assert_true(n <= 3);
		assert_int_equal(iov_size(out, n), covered(off, len));
		iov_to_buf(out, n, 0, flat, TOTAL);
		assert_memory_equal(flat, mem + min_u64(off, TOTAL), covered(off, len));
	}
}

static void a_slice_without_room_is_short(void **state)
{
	struct iovec out[1];

	(void)state;
	assert_int_equal(iov_slice(scatter(), 4, 1, 10, out, 1), 1);
	assert_int_equal(iov_size(out, 1), 2);
	assert_int_equal(iov_slice(scatter(), 4, 1, 10, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_the_sum),
		cmocka_unit_test(bytes_are_copied_out),
		cmocka_unit_test(bytes_are_copied_in),
		cmocka_unit_test(bytes_are_set),
		cmocka_unit_test(a_slice_describes_the_range),
		cmocka_unit_test(a_slice_without_room_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
