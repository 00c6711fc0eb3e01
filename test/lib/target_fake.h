/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transport and a device type of nothing but memory, for tests of the target
 * core and of what stands on it. Commands are submitted, held at any place, and
 * looked at when they have ended.
 */
#ifndef TARGET_FAKE_H
#define TARGET_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "target/cmd.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/target.h"
#include "target/tmf.h"
#include "target/transport.h"

/* What the fake device type understands. CDBs of 10 bytes have LBA at 2, length at 7. */
enum fake_op {
	FAKE_TUR = 0x00,	  /* needs a medium */
	FAKE_REQUEST_SENSE = 0x03,/* one byte of data: the Unit Attention as enum scsi_result */
	FAKE_INQUIRY = 0x12,	  /* any LUN, no UA, does not wait; 36 bytes of 'I' */
	FAKE_RESERVE = 0x16,
	FAKE_RELEASE = 0x17,
	FAKE_CAPACITY = 0x25,	  /* 8 bytes of 'C', no length in the CDB */
	FAKE_READ = 0x28,	  /* blocks of 'R' */
	FAKE_WRITE = 0x2a,
	FAKE_SELECT = 0x55,	  /* a parameter list */
	FAKE_RSOC = 0x5e,	  /* service actions 0 and 1; 1 only when lu->thin */
	FAKE_VARIABLE = 0x7f,	  /* service action 0x0032, 32 bytes */
};

struct fake;

/* One command. Owner: the fake, until fake_free(). */
struct fake_cmd {
	struct scsi_cmd cmd;
	struct list link;	/* fake->all */
	struct fake *f;
	uint8_t cdb[32];
	const void *out;	/* what data_out() fetches; NULL: zeroes */
	bool data_wanted;	/* data_out() was called and waits for fake_data() */
	bool running;		/* in the fake handler, waits for fake_finish() */
	unsigned int ran;	/* how often its handler was called */
	unsigned int ran_at, ended_at; /* counters of fake->order; 0: not yet */
	bool ended, aborted;	/* aborted: without a status */
	bool released;
	/* Copies, valid after the end. */
	uint8_t status;
	uint8_t key, asc, ascq;
	uint8_t sense[SCSI_SENSE_MAX];
	uint8_t sense_len;
	struct scsi_residual in_res, out_res;
	uint32_t in_len;
	uint8_t in[4096];	/* at most so much of it */
};

struct fake_tmf {
	struct tmf tmf;
	bool ended;
	unsigned int ended_at;
	uint8_t response;
};

struct fake {
	struct loop *loop;
	struct workers *workers;
	struct core core;
	struct list all;
	unsigned int order;	/* counts handlers run and ends */
	bool hold_run;		/* handlers of READ, WRITE and TUR wait for fake_finish() */
	bool hold_data;		/* data_out() waits for fake_data() */
	bool hold_release;	/* ended commands are released by fake_release() */
	unsigned int fail_alloc; /* the n-th alloc_data() from now fails; 0: none */
	unsigned int buffers;	/* handed out */
	unsigned int resets;	/* dev_type.reset() calls */
	unsigned int attached;	/* LUs attached and not detached */
	bool fail_attach;
	unsigned int added, removed; /* targets told to the transport */
	bool fail_added;
	const char *killed;	/* the reason of the last nexus_kill() */
};

/*
 * A core with the fake transport ("fake") and @devs, ended by NULL; NULL: the fake device types,
 * "controller", "disk", "tape" (removable, store "ram") and the well known one. Stores: "ram" (as
 * mem, with a path that is its size; the default), mem, null. Fails the test when it can't be.
 */
struct fake *fake_new(const struct dev_type *const *devs);
/* Deletes targets, turns the loop, fails the test if anything is left. */
void fake_free(struct fake *f);
/* Turns the loop until nothing happens any more. */
void fake_settle(struct fake *f);

/* These fail the test when it doesn't work. */
struct target *fake_target(struct fake *f, uint32_t tid, const char *name);
/* A mem disk of @blocks blocks of 512 bytes, online. */
struct lu *fake_disk(struct fake *f, struct target *t, uint64_t lun, uint64_t blocks);
struct lu *fake_lu(struct fake *f, struct target *t, const struct lu_conf *conf);
/* The reason why it fails; ERR_OK: it does not. */
enum err_code fake_lu_error(struct fake *f, struct target *t, const struct lu_conf *conf);
/* sid counts from 1. */
struct nexus *fake_nexus(struct fake *f, struct target *t, const char *initiator);
void fake_nexus_end(struct fake *f, struct nexus *n);
/* Loses what Unit Attentions the nexus has for @lun. */
void fake_clear_ua(struct nexus *n, uint64_t lun);

/* A command that fake_send() submits; change c->cmd and c->out before it. */
struct fake_cmd *fake_prepare(struct nexus *n, uint64_t lun, const void *cdb, unsigned int len);
void fake_send(struct fake_cmd *c);
/*
 * By opcode, with LBA and length in the CDB and expected lengths that fit (blocks of 512); READ,
 * WRITE and others by enum fake_op. SIMPLE.
 */
struct fake_cmd *fake_submit(struct nexus *n, uint64_t lun, uint8_t op, uint32_t lba, uint16_t len);
struct fake_cmd *fake_submit_attr(struct nexus *n, uint64_t lun, uint8_t op, enum task_attr attr);
/* CDB as given, expected lengths, data-out from @out; turns the loop until it ended. */
struct fake_cmd *fake_run(struct nexus *n, uint64_t lun, const void *cdb, unsigned int len,
			  const void *out, uint32_t out_edtl, uint32_t in_edtl);
/* Ends data_out() or a handler that was held; release of a command that was. */
void fake_data(struct fake_cmd *c);
void fake_finish(struct fake_cmd *c, enum scsi_result result);
void fake_release(struct fake_cmd *c);

/* How it ended, by status and sense; RES_PENDING: it has not, or silently. */
enum scsi_result fake_result(const struct fake_cmd *c);
void fake_tmf(struct nexus *n, struct fake_tmf *t, enum tmf_function function, uint64_t lun,
	      uint64_t tag);

extern struct transport fake_transport;

/* Fails unless the command ended as RES_@want. */
#define assert_result(c, want)                                                                     \
	assert_string_equal(scsi_result_info(fake_result_known(c))->name,                          \
			    scsi_result_info(RES_##want)->name)
/* fake_result(), which must not be RES_PENDING. */
enum scsi_result fake_result_known(const struct fake_cmd *c);

#endif
