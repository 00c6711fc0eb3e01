/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether it is a tgtd of the older STGT (1.0) that listens: it waits for ever for the rest of a
 * request that is not of its binary form, so that nobody would say what is wrong.
 */
#ifndef MGMT_OLD_TGTD_H
#define MGMT_OLD_TGTD_H

#include <stdbool.h>
#include <sys/un.h>

/* Asks in that form, and waits for at most a second. */
bool old_tgtd(const struct sockaddr_un *addr);

#endif
