/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many connections and logins one address, and all of them, may bring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/addr.h"
#include "iscsi/buckets.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/peer_limit.h"
#include "iscsi/portal.h"
#include "iscsi_wire.h"
#include "t_loop.h"

#define NAMES "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"

static struct iscsi_limits was;

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 1, NULL), 0);
	return a;
}

/* As if tgtd had been started with these rates. */
static void limit(struct peer_limit connections, struct peer_limit logins)
{
	iscsi.limits.connection_rate = connections;
	iscsi.limits.login_rate = logins;
	peer_limit_start();
}

static int setup(void **state)
{
	int r = wire_setup(state);

	was = iscsi.limits;
	return r;
}

static int teardown(void **state)
{
	iscsi.limits = was;
	return wire_teardown(state);
}

/* How many of @n connections of @peer are taken. */
static unsigned int taken(const struct addr *peer, unsigned int n, uint64_t now)
{
	unsigned int ok = 0;

	while (n--)
		ok += !peer_limit_connection(peer, now);
	return ok;
}

static void ten_seconds_worth_may_come_at_once_and_then_the_rate(void **state)
{
	struct addr a = addr("192.0.2.1");
	uint64_t now = 100 * NSEC_PER_SEC;

	(void)state;
	limit((struct peer_limit){ .each = 5 }, (struct peer_limit){ 0 });
	assert_int_equal(taken(&a, 100, now), 50);
	assert_int_equal(taken(&a, 10, now), 0);
	now += NSEC_PER_SEC;
	assert_int_equal(taken(&a, 100, now), 5);
	now += 60 * NSEC_PER_SEC;
	assert_int_equal(taken(&a, 100, now), 50);
}

static void what_one_address_is_refused_the_others_do_not_miss(void **state)
{
	struct addr a = addr("192.0.2.1"), b = addr("192.0.2.2"), c = addr("[2001:db8::1]");

	(void)state;
	limit((struct peer_limit){ .all = 10, .each = 4 }, (struct peer_limit){ 0 });
	assert_int_equal(taken(&a, 1000, 0), 40);
	assert_int_equal(taken(&b, 30, 0), 30);
	assert_int_equal(taken(&c, 1000, 0), 30);
	assert_int_equal(taken(&b, 10, 0), 0);
	/* All have to wait now, and then get what is theirs. */
	assert_int_equal(taken(&b, 100, NSEC_PER_SEC), 10);
}

static void addresses_are_remembered_in_bounded_memory(void **state)
{
	struct addr first = addr("10.0.0.0");
	char text[32];
	unsigned int i;

	(void)state;
	limit((struct peer_limit){ .each = 1 }, (struct peer_limit){ 0 });
	assert_int_equal(taken(&first, 20, 0), 10);
	for (i = 1; i <= BUCKETS_MAX; i++) {
		struct addr a;

		snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
		a = addr(text);
		assert_int_equal(taken(&a, 20, 0), 10);
	}
	assert_int_equal(taken(&first, 20, 0), 10); /* forgotten */
}

static void logins_have_a_rate_of_their_own(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;
	unsigned int i;

	limit((struct peer_limit){ 0 }, (struct peer_limit){ .all = 100, .each = 1 });
	for (i = 0; i < 10; i++) {
		wire_open(&c, w);
		wire_login(&c, "");
		wire_close(&c);
	}
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), LOGIN_NO_RESOURCES);
	wire_close(&c);
	loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	wire_settle(w);
	wire_open(&c, w);
	assert_int_equal(wire_login_status(&c, 0x87, NAMES), 0);
	wire_close(&c);
}

static void one_address_can_not_take_all_places_of_those_that_log_in(void **state)
{
	struct addr near = addr("192.0.2.7"), far = addr("192.0.2.8");
	struct wire *w = *state;
	struct wire_conn a, b;

	iscsi.limits.logins = (struct peer_limit){ .all = 3, .each = 2 };
	wire_open(&a, w); /* from 192.0.2.7 */
	assert_null(peer_limit_connection(&near, 0));
	wire_open(&b, w);
	assert_non_null(peer_limit_connection(&near, 0));
	assert_null(peer_limit_connection(&far, 0));
	/* Who is logged in does not count any more. */
	wire_login(&a, "");
	assert_null(peer_limit_connection(&near, 0));
	wire_close(&a);
	wire_close(&b);
}

static void a_portal_hangs_up_on_who_comes_too_often(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *portal;
	struct wire_conn c;
	struct wire_pdu pdu = { .data = NULL };
	unsigned int i;

	assert_int_equal(portal_add("127.0.0.1:0", &(struct portal_conf){ .tag = 1 }, NULL), 0);
	portal = list_first(&iscsi.portals, struct iscsi_portal, link);
	limit((struct peer_limit){ .all = 1 }, (struct peer_limit){ 0 });
	loop_clock_advance(w->core.loop, 0);
	for (i = 0; i < 11; i++) {
		wire_dial(&c, w, &portal->addr);
		assert_false(wire_recv(&c, &pdu));
		assert_int_equal(c.closed, i == 10);
		wire_close(&c);
	}
	assert_int_equal(portal->refused, 1);
}

static void limits_are_one_number_or_two(void **state)
{
	static const char *const bad[] = { "", ":", "1:", ":1", "1:2:3", "101", "1:101", "-1", "x",
					   "12345678901234567890" };
	struct err err = { .code = ERR_OK };
	struct peer_limit l = { .all = 1, .each = 2 };

	(void)state;
	assert_int_equal(peer_limit_parse(&l, "x", "7", 100, &err), 0);
	assert_true(l.all == 7 && l.each == 2);
	assert_int_equal(peer_limit_parse(&l, "x", "0:100", 100, &err), 0);
	assert_true(l.all == 0 && l.each == 100);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_not_equal(peer_limit_parse(&l, "x", bad[i], 100, &err), 0);
	assert_true(l.all == 0 && l.each == 100);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_seconds_worth_may_come_at_once_and_then_the_rate),
		TEST(what_one_address_is_refused_the_others_do_not_miss),
		TEST(addresses_are_remembered_in_bounded_memory),
		TEST(logins_have_a_rate_of_their_own),
		TEST(one_address_can_not_take_all_places_of_those_that_log_in),
		TEST(a_portal_hangs_up_on_who_comes_too_often),
		TEST(limits_are_one_number_or_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
