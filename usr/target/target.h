/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target: a name, its logical units, who may use it, who does.
 */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "target/access.h"
#include "target/lun_map.h"
#include "target/port_group.h"
#include "target/stats.h"
#include "target/transport.h"

struct core;
struct lu;

#define TARGET_NAME_MAX 223 /* RFC 7143 4.2.7.1 */

struct target {
	struct core *core;
	struct list link;		/* core->targets, sorted by tid */
	struct hash_node name_node, tid_node;
	uint32_t tid;
	char *name;
	struct transport *transport;	/* the lld it was made for */
	bool offline;			/* no new sessions; those that are there go on */
	bool dying;
	struct list lus;		/* struct lu, sorted by LUN */
	struct hash_table lu_table;	/* by LUN */
	struct list opening;		/* struct lu that lu_new() has not finished */
	unsigned int n_lus;		/* in @lus */
	unsigned int n_lus_left;	/* all of them: opening, in @lus, draining, and the wlun */
	struct lu *wlun;		/* REPORT LUNS well known logical unit; not in lus */
	struct list nexuses;		/* struct nexus */
	struct list leaving;		/* struct nexus that dies; commands may be in the store */
	unsigned int n_nexuses;
	struct access access;
	struct lun_maps lun_maps;
	struct port_groups port_groups;
	struct list qos_rules;		/* struct qos_rule: limits of initiators */
	struct list qos_peers;		/* struct qos_peer: initiators that are there and have one */
	struct list tmfs;		/* struct tmf that wait for commands to leave the store */
	unsigned int hold;		/* > 0: nothing is enabled, as commands are being aborted */
	struct io_stats past;		/* of LUs that have gone */
	uint64_t n_tmf[TMF_COUNT];	/* task management functions that came, by code; 0: unknown */
	bool lus_dropped;		/* of a dying target whose nexuses have gone */
	struct loop_call reap;
	void (*deleted)(void *arg);
	void *deleted_arg;
	void *lld[TRANSPORT_MAX];	/* each transport's own */
	uint8_t told;			/* bit i: transport i knows the target */
};

/* LUN 0 is made. 0, or negative with @err: ERR_TARGET_EXISTS, _INVALID_REQUEST, _NO_DRIVER. */
int target_new(struct core *core, uint32_t tid, const char *name, const char *lld,
	       struct target **out, struct err *err);
/*
 * Without @force fails with ERR_TARGET_ACTIVE when a nexus exists. With it, nexuses are
 * killed first. The name and the tid are free at once; @done (may be NULL) follows from the
 * loop when all is gone (only after 0 was returned).
 */
int target_delete(struct target *t, bool force, void (*done)(void *arg), void *arg,
		  struct err *err);
struct target *target_by_tid(const struct core *core, uint32_t tid);
struct target *target_by_name(const struct core *core, const char *name);
/* NULL when there is none; LUN_WLUN_REPORT_LUNS is a LUN too. */
struct lu *target_lu(const struct target *t, uint64_t lun);
/* Whether sessions may be made now. */
bool target_ready(const struct target *t);
/* Offline: its sessions are asked to leave, and end. */
void target_set_offline(struct target *t, bool offline);
/* For nexus.c and lu.c: something of a dying target has gone. */
void target_check_gone(struct target *t);
/* Iterates over all: NULL starts. */
struct target *target_next(const struct core *core, const struct target *after);

#endif
