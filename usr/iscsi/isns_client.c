/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to the storage name server: made, kept, and made again when it is lost, at
 * growing intervals. One request is under way at a time.
 */
#include "iscsi/isns_client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/isns_portals.h"
#include "target/core.h"

#define ANSWER_NS (15 * NSEC_PER_SEC)
#define LEAVE_NS (2 * NSEC_PER_SEC) /* the server's time when this host is about to go */
#define LOOK_NS (50 * NSEC_PER_MSEC)
#define WAIT_MAX_S 60

struct isns_client isns;

void isns_init(void)
{
	memset(&isns, 0, sizeof(isns));
	isns.port = ISNS_PORT;
	isns_objects_init(&isns.objects);
}

bool isns_is_busy(void)
{
	return isns.leaving;
}

static void look(struct loop_timer *t);

/* --- the connection --------------------------------------------------------------------------- */

static void attempt(struct loop_timer *t)
{
	(void)t;
	isns.state = ISNS_OFF;
	isns_start();
}

static void no_answer(struct loop_timer *t)
{
	(void)t;
	isns_failed("the server does not answer");
}

static void job_over(void)
{
	if (isns.job_node)
		isns.job_node->busy = false;
	isns.job_node = NULL;
	isns.job = ISNS_NO_JOB;
}

/* What was under way is lost; whether it was done nobody knows. */
static void drop_connection(void)
{
	isns_link_close(&isns.link);
	loop_timer_cancel(&isns.timer);
	loop_timer_cancel(&isns.refresh_timer);
	job_over();
	isns.state = ISNS_OFF;
	isns_objects_again(&isns.objects, false);
}

