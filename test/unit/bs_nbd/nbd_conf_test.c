/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths and bsopts of the store nbd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bs_nbd/nbd.h"

static int parse(struct nbd_conf *c, const char *path, const char *opts, struct err *err)
{
	struct bs_conf conf = { .type = "nbd", .path = path, .opts = opts };

	memset(c, 0, sizeof(*c));
	err->code = ERR_OK;
	err->text[0] = '\0';
	return nbd_conf_parse(c, &conf, err);
}

static void a_uri_is_a_server_and_a_file_is_an_image(void **state)
{
	static const struct {
		const char *path, *uri, *image, *format;
	} rows[] = {
		{ "nbd://host/x", "nbd://host/x", NULL, NULL },
		{ "NBDS://host", "NBDS://host", NULL, NULL },
		{ "nbd+unix:///?socket=/s", "nbd+unix:///?socket=/s", NULL, NULL },
		{ "/srv/a.qcow2", NULL, "/srv/a.qcow2", "qcow2" },
		{ "image:/srv/a.VHD", NULL, "/srv/a.VHD", "vpc" },
		{ "image:nbd://a.img", NULL, "nbd://a.img", "raw" },
	};
	struct nbd_conf c;
	struct err err;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(&c, rows[i].path, NULL, &err), 0);
		assert_int_equal(!c.uri, !rows[i].uri);
		assert_int_equal(!c.image, !rows[i].image);
		if (c.uri)
			assert_string_equal(c.uri, rows[i].uri);
		if (c.image)
			assert_string_equal(c.image, rows[i].image);
		if (c.image)
			assert_string_equal(c.format, rows[i].format);
		nbd_conf_free(&c);
	}
}

static void a_format_is_never_guessed(void **state)
{
	struct nbd_conf c;
	struct err err;

	(void)state;
	assert_int_not_equal(parse(&c, "/srv/disk", NULL, &err), 0);
	assert_non_null(strstr(err.text, "format="));
	nbd_conf_free(&c);
	assert_int_not_equal(parse(&c, "/srv/x.qcow2/disk", NULL, &err), 0);
	nbd_conf_free(&c);
	assert_int_equal(parse(&c, "/srv/disk", "format=vmdk", &err), 0);
	assert_string_equal(c.format, "vmdk");
	nbd_conf_free(&c);
}

static void options_have_defaults_and_bounds(void **state)
{
	static const char *const bad[] = { "connections=17", "timeout=-1", "timeout=", "reconnect=1s",
					   "retry=maybe",    "unmap=yes",  "retries=1", "timeout" };
	struct nbd_conf c;
	struct err err;

	(void)state;
	assert_int_equal(parse(&c, "nbd://h", NULL, &err), 0);
	assert_int_equal(c.connections, 4);
	assert_int_equal(c.timeout_ns, 30 * NSEC_PER_SEC);
	assert_int_equal(c.reconnect_ns, 20 * NSEC_PER_SEC);
	assert_true(c.retry);
	assert_false(c.trim);
	nbd_conf_free(&c);
	assert_int_equal(parse(&c, "nbd://h", "connections=0;timeout=0;reconnect=3;retry=no;unmap=trim;", &err),
			 0);
	assert_int_equal(c.connections, 1);
	assert_int_equal(c.timeout_ns, 0);
	assert_false(c.retry);
	assert_true(c.trim);
	nbd_conf_free(&c);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_not_equal(parse(&c, "nbd://h", bad[i], &err), 0);
		assert_non_null(strstr(err.text, "bsopts"));
		nbd_conf_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_is_a_server_and_a_file_is_an_image),
		cmocka_unit_test(a_format_is_never_guessed),
		cmocka_unit_test(options_have_defaults_and_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
