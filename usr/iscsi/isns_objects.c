/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The objects of the entity (isns_objects.h). Each is kept as the attributes that register it,
 * so that whatever changes in them is seen by comparing.
 */
#include "iscsi/isns_objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/admit.h"
#include "iscsi/isns_msg.h"
#include "iscsi/isns_portals.h"
#include "iscsi/iscsi.h"
#include "scsi/names.h"
#include "target/core.h"
#include "target/target.h"

void isns_objects_init(struct isns_objects *o)
{
	memset(o, 0, sizeof(*o));
	list_init(&o->portals);
	list_init(&o->nodes);
	list_init(&o->todo);
}

static void free_members(struct isns_object *obj)
{
	for (size_t i = 0; i < obj->n_members; i++)
		free(obj->members[i]);
	free(obj->members);
}

static void drop(struct isns_objects *o, struct isns_object *obj)
{
	hash_remove(&o->table, &obj->node);
	list_del(&obj->link);
	if (list_linked(&obj->todo))
		list_del(&obj->todo);
	free_members(obj);
	strbuf_free(&obj->tlv);
	free(obj);
}

static void drop_all(struct isns_objects *o, struct list *list)
{
	struct isns_object *obj, *tmp;

	list_for_each_safe(obj, tmp, list, link)
		drop(o, obj);
}

void isns_objects_free(struct isns_objects *o)
{
	drop_all(o, &o->portals);
	drop_all(o, &o->nodes);
	hash_free(&o->table);
	isns_objects_init(o);
}

/* --- one of them ------------------------------------------------------------------------------ */

static struct isns_object *find(const struct isns_objects *o, bool is_node, const void *key,
				size_t len)
{
	struct hash_node *n = hash_first(&o->table, hash_bytes(key, len));
	struct isns_object *obj;

	for (; n; n = hash_next(n)) {
		obj = container_of(n, struct isns_object, node);
		if (obj->is_node == is_node && obj->key_len == len && !memcmp(obj->key, key, len))
			return obj;
	}
	return NULL;
}

static struct isns_object *add(struct isns_objects *o, bool is_node, const void *key, size_t len)
{
	struct isns_object *obj = calloc(1, sizeof(*obj) + len + 1);

	if (!obj)
		return NULL;
	memcpy(obj->key, key, len);
	obj->key_len = len;
	obj->is_node = is_node;
	list_init(&obj->todo);
	if (hash_insert(&o->table, &obj->node, hash_bytes(key, len))) {
		free(obj);
		return NULL;
	}
	list_push_back(is_node ? &o->nodes : &o->portals, &obj->link);
	return obj;
}

/* There is one with these attributes, which are taken. */
static int want(struct isns_objects *o, bool is_node, const void *key, size_t len,
		struct strbuf *tlv)
{
	struct isns_object *obj = find(o, is_node, key, len);

	if (strbuf_ok(tlv) && !obj)
		obj = add(o, is_node, key, len);
	if (!strbuf_ok(tlv) || !obj) {
		strbuf_free(tlv);
		return -ENOMEM;
	}
	obj->wanted = true;
	if (obj->tlv.len == tlv->len && !memcmp(strbuf_str(&obj->tlv), tlv->s, tlv->len)) {
		strbuf_free(tlv);
		/* Gone, and here again before anybody was told. */
		obj->changed |= !obj->registered && !obj->sent;
		return 0;
	}
	strbuf_free(&obj->tlv);
	obj->tlv = *tlv;
	isns_object_change(obj);
	return 0;
}

struct isns_object *isns_objects_node(const struct isns_objects *o, const char *name)
{
	char key[SCSI_NAME_MAX + 1];

	name_fold(key, name);
	return find(o, true, key, strlen(key));
}

struct isns_object *isns_objects_source(const struct isns_objects *o)
{
	struct isns_object *obj, *found = NULL;

	list_for_each(obj, &o->nodes, link) {
		if (obj->wanted && obj->registered)
			return obj;
		if (obj->wanted && !found)
			found = obj;
	}
	return found;
}

void isns_object_change(struct isns_object *obj)
{
	obj->changed = true;
	obj->offset = 0;
}

void isns_object_todo(struct isns_objects *o, struct isns_object *obj)
{
	if (!list_linked(&obj->todo))
		list_push_back(&o->todo, &obj->todo);
}

void isns_object_key(const struct isns_object *obj, struct strbuf *out)
{
	if (obj->is_node) {
		isns_put_str(out, ISNS_NODE_NAME, obj->key);
		return;
	}
	isns_put(out, ISNS_PORTAL_IP, obj->key, 16);
	isns_put(out, ISNS_PORTAL_PORT, obj->key + 16, 4);
}

/* --- what there is ---------------------------------------------------------------------------- */

