/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A logical unit: identity, device type, store, task set, and the nexuses that
 * know it.
 */
#ifndef TARGET_LU_H
#define TARGET_LU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "bs/bs.h"
#include "scsi/result.h"
#include "target/reserve.h"
#include "target/stats.h"

struct core;
struct dev_type;
struct nexus;
struct sense_extra;
struct target;

#define LU_VENDOR_LEN 8
#define LU_PRODUCT_LEN 16
#define LU_REV_LEN 4
#define LU_ID_LEN 36

/* Strings are NUL terminated, unpadded. */
struct lu_ident {
	char vendor[LU_VENDOR_LEN + 1];
	char product[LU_PRODUCT_LEN + 1];
	char rev[LU_REV_LEN + 1];
	char scsi_id[LU_ID_LEN + 1];
	char scsi_sn[LU_ID_LEN + 1];
	bool id_set, sn_set;	/* by the administrator, who wants them kept wherever the LU goes */
	uint8_t naa[8];		/* NAA designator, locally assigned: NAA 3h (SPC-4 7.8.6.6.4) */
	uint8_t uuid[16];	/* UUID designator (SPC-5 7.7.6.11), RFC 4122 version 8 layout */
};

/* The task set (SAM-5 8). Embedded in the LU. */
struct taskset {
	struct list enabled, dormant; /* struct scsi_cmd by lu_link, in order of arrival */
	struct list throttled;	/* likewise: qos.c's, not in the order yet */
	unsigned int n_tasks;	/* on the lists */
	unsigned int n_enabled;	/* without those that bypass the order */
	unsigned int n_ordered;	/* enabled ORDERED commands: 0 or 1 */
	unsigned int n_hoq;	/* HEAD OF QUEUE commands, which are always enabled */
	unsigned int peak;	/* the most that n_tasks has been */
	bool advancing;		/* taskset_advance() is on the stack */
	bool held;		/* taskset_hold() */
};

#define LU_TASKS_MAX 4096 /* commands in one task set; above it TASK SET FULL */

/* What tgtadm new and update say; also the target-independent state of the LU. */
struct lu {
	struct target *target;
	struct list link;		/* target->lus */
	struct hash_node node;		/* target->lu_table */
	uint64_t lun;
	const struct dev_type *dev;
	void *dev_priv;			/* the device type's */
	struct bs *bs;			/* NULL: no medium or no store */
	char *path;			/* as configured; NULL: none */
	char *bstype;
	char *bsopts;
	bool bs_sync, bs_direct;
	struct lu_ident id;
	uint32_t block_size;		/* bytes, power of two */
	uint32_t block_conf;		/* as configured; an initiator may have formatted to another */
	unsigned int block_shift;
	uint64_t blocks;		/* whole blocks of the medium; kept up to date on resize */
	bool online;			/* false: MEDIUM NOT PRESENT or MANUAL INTERVENTION */
	bool stopped;			/* START STOP UNIT */
	bool removable;
	bool readonly;			/* by configuration or because the store is */
	bool readonly_conf;		/* by configuration */
	bool swp;			/* software write protect: mode page 0Ah SWP */
	bool cdb32;			/* READ(32) and its like are there, without protection too */
	bool third_party_copy;		/* EXTENDED COPY and tokens are there; INQUIRY 3PC */
	bool thin;			/* thin provisioning told to initiators */
	bool descriptor_sense;		/* D_SENSE of the control mode page */
	bool tas;			/* TAS of the control mode page */
	bool fresh;			/* just made: its first parameters are being set */
	bool automatic;			/* controller at LUN 0 that nobody asked for; the wlun */
	bool opening;			/* lu_new() or lu_set_path() is under way */
	bool watched;			/* dying, or a store waits for the last command: cmd_end() tells */
	struct lu_swap *swap;		/* lu_path.c: the store that waits; NULL: none */
	bool dying;			/* deleted; commands are draining */
	enum scsi_result background;	/* RES_NR_FORMAT, RES_NR_SANITIZE while one runs, or
					   RES_ME_SANITIZE_FAILED; else RES_GOOD. Set by the device
					   type, read by the gates */
	uint16_t progress;		/* of @background, of 65536 */
	enum scsi_result medium;	/* why commands that need the medium can't have it, as the device
					   type says; RES_GOOD: they can */
	uint8_t lbppbe;			/* LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT */
	uint16_t la_lba;		/* LOWEST ALIGNED LBA */
	uint16_t opt_xfer_gran;		/* blocks; 0: derive from the store */
	uint32_t opt_xfer_len;		/* blocks; 0: none told */
	uint16_t rotation_rate;		/* VPD B1h: 0 not reported, 1 solid state, else rpm */
	struct list records;		/* lu_record.h */
	unsigned int n_records;
	struct qos *qos;		/* limits; NULL: never had any */
	unsigned int n_holds;		/* lu_hold() */
	struct hash_node naa_node;	/* core->by_naa */
	bool naa_hashed;
	struct taskset ts;
	struct io_stats stats;		/* of all commands that named it */
	uint64_t resets;		/* LOGICAL UNIT RESET, target resets */
	struct reserve resv;
	struct list itls;		/* struct itl by lu_link */
	struct list ranges;		/* dev/range: see there */
	void (*written)(struct lu *lu, uint64_t first, uint64_t count); /* blocks will change; NULL:
					   nobody wants to know */
	struct loop_call range_call;	/* dev/range: those that wait are looked at again */
	unsigned int n_prevent;		/* nexuses that prevent medium removal */
	struct lu_keep *keep;		/* lu_keep.h: what it remembers over restarts; NULL: nothing */
	uint64_t probed_ns;		/* when the store was last asked for its size */
	/* lu.c's and lu_open.c's: what is under way. */
	struct loop_call call;		/* runs @step, where that is not called by the store */
	void (*step)(struct lu *lu);
	struct err err;			/* of the opening */
	void (*created)(void *arg, struct lu *lu, const struct err *err); /* lu_new's */
	void (*path_set)(void *arg, const struct err *err);		  /* lu_set_path's */
	void (*deleted)(void *arg);					  /* lu_delete's */
	void *done_arg, *deleted_arg;
};

