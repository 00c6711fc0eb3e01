/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Portal groups, access lists of portals, options of their sockets; and what of all that
 * discovery tells. Over real loopback sockets.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "iscsi/admit.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/iscsi_options.h"
#include "iscsi/iscsi_verbs.h"
#include "iscsi/portal.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "t_loop.h"

#define WHO "InitiatorName=" WIRE_INITIATOR "\n"
#define NAMES WHO "TargetName=" WIRE_TARGET "\n"

static const struct verb_table tables[] = { { iscsi_verbs, ARRAY_SIZE(iscsi_verbs) }, { NULL, 0 } };

static struct iscsi_portal *add(const char *text, uint16_t tag)
{
	struct portal_conf conf = { .tag = tag };
	struct err err = { .code = ERR_OK };

	if (portal_add(text, &conf, &err))
		fail_msg("%s: %s", text, err.text);
	return list_entry(iscsi.portals.prev, struct iscsi_portal, link);
}

static const char *name_of(const struct iscsi_portal *portal)
{
	static char text[ADDR_STRLEN];

	return addr_format(&portal->addr, text);
}

/* A verb of a portal with one more argument. */
static enum err_code verb(const char *verb, const struct iscsi_portal *portal, const char *name,
			  const char *value)
{
	struct verb_call call = {
		.verb = verb_find(tables, "portal", verb),
		.args = json_pack("{s:s s:s*}", "portal", name_of(portal), name, value),
		.admin = true,
	};
	int r;

	assert_non_null(call.args);
	r = verb_check_args(call.verb, call.args, &call.err);
	if (!r)
		r = call.verb->run(&call);
	json_decref(call.args);
	json_decref(call.result);
	assert_int_equal(r ? call.err.code != ERR_OK : 0, !!r);
	return call.err.code;
}

static void set_groups(struct wire *w, const char *value)
{
	struct err err = { .code = ERR_OK };

	if (iscsi_transport.target_set(w->target, "PortalGroups", value, &err))
		fail_msg("%s", err.text);
}

static bool hung_up(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };
	bool got = wire_recv(c, &pdu);

	wire_pdu_free(&pdu);
	return !got && c->closed;
}

/* The status of a login by @portal. */
static uint16_t login_by(struct wire *w, const struct iscsi_portal *portal)
{
	struct wire_conn c;
	uint16_t status;

	wire_dial(&c, w, &portal->addr);
	status = wire_login_status(&c, 0x87, NAMES "SessionType=Normal\n");
	wire_close(&c);
	return status;
}

static void assert_told(struct wire *w, const struct iscsi_portal *by, const char *want)
{
	struct wire_conn c;
	char got[600];

	wire_dial(&c, w, &by->addr);
	assert_int_equal(wire_discover(&c, got, sizeof(got)), 0);
	assert_string_equal(got, want);
	wire_close(&c);
}

static void a_target_is_reached_by_its_groups_only(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *one = add("127.0.0.1:0", 1), *two = add("127.0.0.1:0", 2);

	assert_int_equal(login_by(w, one), 0);
	assert_int_equal(login_by(w, two), 0);
	set_groups(w, "2");
	assert_int_equal(login_by(w, one), LOGIN_NOT_FOUND);
	assert_int_equal(login_by(w, two), 0);
	set_groups(w, "7,1");
	assert_int_equal(login_by(w, one), 0);
	assert_int_equal(login_by(w, two), LOGIN_NOT_FOUND);
	set_groups(w, "all");
	assert_int_equal(login_by(w, two), 0);
}

static void discovery_tells_portals_of_the_targets_groups(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *one = add("127.0.0.1:0", 1), *two = add("127.0.0.2:0", 2);
	char want[300], at2[ADDR_STRLEN];

	addr_format(&two->addr, at2);
	snprintf(want, sizeof(want), "TargetName=" WIRE_TARGET " TargetAddress=%s,1 TargetAddress=%s,2 ",
		 name_of(one), at2);
	assert_told(w, one, want);
	assert_told(w, two, want);
	/* Also by a portal of another group. */
	set_groups(w, "2");
	snprintf(want, sizeof(want), "TargetName=" WIRE_TARGET " TargetAddress=%s,2 ", at2);
	assert_told(w, one, want);
	assert_told(w, two, want);
	set_groups(w, "3");
	assert_told(w, one, "");
}

