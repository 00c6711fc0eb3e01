/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics' text as a whole: families that stand together, numbers that are those of the
 * commands, labels that cannot break a line, steps that are small, and no memory.
 */
#include "target/openmetrics.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t_alloc.h"
#include "target/stats.h"
#include "target_fake.h"

#define MS 1000000ull
#define NAME "iqn.2001-04.example:a"

struct box {
	struct fake *f;
	struct target *t;
	struct nexus *a;
	struct strbuf text;
	unsigned int steps;
	size_t longest;		/* bytes of a step */
};

static int setup(void **state)
{
	static struct box b;

	b = (struct box){ .f = fake_new(NULL) };
	b.t = fake_target(b.f, 1, NAME);
	fake_disk(b.f, b.t, 1, 8);
	b.a = fake_nexus(b.f, b.t, "iqn.a");
	fake_clear_ua(b.a, 1);
	loop_clock_advance(b.f->loop, 0);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	fake_transport.nexus_conns = NULL;
	strbuf_free(&b->text);
	fake_free(b->f);
	return 0;
}

/* All of it. 0 or -ENOMEM. */
static int collect(struct box *b, bool openmetrics)
{
	struct metrics_source src = target_metrics(&b->f->core);
	void *walk = src.begin(src.context, openmetrics);
	size_t before;
	int r = 1;

	strbuf_reset(&b->text);
	b->steps = 0;
	b->longest = 0;
	if (!walk)
		return -ENOMEM;
	while (r > 0) {
		before = b->text.len;
		r = src.next(walk, &b->text);
		b->steps++;
		if (b->text.len - before > b->longest)
			b->longest = b->text.len - before;
	}
	src.end(walk);
	return r;
}

