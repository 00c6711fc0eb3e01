/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the iSNS client among themselves: isns_client.c (the connection to the server),
 * isns_request.c (what is asked there), isns_notify.c (what the server asks here) and
 * isns_options.c (what the administrator says).
 */
#ifndef ISCSI_ISNS_CLIENT_H
#define ISCSI_ISNS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "iscsi/isns_link.h"
#include "iscsi/isns_objects.h"

#define ISNS_EID_MAX 255	  /* RFC 4171 6.2.1, without the NUL */
#define ISNS_PERIOD_S 600	  /* what is asked for; the server may say something else */
#define ISNS_ESI_INTERVAL_S 60
/* Access control: not every server tells a target of an initiator that left its domain (open-isns). */
#define ISNS_MEMBERS_S 30

enum isns_state {
	ISNS_OFF,
	ISNS_WAITING,	 /* for the next attempt */
	ISNS_CONNECTING,
	ISNS_UP,
};

/* What the server is asked for; one at a time. */
enum isns_job {
	ISNS_NO_JOB,
	ISNS_REGISTER,
	ISNS_DEREGISTER,	/* objects that have gone */
	ISNS_DEREGISTER_ENTITY,
	ISNS_ASK_SCN,		/* for a node */
	ISNS_ASK_MEMBERS,	/* of a node's domains */
	ISNS_ASK_SELF,		/* whether the server still has the entity */
};

struct isns_client {
	/* As set. */
	bool on, access_control;
	struct addr server; /* with the port; family AF_UNSPEC: none is named */
	uint16_t port;
	/* The connection. */
	enum isns_state state;
	struct isns_link link;
	struct loop_timer timer;   /* the next attempt, or: the server does not answer */
	struct loop_timer look_timer; /* changes are told of together */
	struct loop_timer refresh_timer;
	unsigned int wait_s;	   /* until the next attempt */
	bool leaving;		   /* deregisters, then closes */
	uint16_t xid;
	enum isns_job job;
	struct isns_object *job_node;
	/* The entity. */
	char eid[ISNS_EID_MAX + 1];
	bool registered;
	bool replace;		   /* what the server may have of an earlier life goes */
	bool ask_self;
	uint32_t period_s;	   /* of the registration, as the server says; 0: without end */
	bool esi_unwanted;	   /* the server can't, or its inquiries don't come here */
	struct isns_notify_at notify_at;
	struct isns_objects objects;
	/* For show. */
	char error[128];
	uint64_t connects, requests, failures, scns, esis;
};

extern struct isns_client isns;

/* --- isns_client.c ---------------------------------------------------------------------------- */

/* Connects, when it is on and not connected. */
void isns_start(void);
/* Settings have changed: orderly away from the old server, and to the new one if it is on. */
void isns_restart(void);
/* What the server says makes no sense, or it says nothing: later again. */
void isns_failed(const char *fmt, ...) printf_like(1, 2);
/* Nothing is left at the server: closes. */
void isns_left(void);
/* Sends the request of @job. */
void isns_send(enum isns_job job, struct isns_object *node, uint16_t function, uint16_t flags,
	       const struct strbuf *payload);
/* Sends what is to be sent next, if nothing is under way. */
void isns_go_on(void);
/* Looks at targets and portals soon. */
void isns_look_soon(void);

/* --- isns_request.c --------------------------------------------------------------------------- */

/* Starts the next request; none is under way. */
void isns_request_next(void);
/* The answer to the one under way. */
void isns_request_answered(enum isns_job job, struct isns_object *node,
			   const struct isns_message *msg);

/* When the server is asked next whether it still knows all this. */
void isns_refresh_later(void);

/* --- isns_members.c --------------------------------------------------------------------------- */

void isns_members_ask(struct isns_object *node);
void isns_members_answered(struct isns_object *node, const struct isns_message *msg);
/* Everyone's once more. */
void isns_members_again(void);

/* --- isns_notify.c ---------------------------------------------------------------------------- */

/* Listens where @at says, if it does not already, and says at which port. 0 or -errno. */
int isns_notify_listen(const struct addr *at, uint16_t *port);
void isns_notify_close(void);
/* A message that is no answer, on any connection. */
void isns_notify_message(struct isns_link *l, const struct isns_message *msg);

#endif
