/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Portals over real loopback sockets: who is let in, what is told of them, and what
 * happens when descriptors run out.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/addr.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/portal.h"
#include "iscsi_wire.h"
#include "t_loop.h"

#define WHO "InitiatorName=" WIRE_INITIATOR "\n"
#define NAMES WHO "TargetName=" WIRE_TARGET "\n"

static struct iscsi_portal *only_portal(void)
{
	assert_false(list_empty(&iscsi.portals));
	return list_first(&iscsi.portals, struct iscsi_portal, link);
}

static void add(const char *text)
{
	struct err err = { .code = ERR_OK };

	if (portal_add(text, &(struct portal_conf){ .tag = 1 }, &err))
		fail_msg("%s: %s", text, err.text);
}

static void dial_port(struct wire_conn *c, struct wire *w, const char *host, uint16_t port)
{
	struct addr to;

	assert_int_equal(addr_parse(&to, host, port, NULL), 0);
	wire_dial(c, w, &to);
}

static bool hung_up(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	return !wire_recv(c, &pdu) && c->closed;
}

static void a_connection_to_a_portal_can_log_in(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;

	add("127.0.0.1:0");
	assert_int_not_equal(addr_port(&only_portal()->addr), 0);
	wire_dial(&c, w, &only_portal()->addr);
	wire_login(&c, "");
	wire_clear_ua(&c);
	/* The portal goes, its connections stay. */
	portal_del_all();
	wire_clear_ua(&c);
	wire_close(&c);
	assert_int_equal(iscsi.n_conns, 0);
}

static void nobody_gets_in_offline(void **state)
{
	struct wire *w = *state;
	struct wire_conn c;

	add("127.0.0.1:0");
	w->core.offline = true;
	wire_dial(&c, w, &only_portal()->addr);
	assert_true(hung_up(&c));
	wire_close(&c);
	w->core.offline = false;
	wire_dial(&c, w, &only_portal()->addr);
	wire_login(&c, "");
	wire_close(&c);
}

static void logins_under_way_and_connections_are_limited(void **state)
{
	struct wire *w = *state;
	struct iscsi_limits was = iscsi.limits;
	struct wire_conn a, b;

	add("127.0.0.1:0");
	iscsi.limits.logins.all = 1;
	wire_dial(&a, w, &only_portal()->addr);
	wire_dial(&b, w, &only_portal()->addr);
	assert_true(hung_up(&b));
	wire_close(&b);
	wire_login(&a, "");
	wire_dial(&b, w, &only_portal()->addr);
	b.isid[5] = 2;
	wire_login(&b, "");
	wire_close(&b);
	iscsi.limits.max_connections = 1;
	wire_dial(&b, w, &only_portal()->addr);
	assert_true(hung_up(&b));
	wire_close(&b);
	wire_close(&a);
	iscsi.limits = was;
}

