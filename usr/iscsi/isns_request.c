/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the server is asked, in which order, and what its answers mean (RFC 4171 5.6.5). Driven by
 * isns_client.c, which knows whether a request is under way.
 */
#include <string.h>

#include "base/log.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns_client.h"
#include "target/core.h"

/* A registration goes on in the next request from here: bytes. open-isns takes no message above 8192. */
#define REGISTER_MAX (7 * KiB)

static const char *status_text(uint32_t status)
{
	static const char *const texts[] = {
		[ISNS_OK] = "success",
		[ISNS_UNKNOWN_ERROR] = "unknown error",
		[ISNS_FORMAT_ERROR] = "message format error",
		[ISNS_INVALID_REGISTRATION] = "invalid registration",
		[ISNS_INVALID_QUERY] = "invalid query",
		[ISNS_SOURCE_UNKNOWN] = "source unknown",
		[ISNS_SOURCE_ABSENT] = "source absent",
		[ISNS_SOURCE_UNAUTHORIZED] = "source unauthorized",
		[ISNS_NO_SUCH_ENTRY] = "no such entry",
		[ISNS_VERSION_UNSUPPORTED] = "version not supported",
		[ISNS_INTERNAL_ERROR] = "internal error",
		[ISNS_BUSY] = "busy",
		[ISNS_OPTION_UNKNOWN] = "option not understood",
		[ISNS_INVALID_UPDATE] = "invalid update",
		[ISNS_MESSAGE_UNSUPPORTED] = "message not supported",
		[ISNS_SCN_EVENT_REJECTED] = "SCN event rejected",
		[ISNS_SCN_REG_REJECTED] = "SCN registration rejected",
		[ISNS_ATTR_UNSUPPORTED] = "attribute not implemented",
		[ISNS_ESI_UNAVAILABLE] = "ESI not available",
		[ISNS_INVALID_DEREG] = "invalid deregistration",
		[ISNS_FEATURE_UNSUPPORTED] = "registration feature not supported",
	};

	return status < ARRAY_SIZE(texts) && texts[status] ? texts[status] : "an unknown status";
}

static void delimiter(struct strbuf *out)
{
	isns_put(out, ISNS_DELIMITER, NULL, 0);
}

/* 5.6.1: whose permissions count. */
static void source(struct strbuf *out, const struct isns_object *node)
{
	isns_put_str(out, ISNS_NODE_NAME, node->key);
}

/* --- registration: 5.6.5.1 -------------------------------------------------------------------- */

static bool to_register(const struct isns_object *obj)
{
	return obj->wanted && obj->changed && !obj->sent;
}

/* The attributes at @p up to the next portal group, which may begin another message. */
static size_t piece(const char *p, size_t left)
{
	struct isns_reader r = isns_reader(p, left);
	struct isns_attr attr;

	isns_next(&r, &attr);
	while (r.left >= 4 && get_be32(r.p) != ISNS_PG_NAME)
		isns_next(&r, &attr);
	return left - r.left;
}

/* What fits of it. The rest follows when this has been taken. */
static void put_object(struct strbuf *out, struct isns_object *obj)
{
	size_t n;

	while (obj->offset < obj->tlv.len) {
		n = piece(obj->tlv.s + obj->offset, obj->tlv.len - obj->offset);
		if (out->len + n > REGISTER_MAX && obj->sent)
			return;
		strbuf_add(out, obj->tlv.s + obj->offset, n);
		obj->offset += n;
		obj->sent = true;
	}
	obj->offset = 0;
	obj->changed = false;
}

static bool put_changed(struct strbuf *out, struct list *list)
{
	struct isns_object *obj;
	bool any = false;

	list_for_each(obj, list, link) {
		if (!to_register(obj) || out->len > REGISTER_MAX)
			continue;
		put_object(out, obj);
		any = true;
	}
	return any;
}

/* False: there is nothing to register. */
static bool register_changed(const struct isns_object *speaker)
{
	struct strbuf out = STRBUF_INIT;
	bool any;

	source(&out, speaker);
	isns_put_str(&out, ISNS_EID, isns.eid);
	delimiter(&out);
	isns_put_str(&out, ISNS_EID, isns.eid);
	isns_put_u32(&out, ISNS_ENTITY_PROTOCOL, ISNS_PROTOCOL_ISCSI);
	isns_put_u32(&out, ISNS_REG_PERIOD, ISNS_PERIOD_S);
	any = put_changed(&out, &isns.objects.portals);
	any = put_changed(&out, &isns.objects.nodes) || any;
	if (any)
		isns_send(ISNS_REGISTER, NULL, ISNS_DEV_ATTR_REG,
			  isns.replace ? ISNS_FLAG_REPLACE : 0, &out);
	strbuf_free(&out);
	return any;
}

