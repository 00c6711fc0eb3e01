/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses for registration (isns_portals.h): as discovery.c has them for one initiator, here
 * for whoever asks the server. A wildcard stands for the addresses of the interfaces.
 */
#include "iscsi/isns_portals.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/iscsi.h"
#include "iscsi/portal.h"

/* IPv4-mapped addresses as what they are. */
static struct addr plain(const struct addr *a)
{
	struct addr v4 = { .len = sizeof(v4.in4) };

	if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return *a;
	v4.in4.sin_family = AF_INET;
	v4.in4.sin_port = a->in6.sin6_port;
	memcpy(&v4.in4.sin_addr, a->in6.sin6_addr.s6_addr + 12, 4);
	return v4;
}

static bool is_loopback(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in4.sin_addr.s_addr) >> 24 == 127;
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

/* They need a scope, which has no place in the protocol and means nothing to other hosts. */
static bool is_link_local(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
}

bool isns_same_host(const struct addr *a, const struct addr *b)
{
	struct addr x = plain(a), y = plain(b);

	x.in6.sin6_port = y.in6.sin6_port = 0;
	if (x.sa.sa_family == AF_INET6 && y.sa.sa_family == AF_INET6)
		return !memcmp(&x.in6.sin6_addr, &y.in6.sin6_addr, sizeof(x.in6.sin6_addr));
	return addr_equal(&x, &y);
}

static void add(struct isns_portals *ps, const struct addr *local, const struct addr *addr,
		const struct iscsi_portal *portal)
{
	struct isns_portal_at at = { .addr = plain(addr), .tag = portal->conf.tag };
	struct addr here = plain(local);

	at.addr.in6.sin6_port = portal->addr.in6.sin6_port;
	if (is_link_local(&at.addr) || (is_loopback(&at.addr) && !is_loopback(&here)))
		return;
	for (unsigned int i = 0; i < ps->n; i++)
		if (addr_equal(&ps->at[i].addr, &at.addr))
			return;
	if (ps->n == ISNS_PORTALS_MAX) {
		log_limited(LOG_LVL_WARN, "iSNS: only %d portals are registered", ISNS_PORTALS_MAX);
		return;
	}
	ps->at[ps->n++] = at;
}

/* By its wildcard a portal takes connections to any address of these. */
static bool takes(const struct iscsi_portal *portal, const struct ifaddrs *i)
{
	int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;

	if (!(i->ifa_flags & IFF_UP))
		return false;
	if (*portal->conf.interface && strcmp(portal->conf.interface, i->ifa_name))
		return false;
	return family == portal->addr.sa.sa_family || (family == AF_INET && portal->dual);
}

static void add_wildcard(struct isns_portals *ps, const struct addr *local,
			 const struct iscsi_portal *portal, const struct ifaddrs *interfaces)
{
	const struct ifaddrs *i;

	for (i = interfaces; i; i = i->ifa_next) {
		struct addr addr = { .len = sizeof(addr.in6) };

		if (!takes(portal, i))
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			addr.len = sizeof(addr.in4);
		memcpy(&addr.ss, i->ifa_addr, addr.len);
		add(ps, local, &addr, portal);
	}
}

void isns_portals(struct isns_portals *ps, const struct addr *local)
{
	const struct iscsi_portal *portal;
	struct ifaddrs *interfaces = NULL;

	ps->n = 0;
	list_for_each(portal, &iscsi.portals, link) {
		if (!addr_is_wildcard(&portal->addr)) {
			add(ps, local, &portal->addr, portal);
			continue;
		}
		if (!interfaces && getifaddrs(&interfaces))
			interfaces = NULL;
		add_wildcard(ps, local, portal, interfaces);
	}
	if (interfaces)
		freeifaddrs(interfaces);
}

const struct addr *isns_portals_best(const struct isns_portals *ps, const struct addr *local)
{
	struct addr here = plain(local);
	unsigned int i;

	for (i = 0; i < ps->n; i++)
		if (isns_same_host(&ps->at[i].addr, &here))
			return &ps->at[i].addr;
	for (i = 0; i < ps->n; i++)
		if (ps->at[i].addr.sa.sa_family == here.sa.sa_family)
			return &ps->at[i].addr;
	return ps->n ? &ps->at[0].addr : NULL;
}
