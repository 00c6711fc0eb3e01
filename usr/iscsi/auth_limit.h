/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often one address may fail to authenticate: a bucket of attempts for each address that
 * failed of late. chap.c asks before it sends a challenge, and tells of failures.
 */
#ifndef ISCSI_AUTH_LIMIT_H
#define ISCSI_AUTH_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* Whether a peer of this address may try at @now (loop_now()). */
bool auth_limit_ok(const struct addr *peer, uint64_t now);
/* It tried, and failed. */
void auth_limit_failed(const struct addr *peer, uint64_t now);
void auth_limit_init(void);
/* Forgets all addresses. */
void auth_limit_done(void);

#endif
