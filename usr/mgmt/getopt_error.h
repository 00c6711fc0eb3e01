/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What getopt_long() would print, as a failure that can also be told in JSON.
 */
#ifndef MGMT_GETOPT_ERROR_H
#define MGMT_GETOPT_ERROR_H

#include <getopt.h>

#include "mgmt/adm.h"

/* @c: '?' or ':' as getopt_long() returned it, with opterr 0 and a ':' first. Returns -1. */
int getopt_error(int c, char **argv, const struct option *longs, struct adm_fail *fail);

#endif
