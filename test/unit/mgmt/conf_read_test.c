/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The syntax of targets.conf: includes, what differs from Perl's Config::General on purpose,
 * errors, hostile files. conf_oracle_test.c has what is the same.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mgmt/conf_tree.h"

static char dir[] = "/tmp/conf_read_test.XXXXXX";

static const char *put(const char *name, const char *text)
{
	static char path[4][512];
	static unsigned int i;
	char *p = path[i++ % 4];
	FILE *f;

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	f = fopen(p, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return p;
}

static json_t *shape(const struct conf_node *node);

static void add(json_t *obj, const char *name, json_t *v)
{
	json_t *old = json_object_get(obj, name);

	if (json_is_array(old))
		json_array_append_new(old, v);
	else if (old)
		json_object_set_new(obj, name, json_pack("[O,o]", old, v));
	else
		json_object_set_new(obj, name, v);
}

/* The hashes that Config::General makes. */
static json_t *shape(const struct conf_node *node)
{
	json_t *obj = json_object();
	const struct conf_node *n;

	list_for_each(n, &node->children, link) {
		if (!n->block) {
			add(obj, n->name, n->value ? json_string(n->value) : json_null());
		} else if (!n->value) {
			json_object_set_new(obj, n->name, shape(n));
		} else {
			json_t *named = json_object_get(obj, n->name);

			if (!named) {
				named = json_object();
				json_object_set_new(obj, n->name, named);
			}
			json_object_set_new(named, n->value, shape(n));
		}
	}
	return obj;
}

static json_t *parse(const char *path, struct conf_notes *notes)
{
	json_t *tree = NULL;
	struct conf c;

	memset(notes, 0, sizeof(*notes));
	assert_int_equal(conf_init(&c, notes), 0);
	if (!conf_read(&c, path))
		tree = shape(c.root);
	assert_int_equal(!tree, notes->errors > 0);
	conf_free(&c);
	return tree;
}

static void includes_read_files_globs_and_directories_in_order(void **state)
{
	struct conf_notes notes;
	char text[2048], *got;
	json_t *tree;

	(void)state;
	snprintf(text, sizeof(text), "%s/inc", dir);
	assert_int_equal(mkdir(text, 0700), 0);
	put("inc/b", "x b\n");
	put("inc/a", "x a\n");
	put("one.conf", "x one\n");
	put("two.conf", "x two\n");
	snprintf(text, sizeof(text),
		 "x 0\nInclude %s/*.conf\ninclude \"%s/inc\"\ninclude %s/none*.conf\n"
		 "includeoptional %s/missing\n<t a>\ninclude %s/inc/../one.conf\n</t>\nx 9\n",
		 dir, dir, dir, dir, dir);
	tree = parse(put("main", text), &notes);
	got = json_dumps(tree, JSON_COMPACT);
	assert_string_equal(got, "{\"x\":[\"0\",\"one\",\"two\",\"a\",\"b\",\"9\"],"
				 "\"t\":{\"a\":{\"x\":\"one\"}}}");
	free(got);
	json_decref(tree);
	strbuf_free(&notes.text);
}

static void a_hash_inside_a_word_or_quotes_is_no_comment(void **state)
{
	struct conf_notes notes;
	json_t *tree = parse(put("hash", "incominguser u pass#word # comment\nv \"a # b\" # c\n"
					 "w '#' x # y\n"), &notes);
	char *got = json_dumps(tree, JSON_COMPACT);

	(void)state;
	assert_string_equal(got, "{\"incominguser\":\"u pass#word\",\"v\":\"a # b\",\"w\":\"'#' x\"}");
	free(got);
	json_decref(tree);
	strbuf_free(&notes.text);
}

/* Each: a file that Config::General understands otherwise, and what it means here. */
static void what_differs_from_config_general_on_purpose(void **state)
{
	static const char *const rows[][2] = {
		{ "< target a >\nx 1\n</ target >\n", "{\"target\":{\"a\":{\"x\":\"1\"}}}" },
		{ "<t \"a\" >\n</t>\n<u />\n", "{\"t\":{\"a\":{}},\"u\":{}}" },
		{ "<t \"a\\#b\">\n</t>\n", "{\"t\":{\"a#b\":{}}}" },
		{ "<t \"a # b\"># c\n</t># d\n", "{\"t\":{\"a # b\":{}}}" },
		{ "x long \\\n line \\", "{\"x\":\"long line\"}" },
		{ "x /a<b/>\n", "{\"x\":\"/a<b/>\"}" },
		{ "<t a>\nx 1\n</t>\nt 2\n<t b>\n</t>\n", NULL },
	};
	struct conf_notes notes;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *tree = parse(put("differs", rows[i][0]), &notes);
		char *got = json_dumps(tree, JSON_COMPACT);

		if (rows[i][1])
			assert_string_equal(got, rows[i][1]);
		assert_int_equal(notes.errors, 0);
		free(got);
		json_decref(tree);
		strbuf_free(&notes.text);
	}
}

