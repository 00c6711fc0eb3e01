/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is made of, in one struct that tgtd.c fills and hands down:
 * loop, workers, stores, transports, device types, and the list of targets.
 */
#ifndef TARGET_CORE_H
#define TARGET_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/pool.h"
#include "base/worker.h"
#include "bs/bs.h"
#include "target/later.h"

struct dev_type;
struct transport;

struct core {
	struct loop *loop;
	struct workers *workers;
	struct bs_core *stores;
	struct bufpool bufs;
	struct transport *const *transports;	/* ended by NULL */
	const struct dev_type *const *dev_types; /* ended by NULL */
	const char *state_dir;			/* where reservations outlive the daemon; NULL: nowhere */
	const char *host_id_file;		/* NULL: /etc/machine-id */
	const struct dev_type *default_dev;	/* of LUN 0; answers on absent LUNs */
	const struct dev_type *wlun_dev;	/* of the REPORT LUNS well known LU; NULL: none */
	struct list targets;		/* struct target, by tid */
	struct hash_table by_name, by_tid;
	struct hash_table by_naa;	/* struct lu */
	bool offline;			/* no new sessions: State offline */
	uint8_t machine_id[16];		/* makes default identities unique over hosts */
	uint64_t cmd_seq;		/* arrival order of commands */
	uint64_t nexus_seq;		/* and of nexuses */
	uint64_t slow_ns;		/* commands that take so long are logged; 0: none */
	struct laters laters;		/* bad news of verbs, told from the loop */
	void (*shutdown)(struct core *core); /* asks the daemon to end; set by tgtd.c */
};

/*
 * Fills @core's own fields and builds the tables of the device types; loop, workers, stores,
 * transports, dev_types and host_id_file are the caller's and set before, the rest zero.
 * @id_file (NULL: none): where a machine id is read from or, when neither it nor
 * /etc/machine-id exist, created. 0 or negative; the reason is logged.
 */
int core_init(struct core *core, const char *id_file);
/* Every target must be deleted. */
void core_done(struct core *core);
struct transport *core_transport(const struct core *core, const char *name);
const struct dev_type *core_dev_type(const struct core *core, const char *name);

#endif
