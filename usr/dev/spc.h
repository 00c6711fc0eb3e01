/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all device types share (SPC-4): opcode rows, VPD pages, the mode and log
 * page engines. A device type lists SPC_ROWS and the rows of its own, SPC_VPD and its
 * own pages, its mode pages; its attach() calls spc_attach(), its detach() spc_detach().
 */
#ifndef DEV_SPC_H
#define DEV_SPC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/util.h"
#include "scsi/opcode.h"
#include "scsi/result.h"
#include "target/devtype.h"
#include "target/lu.h"

struct nexus;
struct scsi_cmd;

/* Opcode rows. */

#define OPCODE_ROWS(array) { (array), ARRAY_SIZE(array) }
#define OPCODE_ROWS_END { NULL, 0 }

extern const struct opcode spc_inquiry_rows[1];  /* INQUIRY */
extern const struct opcode spc_luns_rows[1];	 /* REPORT LUNS */
extern const struct opcode spc_sense_rows[2];	 /* TEST UNIT READY, REQUEST SENSE */
extern const struct opcode spc_diag_rows[2];	 /* SEND DIAGNOSTIC, RECEIVE DIAGNOSTIC RESULTS */
extern const struct opcode spc_rsoc_rows[2];	 /* REPORT SUPPORTED OPERATION CODES and TMFs */
extern const struct opcode spc_mode_rows[4];	 /* MODE SENSE and SELECT, (6) and (10) */
extern const struct opcode spc_log_rows[2];	 /* LOG SENSE and LOG SELECT */
extern const struct opcode spc_time_rows[2];	 /* REPORT and SET TIMESTAMP */
extern const struct opcode spc_ident_rows[2];	 /* REPORT and SET IDENTIFYING INFORMATION */
extern const struct opcode spc_reserve_rows[4];	 /* RESERVE and RELEASE, (6) and (10) */
extern const struct opcode spc_pr_in_rows[4];	 /* PERSISTENT RESERVE IN */
extern const struct opcode spc_pr_out_rows[8];	 /* PERSISTENT RESERVE OUT */
extern const struct opcode spc_alua_rows[2];	 /* REPORT and SET TARGET PORT GROUPS */
extern const struct opcode spc_buffer_rows[2];	 /* READ BUFFER and WRITE BUFFER */
extern const struct opcode spc_removal_rows[1];	 /* PREVENT ALLOW MEDIUM REMOVAL */

/* What every logical unit but the well known ones has. */
#define SPC_ROWS                                                                                   \
	OPCODE_ROWS(spc_inquiry_rows), OPCODE_ROWS(spc_luns_rows), OPCODE_ROWS(spc_sense_rows),    \
		OPCODE_ROWS(spc_diag_rows), OPCODE_ROWS(spc_rsoc_rows),                            \
		OPCODE_ROWS(spc_mode_rows), OPCODE_ROWS(spc_log_rows),                             \
		OPCODE_ROWS(spc_alua_rows)
/* Disks, tapes, changers, CDs have these too. */
#define SPC_ROWS_DEVICE                                                                            \
	OPCODE_ROWS(spc_reserve_rows), OPCODE_ROWS(spc_pr_in_rows), OPCODE_ROWS(spc_pr_out_rows),  \
		OPCODE_ROWS(spc_buffer_rows), OPCODE_ROWS(spc_removal_rows),                       \
		OPCODE_ROWS(spc_time_rows), OPCODE_ROWS(spc_ident_rows)

/* PREVENT ALLOW MEDIUM REMOVAL: keeps who prevents. */
enum scsi_result spc_prevent_allow(struct scsi_cmd *cmd);

/* Vital product data (SPC-4 7.8). */

uint32_t spc_vpd_supported(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);
uint32_t spc_vpd_serial(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);
uint32_t spc_vpd_ident(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);
uint32_t spc_vpd_extended(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);
uint32_t spc_vpd_policy(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);
uint32_t spc_vpd_ports(const struct lu *lu, const struct nexus *n, uint8_t *buf, uint32_t max);

/* First in a device type's vpd table; its own pages (B0h and up) follow. */
#define SPC_VPD                                                                                    \
	{ 0x00, "Supported VPD Pages", NULL, spc_vpd_supported },                                  \
		{ 0x80, "Unit Serial Number", NULL, spc_vpd_serial },                              \
		{ 0x83, "Device Identification", NULL, spc_vpd_ident },                            \
		{ 0x86, "Extended INQUIRY Data", NULL, spc_vpd_extended },                         \
		{ 0x87, "Mode Page Policy", NULL, spc_vpd_policy },                           \
		{ 0x88, "SCSI Ports", NULL, spc_vpd_ports }
#define SPC_VPD_END { 0, NULL, NULL, NULL }

