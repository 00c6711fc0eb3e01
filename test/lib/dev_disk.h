/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk behind a transport of nothing but memory, for tests of device types with
 * blocks: a target, LUN 1 on any store, two nexuses, and commands ("shots") that run
 * to their end or stay under way.
 */
#ifndef DEV_DISK_H
#define DEV_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "bs_box.h"
#include "target/cmd.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/target.h"
#include "target/tmf.h"

struct disk {
	struct bs_box *box;
	void *box_state;
	struct core core;
	struct target *target;
	struct lu *lu;
	struct nexus *a, *b; /* two initiators */
	unsigned int scatter; /* data buffers come in pieces of so many bytes; 0: in one */
	uint64_t lun; /* where shots go; at first that of @lu */
	uint64_t next_tag;
	char bstype[16], path[160]; /* of the LU, for disk_restart() */
	uint32_t block_size;
	char state_dir[64]; /* "": none */
};

/* One command. Zeroed before use, except by disk_run(). */
struct shot {
	struct scsi_cmd cmd;
	struct disk *d;
	uint8_t cdb[32];
	const uint8_t *out; /* data-out, out_len bytes */
	uint32_t out_len;
	uint8_t *in; /* room for in_max bytes of data-in; also what the initiator expects */
	uint32_t in_max;
	bool in_flight, ended, aborted; /* aborted: ended without a status */
	/* Valid after the end. */
	uint8_t status;
	uint8_t sense[SCSI_SENSE_MAX];
	uint32_t in_len;
	struct scsi_residual in_res, out_res;
};

/* @bstype NULL: "mem", whose size @path tells. Fails the test when it can't be. */
struct disk *disk_new(const char *bstype, const char *path, uint32_t block_size);
/* The same; NULL with @err when the LU can't be made. */
struct disk *disk_try(const char *bstype, const char *path, uint32_t block_size, struct err *err);
/* Fails the test when a buffer or a command is left. */
void disk_free(struct disk *d);
/* Another disk; @t NULL: behind the same target. Fails the test when it can't be. */
struct lu *disk_add_lu(struct disk *d, struct target *t, uint64_t lun, const char *bstype,
		       const char *path, uint32_t block_size);
/* The same of any device type; it is where shots go then. */
struct lu *disk_add_dev(struct disk *d, const char *dev_type, uint64_t lun, const char *bstype,
			const char *path);
/* Another target, which disk_free() deletes as well. */
struct target *disk_add_target(struct disk *d, uint32_t tid);
/* A session; the transport takes those of one @host to be of one host. disk_logout() ends it. */
struct nexus *disk_login(struct disk *d, struct target *t, const char *name, void *host);
void disk_logout(struct disk *d, struct nexus *n);
/* Gives it a state directory. */
void disk_persistent(struct disk *d);
/* The LU as after a restart of the daemon: deleted and made again, on another @path if not NULL. */
void disk_restart(struct disk *d, const char *path);
void disk_set(struct disk *d, const char *name, const char *value);
/* Loses pending Unit Attentions of both nexuses. */
void disk_clear_ua(struct disk *d);

/* CDBs. @len stands in the length field of each. Byte 1 is @flags. */
void cdb6(uint8_t *cdb, uint8_t op, uint32_t lba, uint8_t len);
void cdb10(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len);
void cdb12(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len);
void cdb16(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len);
/* Opcode 7Fh, service action @sa of SBC-4. */
void cdb32(uint8_t *cdb, uint8_t sa, uint8_t flags, uint64_t lba, uint32_t len);
/* The form whose opcode @op is, by its group; CDB32 + a service action: of 32 bytes. */
#define CDB32 0x60
void cdb_any(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len);

/* s->cdb, out, in are set: submits for nexus @n. */
void shot_start(struct disk *d, struct shot *s, struct nexus *n);
void shot_wait(struct shot *s);
/* Builds, submits, waits; RES_ by status and sense, RES_COUNT when no result has them. */
enum scsi_result disk_run(struct disk *d, struct shot *s, const uint8_t *cdb, const void *out,
			  uint32_t out_len, void *in, uint32_t in_max);
/* Status and sense of a shot that ended as a result. */
enum scsi_result shot_result(const struct shot *s);
uint64_t shot_info(const struct shot *s); /* INFORMATION; fails when not VALID */
/* Field pointer: (byte << 8 | bit), bit 0xff: none; negative: no pointer. */
int shot_field(const struct shot *s);
void shot_abort(struct shot *s);

/* READ(16) and WRITE(16) that must be GOOD. */
void disk_read(struct disk *d, uint64_t lba, uint32_t blocks, void *buf);
void disk_write(struct disk *d, uint64_t lba, uint32_t blocks, const void *buf);

/* Fails unless cmd ends as @want. */
#define expect_run(want, d, cdb, out, out_len, in, in_max)                                         \
	do {                                                                                       \
		struct shot shot_;                                                                 \
		assert_int_equal(disk_run(d, &shot_, cdb, out, out_len, in, in_max), RES_##want);  \
	} while (0)

#endif