static void out_of_descriptors_peers_are_hung_up_on(void **state)
{
	struct wire *w = *state;
	struct rlimit was, low;
	struct wire_conn c[3];
	unsigned int i;
	int top;

	add("127.0.0.1:0");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		c[i] = (struct wire_conn){ .w = w, .fd = fd };
		assert_true(fd >= 0);
	}
	/* All below the limit are taken. */
	top = dup(0);
	low = (struct rlimit){ (rlim_t)top, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	close(top);
	for (i = 0; i < ARRAY_SIZE(c); i++)
		(void)connect(c[i].fd, &only_portal()->addr.sa, only_portal()->addr.len);
	for (i = 0; i < ARRAY_SIZE(c); i++) {
		assert_true(hung_up(&c[i]));
		wire_close(&c[i]);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	wire_dial(&c[0], w, &only_portal()->addr);
	wire_login(&c[0], "");
	wire_close(&c[0]);
}

static void both_families_share_a_port_that_the_kernel_chose(void **state)
{
	struct iscsi_portal *v4, *v6;
	struct wire_conn c;

	add(":0");
	v4 = only_portal();
	assert_int_equal(v4->addr.sa.sa_family, AF_INET);
	if (v4->link.next == &iscsi.portals)
		skip(); /* no IPv6 here */
	v6 = list_entry(v4->link.next, struct iscsi_portal, link);
	assert_int_equal(addr_port(&v6->addr), addr_port(&v4->addr));
	dial_port(&c, *state, "[::1]", addr_port(&v6->addr));
	wire_login(&c, "");
	wire_close(&c);
}

static void a_portal_exists_once(void **state)
{
	struct err err = { .code = ERR_OK };
	char text[ADDR_STRLEN];

	(void)state;
	add("127.0.0.1:0");
	addr_format(&only_portal()->addr, text);
	assert_true(portal_add(text, &(struct portal_conf){ .tag = 1 }, &err) < 0);
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
	assert_int_equal(portal_del(text, NULL, &err), 0);
	assert_true(list_empty(&iscsi.portals));
	assert_true(portal_del(text, NULL, &err) < 0);
	/* Not an address of ours. */
	assert_true(portal_add("192.0.2.55:3260", &(struct portal_conf){ .tag = 1 }, &err) < 0);
	assert_true(portal_add("nonsense", &(struct portal_conf){ .tag = 1 }, &err) < 0);
}

/* The TargetAddress values that SendTargets=All tells this peer, separated by blanks. */
static void addresses(struct wire_conn *c, char *out, size_t size)
{
	char text[600], *p, *save;

	assert_int_equal(wire_discover(c, text, sizeof(text)), 0);
	*out = '\0';
	for (p = strtok_r(text, " ", &save); p; p = strtok_r(NULL, " ", &save))
		if (!strncmp(p, "TargetAddress=", 14))
			snprintf(out + strlen(out), size - strlen(out), "%s ", p + 14);
}

static void a_peer_is_told_of_portals_of_its_own_family(void **state)
{
	char got[300], want[300];
	struct iscsi_portal *v4, *v6;
	struct wire_conn c;

	add(":0");
	v4 = only_portal();
	dial_port(&c, *state, "127.0.0.1", addr_port(&v4->addr));
	addresses(&c, got, sizeof(got));
	snprintf(want, sizeof(want), "127.0.0.1:%u,1 ", addr_port(&v4->addr));
	assert_string_equal(got, want);
	wire_close(&c);
	if (v4->link.next == &iscsi.portals)
		skip();
	v6 = list_entry(v4->link.next, struct iscsi_portal, link);
	dial_port(&c, *state, "[::1]", addr_port(&v6->addr));
	addresses(&c, got, sizeof(got));
	snprintf(want, sizeof(want), "[::1]:%u,1 ", addr_port(&v6->addr));
	assert_string_equal(got, want);
	wire_close(&c);
}

static int listener(bool listening, bool dual)
{
	struct addr any = { .len = sizeof(any.in6), .in6 = { .sin6_family = AF_INET6 } };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), v6only = !dual;

	if (fd < 0)
		skip();
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	assert_int_equal(bind(fd, &any.sa, any.len), 0);
	if (listening)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* As systemd makes them from ListenStream=3260. */
static void an_inherited_socket_of_both_families_is_told_to_both(void **state)
{
	char got[300], want[300];
	struct err err = { .code = ERR_OK };
	struct wire_conn c;
	uint16_t port;

	assert_int_equal(portal_adopt(listener(true, true), 1, &err), 0);
	port = addr_port(&only_portal()->addr);
	dial_port(&c, *state, "127.0.0.1", port);
	addresses(&c, got, sizeof(got));
	snprintf(want, sizeof(want), "127.0.0.1:%u,1 ", port);
	assert_string_equal(got, want);
	wire_close(&c);
	dial_port(&c, *state, "[::1]", port);
	addresses(&c, got, sizeof(got));
	snprintf(want, sizeof(want), "[::1]:%u,1 ", port);
	assert_string_equal(got, want);
	wire_close(&c);
}

static void what_does_not_listen_is_not_taken_over(void **state)
{
	struct err err = { .code = ERR_OK };
	int file = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(portal_adopt(listener(false, true), 1, &err) < 0);
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
	assert_true(portal_adopt(file, 1, &err) < 0);
	assert_true(list_empty(&iscsi.portals));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_to_a_portal_can_log_in),
		TEST(nobody_gets_in_offline),
		TEST(logins_under_way_and_connections_are_limited),
		TEST(out_of_descriptors_peers_are_hung_up_on),
		TEST(both_families_share_a_port_that_the_kernel_chose),
		TEST(a_portal_exists_once),
		TEST(a_peer_is_told_of_portals_of_its_own_family),
		TEST(an_inherited_socket_of_both_families_is_told_to_both),
		TEST(what_does_not_listen_is_not_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