static unsigned int count_of(const struct box *b, const char *what)
{
	unsigned int n = 0;
	const char *p;

	for (p = strstr(strbuf_str(&b->text), what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

/* Fails unless @line is one of the lines. In it, SID stands for that of the nexus b->a. */
static void has_line(const struct box *b, const char *said)
{
	const char *p = strbuf_str(&b->text), *sid = strstr(said, "SID");
	char line[512];
	size_t len;

	snprintf(line, sizeof(line), "%.*s", (int)(sid ? sid - said : 511), said);
	if (sid)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%d%s", (int)b->a->sid,
			 sid + 3);
	len = strlen(line);

	while ((p = strstr(p, line)) != NULL) {
		if ((p == b->text.s || p[-1] == '\n') && p[len] == '\n')
			return;
		p++;
	}
	fail_msg("no line %s in\n%s", line, strbuf_str(&b->text));
}

/* READs of one block that take 3 ms. */
static void some_reads(struct box *b, unsigned int n)
{
	struct fake_cmd *c;

	b->f->hold_run = true;
	while (n--) {
		c = fake_submit(b->a, 1, FAKE_READ, 0, 1);
		loop_clock_advance(b->f->loop, 3 * MS);
		fake_finish(c, RES_GOOD);
	}
	b->f->hold_run = false;
}

static void commands_are_counted_in_their_class_at_every_level(void **state)
{
	struct box *b = *state;

	some_reads(b, 2);
	assert_int_equal(collect(b, false), 0);
	has_line(b, "tgt_target_bytes_total{target=\"" NAME "\",class=\"read\"} 1024");
	has_line(b, "tgt_lun_bytes_total{target=\"" NAME "\",lun=\"1\",class=\"read\"} 1024");
	has_line(b, "tgt_session_bytes_total{target=\"" NAME "\",initiator=\"iqn.a\","
		    "session=\"SID\",class=\"read\"} 1024");
	has_line(b, "tgt_lun_size_bytes{target=\"" NAME "\",lun=\"1\"} 4096");
	has_line(b, "tgt_target_up{target=\"" NAME "\"} 1");
	assert_int_equal(count_of(b, "class=\"write\""), 0);
}

static void a_latency_is_in_the_buckets_above_it(void **state)
{
	struct box *b = *state;

	some_reads(b, 2);
	assert_int_equal(collect(b, false), 0);
	has_line(b, "tgt_lun_latency_seconds_bucket{target=\"" NAME
		    "\",lun=\"1\",class=\"read\",le=\"0.001048576\"} 0");
	has_line(b, "tgt_lun_latency_seconds_bucket{target=\"" NAME
		    "\",lun=\"1\",class=\"read\",le=\"0.004194304\"} 2");
	has_line(b, "tgt_lun_latency_seconds_bucket{target=\"" NAME
		    "\",lun=\"1\",class=\"read\",le=\"+Inf\"} 2");
	has_line(b, "tgt_lun_latency_seconds_sum{target=\"" NAME
		    "\",lun=\"1\",class=\"read\"} 0.006000000");
	has_line(b, "tgt_lun_latency_seconds_count{target=\"" NAME "\",lun=\"1\",class=\"read\"} 2");
	/* A target tells twice as many. */
	has_line(b, "tgt_target_latency_seconds_bucket{target=\"" NAME
		    "\",class=\"read\",le=\"0.002097152\"} 0");
}

static void failures_are_told_by_status_and_sense_key(void **state)
{
	struct box *b = *state;

	fake_submit(b->a, 1, FAKE_READ, 5000, 1);
	assert_int_equal(collect(b, false), 0);
	has_line(b, "tgt_lun_status_total{target=\"" NAME
		    "\",lun=\"1\",status=\"check_condition\"} 1");
	has_line(b, "tgt_lun_sense_total{target=\"" NAME
		    "\",lun=\"1\",key=\"illegal_request\"} 1");
}

static void every_family_is_told_of_once_and_in_one_place(void **state)
{
	struct box *b = *state;
	struct target *second = fake_target(b->f, 2, "iqn.2001-04.example:b");
	const char *at;
	char name[128];

	fake_disk(b->f, second, 1, 8);
	some_reads(b, 1);
	assert_int_equal(collect(b, false), 0);
	for (at = strstr(b->text.s, "# TYPE "); at; at = strstr(at + 1, "# TYPE ")) {
		char line[160];

		assert_int_equal(sscanf(at, "# TYPE %127s", name), 1);
		snprintf(line, sizeof(line), "# TYPE %s ", name);
		assert_int_equal(count_of(b, line), 1);
	}
	/* Both targets' samples before the next family begins. */
	at = strstr(b->text.s, "tgt_target_up{target=\"iqn.2001-04.example:b\"}");
	assert_non_null(at);
	assert_true(at < strstr(b->text.s, "# HELP tgt_target_sessions "));
}

static void openmetrics_names_counters_without_total_and_ends(void **state)
{
	struct box *b = *state;

	some_reads(b, 1);
	assert_int_equal(collect(b, true), 0);
	has_line(b, "# TYPE tgt_lun_bytes counter");
	has_line(b, "tgt_lun_bytes_total{target=\"" NAME "\",lun=\"1\",class=\"read\"} 512");
	assert_string_equal(b->text.s + b->text.len - 6, "# EOF\n");
	assert_int_equal(collect(b, false), 0);
	has_line(b, "# TYPE tgt_lun_bytes_total counter");
	assert_int_equal(count_of(b, "# EOF"), 0);
}

static void a_name_cannot_end_its_label(void **state)
{
	struct box *b = *state;

	b->a = fake_nexus(b->f, b->t, "iqn.\"evil\\\nname");
	assert_int_equal(collect(b, false), 0);
	has_line(b, "tgt_session_in_flight{target=\"" NAME
		    "\",initiator=\"iqn.\\\"evil\\\\\\nname\",session=\"SID\"} 0");
}

static void two_connections(const struct nexus *n,
			    void (*each)(void *arg, const struct nexus_conn *c), void *arg)
{
	static struct io_stats io;
	struct nexus_conn c = {
		.id = 7, .address = "192.0.2.1", .rx_bytes = 1000, .tx_bytes = 2000,
		.cmd_pdus = 3, .rsp_pdus = 4, .data_out_pdus = 5, .data_in_pdus = 6,
		.in_flight = 8, .queued_bytes = 9, .rtt_ns = 1500000, .io = &io,
	};

	(void)n;
	each(arg, &c);
	c.id = 8;
	c.address = "2001:db8::1";
	c.rtt_ns = 0;
	each(arg, &c);
}

static void connections_are_told_of_with_initiator_and_address(void **state)
{
	static const char *const want[][2] = {
		{ "received_bytes_total", "} 1000" },
		{ "sent_bytes_total", "} 2000" },
		{ "pdus_total", ",type=\"command\"} 3" },
		{ "pdus_total", ",type=\"response\"} 4" },
		{ "pdus_total", ",type=\"data_out\"} 5" },
		{ "pdus_total", ",type=\"data_in\"} 6" },
		{ "in_flight", "} 8" },
		{ "queued_bytes", "} 9" },
		{ "ping_seconds", "} 0.001500000" },
		{ "aborted_total", "} 0" },
	};
	struct box *b = *state;
	char line[256];
	unsigned int i;

	fake_transport.nexus_conns = two_connections;
	assert_int_equal(collect(b, false), 0);
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		snprintf(line, sizeof(line), "tgt_connection_%s{target=\"" NAME
			 "\",initiator=\"iqn.a\",session=\"SID\",connection=\"7\",address=\"192.0.2.1\"%s",
			 want[i][0], want[i][1]);
		has_line(b, line);
	}
	has_line(b, "tgt_connection_in_flight{target=\"" NAME "\",initiator=\"iqn.a\",session=\"SID\","
		    "connection=\"8\",address=\"2001:db8::1\"} 8");
	assert_int_equal(count_of(b, "\ntgt_connection_ping_seconds{"), 1);
}

static void many_luns_are_told_of_in_small_steps(void **state)
{
	struct box *b = *state;
	uint64_t lun;

	some_reads(b, 1);
	for (lun = 2; lun <= 200; lun++)
		fake_disk(b->f, b->t, lun, 8);
	assert_int_equal(collect(b, false), 0);
	assert_int_equal(count_of(b, "\ntgt_lun_up{"), 201);
	assert_true(b->steps > 200);
	assert_true(b->longest < 64 * KiB);
}

static void what_goes_between_two_steps_does_no_harm(void **state)
{
	struct box *b = *state;
	struct metrics_source src = target_metrics(&b->f->core);
	void *walk = src.begin(src.context, true);
	uint64_t lun;

	for (lun = 2; lun <= 100; lun++)
		fake_disk(b->f, b->t, lun, 8);
	assert_int_equal(src.next(walk, &b->text), 1);
	fake_nexus_end(b->f, b->a);
	for (lun = 100; src.next(walk, &b->text) > 0 && lun > 1; lun--) {
		assert_int_equal(lu_delete(target_lu(b->t, lun), true, NULL, NULL, NULL), 0);
		fake_settle(b->f);
	}
	assert_true(lun < 50);
	src.end(walk);
	assert_string_equal(b->text.s + b->text.len - 6, "# EOF\n");
}

static void once_without_memory(void *arg)
{
	struct box *b = arg;
	int r = collect(b, true);

	assert_true(r == 0 || r == -ENOMEM);
	if (!t_alloc_failed())
		assert_int_equal(r, 0);
}

static void without_memory_the_text_ends_or_is_whole(void **state)
{
	struct box *b = *state;

	fake_transport.nexus_conns = two_connections;
	some_reads(b, 1);
	assert_true(t_alloc_each(once_without_memory, b) > 3);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(commands_are_counted_in_their_class_at_every_level),
		T(a_latency_is_in_the_buckets_above_it),
		T(failures_are_told_by_status_and_sense_key),
		T(every_family_is_told_of_once_and_in_one_place),
		T(openmetrics_names_counters_without_total_and_ends),
		T(a_name_cannot_end_its_label),
		T(connections_are_told_of_with_initiator_and_address),
		T(many_luns_are_told_of_in_small_steps),
		T(what_goes_between_two_steps_does_no_harm),
		T(without_memory_the_text_ends_or_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
