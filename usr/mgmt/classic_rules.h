/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which options go with which mode and operation of the classic command line.
 */
#ifndef MGMT_CLASSIC_RULES_H
#define MGMT_CLASSIC_RULES_H

#include "mgmt/adm.h"

bool classic_op_known(const char *op);
bool classic_device_type_known(const char *name);
/*
 * @given: by the option's letter, NULL where it was not given; @tid: its number. 0, or -1 with
 * @fail: what the predecessor's client said.
 */
int classic_rules_check(const char *object, const char *op, const char *const given[128],
			unsigned long long tid, struct adm_fail *fail);

#endif
