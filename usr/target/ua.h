/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit Attentions per I_T_L nexus (SAM-5 5.14): a bit set, reported in the order
 * of the enum, which is the order of precedence.
 */
#ifndef TARGET_UA_H
#define TARGET_UA_H

#include <stdbool.h>
#include <stdint.h>

#include "scsi/result.h"

struct itl;
struct lu;
struct nexus;
struct scsi_cmd;

enum ua_code {
	UA_POWER_ON,
	UA_BUS_RESET,
	UA_DEVICE_RESET,
	UA_NEXUS_LOSS,
	UA_CLEARED_BY_OTHER,
	UA_MEDIUM_CHANGED,
	UA_ELEMENT_ACCESSED,
	UA_RES_PREEMPTED,
	UA_RES_RELEASED,
	UA_REG_PREEMPTED,
	UA_ALUA_CHANGED,
	UA_CAPACITY_CHANGED,
	UA_MODE_CHANGED,
	UA_LOG_CHANGED,
	UA_TIMESTAMP_CHANGED,
	UA_IDENT_CHANGED,
	UA_INQUIRY_CHANGED,
	UA_LUNS_CHANGED,
	UA_THIN_THRESHOLD,
	UA_CODES
};

void ua_raise(struct itl *itl, enum ua_code ua);
/* For every nexus of the LU but @except (may be NULL). */
void ua_raise_lu(struct lu *lu, enum ua_code ua, const struct nexus *except);
/* REPORTED LUNS DATA HAS CHANGED to every nexus that sees @lu, which comes or goes. */
void ua_luns_changed(const struct lu *lu);
/* The same to one nexus, whose map has changed. */
void ua_nexus_luns_changed(struct nexus *n);
/* The first pending one, which stays; there must be one. */
enum scsi_result ua_first(const struct itl *itl);
/*
 * Takes the first pending one; RES_GOOD when there is none. Reporting 3F/0E clears it on all LUs of
 * the nexus.
 */
enum scsi_result ua_take(struct itl *itl);
/* REPORT LUNS clears REPORTED LUNS DATA HAS CHANGED for the nexus (SPC-4 6.33). */
void ua_clear_luns_changed(struct nexus *n);

#endif
