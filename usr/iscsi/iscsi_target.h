/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What iSCSI keeps of each target, behind struct transport's target_ calls.
 */
#ifndef ISCSI_ISCSI_TARGET_H
#define ISCSI_ISCSI_TARGET_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct target;

int iscsi_target_added(struct target *t, struct err *err);
void iscsi_target_removed(struct target *t);
int iscsi_target_set(struct target *t, const char *name, const char *value, struct err *err);
void iscsi_target_show(const struct target *t, json_t *obj);
/* A number from 0 to a day, for options named @name. */
int iscsi_parse_seconds(const char *name, const char *value, uint32_t *out, struct err *err);

#endif