/* Zeroes @total bytes (<= max), writes the 4-byte page header; returns @total. For VPD builders. */
uint32_t spc_vpd_begin(const struct lu *lu, uint8_t *buf, uint8_t page, uint32_t total);

/* Mode pages (SPC-4 7.5). */

/* Generic pages for a device type's modes table, which is sorted by page, subpage. */
void spc_mode_reconnect_defaults(const struct lu *lu, uint8_t *p);
void spc_mode_control_defaults(const struct lu *lu, uint8_t *p);
void spc_mode_control_current(const struct lu *lu, uint8_t *p);
void spc_mode_control_changed(struct lu *lu, const uint8_t *p);
void spc_mode_control_ext_defaults(const struct lu *lu, uint8_t *p);
void spc_mode_power_defaults(const struct lu *lu, uint8_t *p);
void spc_mode_exceptions_defaults(const struct lu *lu, uint8_t *p);
extern const uint8_t spc_mode_control_mask[10];

#define SPC_MODE_RECONNECT                                                                         \
	{ .page = 0x02, .len = 14, .name = "Disconnect-Reconnect",                                 \
	  .defaults = spc_mode_reconnect_defaults }
#define SPC_MODE_CONTROL                                                                           \
	{ .page = 0x0a, .len = 10, .name = "Control", .defaults = spc_mode_control_defaults,       \
	  .current = spc_mode_control_current, .changeable = spc_mode_control_mask,                \
	  .changed = spc_mode_control_changed }
#define SPC_MODE_CONTROL_EXT                                                                       \
	{ .page = 0x0a, .subpage = 0x01, .len = 28, .name = "Control Extension",                   \
	  .defaults = spc_mode_control_ext_defaults }
#define SPC_MODE_POWER                                                                             \
	{ .page = 0x1a, .len = 38, .name = "Power Condition", .defaults = spc_mode_power_defaults }
#define SPC_MODE_EXCEPTIONS                                                                        \
	{ .page = 0x1c, .len = 10, .name = "Informational Exceptions Control",                     \
	  .defaults = spc_mode_exceptions_defaults }
#define SPC_MODE_END { .name = NULL }

/* What a mode parameter block descriptor tells (SPC-4 7.5.6, SBC-3 6.5.2). */
struct spc_block_desc {
	uint64_t blocks;
	uint32_t block_len;
	uint8_t density;
};

/*
 * Values of all pages of an LU, in the order of dev->modes, without headers. Only changeable bits
 * are taken from here; the others always come fresh from the page's defaults().
 */
struct spc_modes {
	uint32_t len;	/* of each: the sum of the pages' len */
	uint8_t *cur;
	uint8_t *saved;	/* by MODE SELECT with SP; where has_saved, a reset goes back to it */
	bool has_saved;
	uint8_t *dflt;	/* by configuration (mode_page=), else the page's own */
	uint8_t *work;	/* MODE SELECT checks the whole list here before it touches cur */
};

/* Parameters of a page as they are now, or by default; @buf has room for page->len bytes. */
void spc_mode_current(const struct lu *lu, const struct mode_page *page, uint8_t *buf);
void spc_mode_default(const struct lu *lu, const struct mode_page *page, uint8_t *buf);
/* NULL: the device type has no such page. */
const struct mode_page *spc_mode_find(const struct lu *lu, uint8_t page, uint8_t subpage);
/* All pages back to their defaults; calls every page's changed(). For dev_type.reset. */
void spc_modes_reset(struct lu *lu);

/* Log pages (SPC-4 7.3). */

/*
 * A number in a log page. Neighbours with the same parameter code share a parameter, which then is a
 * list; others are data counters, each in a parameter of its own.
 */
struct spc_log_counter {
	uint16_t code;
	uint8_t len; /* bytes: 4 or 8 */
	uint64_t (*value)(const struct lu *lu); /* since the LU was made; NULL ends the table */
};

#define SPC_LOG_COUNTERS_MAX 64U /* of all pages of a device type */

struct spc_log_page {
	uint8_t page, subpage;
	const char *name; /* NULL ends the table */
	/* Writes the log parameters, without the page header, at most @max bytes; their length. */
	uint32_t (*build)(const struct lu *lu, uint8_t *buf, uint32_t max);
	/* What can be counted anew and set by LOG SELECT; in front of what build() writes. */
	const struct spc_log_counter *counters;
	bool (*enabled)(const struct lu *lu); /* NULL: always */
	/*
	 * What build() needs has to be asked for: RES_PENDING, and spc_log_prepared() follows; or RES_GOOD.
	 * NULL: it is there.
	 */
	enum scsi_result (*prepare)(struct scsi_cmd *cmd);
};
/* For attach(): counters go on from what SP (save parameters) kept. */
void spc_log_resume(struct lu *lu);
/* Ends a LOG SENSE whose page was prepared. */
void spc_log_prepared(struct scsi_cmd *cmd);
/* For build(): a zeroed list parameter (SPC-4 7.3.2.2) of @len bytes; they are returned. */
uint8_t *spc_log_param(uint8_t *p, uint16_t code, uint8_t len);
uint32_t spc_log_temperature(const struct lu *lu, uint8_t *buf, uint32_t max);
uint32_t spc_log_exceptions(const struct lu *lu, uint8_t *buf, uint32_t max);
#define SPC_LOG_TEMPERATURE { 0x0d, 0x00, "Temperature", spc_log_temperature, NULL, NULL, NULL }
#define SPC_LOG_EXCEPTIONS                                                                         \
	{ 0x2f, 0x00, "Informational Exceptions", spc_log_exceptions, NULL, NULL, NULL }
