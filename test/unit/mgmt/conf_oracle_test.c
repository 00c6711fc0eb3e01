/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The syntax of targets.conf against Perl's Config::General, where that is installed: files
 * written for it, odd ones among them, and random ones. TEST_SEED=N makes others.
 * What differs on purpose is in conf_read_test.c.
 */
#include <errno.h>
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

#define N_RANDOM 1500

static char dir[] = "/tmp/conf_oracle_test.XXXXXX";

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
	conf_free(&c);
	return tree;
}

static const char *const written[] = {
	"",
	"\n\n# only a comment\n   # and one more\n",
	"default-driver iscsi\n",
	"key = value\nkey2=value2\nkey3   value 3  \nkey4\t=\tv\nkey5==v\n",
	"params element_type=4,start_address=500\nparams element_type=1\n",
	"nothing\nempty \"\"\nquoted \"a b  c\"\n half \"a\n half2 a\"\nalone \"\n",
	"esc a\\#b \\$x \\\" \\\\ \\n\nends \"a\\\"\n",
	"in \"a \\\"quote\\\" b\"\n",
	"long one \\\n   two\\\n\tthree\nnext 1\n",
	"long one \\\n\nnext 1\n",
	"long one \\\n# comment ends it\nnext 1\n",
	"<target \\\n  iqn.a\\\n>\nx 1\n</target>\n",
	"twice a\\\\\nnext b\n",
	"thrice a\\\\\\\nnext b\n",
	"blank after \\ \nnext b\n",
	"tail a   # comment\nt \"b\" # c \"d\"\ntail2 a # one # two\ntail3 # none\n",
	"<target iqn.2001-04.com.example:a>\n backing-store /dev/a\n</target>\n",
	"<target \"iqn with blank\">\n lun 1\n</target>\n",
	"<target   spaced  value>\n</target>\n",
	"<target \"a\" \"b\">\n</target>\n<target a \"b\">\n</target>\n<target \"a>\n</target>\n",
	"<\"target\" \"a b\">\nx 1\n</target>\n<\"one name\">\nx 1\n</one>\n<\"q\"uote x>\n</q>\n",
	"<target \"\">\n</target>\n<\"\" a>\n</x>\n",
	"<target a\"b\">\n</target>\n<target a'b'>\n</target>\n",
	"<target a> # comment\nx 1\n</target># comment\n<target b># comment\n</target>\n",
	"<target a>\n backing-store /a\n backing-store /b\n backing-store /c\n</target>\n",
	("<target a>\n<backing-store /a>\nlun 3\n</backing-store>\n<backing-store \"/b c\">\n"
	 "vendor_id \"X Y\"\n</backing-store>\n</target>\n"),
	"<target a>\n initiator-name x\n</target>\n<target a>\n initiator-name y\n lun 1\n</target>\n",
	("<target a>\n<b c>\nx 1\n</b>\n</target>\n<target b>\n</target>\n<target a>\n<b c>\nx 2\n</b>\n"
	 "<b d>\nx 3\n</b>\n</target>\n"),
	"<target a>\n<backing-store /a/>\n</target>\n",
	"<target a/>\n<target \"b\"/>\nx 1\n<plain/>\n",
	"<plain>\nx 1\n</plain>\n<plain>\ny 2\n</plain>\n",
	"<target a>\n <b c>\n  <d e>\n   f g\n  </d>\n </b>\n</target>\n",
	"text <<EOF\nline 1\n  line 2 # no comment\nEOF\nafter 1\n",
	"text = <<END\n    indented\n      more\n    END\nafter 1\n",
	"text <<EOF\n\"quoted\nlines\"\nEOF\nafter 1\n",
	"text <<EOF # comment\nesc \\# \\$ \\\\\n# none\nEOF \nafter 1\n",
	"text <<EOF\nEOF\nafter 1\n",
	"text <<EOF\n\n\n  a\n\nEOF\nafter 1\n",
	"text <<a b\nx\na b\nafter 1\n",
	"text <<EOF\nxEOF\nEOFx\n\tEOF\t\nafter 1\n",
	"<t a>\nx <<E\n<not a block>\nE\n</t>\n",
	"<t a>\nx <<E\n</t>\n\\\nE\nx y\n</t>\n",
	"Case a\ncase b\nCASE c\n",
	"<target A>\nx 1\n</target>\n<target a>\nx 2\n</target>\n",
	"tabs\t\tin\tvalue\n",
	"crlf value\r\n<t a>\r\nx 1\r\n</t>\r\nlong a\\\r\nb 1\r\n",
	"crlf <<EOF\r\nline\r\nEOF\r\nafter 1\r\n",
	"noeol value",
	"<t a>\nx y\n</t>",
	"utf \xc3\xa4\xc3\xb6\n",
	"\xef\xbb\xbf" "bom 1\n",
	"\xef\xbb\xbf<t \xc3\xa4>\nx \xe2\x82\xac\n</t>\n",
	"<t a>\nx 1\n</T>\n",
	"<t a>\nx 1\n</>>\n",
	"x 1\n</t>\n",
	"<t a>\nx 1\n",
	"<t a>\n<u b>\n</t>\n",
	"includes 1\ninclude_not 2\nxinclude y\ninclude\n",
	"a=\nb = \nc =\t\nd\t\n",
	"url http://x/?a=b&c=d\n",
	"p key=\"v\"\nq \"k\"=v\nr 'single quotes'\n",
	"backing-store NONE:1\n",
	"a$b $c ${tid}\nd \\${lun}\n",
	"a b\fc\vd\n\fe f\n",
	"x </y>\ny <z>\n",
	"incominguser user \"pass word\"\nincominguser a b c\n",
};

