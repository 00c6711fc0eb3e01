/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The iSNS client's patience: how long it waits for what, and which answers it takes for its own.
 * The test is the server, over a real loopback socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/isns_client.h"
#include "iscsi_wire.h"
#include "t_alloc.h"
#include "t_loop.h"

struct server {
	struct wire *w;
	int listener, fd; /* fd -1: nobody has come */
	struct addr addr;
	uint16_t xid;	  /* of the last request */
};

static void set(const char *name, const char *value)
{
	struct err err = { .code = ERR_OK };

	if (isns_set(name, value, &err))
		fail_msg("%s=%s: %s", name, value, err.text);
}

/* @listens or not, the port is taken. */
static void begin(struct server *s, struct wire *w, bool listens)
{
	char port[8];

	*s = (struct server){ .w = w, .fd = -1 };
	assert_int_equal(addr_parse(&s->addr, "127.0.0.1", 0, NULL), 0);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(bind(s->listener, &s->addr.sa, s->addr.len), 0);
	if (listens)
		assert_return_code(listen(s->listener, 4), 0);
	assert_return_code(getsockname(s->listener, &s->addr.sa, &s->addr.len), 0);
	snprintf(port, sizeof(port), "%u", addr_port(&s->addr));
	set("iSNSServerIP", "127.0.0.1");
	set("iSNSServerPort", port);
	set("iSNS", "On");
}

static void end(struct server *s)
{
	if (s->fd >= 0)
		close(s->fd);
	close(s->listener);
}

static bool state_is(void *arg)
{
	return isns.state == *(enum isns_state *)arg;
}

static void until(struct server *s, enum isns_state state)
{
	assert_true(t_loop_until(s->w->core.loop, state_is, &state));
}

static bool asks(void *arg)
{
	return isns.job == *(enum isns_job *)arg;
}

/* The client has come, and asks for @job. */
static void asked(struct server *s, enum isns_job job)
{
	struct isns_hdr hdr;
	uint8_t rest[8192];

	assert_true(t_loop_until(s->w->core.loop, asks, &job));
	t_loop_turns(s->w->core.loop, 2);
	if (s->fd < 0)
		s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_return_code(s->fd, 0);
	assert_int_equal(recv(s->fd, &hdr, sizeof(hdr), MSG_WAITALL), sizeof(hdr));
	assert_in_range(be16_get(hdr.length), 8, sizeof(rest));
	assert_int_equal(recv(s->fd, rest, be16_get(hdr.length), MSG_WAITALL), be16_get(hdr.length));
	s->xid = be16_get(hdr.xid);
}

static void answer(struct server *s, uint16_t function, uint16_t xid, uint32_t status)
{
	struct strbuf out = STRBUF_INIT;
	uint8_t b[4];

	put_be32(b, status);
	isns_put_message(&out, function | ISNS_RESPONSE, ISNS_FLAG_SERVER, xid, b, sizeof(b));
	assert_int_equal(send(s->fd, out.s, out.len, 0), out.len);
	strbuf_free(&out);
	t_loop_turns(s->w->core.loop, 4);
}

