/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The iSNS client: tells the storage name server of targets and portals, and asks it, where
 * that is wanted, who may have them (RFC 4171). What the rest of the driver knows of it.
 */
#ifndef ISCSI_ISNS_H
#define ISCSI_ISNS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum isns_verdict {
	ISNS_ADMITS,  /* also when access control is off */
	ISNS_REFUSES, /* they share no discovery domain */
	ISNS_IS_ASKED, /* the server has not answered yet */
};

void isns_init(void);
/* "iSNS", "iSNSServerIP", ...: system parameters. 0, -EINVAL with @err, -ENOENT: not one of these. */
int isns_set(const char *name, const char *value, struct err *err);
/* Of system show. A new reference. */
json_t *isns_show(void);
/* Targets, what is shown of them, or portals have changed: the server is told soon. */
void isns_changed(void);
/* Whether both share a discovery domain. */
enum isns_verdict isns_admits(const char *target, const char *initiator);
/* Deregisters, if there is anything to; iscsi_check_stopped() is called when that is done. */
void isns_stop(void);
bool isns_is_busy(void);
/* Forgets everything. */
void isns_done(void);

#endif