void isns_failed(const char *fmt, ...)
{
	char server[ADDR_STRLEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(isns.error, sizeof(isns.error), fmt, ap);
	va_end(ap);
	isns.failures++;
	log_limited(LOG_LVL_WARN, "iSNS server %s: %s", addr_format(&isns.server, server), isns.error);
	drop_connection();
	if (isns.leaving) {
		isns_left();
		return;
	}
	isns.state = ISNS_WAITING;
	isns.wait_s = min_u32(isns.wait_s ? 2 * isns.wait_s : 1, WAIT_MAX_S);
	loop_timer_set(iscsi.core->loop, &isns.timer, isns.wait_s * NSEC_PER_SEC, attempt);
}

static void down(struct isns_link *l, const char *why)
{
	(void)l;
	isns_failed("%s", why);
}

static void message(struct isns_link *l, const struct isns_message *msg)
{
	enum isns_job job = isns.job;
	struct isns_object *node = isns.job_node;

	if (!(msg->function & ISNS_RESPONSE)) {
		isns_notify_message(l, msg);
		return;
	}
	/* One that was given up, or that nobody asked. */
	if (!job || msg->xid != isns.xid)
		return;
	loop_timer_cancel(&isns.timer);
	job_over();
	isns_request_answered(job, node, msg);
	isns_go_on();
}

static void up(struct isns_link *l)
{
	char server[ADDR_STRLEN];

	(void)l;
	loop_timer_cancel(&isns.timer);
	isns.state = ISNS_UP;
	isns.connects++;
	log_info("connected to iSNS server %s", addr_format(&isns.server, server));
	look(NULL);
}

/*
 * 6.2.1: unique among all that the server knows, and the same after a restart, so that what was
 * registered before is replaced. Two daemons of a host have portals that differ.
 */
static void make_eid(void)
{
	const uint8_t *id = iscsi.core->machine_id;
	char host[128] = "";
	unsigned int port = 0;

	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	if (!list_empty(&iscsi.portals))
		port = addr_port(&list_first(&iscsi.portals, struct iscsi_portal, link)->addr);
	snprintf(isns.eid, sizeof(isns.eid), "%s-%02x%02x%02x%02x-%u", *host ? host : "tgt", id[0],
		 id[1], id[2], id[3], port);
}

void isns_start(void)
{
	int r;

	if (!isns.on || isns.state != ISNS_OFF || iscsi.stopping)
		return;
	if (!*isns.eid)
		make_eid();
	isns.link.up = up;
	isns.link.message = message;
	isns.link.down = down;
	isns.state = ISNS_CONNECTING;
	r = isns_link_connect(&isns.link, iscsi.core->loop, &isns.server);
	if (r)
		isns_failed("%s", strerror(-r));
	else
		loop_timer_set(iscsi.core->loop, &isns.timer, ANSWER_NS, no_answer);
}

void isns_send(enum isns_job job, struct isns_object *node, uint16_t function, uint16_t flags,
	       const struct strbuf *payload)
{
	isns.job = job;
	isns.job_node = node;
	if (node)
		node->busy = true;
	isns.xid++;
	isns.requests++;
	isns_link_send(&isns.link, function, flags | ISNS_FLAG_CLIENT, isns.xid, payload);
	loop_timer_set(iscsi.core->loop, &isns.timer, isns.leaving ? LEAVE_NS : ANSWER_NS, no_answer);
}

/* --- what changes ----------------------------------------------------------------------------- */

/* Where the server can tell of changes; without a portal it can't. */
static void listen_for_it(const struct addr *local)
{
	struct isns_portals ps;
	const struct addr *best;
	uint16_t port = 0;

	isns_portals(&ps, local);
	best = isns_portals_best(&ps, local);
	memset(&isns.notify_at, 0, sizeof(isns.notify_at));
	if (!best)
		return;
	if (isns_notify_listen(best, &port))
		log_limited(LOG_LVL_WARN, "iSNS: no notifications: can't listen for them");
	isns.notify_at.addr = *best;
	isns.notify_at.port = port;
	isns.notify_at.esi_s = isns.esi_unwanted ? 0 : ISNS_ESI_INTERVAL_S;
}

static void look(struct loop_timer *t)
{
	struct addr local;

	(void)t;
	if (isns.state != ISNS_UP || isns.leaving)
		return;
	isns_link_local(&isns.link, &local);
	listen_for_it(&local);
	if (isns_objects_look(&isns.objects, &local, &isns.notify_at))
		isns_failed("%s", strerror(ENOMEM));
	else
		isns_go_on();
}

void isns_look_soon(void)
{
	if (isns.state == ISNS_UP && !isns.leaving && !loop_timer_armed(&isns.look_timer))
		loop_timer_set(iscsi.core->loop, &isns.look_timer, LOOK_NS, look);
}

void isns_changed(void)
{
	isns_look_soon();
}

void isns_go_on(void)
{
	if (isns.state == ISNS_UP && !isns.job)
		isns_request_next();
}

/* --- the end ---------------------------------------------------------------------------------- */

void isns_left(void)
{
	isns.leaving = false;
	isns.registered = false;
	drop_connection();
	isns_objects_free(&isns.objects);
	isns_notify_close();
	loop_timer_cancel(&isns.look_timer);
	isns.wait_s = 0;
	isns.eid[0] = '\0';
	isns.replace = true;
	iscsi_check_stopped();
	isns_start();
}

static void leave(void)
{
	if (isns.leaving)
		return;
	if (isns.state == ISNS_UP && (isns.registered || isns.job == ISNS_REGISTER)) {
		isns.leaving = true;
		isns_go_on();
		/* A request that is under way has no more time than the last one. */
		if (isns.job != ISNS_DEREGISTER_ENTITY)
			loop_timer_set(iscsi.core->loop, &isns.timer, LEAVE_NS, no_answer);
	} else {
		isns_left();
	}
}

void isns_restart(void)
{
	leave();
}

void isns_stop(void)
{
	isns.on = false;
	leave();
}

void isns_done(void)
{
	isns_link_close(&isns.link);
	isns_notify_close();
	loop_timer_cancel(&isns.timer);
	loop_timer_cancel(&isns.look_timer);
	loop_timer_cancel(&isns.refresh_timer);
	isns_objects_free(&isns.objects);
}