static void refresh(struct loop_timer *t)
{
	(void)t;
	isns.ask_self = true;
	isns_members_again();
	isns_go_on();
}

/* 6.2.6: a server that hears nothing for so long removes the entity. */
void isns_refresh_later(void)
{
	uint32_t s = (isns.period_s ? isns.period_s : ISNS_PERIOD_S) / 3;

	if (!isns.registered || isns.state != ISNS_UP)
		return;
	if (isns.access_control)
		s = min_u32(s, ISNS_MEMBERS_S);
	loop_timer_set(iscsi.core->loop, &isns.refresh_timer, max_u64(s, 1) * NSEC_PER_SEC,
		       refresh);
}

static void settle_sent(struct list *list, bool done)
{
	struct isns_object *obj;

	list_for_each(obj, list, link) {
		if (!obj->sent)
			continue;
		obj->sent = false;
		if (done)
			obj->registered = true;
		else
			isns_object_change(obj);
		if (done && obj->is_node)
			isns_object_todo(&isns.objects, obj);
	}
}

static void settle(bool done)
{
	settle_sent(&isns.objects.portals, done);
	settle_sent(&isns.objects.nodes, done);
	isns_objects_sweep(&isns.objects);
}

/* The server has nothing of this entity any more, or not what it should. */
static void forgotten(void)
{
	isns.registered = false;
	isns.replace = true;
	isns_objects_again(&isns.objects, true);
}

static void registered(uint32_t status, struct isns_reader *r)
{
	struct isns_attr attr;

	settle(status == ISNS_OK);
	if (status == ISNS_ESI_UNAVAILABLE && !isns.esi_unwanted) {
		log_info("iSNS: the server can't make status inquiries: registering without");
		isns.esi_unwanted = true;
		isns_look_soon();
		return;
	}
	if (status) {
		forgotten();
		isns_failed("registration refused: %s (%u)", status_text(status), status);
		return;
	}
	if (!isns.registered)
		log_info("iSNS: registered as %s", isns.eid);
	isns.registered = true;
	isns.replace = false;
	while (isns_next(r, &attr))
		if (attr.tag == ISNS_REG_PERIOD)
			isns_attr_u32(&attr, &isns.period_s);
	isns_refresh_later();
}

/* --- deregistration: 5.6.5.4 ------------------------------------------------------------------ */

static bool put_gone(struct strbuf *out, struct list *list)
{
	struct isns_object *obj;
	bool any = false;

	list_for_each(obj, list, link) {
		if (obj->wanted || !obj->registered || out->len > REGISTER_MAX)
			continue;
		isns_object_key(obj, out);
		obj->registered = false;
		any = true;
	}
	return any;
}

static bool deregister_gone(const struct isns_object *speaker)
{
	struct strbuf out = STRBUF_INIT;
	bool any;

	source(&out, speaker);
	delimiter(&out);
	any = put_gone(&out, &isns.objects.portals);
	any = put_gone(&out, &isns.objects.nodes) || any;
	if (any)
		isns_send(ISNS_DEREGISTER, NULL, ISNS_DEV_DEREG, 0, &out);
	strbuf_free(&out);
	return any;
}

static const struct isns_object *any_registered(void)
{
	const struct isns_object *obj;

	list_for_each(obj, &isns.objects.nodes, link)
		if (obj->registered)
			return obj;
	return NULL;
}

static void deregister_entity(void)
{
	const struct isns_object *speaker = any_registered();
	struct strbuf out = STRBUF_INIT;

	if (speaker)
		source(&out, speaker);
	delimiter(&out);
	isns_put_str(&out, ISNS_EID, isns.eid);
	isns_send(ISNS_DEREGISTER_ENTITY, NULL, ISNS_DEV_DEREG, 0, &out);
	strbuf_free(&out);
}

/* What is not there need not be removed. */
static void deregistered(uint32_t status)
{
	if (status && status != ISNS_NO_SUCH_ENTRY)
		log_limited(LOG_LVL_WARN, "iSNS: deregistration refused: %s (%u)",
			    status_text(status), status);
	isns_objects_sweep(&isns.objects);
}

static void entity_deregistered(uint32_t status)
{
	deregistered(status);
	isns.registered = false;
	loop_timer_cancel(&isns.refresh_timer);
	isns_objects_again(&isns.objects, true);
	if (isns.leaving)
		isns_left();
}