static void loopback_is_not_told_to_those_from_elsewhere(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *lo = add("127.0.0.1:0", 1);
	struct err err = { .code = ERR_OK };
	struct iscsi_conn *conn;
	struct wire_conn c;
	char got[300];

	wire_dial(&c, w, &lo->addr);
	conn = list_first(&iscsi.logins, struct iscsi_conn, link);
	assert_int_equal(addr_parse(&conn->local, "192.0.2.1:3260", 0, &err), 0);
	/* The target is where it was asked for: no address is needed (Appendix C). */
	assert_int_equal(wire_discover(&c, got, sizeof(got)), 0);
	assert_string_equal(got, "TargetName=" WIRE_TARGET " ");
	wire_close(&c);
}

static void a_wildcard_of_another_interface_tells_the_addresses_of_that(void **state)
{
	struct wire *w = *state;
	struct portal_conf conf = { .tag = 5, .interface = "lo" };
	struct err err = { .code = ERR_OK };
	struct iscsi_portal *one = add("127.0.0.1:0", 1), *lo;
	char want[300], at1[ADDR_STRLEN];

	if (portal_add("0.0.0.0:0", &conf, &err))
		skip(); /* not allowed here */
	lo = list_entry(iscsi.portals.prev, struct iscsi_portal, link);
	addr_format(&one->addr, at1);
	snprintf(want, sizeof(want),
		 "TargetName=" WIRE_TARGET " TargetAddress=%s,1 TargetAddress=127.0.0.1:%u,5 ", at1,
		 addr_port(&lo->addr));
	assert_told(w, one, want);
}

static void an_interface_must_be_there(void **state)
{
	struct portal_conf conf = { .tag = 1, .interface = "nosuch0" };
	struct err err = { .code = ERR_OK };
	char out[IF_NAMESIZE];

	(void)state;
	assert_true(portal_add("127.0.0.1:0", &conf, &err) < 0);
	assert_int_equal(err.code, ERR_INVALID_REQUEST);
	assert_true(list_empty(&iscsi.portals));
	assert_true(portal_interface_parse("an-interface-name", out, NULL) < 0);
	assert_true(portal_interface_parse("", out, NULL) < 0);
	assert_true(portal_interface_parse("a/b", out, NULL) < 0);
	assert_int_equal(portal_interface_parse("eth0.4094", out, NULL), 0);
}

static void sessions_by_a_group_that_is_taken_away_end(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *one = add("127.0.0.1:0", 1), *two = add("127.0.0.1:0", 2);
	struct wire_conn a, b;

	wire_dial(&a, w, &one->addr);
	wire_login(&a, "");
	wire_dial(&b, w, &two->addr);
	wire_login(&b, ""); /* the same ISID: another nexus, for it is another target port */
	wire_clear_ua(&a);
	wire_clear_ua(&b);
	set_groups(w, "2");
	assert_true(hung_up(&a));
	wire_clear_ua(&b);
	wire_close(&a);
	wire_close(&b);
}

static void ports_of_a_target_are_those_of_its_portals(void **state)
{
	struct wire *w = *state;
	uint16_t ports[4];

	add("127.0.0.1:0", 9);
	add("127.0.0.1:0", 3);
	add("127.0.0.2:0", 3);
	add("127.0.0.1:0", 7);
	assert_int_equal(admit_ports(w->target, ports, 4), 3);
	assert_int_equal(ports[0], 3);
	assert_int_equal(ports[1], 7);
	assert_int_equal(ports[2], 9);
	assert_int_equal(admit_ports(w->target, ports, 2), 2);
	set_groups(w, "7,8");
	assert_int_equal(admit_ports(w->target, ports, 4), 1);
	assert_int_equal(ports[0], 7);
}

static void groups_are_written_as_numbers(void **state)
{
	static const char *const bad[] = { "0", "65536", "1,x", "-1", "one" };
	struct admit_groups g = { .n = 0 };
	char text[ADMIT_GROUPS_TEXT], many[500] = "";

	(void)state;
	assert_int_equal(admit_groups_parse(&g, "65535, 2,2,1", NULL), 0);
	assert_string_equal(admit_groups_format(&g, text), "1,2,65535");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(admit_groups_parse(&g, bad[i], NULL) < 0);
	for (unsigned int i = 0; i <= ADMIT_GROUPS_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "%u,", 60000 - i);
	assert_true(admit_groups_parse(&g, many, NULL) < 0);
	assert_string_equal(admit_groups_format(&g, text), "1,2,65535");
	strrchr(many, ',')[-6] = '\0';
	assert_int_equal(admit_groups_parse(&g, many, NULL), 0);
	assert_int_equal(strlen(admit_groups_format(&g, text)), 64 * 6 - 1);
	assert_int_equal(admit_groups_parse(&g, "ALL", NULL), 0);
	assert_string_equal(admit_groups_format(&g, text), "");
}