#define SPC_LOG_END { 0, 0, NULL, NULL, NULL, NULL, NULL }

/* The logical unit. */

/* SELF-TEST CODE, SPC-4 table 262 */
enum {
	SELFTEST_BG_SHORT = 1,
	SELFTEST_BG_EXTENDED = 2,
	SELFTEST_ABORT = 4,
	SELFTEST_FG_SHORT = 5,
	SELFTEST_FG_EXTENDED = 6,
};

/* What the extended one takes about: EXTENDED SELF-TEST COMPLETION TIME. */
uint64_t spc_selftest_seconds(const struct lu *lu);

/* What a device type adds to the shared commands. Every member may be NULL. */
struct spc_ops {
	/*
	 * DEVICE-SPECIFIC PARAMETER of the mode parameter header (SBC-3 6.5.1), for an initiator to
	 * which the LU is @readonly, or is not; NULL: 0.
	 */
	uint8_t (*device_specific)(const struct lu *lu, bool readonly);
	/*
	 * MODE SELECT with that byte @offset of its list. @apply false: only check. NULL: ignored.
	 */
	enum scsi_result (*set_device_specific)(struct scsi_cmd *cmd, uint8_t byte, uint16_t offset,
						bool apply);
	/*
	 * The block descriptor; false: there is none. NULL: lu->blocks and lu->block_size, none
	 * when block_size is 0.
	 */
	bool (*block_desc)(const struct lu *lu, struct spc_block_desc *d);
	/*
	 * MODE SELECT with a block descriptor that differs from the current one. @apply false: only
	 * check. NULL: refused.
	 */
	enum scsi_result (*set_block_desc)(struct scsi_cmd *cmd, const struct spc_block_desc *d,
					   uint16_t offset, bool apply);
	/*
	 * SEND DIAGNOSTIC with @code, one of those below; 0: the default self-test. RES_PENDING: the end
	 * follows. NULL: what is done in the foreground passes, there is nothing in the background.
	 */
	enum scsi_result (*self_test)(struct scsi_cmd *cmd, unsigned int code);
	/* One runs; how far it is, of 65536. Goes with @self_test. */
	bool (*self_test_progress)(const struct lu *lu, uint16_t *progress);
	const struct spc_log_page *logs; /* sorted; without 00h */
};

/* What store errors are counted as: by the kind of command, or not of the medium at all. */
enum spc_error { SPC_ERR_READ, SPC_ERR_WRITE, SPC_ERR_VERIFY, SPC_ERR_OTHER, SPC_ERRS };

/* First member of the struct that lu->dev_priv points to. */
struct spc_lu {
	const struct spc_ops *ops;
	struct spc_modes modes;
	uint8_t *buffer; /* WRITE BUFFER, data mode; NULL until it is used */
	uint8_t *echo;	 /* WRITE BUFFER, echo mode */
	uint32_t echo_len;
	uint64_t log_base[SPC_LOG_COUNTERS_MAX]; /* what each counter was when it began anew */
	uint64_t errors[SPC_ERRS];
	bool time_set;	 /* SET TIMESTAMP came: the timestamp is */
	uint64_t time_ms; /* ... this and the loop's clock */
};

static inline struct spc_lu *spc_lu(const struct lu *lu)
{
	return lu->dev_priv;
}

/*
 * For attach(): hangs @s (zeroed, first member of the device type's allocation) on lu->dev_priv and
 * sets the mode pages to their defaults, which calls each page's changed(). 0 or -ENOMEM with @err.
 */
int spc_attach(struct lu *lu, struct spc_lu *s, const struct spc_ops *ops, struct err *err);
/* Frees what spc_attach() made; @s itself stays the caller's. lu->dev_priv becomes NULL. */
void spc_detach(struct lu *lu);
/* dev_type.set for what is common: mode_page=page:subpage:len:byte:... -ENOENT: not known. */
int spc_set(struct lu *lu, const char *name, const char *value, struct err *err);

#endif
