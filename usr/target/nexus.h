/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I_T nexus: one initiator port and one target port. I_T_L: what one nexus and
 * one logical unit know of each other; made when a command first names the LUN.
 */
#ifndef TARGET_NEXUS_H
#define TARGET_NEXUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "scsi/scsi.h"
#include "target/stats.h"

struct lu;
struct lun_map;
struct port_group;
struct pr_reg;
struct scsi_cmd;
struct target;
struct transport;

/* Told when a nexus ends, before its commands are aborted; off its list then. */
struct nexus_watch {
	struct list link;
	void (*gone)(struct nexus_watch *w);
};

/* Counters of an I_T_L nexus, in bytes and commands, since it was made. */
struct itl_stats {
	uint64_t rd_subm_bytes, rd_subm_cmds, rd_done_bytes, rd_done_cmds;
	uint64_t wr_subm_bytes, wr_subm_cmds, wr_done_bytes, wr_done_cmds;
	uint64_t errs;
};

struct itl {
	struct hash_node node;	/* nexus->itls, by LUN */
	struct list nexus_link;	/* nexus->itl_list */
	struct list lu_link;	/* lu->itls */
	struct nexus *nexus;
	struct lu *lu;
	uint64_t lun;		/* as this initiator numbers it; lu->lun is the target's */
	bool readonly;		/* to this initiator */
	uint64_t ua;		/* bit set of enum ua_code, target/ua.h */
	bool prevent;		/* PREVENT ALLOW MEDIUM REMOVAL of this nexus */
	const struct pr_reg *reg; /* persistent reservations: its registration; NULL: not registered */
	bool preempted;		/* while PREEMPT AND ABORT takes its commands away */
	bool limited;		/* qos_applies(): its commands may have to wait */
	bool hashed;		/* false: the LU is being deleted or hidden, its LUN free for another */
	unsigned int n_cmds;	/* under way */
	struct itl_stats stats;
};

struct nexus {
	struct target *target;
	struct transport *transport;
	void *priv;		/* the transport's session */
	struct list link;	/* target->nexuses */
	uint64_t sid;		/* as shown: TSIH */
	uint64_t seq;		/* they are numbered from 1, as they come */
	uint16_t version;	/* VERSION DESCRIPTOR of the transport (SPC-4 table 176); 0: none */
	uint16_t rel_port;	/* the target port: iSCSI's portal group tag, from 1. Initiators know
				   it by port_relative() */
	uint8_t access;		/* enum access_state of its target port group */
	const struct port_group *group; /* NULL: none */
	char *initiator;	/* iSCSI name, or WWPN as text */
	uint8_t isid[6];	/* iSCSI: part of the initiator port's name */
	const struct lun_map *map; /* of target->lun_maps; NULL: it sees all LUNs as they are */
	bool luns_changed;	/* that is not told yet: also to I_T_L nexuses that are made later */
	struct hash_table itls;
	struct qos *qos;	/* limits of its initiator; NULL: none */
	struct list itl_list;
	struct itl *last_itl;	/* the one used last: saves a lookup */
	struct list cmds;	/* struct scsi_cmd between target_submit and release */
	unsigned int n_cmds;
	unsigned int n_tmfs;	/* task management functions under way */
	uint64_t tmfs;		/* that ever came */
	struct list paths;	/* struct stat_path, which count what comes on them */
	struct io_stats past;	/* of paths that have gone, and commands of none */
	struct list watches;	/* struct nexus_watch */
	bool dying;
	bool killed;		/* transport->nexus_kill() was called */
	void (*destroyed)(void *arg);
	void *destroyed_arg;
	struct loop_call reap;
};

/*
 * At login. The target must be ready; access was checked by the transport. Copies @initiator.
 * NULL when memory is short. The owner is the transport's session.
 */
struct nexus *nexus_create(struct target *t, struct transport *tr, const char *initiator,
			   const uint8_t isid[6], uint64_t sid, uint16_t rel_port, void *priv);
/*
 * At the session's end: aborts all commands (transport->aborted for each, now or later),
 * drops the reservations of the nexus that do not outlive it, frees it when the last
 * command is released and the last tmf_respond() was called, then calls @destroyed from the
 * loop (may be NULL). It leaves target->nexuses at once.
 */
void nexus_destroy(struct nexus *n, void (*destroyed)(void *arg), void *arg);
/*
 * Aborts the commands that @which says, silently (transport->aborted for each, now or later): those of
 * a connection that was lost, while the nexus lives on. Not from inside a call of the target.
 */
void nexus_abort(struct nexus *n, bool (*which)(struct scsi_cmd *cmd, void *arg), void *arg);
/* The I_T_L nexus for a LUN, made when there is such a LU; NULL: no such LU, or no memory. */
struct itl *nexus_itl(struct nexus *n, uint64_t lun);
/* For lu.c and nexus.c. Nothing refers to it any more. */
void itl_free(struct itl *itl);
/* Ends what PREVENT ALLOW MEDIUM REMOVAL of this nexus has prevented. */
void itl_allow_removal(struct itl *itl);
/* The LUN no longer leads to it. */
void itl_unhash(struct itl *itl);
/* Frees the nexus from the loop if it is dying and nothing of it is left. */
void nexus_check_gone(struct nexus *n);

#endif