/* --- access lists of portals ------------------------------------------------------------------ */

static void a_portals_list_keeps_out_whom_the_target_would_admit(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *one = add("127.0.0.1:0", 1), *two = add("127.0.0.1:0", 1);
	char want[300];
	struct wire_conn c;

	assert_int_equal(verb("bind", one, "initiator-name", "iqn.other"), ERR_OK);
	assert_int_equal(login_by(w, one), LOGIN_FORBIDDEN);
	assert_int_equal(login_by(w, two), 0);
	wire_dial(&c, w, &one->addr);
	assert_int_equal(wire_discover(&c, want, sizeof(want)), LOGIN_FORBIDDEN);
	wire_close(&c);
	/* It is not told of what it can't use. */
	snprintf(want, sizeof(want), "TargetName=" WIRE_TARGET " TargetAddress=%s,1 ", name_of(two));
	assert_told(w, two, want);
	assert_int_equal(verb("bind", one, "initiator-name", "iqn.2026*"), ERR_OK);
	assert_int_equal(login_by(w, one), 0);
}

static void a_portals_list_of_addresses_refuses_at_once(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *portal = add("127.0.0.1:0", 1);
	struct wire_conn c;

	assert_int_equal(verb("bind", portal, "initiator-address", "192.0.2.0/24"), ERR_OK);
	wire_dial(&c, w, &portal->addr);
	assert_true(hung_up(&c));
	wire_close(&c);
	assert_int_equal(portal->refused, 1);
	assert_int_equal(verb("bind", portal, "initiator-address", "127.0.0.0/8"), ERR_OK);
	assert_int_equal(login_by(w, portal), 0);
	assert_int_equal(verb("bind", portal, "initiator-address", "127.1.1.1/8"), ERR_ACL_EXISTS);
	assert_int_equal(verb("unbind", portal, "initiator-address", "10.0.0.1"), ERR_NO_ACL);
	assert_int_equal(verb("bind", portal, "interface", ""), ERR_INVALID_REQUEST);
	assert_int_equal(verb("bind", portal, "interface", "lo"), ERR_INVALID_REQUEST);
}

static void running_connections_follow_a_portals_list(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *one = add("127.0.0.1:0", 1), *two = add("127.0.0.1:0", 2);
	struct wire_conn a, b;

	wire_dial(&a, w, &one->addr);
	wire_login(&a, "");
	wire_dial(&b, w, &two->addr);
	wire_login(&b, "");
	assert_int_equal(verb("bind", one, "initiator-address", "192.0.2.1"), ERR_OK);
	assert_true(hung_up(&a));
	wire_clear_ua(&b);
	/* A portal may go while its connections stay, with its list. */
	assert_int_equal(verb("delete", two, "interface", NULL), ERR_OK);
	wire_clear_ua(&b);
	wire_close(&a);
	wire_close(&b);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static int option_of(const struct iscsi_conn *conn, int level, int name)
{
	socklen_t len = sizeof(int);
	int v = -1;

	assert_int_equal(getsockopt(conn->fd.fd, level, name, &v, &len), 0);
	return v;
}

static void connections_have_the_options_of_their_portal(void **state)
{
	struct wire *w = *state;
	struct iscsi_portal *portal;
	struct iscsi_conn *conn;
	struct wire_conn c;
	int idle;

	assert_int_equal(iscsi_options("keepalive=9,portal=127.0.0.1:0,tag=4,dscp=ef,keepalive=7:3:5,"
				       "user_timeout=30", NULL), 0);
	portal = list_first(&iscsi.portals, struct iscsi_portal, link);
	assert_int_equal(portal->conf.tag, 4);
	wire_dial(&c, w, &portal->addr);
	conn = list_first(&iscsi.logins, struct iscsi_conn, link);
	assert_int_equal(option_of(conn, IPPROTO_IP, IP_TOS), 46 << 2);
	assert_int_equal(option_of(conn, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_KEEPIDLE), 7);
	assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_KEEPINTVL), 3);
	assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_KEEPCNT), 5);
	assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_USER_TIMEOUT), 30000);
	assert_int_equal(verb("update", portal, "dscp", "af11"), ERR_OK);
	assert_int_equal(option_of(conn, IPPROTO_IP, IP_TOS), 10 << 2);
	assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_KEEPIDLE), 7);
	assert_int_equal(verb("update", portal, "keepalive", "0"), ERR_OK);
	idle = option_of(conn, IPPROTO_TCP, TCP_KEEPIDLE);
	assert_true(idle > 7); /* as the system has it */
	assert_int_equal(verb("update", portal, "user-timeout", "0"), ERR_OK);
	assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
	assert_int_equal(verb("update", portal, "user-timeout", "-1"), ERR_INVALID_REQUEST);
	wire_close(&c);
	iscsi.portal_sock = (struct portal_sock){ 0 };
}