/* --- random files ----------------------------------------------------------------------------- */

static unsigned int pick(unsigned int n)
{
	return (unsigned int)random() % n;
}

#define PICK(array) (array)[pick(ARRAY_SIZE(array))]

static const char *const blanks[] = { " ", "  ", "\t", " \t ", "" };
static const char *const words[] = {
	"a", "Value", "0", "17", "/dev/x", "\"", "\\\"", "'", "$", "\\$", "\\\\", "\\#", "=", "<",
	">", "/", "x=y", "${tid}", "\xc3\xa4", "\\n", ",", "1.2.3.4/24", "\"q\"", " ", "  ",
	"\t",
};

/*
 * No "/>" at its end, for then Config::General takes any line for a block; and no here-document
 * without an end, after which it drops all lines in silence.
 */
static void value(struct strbuf *out)
{
	unsigned int n = pick(6);
	bool quoted = !pick(4);
	size_t from = out->len;
	char *p;

	if (quoted)
		strbuf_putc(out, '"');
	while (n--)
		strbuf_puts(out, PICK(words));
	while (out->len > from && strchr("\\/>", out->s[out->len - 1]))
		out->s[--out->len] = '\0';
	while ((p = strstr(out->s + from, "<<")) != NULL)
		*p = 'x';
	if (quoted)
		strbuf_putc(out, '"');
}

static void end_of_line(struct strbuf *out)
{
	if (!pick(6))
		strbuf_puts(out, pick(2) ? " # comment x" : "\t#x # y\\");
	strbuf_putc(out, '\n');
}

static void option(struct strbuf *out)
{
	static const char *const names[] = { "lun", "params", "initiator-name", "X", "include_x" };
	static const char *const seps[] = { " ", " = ", "=", "\t", "  =", "= " };

	strbuf_printf(out, "%s%s", PICK(blanks), PICK(names));
	if (pick(8)) {
		strbuf_puts(out, PICK(seps));
		value(out);
	}
	while (!pick(6)) {
		strbuf_printf(out, "a\\\n%s", PICK(blanks));
		strbuf_puts(out, pick(4) ? "more x" : "");
	}
	end_of_line(out);
}

static void heredoc(struct strbuf *out)
{
	static const char *const ends[] = { "EOF", "E", "the end", "*." };
	const char *end = PICK(ends), *indent = PICK(blanks);
	unsigned int n = pick(4);

	strbuf_printf(out, "text%s<<%s\n", pick(2) ? " " : " = ", end);
	while (n--) {
		strbuf_puts(out, pick(2) ? indent : "");
		if (pick(4))
			value(out);
		strbuf_puts(out, "\n");
	}
	strbuf_printf(out, "%s%s%s\n", indent, end, PICK(blanks));
}

static void lines(struct strbuf *out, unsigned int depth);

