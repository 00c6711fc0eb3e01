/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line of progress (img/progress.h).
 */
#include "img/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"

static void the_line_says_how_much_how_fast_and_how_long_still(void **state)
{
	char line[PROGRESS_COLUMNS];

	(void)state;
	progress_line(line, 5 * GiB / 2, 10 * GiB, 5 * NSEC_PER_SEC);
	assert_string_equal(line,
			    "####............  25 %  2.5 GiB of 10.0 GiB  512.0 MiB/s  0:00:15 left");
	progress_line(line, 10 * GiB, 10 * GiB, 5 * NSEC_PER_SEC);
	assert_string_equal(line,
			    "################ 100 %  10.0 GiB of 10.0 GiB  2.0 GiB/s  0:00:00 left");
}

static void nothing_done_yet_is_no_division_by_nothing(void **state)
{
	char line[PROGRESS_COLUMNS];

	(void)state;
	progress_line(line, 0, 10 * GiB, NSEC_PER_SEC);
	assert_string_equal(line, "................   0 %  0 bytes of 10.0 GiB  -:--:-- left");
	progress_line(line, 0, 0, 0);
	assert_non_null(strstr(line, "100 %"));
	progress_line(line, 1, INT64_MAX, 1000 * NSEC_PER_SEC);
	assert_non_null(strstr(line, "-:--:-- left"));
}

static void the_longest_line_fits_a_terminal(void **state)
{
	char line[PROGRESS_COLUMNS];

	(void)state;
	progress_line(line, 1024 * MiB - KiB, 1024 * MiB - 1, NSEC_PER_SEC);
	assert_non_null(strstr(line, " left"));
	progress_line(line, 1024 * MiB - KiB, 1023 * GiB, 2000 * NSEC_PER_SEC);
	assert_non_null(strstr(line, " left"));
	progress_line(line, 999 * KiB, 1000 * GiB, NSEC_PER_SEC);
	assert_string_equal(line, "................   0 %  999.0 KiB of 1000.0 GiB  999.0 KiB/s  "
				  "291:33:45 left");
}

static void nothing_is_drawn_where_there_is_no_terminal(void **state)
{
	FILE *f = tmpfile();
	struct progress p;

	(void)state;
	assert_non_null(f);
	progress_start(&p, f);
	progress_show(&p, 1, 2);
	progress_end(&p);
	assert_int_equal(ftell(f), 0);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_says_how_much_how_fast_and_how_long_still),
		cmocka_unit_test(nothing_done_yet_is_no_division_by_nothing),
		cmocka_unit_test(the_longest_line_fits_a_terminal),
		cmocka_unit_test(nothing_is_drawn_where_there_is_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