static void after_each_failure_it_waits_twice_as_long_up_to_a_minute(void **state)
{
	static const unsigned int waits[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct wire *w = *state;
	struct server s;
	size_t i;

	loop_clock_advance(w->core.loop, 0);
	begin(&s, w, false);
	for (i = 0; i < ARRAY_SIZE(waits); i++) {
		until(&s, ISNS_WAITING);
		assert_int_equal(isns.failures, i + 1);
		assert_int_equal(isns.wait_s, waits[i]);
		loop_clock_advance(w->core.loop, waits[i] * NSEC_PER_SEC - 1);
		t_loop_turns(w->core.loop, 2);
		assert_int_equal(isns.failures, i + 1);
		loop_clock_advance(w->core.loop, 1);
		t_loop_turns(w->core.loop, 1);
	}
	end(&s);
}

static void a_server_that_does_not_answer_is_given_up_after_15_seconds(void **state)
{
	struct wire *w = *state;
	struct server s;

	begin(&s, w, true);
	asked(&s, ISNS_REGISTER);
	loop_clock_advance(w->core.loop, 14 * NSEC_PER_SEC);
	t_loop_turns(w->core.loop, 2);
	assert_int_equal(isns.state, ISNS_UP);
	loop_clock_advance(w->core.loop, 2 * NSEC_PER_SEC);
	until(&s, ISNS_WAITING);
	assert_string_equal(isns.error, "the server does not answer");
	end(&s);
}

static void an_answer_with_another_transaction_id_is_not_the_answer(void **state)
{
	struct wire *w = *state;
	struct server s;

	begin(&s, w, true);
	asked(&s, ISNS_REGISTER);
	answer(&s, ISNS_DEV_ATTR_REG, (uint16_t)(s.xid + 1), ISNS_OK);
	assert_int_equal(isns.job, ISNS_REGISTER);
	assert_false(isns.registered);
	answer(&s, ISNS_DEV_ATTR_REG, s.xid, ISNS_OK);
	assert_true(isns.registered);
	end(&s);
}

static void an_answer_that_nobody_waits_for_does_no_harm(void **state)
{
	struct wire *w = *state;
	struct server s;

	set("iSNSAccessControl", "On");
	begin(&s, w, true);
	asked(&s, ISNS_REGISTER);
	answer(&s, ISNS_DEV_ATTR_REG, s.xid, ISNS_OK);
	asked(&s, ISNS_ASK_MEMBERS);
	answer(&s, ISNS_DEV_ATTR_QRY, s.xid, ISNS_NO_SUCH_ENTRY);
	assert_int_equal(isns.job, ISNS_NO_JOB);
	assert_int_equal(isns_admits(WIRE_TARGET, WIRE_INITIATOR), ISNS_REFUSES);
	answer(&s, ISNS_DEV_ATTR_QRY, s.xid, ISNS_SOURCE_UNKNOWN);
	assert_true(isns.registered);
	assert_int_equal(isns.state, ISNS_UP);
	end(&s);
}

static void access_control_without_a_server_that_ever_answered_puts_logins_off(void **state)
{
	struct wire *w = *state;
	struct server s;

	assert_int_equal(isns_admits(WIRE_TARGET, WIRE_INITIATOR), ISNS_ADMITS);
	set("iSNSAccessControl", "On");
	assert_int_equal(isns_admits(WIRE_TARGET, WIRE_INITIATOR), ISNS_ADMITS);
	begin(&s, w, false);
	assert_int_equal(isns_admits(WIRE_TARGET, WIRE_INITIATOR), ISNS_IS_ASKED);
	set("iSNS", "Off");
	assert_int_equal(isns_admits(WIRE_TARGET, WIRE_INITIATOR), ISNS_ADMITS);
	end(&s);
}

/* From connecting on, with one allocation less. */
static void register_once(void *arg)
{
	struct server *s = arg;
	uint8_t bytes[4096];

	set("iSNS", "On");
	loop_clock_advance(s->w->core.loop, NSEC_PER_SEC);
	t_loop_turns(s->w->core.loop, 6);
	s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	while (s->fd >= 0 && recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	if (s->fd >= 0 && isns.job == ISNS_REGISTER) {
		uint16_t xid = isns.xid;
		struct isns_hdr hdr;

		be16_put(&hdr.version, ISNS_VERSION);
		be16_put(&hdr.function, ISNS_DEV_ATTR_REG | ISNS_RESPONSE);
		be16_put(&hdr.length, 4);
		be16_put(&hdr.flags, ISNS_FLAG_SERVER | ISNS_FLAG_FIRST | ISNS_FLAG_LAST);
		be16_put(&hdr.xid, xid);
		be16_put(&hdr.sequence, 0);
		memcpy(bytes, &hdr, sizeof(hdr));
		memset(bytes + sizeof(hdr), 0, 4);
		send(s->fd, bytes, sizeof(hdr) + 4, MSG_NOSIGNAL);
		t_loop_turns(s->w->core.loop, 4);
	}
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	t_loop_turns(s->w->core.loop, 4);
	isns.on = false;
	isns_left();
}

static void without_memory_it_fails_and_tries_again(void **state)
{
	struct wire *w = *state;
	struct server s;

	set("iSNSAccessControl", "On");
	begin(&s, w, true);
	isns.on = false;
	isns_left();
	assert_true(t_alloc_each(register_once, &s) > 5);
	end(&s);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_each_failure_it_waits_twice_as_long_up_to_a_minute),
		TEST(a_server_that_does_not_answer_is_given_up_after_15_seconds),
		TEST(an_answer_with_another_transaction_id_is_not_the_answer),
		TEST(an_answer_that_nobody_waits_for_does_no_harm),
		TEST(without_memory_it_fails_and_tries_again),
		TEST(access_control_without_a_server_that_ever_answered_puts_logins_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