/* 6.3.2: the upper bits are 0 for TCP. */
static void put_address(struct strbuf *out, const struct addr *addr, uint32_t ip, uint32_t port)
{
	isns_put_ip(out, ip, addr);
	isns_put_u32(out, port, addr_port(addr));
}

/* 6.3.4 to 6.3.7. Only one portal has them: the server would ask each that does. */
static void put_notify(struct strbuf *out, const struct isns_portal_at *p,
		       const struct isns_notify_at *at, bool *done)
{
	if (*done || !at->port || !isns_same_host(&p->addr, &at->addr))
		return;
	*done = true;
	if (at->esi_s) {
		isns_put_u32(out, ISNS_ESI_INTERVAL, at->esi_s);
		isns_put_u32(out, ISNS_ESI_PORT, at->port);
	}
	isns_put_u32(out, ISNS_SCN_PORT, at->port);
}

static int look_at_portals(struct isns_objects *o, const struct isns_portals *ps,
			   const struct isns_notify_at *at)
{
	bool done = false;
	int r = 0;

	for (unsigned int i = 0; i < ps->n && !r; i++) {
		struct strbuf tlv = STRBUF_INIT;
		uint8_t key[20] = { 0 };

		put_address(&tlv, &ps->at[i].addr, ISNS_PORTAL_IP, ISNS_PORTAL_PORT);
		if (strbuf_ok(&tlv)) {
			/* The values without their tags. */
			memcpy(key, tlv.s + 8, 16);
			memcpy(key + 16, tlv.s + 32, 4);
		}
		put_notify(&tlv, &ps->at[i], at, &done);
		r = want(o, false, key, sizeof(key), &tlv);
	}
	return r;
}

/* 3.4, 6.5: without a portal group the node is reached by the portal with tag 1, with no tag not at all. */
static void put_group(struct strbuf *out, const char *name, const struct iscsi_target *it,
		      const struct isns_portal_at *p)
{
	isns_put_str(out, ISNS_PG_NAME, name);
	put_address(out, &p->addr, ISNS_PG_IP, ISNS_PG_PORT);
	if (admit_groups_have(&it->groups, p->tag))
		isns_put_u32(out, ISNS_PG_TAG, p->tag);
	else
		isns_put(out, ISNS_PG_TAG, NULL, 0);
}

static int look_at_target(struct isns_objects *o, const struct isns_portals *ps,
			  const struct target *t)
{
	const struct iscsi_target *it = iscsi_target_of(t);
	struct strbuf tlv = STRBUF_INIT;
	char name[SCSI_NAME_MAX + 1];

	name_fold(name, t->name);
	isns_put_str(&tlv, ISNS_NODE_NAME, name);
	isns_put_u32(&tlv, ISNS_NODE_TYPE, ISNS_NODE_TARGET);
	if (it->alias)
		isns_put_str(&tlv, ISNS_NODE_ALIAS, it->alias);
	else
		isns_put(&tlv, ISNS_NODE_ALIAS, NULL, 0);
	for (unsigned int i = 0; i < ps->n; i++)
		put_group(&tlv, name, it, &ps->at[i]);
	return want(o, true, name, strlen(name), &tlv);
}

static void forget_wanted(struct list *list)
{
	struct isns_object *obj;

	list_for_each(obj, list, link)
		obj->wanted = false;
}

int isns_objects_look(struct isns_objects *o, const struct addr *local,
		      const struct isns_notify_at *at)
{
	const struct target *t;
	struct isns_portals ps;
	int r;

	forget_wanted(&o->portals);
	forget_wanted(&o->nodes);
	isns_portals(&ps, local);
	r = look_at_portals(o, &ps, at);
	for (t = target_next(iscsi.core, NULL); t && !r; t = target_next(iscsi.core, t))
		if (t->transport == &iscsi_transport && !t->dying && iscsi_target_of(t))
			r = look_at_target(o, &ps, t);
	o->dirty = true;
	isns_objects_sweep(o);
	return r;
}

static void sweep(struct isns_objects *o, struct list *list)
{
	struct isns_object *obj, *tmp;

	list_for_each_safe(obj, tmp, list, link)
		if (!obj->wanted && !obj->registered && !obj->sent && !obj->busy)
			drop(o, obj);
}

void isns_objects_sweep(struct isns_objects *o)
{
	sweep(o, &o->portals);
	sweep(o, &o->nodes);
}

static void again(struct list *list, bool gone)
{
	struct isns_object *obj;

	list_for_each(obj, list, link) {
		if (gone)
			obj->registered = false;
		obj->sent = obj->scn = obj->asked = false;
		isns_object_change(obj);
	}
}

void isns_objects_again(struct isns_objects *o, bool gone)
{
	again(&o->portals, gone);
	again(&o->nodes, gone);
	o->dirty = true;
	isns_objects_sweep(o);
}
