/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tgtadm top: rates from two results of "system stat", their order, and the lines on the screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mgmt/top.h"
#include "t_alloc.h"

#define IO(cmds, bytes, ns, hist)                                                                  \
	"{'cmds':" #cmds ",'bytes':" #bytes ",'ns':" #ns ",'hist':" hist "}"
#define TARGET(tid, io, more)                                                                      \
	"{'tid':" #tid ",'name':'iqn.2001-04.com.example:t" #tid "','in_flight':0,'io':{" io       \
	"},'aborted':0,'nexuses':[],'luns':[{'lun':1,'in_flight':0,'io':{" io "},'aborted':0" more \
	"}]}"
#define STAT(seconds, targets) "{'time_ns':" #seconds "000000000,'targets':[" targets "]}"

/* Two seconds, in which target 1 reads 200 times, a millisecond each but for four of 8. */
#define BEFORE                                                                                     \
	STAT(10, TARGET(1, "'read':" IO(100, 409600, 50000000, "[[1048576,100]]"), "") ","          \
		 TARGET(2, "'write':" IO(7, 700, 7, "[[1024,7]]"), ""))
#define AFTER                                                                                      \
	STAT(12, TARGET(1, "'read':" IO(300, 1228800, 278000000, "[[1048576,296],[8388608,4]]"),   \
			",'sense':{'unit_attention':1,'medium_error':5},'status':{'check_condition':6}") \
		 "," TARGET(2, "'write':" IO(7, 700, 7, "[[1024,7]]"), ""))

static json_t *parse(const char *text)
{
	char *copy = strdup(text);
	json_t *v;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	v = json_loads(copy, 0, NULL);
	if (!v)
		fail_msg("no JSON: %s", copy);
	free(copy);
	return v;
}

struct box {
	json_t *before, *after;
	struct top_table t;
};

static int setup(void **state)
{
	static struct box b;

	b.before = parse(BEFORE);
	b.after = parse(AFTER);
	assert_int_equal(top_rates(b.before, b.after, TOP_LUNS, TOP_READS, &b.t), 0);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	top_free(&b->t);
	json_decref(b->before);
	json_decref(b->after);
	return 0;
}

static void again(struct box *b, enum top_view view, enum top_column sort)
{
	top_free(&b->t);
	assert_int_equal(top_rates(b->before, b->after, view, sort, &b->t), 0);
}

#define assert_near(a, b) assert_true((a) > (b) * 0.999 && (a) < (b) * 1.001)

static void rates_are_differences_by_time(void **state)
{
	struct box *b = *state;
	const struct top_row *row = &b->t.rows[0];

	assert_int_equal(b->t.n, 2);
	assert_int_equal(row->lun, 1);
	assert_near(row->v[TOP_READS], 100);
	assert_near(row->v[TOP_READ_BYTES], 409600);
	assert_near(row->v[TOP_MEAN], 1140000);
	assert_near(row->v[TOP_DEPTH], 0.114);
	assert_near(b->t.sum.v[TOP_READS], 100);
	assert_int_equal(b->t.rows[1].v[TOP_WRITES], 0);
	assert_int_equal(b->t.targets, 2);
	assert_int_equal(b->t.luns, 2);
}

static void a_percentile_is_that_of_the_interval(void **state)
{
	struct box *b = *state;
	json_t *pair;

	assert_near(b->t.rows[0].v[TOP_READ_P99], 8388608);
	/* With one slow command less in 200, the 99th percentile is a fast one. */
	pair = json_array_get(json_object_get(json_object_get(json_object_get(json_array_get(
		json_object_get(json_array_get(json_object_get(b->after, "targets"), 0), "luns"),
		0), "io"), "read"), "hist"), 0);
	json_array_set_new(pair, 1, json_integer(298));
	again(b, TOP_LUNS, TOP_READS);
	assert_near(b->t.rows[0].v[TOP_READ_P99], 1048576);
}

static void a_unit_attention_is_no_error(void **state)
{
	struct box *b = *state;

	assert_near(b->t.rows[0].v[TOP_ERRORS], 2.5);
}

