/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a logical unit a disk, a tape, a changer ...: opcode rows, pages and
 * hooks. The target core knows device types only through this struct.
 */
#ifndef TARGET_DEVTYPE_H
#define TARGET_DEVTYPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "scsi/opcode.h"
#include "scsi/scsi.h"

struct lu;
struct nexus;
struct scsi_cmd;
struct strbuf;

struct opcode_rows {
	const struct opcode *rows;
	size_t count;
};

/* A vital product data page (SPC-4 7.8). */
struct vpd_page {
	uint8_t code;
	const char *name;
	bool (*enabled)(const struct lu *lu); /* NULL: always */
	/* Writes the page, header included, at most @max bytes; returns its length. @n asks. */
	uint32_t (*build)(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);
};

/* A mode page or subpage (SPC-4 7.5). */
struct mode_page {
	uint8_t page, subpage;
	uint8_t len;	/* of the parameters: bytes after the header of 2 (subpage: 4) bytes */
	const char *name;
	bool (*enabled)(const struct lu *lu); /* NULL: always */
	/* Default values of the parameters, for this LU. */
	void (*defaults)(const struct lu *lu, uint8_t *params);
	const uint8_t *changeable; /* @len bytes; NULL: nothing is */
	/* Corrects values that change by other ways than MODE SELECT. NULL: none do. */
	void (*current)(const struct lu *lu, uint8_t *params);
	/*
	 * New parameters were accepted, or defaults set at attach and reset: take them over. NULL:
	 * nothing to do.
	 */
	void (*changed)(struct lu *lu, const uint8_t *params);
};

struct dev_type {
	const char *name;	/* as in --device-type: "disk" */
	const char *show_name;	/* as in target show: "cd/dvd" */
	uint8_t pdt;
	bool removable;		/* by default */
	bool old_lun;		/* bits 7 to 5 of byte 1, which were the LUN in SCSI-2, are ignored:
				   initiators still send them */
	bool needs_store;	/* without path: removable and offline */
	uint32_t block_size;	/* default; 0: no blocks */
	const char *bstype;	/* forced store, NULL: any */
	const char *product;	/* default PRODUCT IDENTIFICATION */
	const struct opcode_rows *rows;	/* ended by NULL rows; spc's and its own */
	/*
	 * The row for a CDB that has none among @rows: for device types that pass on what they don't know. Its
	 * cdb_len is 0, when the CDB is the device's to check. NULL: there are no others.
	 */
	const struct opcode *(*other)(const uint8_t *cdb, size_t cdb_len);
	const struct vpd_page *vpd;	/* sorted; ended by NULL build */
	const struct mode_page *modes;	/* sorted; ended by NULL name */
	struct optable *table;	/* built once by devtype_init() */
	/*
	 * The LU is new, its store (if any) open; no command has seen it. 0, or negative with @err:
	 * then detach is not called.
	 */
	int (*attach)(struct lu *lu, struct err *err);
	/* No command is left. lu->bs is still open. */
	void (*detach)(struct lu *lu);
	/* The store was replaced or opened: new medium; lu->bs may be NULL. May be NULL. */
	void (*medium_changed)(struct lu *lu);
	/*
	 * A parameter that lu_set() doesn't know. 0: it is configuration, which is saved and compared
	 * with files. 1: it was something to do, and is done. -ENOENT: unknown here too. May be NULL.
	 */
	int (*set)(struct lu *lu, const char *name, const char *value, struct err *err);
	/* The last nexus that prevented removal of the medium has left without allowing it. May be NULL. */
	void (*removal_allowed)(struct lu *lu);
	/* LOGICAL UNIT RESET: mode parameters back to defaults. May be NULL. */
	void (*reset)(struct lu *lu);
	void (*show)(const struct lu *lu, json_t *obj); /* may be NULL */
};

/*
 * Sorts the rows into dev->table and checks them: 0, or -EINVAL with @err (a programming error),
 * -ENOMEM. Done twice it does nothing.
 */
int devtype_init(const struct dev_type *dev, struct err *err);
void devtype_done(const struct dev_type *dev);

#endif
