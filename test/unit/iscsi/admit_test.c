/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rights that change while sessions run: each connection has an address of its own, and stays or
 * goes by that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/portal.h"
#include "iscsi/session.h"
#include "iscsi_wire.h"
#include "scsi/scsi.h"

#define NAMES "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"
#define NEAR "192.0.2.0/24" /* wire_open() */
#define FAR "127.0.0.0/8"   /* wire_dial() */

static void admit_both(struct wire *w)
{
	struct err err = { .code = ERR_OK };

	assert_int_equal(access_del_addr(&w->target->access, "ALL", &err), 0);
	assert_int_equal(access_add_addr(&w->target->access, NEAR, &err), 0);
	assert_int_equal(access_add_addr(&w->target->access, FAR, &err), 0);
}

/* Connection 0 from one address, 1 from another. */
static void open_two(struct wire_conn *a, struct wire_conn *b, struct wire *w)
{
	struct iscsi_portal *portal;

	assert_int_equal(portal_add("127.0.0.1:0", &(struct portal_conf){ .tag = 1 }, NULL), 0);
	portal = list_first(&iscsi.portals, struct iscsi_portal, link);
	iscsi_target_of(w->target)->params.max_connections = 2;
	wire_open(a, w);
	wire_login(a, "MaxConnections=2\n");
	wire_clear_ua(a);
	wire_dial(b, w, &portal->addr);
	b->tsih = a->tsih;
	b->cid = 1;
	b->cmd_sn = a->cmd_sn;
	b->itt = 1000;
	assert_int_equal(wire_login_status(b, 0x87, NAMES), 0);
}

static void forbid(struct wire *w, const char *addr)
{
	struct err err = { .code = ERR_OK };

	assert_int_equal(access_del_addr(&w->target->access, addr, &err), 0);
	iscsi_transport.access_changed(w->target);
	wire_settle(w);
}

static bool is_closed(struct wire_conn *c)
{
	struct wire_pdu pdu = { .data = NULL };

	return !wire_recv(c, &pdu) && c->closed;
}

/* It is told that the other has gone, and goes on. */
static void goes_on_without(struct wire_conn *c, uint16_t cid)
{
	struct wire_pdu pdu = { .data = NULL };

	assert_true(wire_recv(c, &pdu));
	assert_int_equal(pdu.bhs[0], ISCSI_OP_ASYNC);
	assert_int_equal(pdu.async.event, ISCSI_ASYNC_DROP_CONN);
	assert_int_equal(be16_get(pdu.async.param1), cid);
	wire_pdu_free(&pdu);
	wire_clear_ua(c);
}

static void the_connection_whose_address_is_not_admitted_any_more_ends(void **state)
{
	struct wire_conn a, b;

	admit_both(*state);
	open_two(&a, &b, *state);
	forbid(*state, FAR);
	assert_true(is_closed(&b));
	goes_on_without(&a, 1);
	wire_close(&a);
	wire_close(&b);
}

static void the_leading_connection_is_no_better(void **state)
{
	struct wire_conn a, b;

	admit_both(*state);
	open_two(&a, &b, *state);
	forbid(*state, NEAR);
	assert_true(is_closed(&a));
	goes_on_without(&b, 0);
	forbid(*state, FAR);
	assert_true(is_closed(&b));
	assert_true(list_empty(&iscsi.sessions));
	wire_close(&a);
	wire_close(&b);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_connection_whose_address_is_not_admitted_any_more_ends),
		TEST(the_leading_connection_is_no_better),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
