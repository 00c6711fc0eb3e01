/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit Attentions: raised by whoever changes something, taken by the gate (or by
 * REQUEST SENSE), once per I_T_L nexus.
 */
#include "target/ua.h"

#include "scsi/lun.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/nexus_map.h"
#include "target/target.h"

static const enum scsi_result results[UA_CODES] = {
	[UA_POWER_ON] = RES_UA_POWER_ON,
	[UA_BUS_RESET] = RES_UA_BUS_RESET,
	[UA_DEVICE_RESET] = RES_UA_DEVICE_RESET,
	[UA_NEXUS_LOSS] = RES_UA_NEXUS_LOSS,
	[UA_CLEARED_BY_OTHER] = RES_UA_CLEARED_BY_OTHER,
	[UA_MEDIUM_CHANGED] = RES_UA_MEDIUM_CHANGED,
	[UA_ELEMENT_ACCESSED] = RES_UA_ELEMENT_ACCESSED,
	[UA_RES_PREEMPTED] = RES_UA_RES_PREEMPTED,
	[UA_RES_RELEASED] = RES_UA_RES_RELEASED,
	[UA_REG_PREEMPTED] = RES_UA_REG_PREEMPTED,
	[UA_ALUA_CHANGED] = RES_UA_ALUA_CHANGED,
	[UA_CAPACITY_CHANGED] = RES_UA_CAPACITY_CHANGED,
	[UA_MODE_CHANGED] = RES_UA_MODE_CHANGED,
	[UA_LOG_CHANGED] = RES_UA_LOG_CHANGED,
	[UA_TIMESTAMP_CHANGED] = RES_UA_TIMESTAMP_CHANGED,
	[UA_IDENT_CHANGED] = RES_UA_IDENT_CHANGED,
	[UA_INQUIRY_CHANGED] = RES_UA_INQUIRY_CHANGED,
	[UA_LUNS_CHANGED] = RES_UA_LUNS_CHANGED,
	[UA_THIN_THRESHOLD] = RES_UA_THIN_THRESHOLD,
};

/* SAM-5 5.14: of power on, resets and the loss of the nexus the gravest is told, for all of them. */
#define RESETS ((1ULL << (UA_NEXUS_LOSS + 1)) - 1)

void ua_raise(struct itl *itl, enum ua_code ua)
{
	if (ua <= UA_NEXUS_LOSS) {
		if (itl->ua & ((1ULL << ua) - 1))
			return;
		itl->ua &= ~RESETS;
	}
	itl->ua |= 1ULL << ua;
}

void ua_raise_lu(struct lu *lu, enum ua_code ua, const struct nexus *except)
{
	struct itl *itl;

	list_for_each(itl, &lu->itls, lu_link)
		if (itl->nexus != except)
			ua_raise(itl, ua);
}

static void raise_luns_changed(struct nexus *n)
{
	struct itl *itl;

	list_for_each(itl, &n->itl_list, nexus_link)
		ua_raise(itl, UA_LUNS_CHANGED);
}

void ua_luns_changed(const struct lu *lu)
{
	struct nexus *n;

	list_for_each(n, &lu->target->nexuses, link)
		if (nexus_lun_of(n, lu) != LUN_INVALID)
			raise_luns_changed(n);
}

void ua_nexus_luns_changed(struct nexus *n)
{
	n->luns_changed = true;
	raise_luns_changed(n);
}

void ua_clear_luns_changed(struct nexus *n)
{
	struct itl *itl;

	n->luns_changed = false;
	list_for_each(itl, &n->itl_list, nexus_link)
		itl->ua &= ~(1ULL << UA_LUNS_CHANGED);
}

enum scsi_result ua_first(const struct itl *itl)
{
	return results[__builtin_ctzll(itl->ua)];
}

enum scsi_result ua_take(struct itl *itl)
{
	unsigned int ua;

	if (!itl->ua)
		return RES_GOOD;
	ua = (unsigned int)__builtin_ctzll(itl->ua);
	itl->ua &= itl->ua - 1;
	/* SPC-4 6.33: told once to the nexus is enough, whatever the number of its LUNs. */
	if (ua == UA_LUNS_CHANGED)
		ua_clear_luns_changed(itl->nexus);
	return results[ua];
}