static void errors_name_file_line_and_what_was_expected(void **state)
{
	static const struct {
		const char *text, *line, *says;
	} rows[] = {
		{ "x 1\n</t>\n", ":2: error: ", "expected <t ...>" },
		{ "<t a>\nx 1\n", ":2: error: ", "expected </t>" },
		{ "\n<t a\nx 1\n", ":2: error: ", "expected <name>" },
		{ "x 1\ny <<EOF\nz\n", ":2: error: ", "expected 'EOF'" },
		{ "x 1\n\ninclude /nonexistent/x\n", ":3: error: ", "/nonexistent/x: No such file" },
		{ "= 1\n", ":1: error: ", "expected a directive" },
		{ "< >\n", ":1: error: ", "expected <name>" },
		{ "<a b> c\n", ":1: error: ", "expected <name>" },
		{ "a \\\nb\n</t>\n", ":3: error: ", "expected <t" },
	};
	struct conf_notes notes;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = put("bad", rows[i].text);

		assert_null(parse(path, &notes));
		assert_int_equal(strncmp(strbuf_str(&notes.text), path, strlen(path)), 0);
		assert_non_null(strstr(notes.text.s, rows[i].line));
		assert_non_null(strstr(notes.text.s, rows[i].says));
		strbuf_free(&notes.text);
	}
}

static void a_wrong_end_name_is_warned_about(void **state)
{
	struct conf_notes notes;
	json_t *tree = parse(put("warn", "<target a>\nx 1\n</traget>\n"), &notes);

	(void)state;
	assert_non_null(tree);
	assert_int_equal(notes.warnings, 1);
	assert_non_null(strstr(notes.text.s, ":3: warning: expected </target>"));
	json_decref(tree);
	strbuf_free(&notes.text);
}

static void refused(const char *path, const char *says)
{
	struct conf_notes notes;

	assert_null(parse(path, &notes));
	assert_non_null(strstr(strbuf_str(&notes.text), says));
	assert_in_range(notes.text.len, 1, 200000);
	strbuf_free(&notes.text);
}

static void hostile_files_are_refused(void **state)
{
	char text[1024], name[32];
	struct strbuf sb = STRBUF_INIT;
	unsigned int i;
	const char *path;

	(void)state;
	refused("/dev/zero", "too large");
	refused(dir, "directory");
	path = put("nul", "x 1\n");
	assert_int_equal(truncate(path, 100), 0);
	refused(path, "NUL");
	for (i = 0; i < 20; i++)
		strbuf_puts(&sb, "<a b>\n");
	refused(put("deep", sb.s), "nested deeper");
	strbuf_reset(&sb);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "chain%u", i);
		snprintf(text, sizeof(text), "include %s/chain%u\n", dir, i + 1);
		path = put(name, text);
	}
	snprintf(text, sizeof(text), "%s/chain0", dir);
	refused(text, "includes are nested deeper");
	for (i = 0; i < 10000; i++)
		strbuf_puts(&sb, "</x>\n");
	refused(put("many", sb.s), "expected <x");
	strbuf_free(&sb);
	assert_int_equal(mkfifo(strcat(strcpy(text, dir), "/fifo"), 0600), 0);
	snprintf(text, sizeof(text), "include %s/fifo\n", dir);
	refused(put("f", text), "expected a file");
}

static void a_file_that_includes_itself_is_read_once(void **state)
{
	struct conf_notes notes;
	char text[1024];
	json_t *tree;

	(void)state;
	snprintf(text, sizeof(text), "x 1\ninclude %s/self\n", dir);
	tree = parse(put("self", text), &notes);
	assert_string_equal(json_string_value(json_object_get(tree, "x")), "1");
	assert_int_equal(notes.warnings, 1);
	json_decref(tree);
	strbuf_free(&notes.text);
}

static void random_bytes_never_break_the_parser(void **state)
{
	static const char *const words[] = { "<", ">", "/", "\"", "\\", "\n", "#", " ", "=", "<<E",
					     "E", "a", "include", "</a>", "<a b>", "\n", "\t", "\xff" };
	struct conf_notes notes;
	struct strbuf sb = STRBUF_INIT;
	unsigned int i, j;

	(void)state;
	srandom(1);
	for (i = 0; i < 3000; i++) {
		strbuf_reset(&sb);
		for (j = 0; j < 40; j++)
			strbuf_puts(&sb, words[(unsigned long)random() % ARRAY_SIZE(words)]);
		json_decref(parse(put("fuzz", sb.s), &notes));
		strbuf_free(&notes.text);
	}
	strbuf_free(&sb);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(includes_read_files_globs_and_directories_in_order),
		cmocka_unit_test(a_hash_inside_a_word_or_quotes_is_no_comment),
		cmocka_unit_test(what_differs_from_config_general_on_purpose),
		cmocka_unit_test(errors_name_file_line_and_what_was_expected),
		cmocka_unit_test(a_wrong_end_name_is_warned_about),
		cmocka_unit_test(hostile_files_are_refused),
		cmocka_unit_test(a_file_that_includes_itself_is_read_once),
		cmocka_unit_test(random_bytes_never_break_the_parser),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