static void rows_come_in_the_order_asked_for(void **state)
{
	struct box *b = *state;

	again(b, TOP_TARGETS, TOP_NAME);
	assert_string_equal(b->t.rows[0].name, "iqn.2001-04.com.example:t1");
	again(b, TOP_TARGETS, TOP_READS);
	assert_string_equal(b->t.rows[0].name, "iqn.2001-04.com.example:t1");
	/* The same before and after: the counters of both are those of something new. */
	json_object_set(b->after, "targets", json_object_get(b->before, "targets"));
	json_object_set_new(b->before, "targets", json_array());
	again(b, TOP_TARGETS, TOP_WRITES);
	assert_string_equal(b->t.rows[0].name, "iqn.2001-04.com.example:t2");
	assert_near(b->t.rows[0].v[TOP_WRITES], 3.5);
}

static void what_is_stuck_shows_in_the_depth(void **state)
{
	struct box *b = *state;
	json_t *lu = json_array_get(json_object_get(json_array_get(json_object_get(
		b->after, "targets"), 1), "luns"), 0);

	json_object_set_new(lu, "in_flight", json_integer(32));
	again(b, TOP_LUNS, TOP_DEPTH);
	assert_near(b->t.rows[0].v[TOP_DEPTH], 32);
	assert_string_equal(b->t.rows[0].name, "iqn.2001-04.com.example:t2");
}

static void expect_line(const struct top_row *row, enum top_view view, unsigned int width,
			const char *want)
{
	struct strbuf out = STRBUF_INIT;

	top_line(row, view, width, &out);
	assert_string_equal(strbuf_str(&out), want);
	strbuf_free(&out);
}

static void a_line_fits_the_width_and_keeps_the_names_end(void **state)
{
	struct box *b = *state;
	struct top_row row = b->t.rows[0];

	expect_line(&row, TOP_LUNS, 80,
		    "<1-04.com.example:t1     1   100     -  410k     - 1.14m 8.39m     -  0.11  2.50\n");
	row.v[TOP_READS] = 1234567;
	row.v[TOP_MEAN] = 1.0 / 0.0;
	row.v[TOP_READ_P99] = 12.34e9;
	row.name = "a\033b";
	expect_line(&row, TOP_TARGETS, 70,
		    "a?b              1.23M     -  410k     - >2min 12.3s     -  0.11  2.50\n");
	expect_line(&row, TOP_TARGETS, 30, "a?b       1.23M     -  410k\n");
}

static void the_summary_fits_eighty_columns(void **state)
{
	struct box *b = *state;
	struct top_opts o = { .interval = 1, .view = TOP_SESSIONS, .sort = TOP_WRITE_BYTES };
	struct strbuf out = STRBUF_INIT;
	int c;

	for (c = 0; c < TOP_COLUMNS; c++)
		b->t.sum.v[c] = 123.4e9;
	top_summary(&b->t, &o, 80, &out);
	top_head(&o, 80, &out);
	for (const char *line = strbuf_str(&out); *line; line = strchr(line, '\n') + 1)
		assert_true(strchr(line, '\n') - line <= 80);
	assert_non_null(strstr(strbuf_str(&out), "err 123G/s\n"));
	strbuf_free(&out);
}

static void what_makes_no_sense_does_no_harm(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "{'targets':3}", "{'targets':[1,[],{'luns':[null],'io':[]}]}",
		"{'targets':[{'luns':[{'io':{'read':{'cmds':1,'hist':[1,[],[null,5],['a','b']]}}}]}]}",
	};
	struct top_table t;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(texts) * TOP_VIEWS; j++) {
			json_t *a = parse(texts[i]), *b = parse(texts[j / TOP_VIEWS]);

			assert_int_equal(top_rates(a, b, j % TOP_VIEWS, TOP_READS, &t), 0);
			json_decref(top_json(&t, j % TOP_VIEWS));
			top_free(&t);
			json_decref(a);
			json_decref(b);
		}
}

static void rates_each(void *arg)
{
	struct box *b = arg;

	top_free(&b->t);
	top_rates(b->before, b->after, TOP_LUNS, TOP_READS, &b->t);
}

static void without_memory_there_is_no_table(void **state)
{
	struct box *b = *state;

	assert_true(t_alloc_each(rates_each, b) > 1);
	assert_int_equal(b->t.n, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(rates_are_differences_by_time),
		T(a_percentile_is_that_of_the_interval),
		T(a_unit_attention_is_no_error),
		T(rows_come_in_the_order_asked_for),
		T(what_is_stuck_shows_in_the_depth),
		T(a_line_fits_the_width_and_keeps_the_names_end),
		T(the_summary_fits_eighty_columns),
		T(without_memory_there_is_no_table),
		cmocka_unit_test(what_makes_no_sense_does_no_harm),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
