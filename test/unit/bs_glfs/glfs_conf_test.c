/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths and bsopts of the store glfs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bs_glfs/glfs_store.h"

static int parse(struct glfs_conf *c, const char *path, const char *opts)
{
	struct bs_conf conf = { .type = "glfs", .path = path, .opts = opts };
	struct err err = { .code = ERR_OK };

	memset(c, 0, sizeof(*c));
	return glfs_conf_parse(c, &conf, &err);
}

static void a_path_has_volume_host_and_file(void **state)
{
	static const char *const bad[] = { "", "v", "v@h", "v@h:", "@h:p", "v@:p", "v@[::1:p", "v@[]:p" };
	struct glfs_conf c;

	(void)state;
	assert_int_equal(parse(&c, "v@h:/a:b", NULL), 0);
	assert_string_equal(c.volume, "v");
	assert_string_equal(c.host, "h");
	assert_string_equal(c.path, "/a:b");
	assert_int_equal(c.port, 24007);
	assert_int_equal(c.loglevel, 4);
	glfs_conf_free(&c);
	assert_int_equal(parse(&c, "v@[::1]:p", NULL), 0);
	assert_string_equal(c.host, "::1");
	assert_string_equal(c.path, "p");
	glfs_conf_free(&c);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_not_equal(parse(&c, bad[i], NULL), 0);
		glfs_conf_free(&c);
	}
}

static void options_are_those_of_old_and_the_port(void **state)
{
	static const char *const bad[] = { "loglevel=10", "port=65536", "port=x", "logfiel=/x" };
	struct glfs_conf c;

	(void)state;
	assert_int_equal(parse(&c, "v@h:p", "logfile=/l;loglevel=9;port=1"), 0);
	assert_string_equal(c.logfile, "/l");
	assert_int_equal(c.loglevel, 9);
	assert_int_equal(c.port, 1);
	glfs_conf_free(&c);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_not_equal(parse(&c, "v@h:p", bad[i]), 0);
		glfs_conf_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_has_volume_host_and_file),
		cmocka_unit_test(options_are_those_of_old_and_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
