/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses by which targets are reached, as the name server may tell them to others.
 */
#ifndef ISCSI_ISNS_PORTALS_H
#define ISCSI_ISNS_PORTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define ISNS_PORTALS_MAX 64

struct isns_portal_at {
	struct addr addr;
	uint16_t tag;
};

struct isns_portals {
	struct isns_portal_at at[ISNS_PORTALS_MAX];
	unsigned int n;
};

/* @local: this end of the connection to the server, or all zero. */
void isns_portals(struct isns_portals *ps, const struct addr *local);
/* Where the server itself can reach this host best: NULL: nowhere. */
const struct addr *isns_portals_best(const struct isns_portals *ps, const struct addr *local);
/* Without their ports. */
bool isns_same_host(const struct addr *a, const struct addr *b);

#endif