/* For lu_new(); strings borrowed until @done. */
struct lu_conf {
	uint64_t lun;
	const char *dev_type;	/* "disk"; NULL: disk */
	const char *path;	/* NULL: none */
	const char *bstype;	/* NULL: rdwr */
	const char *bsopts;
	bool sync, direct;
	uint32_t block_size;	/* 0: the device type's default */
	bool readonly;
};

/*
 * Opens the store and adds the LU. @done from the loop: with the LU, or NULL and @err. The
 * number is taken from the call on, so that two lu_new() of one LUN can't both succeed. LUN 0
 * replaces the automatic controller.
 */
void lu_new(struct target *t, const struct lu_conf *conf,
	    void (*done)(void *arg, struct lu *lu, const struct err *err), void *arg);
/*
 * ERR_LUN_ACTIVE when commands are queued and not @force (with it they are aborted);
 * ERR_PREVENT_REMOVAL. After 0 the LUN answers LUN NOT SUPPORTED at once, and @done comes when the
 * store is closed (both may be NULL). The controller comes back when LUN 0 is deleted.
 */
int lu_delete(struct lu *lu, bool force, void (*done)(void *arg), void *arg, struct err *err);
/*
 * One parameter of "logicalunit update": scsi_id, scsi_sn, vendor_id, product_id, product_rev,
 * sense_format, lbppbe, la_lba, optimal_xfer_gran, optimal_xfer_len, removable, readonly, online,
 * thin_provisioning, rotation_rate, swp; the rest goes to the device type. Raises the Unit
 * Attention that belongs to the change. ERR_UNKNOWN_PARAM, ERR_INVALID_REQUEST.
 */
int lu_set(struct lu *lu, const char *name, const char *value, struct err *err);
/*
 * The store is that at @path from now on; NULL: no medium, only while offline. @done from the loop,
 * @err NULL when it went well.
 *
 * Online, the new one is opened first; then new commands wait until those under way have ended, the
 * stores are exchanged, and initiators are told of a new medium and, where they differ, of capacity
 * and write protection. After an error all is as before.
 *
 * Offline, and without commands, the old one is closed first; after an error there is no medium.
 */
void lu_set_path(struct lu *lu, const char *path,
		 void (*done)(void *arg, const struct err *err), void *arg);
/* Blocks are of @size bytes from now on. Raises nothing. */
void lu_set_block_size(struct lu *lu, uint32_t size);
/*
 * While an LU is held it is not freed, and neither is its store replaced: for those who use it from
 * outside its task set (copies). It may die meanwhile: look at @dying.
 */
void lu_hold(struct lu *lu);
void lu_release(struct lu *lu);
/* The LU that has this NAA designator; @after NULL: the first, else the next. NULL: none. */
struct lu *lu_by_naa(const struct core *core, const uint8_t naa[8], const struct lu *after);

/* Takes the store's size anew; raises CAPACITY DATA HAS CHANGED when it differs. */
void lu_size_changed(struct lu *lu);
/* Asks the store for its size, at most once a second. */
void lu_probe(struct lu *lu);
/* RES_GOOD, or why the medium can't be used now. */
enum scsi_result lu_medium_state(const struct lu *lu);
/* @background, for which progress goes to @ex. */
enum scsi_result lu_background(const struct lu *lu, struct sense_extra *ex);
/*
 * A reset's effects on everything but commands (SAM-5 6.3.3): reservation, prevented removal,
 * modes; @ua (enum ua_code) for every nexus, the one that asked for it included.
 */
void lu_reset(struct lu *lu, int ua);

#endif
