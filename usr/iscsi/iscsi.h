/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The iSCSI driver: what all portals, sessions and connections share, and what
 * iSCSI knows of each target.
 */
#ifndef ISCSI_ISCSI_H
#define ISCSI_ISCSI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/pool.h"
#include "iscsi/account.h"
#include "iscsi/chap_hash.h"
#include "iscsi/admit.h"
#include "iscsi/keys.h"
#include "iscsi/peer_limit.h"
#include "iscsi/portal.h"
#include "iscsi/redirect.h"
#include "iscsi/take.h"
#include "target/transport.h"

struct core;
struct target;

/* What a peer may cost before it has logged in, and other bounds (doc/principles.md). */
struct iscsi_limits {
	struct peer_limit logins;	/* connections not yet in full feature phase */
	unsigned int login_timeout_s;
	uint32_t max_login_text;	/* bytes of one login or text negotiation */
	unsigned int max_connections;
	struct peer_limit connection_rate, login_rate; /* a second; from peer_limit_start() on */
};

struct iscsi {
	struct core *core;
	struct list portals;	/* struct iscsi_portal */
	struct list logins;	/* struct iscsi_conn without a session in full feature phase */
	unsigned int n_logins, n_conns;
	struct list sessions;
	struct hash_table by_tsih;
	uint16_t last_tsih;
	uint8_t cut[(UINT16_MAX + 1) / 8]; /* by TSIH: an access list ended that session */
	struct pool tasks, pdus;
	uint8_t *staging;	/* one receive buffer for all connections (tcp.c) */
	struct take take;
	uint32_t nop_interval_s, nop_count; /* defaults for new targets */
	uint32_t logout_wait_s;	/* for sessions that were asked to leave; 0: they are dropped at once */
	struct chap_order chap_order;	    /* of targets without one of their own, and discovery */
	struct account_set discovery_accounts;
	struct portal_sock portal_sock; /* of portals that say nothing else */
	bool default_portal;	/* nobody said which: those of all addresses were made */
	struct iscsi_limits limits;
	bool stopping;
	struct loop_call stop_call;
	struct loop_timer stop_timer;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* target->lld[]: iSCSI's side of a target. */
struct iscsi_target {
	struct target *t;
	struct iscsi_params params;
	uint32_t nop_interval_s, nop_count;
	struct account_set accounts;
	struct chap_order chap_order; /* CHAPAlgorithms; empty: the driver's */
	struct admit_groups groups; /* PortalGroups */
	char *alias;		/* TargetAlias; NULL: none is sent */
	struct redirect redirect;
};

extern struct transport iscsi_transport;
/* The one driver; started by iscsi_transport.start. */
extern struct iscsi iscsi;
/* Before anything else of the driver; start() does it, and portal_adopt() for sockets that come earlier. */
void iscsi_init(struct core *core);
/* A connection or a session has gone: a stop may be complete. */
void iscsi_check_stopped(void);

/* target->lld[] of this driver. */
struct iscsi_target *iscsi_target_of(const struct target *t);

#endif