/* --- is it still there? ----------------------------------------------------------------------- */

static void ask_self(const struct isns_object *speaker)
{
	struct strbuf out = STRBUF_INIT;

	isns.ask_self = false;
	source(&out, speaker);
	isns_put_str(&out, ISNS_EID, isns.eid);
	delimiter(&out);
	isns_put(&out, ISNS_EID, NULL, 0);
	isns_send(ISNS_ASK_SELF, NULL, ISNS_DEV_ATTR_QRY, 0, &out);
	strbuf_free(&out);
}

static void self_answered(uint32_t status, struct isns_reader *r)
{
	bool behind = false, found = false;
	struct isns_attr attr;

	while (isns_next(r, &attr)) {
		found |= behind && attr.tag == ISNS_EID && attr.len;
		behind |= attr.tag == ISNS_DELIMITER;
	}
	isns_refresh_later();
	if (!status && found)
		return;
	log_notice("iSNS: the server has forgotten this host: it is registered anew");
	/* It asks, a packet filter swallows that, and so it takes this host for dead. */
	if (!isns.esis)
		isns.esi_unwanted = true;
	forgotten();
	isns_look_soon();
}

/* --- notifications: 5.6.5.5 ------------------------------------------------------------------- */

static void ask_scn(struct isns_object *node)
{
	struct strbuf out = STRBUF_INIT;

	node->scn = true;
	source(&out, node);
	isns_put_str(&out, ISNS_NODE_NAME, node->key);
	delimiter(&out);
	isns_put_u32(&out, ISNS_SCN_BITMAP,
		     ISNS_SCN_INITIATORS | ISNS_SCN_REMOVED | ISNS_SCN_ADDED | ISNS_SCN_UPDATED);
	isns_send(ISNS_ASK_SCN, node, ISNS_SCN_REG, 0, &out);
	strbuf_free(&out);
}

/* Without, changes are seen when the registration is refreshed. */
static void scn_answered(uint32_t status, const struct isns_object *node)
{
	if (status)
		log_limited(LOG_LVL_WARN, "iSNS: no notifications for %s: %s (%u)", node->key,
			    status_text(status), status);
}

/* --- what is next ----------------------------------------------------------------------------- */

/* False: nothing is left to do for nodes. */
static bool ask_for_node(void)
{
	struct isns_object *node;

	while (!list_empty(&isns.objects.todo)) {
		node = list_first(&isns.objects.todo, struct isns_object, todo);
		if (node->wanted && node->registered && !node->scn && isns.notify_at.port) {
			ask_scn(node);
			return true;
		}
		if (node->wanted && node->registered && isns.access_control && !node->asked) {
			isns_members_ask(node);
			return true;
		}
		list_del(&node->todo);
	}
	return false;
}

/* False: the server knows what there is. */
static bool tell_changes(const struct isns_object *speaker)
{
	if (!isns.objects.dirty)
		return false;
	if (isns.registered && deregister_gone(speaker))
		return true;
	if (register_changed(speaker))
		return true;
	isns.objects.dirty = false;
	return false;
}

void isns_request_next(void)
{
	const struct isns_object *speaker = isns_objects_source(&isns.objects);

	if (isns.leaving || !speaker) {
		if (isns.registered)
			deregister_entity();
		else if (isns.leaving)
			isns_left();
		return;
	}
	if (tell_changes(speaker))
		return;
	if (isns.ask_self)
		ask_self(speaker);
	else if (!ask_for_node())
		isns.wait_s = 0; /* all went well: after the next failure it tries again soon */
}

void isns_request_answered(enum isns_job job, struct isns_object *node,
			   const struct isns_message *msg)
{
	struct isns_reader r = isns_reader(msg->payload, msg->len);
	uint32_t status;

	if (!isns_read_status(&r, &status)) {
		isns_failed("a response without a status");
		return;
	}
	if (status == ISNS_SOURCE_UNKNOWN && job != ISNS_REGISTER && job != ISNS_DEREGISTER_ENTITY) {
		forgotten();
		isns_failed("the server has forgotten this host");
		return;
	}
	if (job == ISNS_REGISTER)
		registered(status, &r);
	else if (job == ISNS_DEREGISTER)
		deregistered(status);
	else if (job == ISNS_DEREGISTER_ENTITY)
		entity_deregistered(status);
	else if (job == ISNS_ASK_SELF)
		self_answered(status, &r);
	else if (job == ISNS_ASK_SCN)
		scn_answered(status, node);
	else
		isns_members_answered(node, msg);
}
