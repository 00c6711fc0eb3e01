/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access lists. Changed by the verbs bind and unbind, asked by transports at
 * login, at discovery and when a list has changed.
 */
#include "target/access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scsi/names.h"

struct entry {
	struct list link;
	struct addr_mask mask; /* of an address */
	char text[];
};

void access_init(struct access *a)
{
	list_init(&a->addrs);
	list_init(&a->names);
}

static void free_list(struct list *l)
{
	struct list *link;

	while ((link = list_pop(l)) != NULL)
		free(list_entry(link, struct entry, link));
}

void access_free(struct access *a)
{
	free_list(&a->addrs);
	free_list(&a->names);
}

static struct entry *entry_new(const char *text, struct err *err)
{
	size_t len = strlen(text) + 1;
	struct entry *e = calloc(1, sizeof(*e) + len);

	if (!e) {
		err_set(err, ERR_NOMEM, "%s", "");
		return NULL;
	}
	list_init(&e->link);
	memcpy(e->text, text, len);
	return e;
}

/* The same network in other words is the same entry. */
static struct entry *find_addr(const struct access *a, const struct addr_mask *m)
{
	struct entry *e;

	list_for_each(e, &a->addrs, link) {
		if (e->mask.all != m->all)
			continue;
		if (m->all || (e->mask.family == m->family && e->mask.prefix == m->prefix &&
			       !memcmp(e->mask.bytes, m->bytes, sizeof(m->bytes))))
			return e;
	}
	return NULL;
}

static struct entry *find_name(const struct access *a, const char *name)
{
	struct entry *e;

	list_for_each(e, &a->names, link)
		if (name_equal(e->text, name))
			return e;
	return NULL;
}

static int exists(const char *text, struct err *err)
{
	return err_set(err, ERR_ACL_EXISTS, "'%s' is on the list already", text);
}

static int missing(const char *text, struct err *err)
{
	return err_set(err, ERR_NO_ACL, "'%s' is not on the list", text);
}

int access_add_addr(struct access *a, const char *text, struct err *err)
{
	struct addr_mask m;
	struct entry *e;

	memset(&m, 0, sizeof(m));
	if (addr_mask_parse(&m, text, err))
		return -EINVAL;
	if (find_addr(a, &m))
		return exists(text, err);
	e = entry_new(text, err);
	if (!e)
		return -EINVAL;
	e->mask = m;
	list_push_back(&a->addrs, &e->link);
	return 0;
}

int access_add_name(struct access *a, const char *name, struct err *err)
{
	struct entry *e;

	if (!*name || strlen(name) > SCSI_NAME_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "an initiator name has 1 to %d characters", SCSI_NAME_MAX);
	if (find_name(a, name))
		return exists(name, err);
	e = entry_new(name, err);
	if (!e)
		return -EINVAL;
	list_push_back(&a->names, &e->link);
	return 0;
}

static int remove_entry(struct entry *e, const char *text, struct err *err)
{
	if (!e)
		return missing(text, err);
	list_del(&e->link);
	free(e);
	return 0;
}

int access_del_addr(struct access *a, const char *text, struct err *err)
{
	struct addr_mask m;

	memset(&m, 0, sizeof(m));
	if (addr_mask_parse(&m, text, NULL))
		return missing(text, err);
	return remove_entry(find_addr(a, &m), text, err);
}

int access_del_name(struct access *a, const char *name, struct err *err)
{
	return remove_entry(find_name(a, name), name, err);
}

static int change_addr(struct access *a, bool add, const char *addr, struct err *err)
{
	return add ? access_add_addr(a, addr, err) : access_del_addr(a, addr, err);
}

int access_change(struct access *a, bool add, const char *addr, const char *name, struct err *err)
{
	int r;

	if (!addr && !name)
		return err_set(err, ERR_INVALID_REQUEST,
			       "give --initiator-address, --initiator-name or both");
	r = addr ? change_addr(a, add, addr, err) : 0;
	if (r || !name)
		return r;
	r = add ? access_add_name(a, name, err) : access_del_name(a, name, err);
	if (r && addr)
		change_addr(a, !add, addr, NULL);
	return r;
}

static bool addr_listed(const struct access *a, const struct addr *peer)
{
	const struct entry *e;

	list_for_each(e, &a->addrs, link)
		if (e->mask.all || (peer && addr_mask_match(&e->mask, peer)))
			return true;
	return false;
}

static bool name_listed(const struct access *a, const char *name)
{
	const struct entry *e;

	list_for_each(e, &a->names, link)
		if (!strcasecmp(e->text, "ALL") || name_match(e->text, name))
			return true;
	return false;
}

bool access_is_empty(const struct access *a)
{
	return list_empty(&a->addrs) && list_empty(&a->names);
}

bool access_addr_ok(const struct access *a, const struct addr *peer)
{
	if (list_empty(&a->addrs))
		return !list_empty(&a->names);
	return addr_listed(a, peer);
}

bool access_ok(const struct access *a, const char *initiator_name, const struct addr *peer)
{
	if (!access_addr_ok(a, peer))
		return false;
	return list_empty(&a->names) || name_listed(a, initiator_name);
}

static json_t *show_list(json_t *array, const struct list *list)
{
	const struct entry *e;

	list_for_each(e, list, link)
		json_array_append_new(array, json_string(e->text));
	return array;
}

json_t *access_show_addrs(const struct access *a)
{
	return show_list(json_array(), &a->addrs);
}

json_t *access_show_names(const struct access *a)
{
	return show_list(json_array(), &a->names);
}

json_t *access_show(const struct access *a)
{
	return show_list(access_show_addrs(a), &a->names);
}
