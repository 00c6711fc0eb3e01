/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What brings commands in. A transport is known by its name (the "lld" of old);
 * the target calls it only through this struct. All on the loop thread.
 */
#ifndef TARGET_TRANSPORT_H
#define TARGET_TRANSPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct core;
struct io_stats;
struct nexus;
struct scsi_cmd;
struct scsi_data;
struct target;
struct tmf;

#define TRANSPORT_MAX 4

enum transport_state {
	TRANSPORT_UNINITIALIZED,
	TRANSPORT_READY,
	TRANSPORT_ERROR,
	TRANSPORT_STOPPED,
};

/* One of the connections of a nexus, as metrics tell of it. Borrowed. */
struct nexus_conn {
	uint64_t id;
	const char *address;	/* of the peer, without port */
	uint64_t rx_bytes, tx_bytes;
	uint64_t cmd_pdus, rsp_pdus, data_out_pdus, data_in_pdus;
	uint64_t in_flight, queued_bytes;
	uint64_t rtt_ns;	/* of the last ping; 0: none yet */
	const struct io_stats *io;
};

struct transport {
	const char *name; /* "iscsi" */
	unsigned int index; /* set by core: slot of target->lld */
	enum transport_state state;
	uint8_t protocol_id; /* SPC-4 table 361: 5 iSCSI, 0 FC, ... */

	/* @opts: the k=v,... text of --iscsi, or NULL. 0, or negative with @err. */
	int (*start)(struct core *core, const char *opts, struct err *err);
	/* No new commands from now on; @done (from the loop) when all sessions have ended. */
	void (*stop)(struct core *core, void (*done)(void *arg), void *arg);

	/* May hang things on t->lld[index]. 0, or negative with @err: no target then. */
	int (*target_added)(struct target *t, struct err *err);
	void (*target_removed)(struct target *t);
	/* "state" aside, parameters belong to transports. -ENOENT: not mine. */
	int (*target_set)(struct target *t, const char *name, const char *value, struct err *err);
	/* Adds what target show tells of this transport: "nop_interval", "params", ... */
	void (*target_show)(const struct target *t, json_t *obj);
	/* Adds what system show tells of this transport: "accounts", "isns". May be NULL. */
	void (*system_show)(json_t *obj);
	/* System parameters of this transport. 0, -EINVAL with @err, -ENOENT: not mine. May be NULL. */
	int (*system_set)(const char *name, const char *value, struct err *err);
	/* Adds "alias", "connections": [...] of a nexus. */
	void (*nexus_show)(const struct nexus *n, json_t *obj);
	/* Calls @each for every connection; it must not close any. May be NULL. */
	void (*nexus_conns)(const struct nexus *n,
			    void (*each)(void *arg, const struct nexus_conn *c), void *arg);
	/* Something that decides who may log in changed: look at running sessions again. */
	void (*access_changed)(struct target *t);

	/* Memory for @len bytes. 0, or -ENOMEM. d->len is set to @len. */
	int (*alloc_data)(struct scsi_cmd *cmd, struct scsi_data *d, uint32_t len);
	void (*free_data)(struct scsi_cmd *cmd, struct scsi_data *d);
	/*
	 * Fetch what is missing of out_want bytes; ends in exactly one target_data_arrived(), which
	 * may come at once when everything is there already.
	 */
	void (*data_out)(struct scsi_cmd *cmd);
	/*
	 * Queue status and data only; ends in one scsi_cmd_release(). It may come before data_out()
	 * was called, while unsolicited data is arriving, which is then discarded; with status TASK
	 * ABORTED also while data_out() runs, which is then off as with aborted().
	 */
	void (*respond)(struct scsi_cmd *cmd);
	/*
	 * The command is gone without a status; ends in one scsi_cmd_release(). A running
	 * data_out() is off: no target_data_arrived() may follow.
	 */
	void (*aborted)(struct scsi_cmd *cmd);
	void (*tmf_respond)(struct tmf *tmf);
	/* End the session, which may be given a moment to leave; nexus_destroy() follows. */
	void (*nexus_kill)(struct nexus *n, const char *why);
	/*
	 * SPC-4 7.6.4: the initiator port's TransportID. Writes at most @max bytes, returns the
	 * length (a multiple of 4).
	 */
	unsigned int (*transport_id)(const struct nexus *n, uint8_t *out, unsigned int max);
	/*
	 * Relative target port identifiers of the target's ports, at most @max; how many. For
	 * ALL_TG_PT (SPC-4 6.16.3). NULL: only those that are in use are known.
	 */
	unsigned int (*ports)(const struct target *t, uint16_t *out, unsigned int max);
	/*
	 * Whether the initiators of both, whose names are the same, are of one host: their sessions
	 * come from one place. NULL: that can't be known, so they are not.
	 */
	bool (*same_host)(const struct nexus *a, const struct nexus *b);
	/* Writes the SCSI name of a target port, one of ports() ("iqn...,t,0x0001", VPD 83h); returns strlen. */
	unsigned int (*port_name)(const struct target *t, uint16_t port, char *out,
				  unsigned int max);
};

#endif