static void an_option_goes_back_to_what_all_portals_have(void **state)
{
	struct iscsi_portal *portal;

	(void)state;
	assert_int_equal(iscsi_options("dscp=cs1,keepalive=9,portal=127.0.0.1:0,dscp=ef", NULL), 0);
	portal = list_first(&iscsi.portals, struct iscsi_portal, link);
	assert_int_equal(portal->conf.sock.own, 1);
	assert_int_equal(verb("update", portal, "keepalive", "7:3:5"), ERR_OK);
	assert_int_equal(portal->conf.sock.own, 3);
	assert_int_equal(verb("update", portal, "dscp", "default"), ERR_OK);
	assert_int_equal(portal->conf.sock.dscp, 8);
	assert_int_equal(portal->conf.sock.keep_interval, 3);
	assert_int_equal(verb("update", portal, "keepalive", "default"), ERR_OK);
	assert_int_equal(portal->conf.sock.keep_idle, 9);
	assert_int_equal(portal->conf.sock.keep_interval, 0);
	assert_int_equal(portal->conf.sock.own, 0);
	assert_int_equal(verb("update", portal, "user-timeout", "default"), ERR_OK);
	iscsi.portal_sock = (struct portal_sock){ 0 };
}

static void options_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = {
		"tag=2", "interface=lo", "portal=127.0.0.1:0,tag=0", "portal=127.0.0.1:0,tag=65536",
		"portal=127.0.0.1:0,dscp=64", "dscp=fast", "keepalive=1:2:3:4", "keepalive=",
		"keepalive=32768", "keepalive=1:x", "keepalive=1:1:128", "user_timeout=86401",
		"portal=127.0.0.1:0,interface=averyveryverylongname", "nonsense=1", "portal",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err = (struct err){ .code = ERR_OK };
		if (!iscsi_options(bad[i], &err) || err.code != ERR_INVALID_REQUEST)
			fail_msg("%s", bad[i]);
		portal_del_all();
	}
	assert_int_equal(iscsi_options("portal=none", NULL), 0);
	assert_true(list_empty(&iscsi.portals));
}

static void portals_are_shown_with_what_was_said(void **state)
{
	struct verb_call call = { .verb = verb_find(tables, "portal", "show") };
	const json_t *p;

	(void)state;
	assert_int_equal(iscsi_options("portal=127.0.0.1:0,tag=4,dscp=46,keepalive=7,user_timeout=3,"
				       "portal=127.0.0.2:0", NULL), 0);
	assert_int_equal(call.verb->run(&call), 0);
	p = json_array_get(call.result, 0);
	assert_int_equal(json_integer_value(json_object_get(p, "tag")), 4);
	assert_int_equal(json_integer_value(json_object_get(p, "dscp")), 46);
	assert_string_equal(json_string_value(json_object_get(p, "keepalive")), "7:0:0");
	assert_int_equal(json_integer_value(json_object_get(p, "user_timeout")), 3);
	assert_string_equal(json_string_value(json_object_get(p, "origin")), "option");
	assert_int_equal(json_array_size(json_object_get(p, "own")), 3);
	p = json_array_get(call.result, 1);
	assert_int_equal(json_integer_value(json_object_get(p, "tag")), 1);
	assert_null(json_object_get(p, "dscp"));
	assert_int_equal(json_array_size(json_object_get(p, "own")), 0);
	json_decref(call.result);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_target_is_reached_by_its_groups_only),
		TEST(discovery_tells_portals_of_the_targets_groups),
		TEST(loopback_is_not_told_to_those_from_elsewhere),
		TEST(a_wildcard_of_another_interface_tells_the_addresses_of_that),
		TEST(an_interface_must_be_there),
		TEST(sessions_by_a_group_that_is_taken_away_end),
		TEST(ports_of_a_target_are_those_of_its_portals),
		TEST(groups_are_written_as_numbers),
		TEST(a_portals_list_keeps_out_whom_the_target_would_admit),
		TEST(a_portals_list_of_addresses_refuses_at_once),
		TEST(running_connections_follow_a_portals_list),
		TEST(connections_have_the_options_of_their_portal),
		TEST(an_option_goes_back_to_what_all_portals_have),
		TEST(options_that_make_no_sense_are_refused),
		TEST(portals_are_shown_with_what_was_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