/* Blocks have no names of directives, and always a value or never: else Config::General dies. */
static void block(struct strbuf *out, unsigned int depth)
{
	static const char *const named[] = { "target", "backing-store", "\"direct-store\"" };
	static const char *const values[] = {
		"iqn.a", "iqn.b:c", "\"with blank\"", "/dev/a", "/dev/a b", "a\"b", "\"a\" b", "x/y",
		"'a b'", "IQN.a", "\"c\" \"d\"", "1",
	};
	static const char *const plain[] = { "plain", "Plain", "\"two words\"" };
	bool has_value = pick(4);
	const char *name = has_value ? PICK(named) : PICK(plain), *v = has_value ? PICK(values) : "";

	strbuf_printf(out, "%s<%s%s%s", PICK(blanks), name, *v ? " " : "", v);
	if (!pick(8)) {
		strbuf_puts(out, "/>\n");
		return;
	}
	strbuf_puts(out, ">");
	end_of_line(out);
	if (depth)
		lines(out, depth - 1);
	strbuf_printf(out, "%s</%s>", PICK(blanks), pick(9) ? "target" : "other");
	end_of_line(out);
}

static void lines(struct strbuf *out, unsigned int depth)
{
	unsigned int n = pick(7);

	while (n--) {
		switch (pick(8)) {
		case 0: strbuf_printf(out, "%s\n", PICK(blanks)); break;
		case 1: strbuf_printf(out, "%s# comment <x> \"\\\n", PICK(blanks)); break;
		case 2: heredoc(out); break;
		case 3:
		case 4: block(out, depth); break;
		default: option(out);
		}
	}
	if (!pick(40))
		strbuf_puts(out, pick(2) ? "</target>\n" : "<target x>\n");
}

/* --- comparing -------------------------------------------------------------------------------- */

static void put(size_t i, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%05zu", dir, i);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* The next line of @perl's, compared with ours. */
static void compare(FILE *perl, size_t i, const char *text)
{
	static char line[65536];
	struct conf_notes notes;
	json_t *ours, *theirs;
	char path[128];

	assert_non_null(fgets(line, sizeof(line), perl));
	theirs = json_loads(line, JSON_DECODE_ANY, NULL);
	snprintf(path, sizeof(path), "%s/%05zu", dir, i);
	ours = parse(path, &notes);
	if (!theirs || !json_equal(ours ? ours : json_null(), theirs)) {
		char *o = json_dumps(ours, JSON_SORT_KEYS);

		fail_msg("file %zu:\n%s\nConfig::General makes %swe make %s\n%s", i, text, line,
			 o ? o : "null", strbuf_str(&notes.text));
	}
	strbuf_free(&notes.text);
	json_decref(ours);
	json_decref(theirs);
}

static FILE *ask_perl(void)
{
	char cmd[256];
	FILE *perl;

	snprintf(cmd, sizeof(cmd), "perl test/unit/mgmt/conf_oracle.pl %s/[0-9]*", dir);
	perl = popen(cmd, "r");
	assert_non_null(perl);
	return perl;
}

static bool perl_there(void)
{
	return !system("perl -MConfig::General -MJSON::PP -e 1 2>/dev/null");
}

static void written_files_mean_what_config_general_makes_of_them(void **state)
{
	size_t i;
	FILE *perl;

	(void)state;
	if (!perl_there())
		skip();
	for (i = 0; i < ARRAY_SIZE(written); i++)
		put(i, written[i]);
	perl = ask_perl();
	for (i = 0; i < ARRAY_SIZE(written); i++)
		compare(perl, i, written[i]);
	assert_int_equal(pclose(perl), 0);
}

static void random_files_mean_what_config_general_makes_of_them(void **state)
{
	const char *seed = getenv("TEST_SEED");
	char *texts[N_RANDOM];
	struct strbuf sb = STRBUF_INIT;
	size_t i;
	FILE *perl;

	(void)state;
	if (!perl_there())
		skip();
	srandom(seed ? (unsigned int)atoi(seed) : 5);
	for (i = 0; i < N_RANDOM; i++) {
		strbuf_reset(&sb);
		lines(&sb, 3);
		texts[i] = strdup(strbuf_str(&sb));
		put(i, texts[i]);
	}
	strbuf_free(&sb);
	perl = ask_perl();
	for (i = 0; i < N_RANDOM; i++) {
		compare(perl, i, texts[i]);
		free(texts[i]);
	}
	assert_int_equal(pclose(perl), 0);
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

static int empty_dir(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -f %s/*", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(written_files_mean_what_config_general_makes_of_them,
					  empty_dir),
		cmocka_unit_test_teardown(random_files_mean_what_config_general_makes_of_them,
					  empty_dir),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
