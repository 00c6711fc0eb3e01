/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Third-party copies name logical units by their designators, whatever the LUN and the target. What
 * an initiator may reach so is what it may reach anyhow: the LUNs it sees in this session, and in
 * sessions that the same initiator has with other targets. Called by copy.c and the commands.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/copy.h"
#include "scsi/lun.h"
#include "scsi/names.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/nexus_map.h"
#include "target/reserve.h"
#include "target/target.h"
#include "target/transport.h"

/* SPC-4 7.8.6.1 */
enum { CODE_BINARY = 1, CODE_ASCII = 2, CODE_UTF8 = 3 };
enum { DESIG_T10 = 1, DESIG_NAA = 3, DESIG_NAME = 8 };

#define NAME_PREFIX "naa."

static struct itl *itl_seen(struct nexus *n, const struct lu *lu)
{
	uint64_t lun = nexus_lun_of(n, lu);

	return lun == LUN_INVALID ? NULL : nexus_itl(n, lun);
}

static bool same_initiator(const struct nexus *a, const struct nexus *b)
{
	return a->transport == b->transport && a->transport->same_host &&
	       name_equal(a->initiator, b->initiator) && a->transport->same_host(a, b);
}

/* The I_T_L nexus by which the initiator of @n reaches @lu; NULL: it doesn't. */
static struct itl *itl_of(struct nexus *n, struct lu *lu)
{
	struct nexus *other;
	struct itl *itl;

	if (lu->dying)
		return NULL;
	if (lu->target == n->target)
		return itl_seen(n, lu);
	list_for_each(other, &lu->target->nexuses, link) {
		if (other->dying || !same_initiator(n, other))
			continue;
		itl = itl_seen(other, lu);
		if (itl)
			return itl;
	}
	return NULL;
}

enum scsi_result copy_may(struct nexus *n, struct lu *lu, bool write, struct sense_extra *ex)
{
	struct itl *itl = itl_of(n, lu);
	enum scsi_result r;

	if (!itl)
		return RES_LUN_NOT_SUPPORTED;
	r = reserve_check_itl(itl, write ? RESV_WRITE : RESV_READ);
	if (r != RES_GOOD)
		return r;
	if (lu->background != RES_GOOD)
		return lu_background(lu, ex);
	r = lu_medium_state(lu);
	if (r != RES_GOOD || !write)
		return r;
	if (lu->readonly || itl->readonly)
		return RES_WRITE_PROTECTED;
	return lu->swp ? RES_SW_WRITE_PROTECTED : RES_GOOD;
}

/* --- designators */

static bool reachable(struct nexus *n, struct lu *lu)
{
	return lu->dev->pdt == PDT_DISK && itl_of(n, lu);
}

/* Of several that are the same disk, the one behind the target that was asked. */
static struct lu *find_naa(struct nexus *n, const uint8_t naa[8])
{
	const struct core *core = n->target->core;
	struct lu *lu, *elsewhere = NULL;

	for (lu = lu_by_naa(core, naa, NULL); lu; lu = lu_by_naa(core, naa, lu)) {
		if (!reachable(n, lu))
			continue;
		if (lu->target == n->target)
			return lu;
		elsewhere = lu;
	}
	return elsewhere;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* SPC-4 7.8.6.10: "naa." and 16 digits, padded with zero bytes. */
static struct lu *find_name(struct nexus *n, const uint8_t *name, uint32_t len)
{
	uint8_t naa[8];

	if (len < 20 || memcmp(name, NAME_PREFIX, 4) || (len > 20 && name[20]))
		return NULL;
	for (unsigned int i = 0; i < 8; i++) {
		int hi = hex(name[4 + 2 * i]), lo = hex(name[5 + 2 * i]);

		if (hi < 0 || lo < 0)
			return NULL;
		naa[i] = (uint8_t)(hi << 4 | lo);
	}
	return find_naa(n, naa);
}

static bool is_t10(const struct lu_ident *id, const uint8_t *d, uint32_t len)
{
	uint8_t want[LU_VENDOR_LEN + LU_ID_LEN];
	size_t id_len = strlen(id->scsi_id);

	memset(want, ' ', LU_VENDOR_LEN);
	memcpy(want, id->vendor, strnlen(id->vendor, LU_VENDOR_LEN));
	memcpy(want + LU_VENDOR_LEN, id->scsi_id, id_len);
	return len == LU_VENDOR_LEN + id_len && !memcmp(want, d, len);
}

/* Nobody who can say NAA says this, so it is looked for in all of this target only. */
static struct lu *find_t10(struct nexus *n, const uint8_t *d, uint32_t len)
{
	struct lu *lu;

	list_for_each(lu, &n->target->lus, link)
		if (is_t10(&lu->id, d, len) && reachable(n, lu))
			return lu;
	return NULL;
}

struct lu *copy_find(struct nexus *n, const uint8_t *desig, uint32_t len)
{
	unsigned int code_set = desig[0] & 0x0f, type = desig[1] & 0x0f;
	uint32_t id_len = desig[3];
	const uint8_t *id = desig + 4;

	if (id_len > len - 4 || desig[1] & 0x30) /* ASSOCIATION: a port's, a device's */
		return NULL;
	if (type == DESIG_NAA && code_set == CODE_BINARY && id_len == 8)
		return find_naa(n, id);
	if (type == DESIG_NAME && code_set == CODE_UTF8)
		return find_name(n, id, id_len);
	if (type == DESIG_T10 && code_set == CODE_ASCII)
		return find_t10(n, id, id_len);
	return NULL;
}
