/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the name server is to know: a network entity with its portals and target nodes, and
 * what of that it has been told. Between the lists of the driver and isns_client.c.
 */
#ifndef ISCSI_ISNS_OBJECTS_H
#define ISCSI_ISNS_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/strbuf.h"

/* A portal or a node. */
struct isns_object {
	struct list link; /* isns_objects.portals or .nodes */
	struct list todo; /* isns_objects.todo, where something is to be asked for the node */
	struct hash_node node;
	bool is_node;
	bool wanted;	 /* it is there */
	bool registered; /* the server has it */
	bool changed;	 /* the server has it in another way, or not at all */
	bool sent;	 /* in a request that is not answered */
	bool busy;	 /* a request is about it (nodes) */
	bool scn;	 /* notifications were asked for (nodes) */
	bool asked;	 /* who shares its domains was asked for, and nothing has changed since (nodes) */
	bool known;	 /* the server has ever said so: members are valid */
	char **members;	 /* initiators: sorted, in small letters */
	size_t n_members;
	struct strbuf tlv; /* its attributes */
	size_t offset;	   /* of these the server has so many already */
	size_t key_len;
	char key[]; /* a node's name in small letters; of a portal address and port as they are sent */
};

struct isns_objects {
	struct list portals, nodes;
	struct list todo;
	bool dirty; /* some are to be registered or deregistered */
	struct hash_table table;
};

/* Which portal the server is to send notifications to, and where exactly. */
struct isns_notify_at {
	struct addr addr; /* of a portal; family AF_UNSPEC: none */
	uint16_t port;	  /* where the client listens; 0: nowhere */
	uint32_t esi_s;	  /* RFC 4171 6.3.4; 0: no status inquiries */
};

void isns_objects_init(struct isns_objects *o);
void isns_objects_free(struct isns_objects *o);
/* Compares with what there is now: marks what has come, changed or gone. 0 or -ENOMEM. */
int isns_objects_look(struct isns_objects *o, const struct addr *local,
		      const struct isns_notify_at *at);
/* Drops what neither there is nor the server has. */
void isns_objects_sweep(struct isns_objects *o);
/* The server has forgotten, or may have: all is to be told again. @gone: it has nothing. */
void isns_objects_again(struct isns_objects *o, bool gone);
struct isns_object *isns_objects_node(const struct isns_objects *o, const char *name);
/* A node that can speak for the entity: one that is registered, else one that will be. NULL: none. */
struct isns_object *isns_objects_source(const struct isns_objects *o);
/* It is to be registered, from its first attribute on. */
void isns_object_change(struct isns_object *obj);
/* There is something to ask for a node. */
void isns_object_todo(struct isns_objects *o, struct isns_object *obj);
/* The attributes that name @obj, as DevDereg has them. */
void isns_object_key(const struct isns_object *obj, struct strbuf *out);

#endif
