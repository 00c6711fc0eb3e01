/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths and bsopts of the store rbd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bs_rbd/rbd.h"

static int parse(struct rbd_conf *c, const char *path, const char *opts, struct err *err)
{
	struct bs_conf conf = { .type = "rbd", .path = path, .opts = opts };

	memset(c, 0, sizeof(*c));
	err->code = ERR_OK;
	err->text[0] = '\0';
	return rbd_conf_parse(c, &conf, err);
}

static void same(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void a_path_has_up_to_four_parts(void **state)
{
	static const struct {
		const char *path, *pool, *space, *image, *snap;
	} rows[] = {
		{ "a", "rbd", NULL, "a", NULL },
		{ "p/a", "p", NULL, "a", NULL },
		{ "p/n/a", "p", "n", "a", NULL },
		{ "a@s", "rbd", NULL, "a", "s" },
		{ "p/n/a@s", "p", "n", "a", "s" },
	};
	static const char *const bad[] = { "", "/a", "p/", "p/n/", "a@", "@s", "p/n/a/b" };
	struct rbd_conf c;
	struct err err;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(&c, rows[i].path, NULL, &err), 0);
		same(c.pool, rows[i].pool);
		same(c.space, rows[i].space);
		same(c.image, rows[i].image);
		same(c.snap, rows[i].snap);
		rbd_conf_free(&c);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_not_equal(parse(&c, bad[i], NULL, &err), 0);
		assert_non_null(strstr(err.text, "IMAGE"));
		rbd_conf_free(&c);
	}
}

static void options_are_those_of_old_and_no_error_shows_a_key(void **state)
{
	struct rbd_conf c;
	struct err err;

	(void)state;
	assert_int_equal(parse(&c, "a", "conf=/c;id=me;cluster=big;cephx_key=AQ==;timeout=5;lock=exclusive", &err),
			 0);
	assert_string_equal(c.conf, "/c");
	assert_string_equal(c.id, "me");
	assert_string_equal(c.cluster, "big");
	assert_string_equal(c.key, "AQ==");
	assert_int_equal(c.timeout, 5);
	assert_true(c.lock);
	rbd_conf_free(&c);
	assert_int_equal(parse(&c, "a", "virsecretuuid=1-2;cache=no", &err), 0);
	assert_string_equal(c.keyfile, "/etc/libvirt/secrets/1-2.base64");
	assert_true(c.nocache);
	rbd_conf_free(&c);
	assert_int_not_equal(parse(&c, "a", "cephx_kye=AQ==", &err), 0);
	assert_null(strstr(err.text, "AQ"));
	rbd_conf_free(&c);
	assert_int_not_equal(parse(&c, "a", "timeout=x", &err), 0);
	rbd_conf_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_has_up_to_four_parts),
		cmocka_unit_test(options_are_those_of_old_and_no_error_shows_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
