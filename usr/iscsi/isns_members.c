/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Discovery domains as access control: the initiators that the server lets a target see are
 * those that may log in to it. Asked for each target by isns_request.c, and again when the server
 * says that something changed; admit.c asks here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/admit.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/isns_client.h"
#include "scsi/names.h"
#include "target/target.h"

/* --- the answers ------------------------------------------------------------------------------ */

/* 5.6.5.2: of all nodes that are initiators the server tells of those in enabled domains of the source. */
void isns_members_ask(struct isns_object *node)
{
	struct strbuf out = STRBUF_INIT;

	node->asked = true;
	isns_put_str(&out, ISNS_NODE_NAME, node->key);
	isns_put_u32(&out, ISNS_NODE_TYPE, ISNS_NODE_INITIATOR);
	isns_put(&out, ISNS_DELIMITER, NULL, 0);
	isns_put(&out, ISNS_NODE_NAME, NULL, 0);
	isns_put(&out, ISNS_NODE_TYPE, NULL, 0);
	isns_send(ISNS_ASK_MEMBERS, node, ISNS_DEV_ATTR_QRY, 0, &out);
	strbuf_free(&out);
}

static void free_names(char **names, size_t n)
{
	while (n)
		free(names[--n]);
	free(names);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is no name of an initiator admits nobody. */
static bool read_name(const struct isns_attr *attr, char folded[SCSI_NAME_MAX + 1])
{
	char name[SCSI_NAME_MAX + 1];

	if (attr->tag != ISNS_NODE_NAME || !isns_attr_str(attr, name, sizeof(name)))
		return false;
	name_fold(folded, name);
	return true;
}

/* The names behind the delimiter; *@n of them, counted before. NULL: no memory. */
static char **read_names(struct isns_reader r, size_t *n)
{
	char folded[SCSI_NAME_MAX + 1];
	struct isns_attr attr;
	bool behind = false;
	char **names = calloc(*n + 1, sizeof(*names));

	*n = 0;
	while (names && isns_next(&r, &attr)) {
		behind |= attr.tag == ISNS_DELIMITER;
		if (!behind || !read_name(&attr, folded))
			continue;
		names[*n] = strdup(folded);
		if (!names[*n]) {
			free_names(names, *n);
			return NULL;
		}
		(*n)++;
	}
	return names;
}

static size_t count_names(struct isns_reader r, bool *broken)
{
	struct isns_attr attr;
	size_t n = 0;

	while (isns_next(&r, &attr))
		n += attr.tag == ISNS_NODE_NAME;
	*broken = r.broken;
	return n;
}

static void settle(struct isns_object *node, char **names, size_t n)
{
	struct target *t = target_by_name(iscsi.core, node->key);

	free_names(node->members, node->n_members);
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	node->members = names;
	node->n_members = n;
	node->known = true;
	log_debug("iSNS: %zu initiators share a discovery domain with %s", n, node->key);
	if (t)
		admit_again(t);
}

void isns_members_answered(struct isns_object *node, const struct isns_message *msg)
{
	struct isns_reader r = isns_reader(msg->payload, msg->len);
	uint32_t status = ISNS_OK;
	bool broken;
	size_t n;
	char **names;

	isns_read_status(&r, &status);
	/* 5.6.5.2: nothing matches. */
	if (status == ISNS_NO_SUCH_ENTRY)
		r = isns_reader("", 0);
	else if (status)
		isns_failed("it was not told who may have %s: status %u", node->key, status);
	if (status && status != ISNS_NO_SUCH_ENTRY)
		return;
	n = count_names(r, &broken);
	if (broken) {
		isns_failed("an answer with attributes that are cut off");
		return;
	}
	names = read_names(r, &n);
	if (names)
		settle(node, names, n);
	else
		isns_failed("%s", strerror(ENOMEM));
}

void isns_members_again(void)
{
	struct isns_object *node;

	if (!isns.access_control)
		return;
	list_for_each(node, &isns.objects.nodes, link) {
		node->asked = false;
		isns_object_todo(&isns.objects, node);
	}
}

/* --- who may ---------------------------------------------------------------------------------- */

enum isns_verdict isns_admits(const char *target, const char *initiator)
{
	char folded[SCSI_NAME_MAX + 1], *key = folded;
	const struct isns_object *node;

	if (!isns.on || !isns.access_control)
		return ISNS_ADMITS;
	node = isns_objects_node(&isns.objects, target);
	if (!node || !node->known)
		return ISNS_IS_ASKED;
	name_fold(folded, initiator);
	return node->n_members &&
	       bsearch(&key, node->members, node->n_members, sizeof(key), by_name) ?
		       ISNS_ADMITS : ISNS_REFUSES;
}
