/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes an LU's SCSI ID, serial number and designators. What nobody chose comes
 * from the machine's id, the target's name and the LUN: the same after every
 * restart, and never that of another server. What the administrator chose
 * moves with the LU, so the designators then come from that alone. Called when
 * an LU is made and by lu_set().
 */
#include "target/ident.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/siphash.h"
#include "target/target.h"

#define VENDOR "IET" /* what udev rules and multipath.conf of the predecessor's users look for */
#define REVISION "0001"

/* Hash of what makes the LU unique in the world, and nothing else. */
static void hash_place(uint8_t out[16], const struct lu *lu)
{
	char text[TARGET_NAME_MAX + 32];
	int len = snprintf(text, sizeof(text), "lu\n%s\n%" PRIu64, lu->target->name, lu->lun);

	siphash128(out, lu->target->core->machine_id, text, (size_t)len);
}

static void hash_chosen(uint8_t out[16], const struct lu_ident *id)
{
	static const uint8_t key[16] = "administrator's";
	char text[2 * LU_ID_LEN + 16];
	int len = snprintf(text, sizeof(text), "id\n%s\n%s", id->id_set ? id->scsi_id : "",
			   id->sn_set ? id->scsi_sn : "");

	siphash128(out, key, text, (size_t)len);
}

void ident_derive(struct lu *lu)
{
	struct lu_ident *id = &lu->id;
	uint8_t hash[16];

	if (id->id_set || id->sn_set)
		hash_chosen(hash, id);
	else
		hash_place(hash, lu);
	memcpy(id->naa, hash, sizeof(id->naa));
	id->naa[0] = 0x30 | (id->naa[0] & 0x0f); /* NAA 3h: locally assigned */
	memcpy(id->uuid, hash, sizeof(id->uuid));
	id->uuid[6] = 0x80 | (id->uuid[6] & 0x0f); /* version 8: made by a rule of one's own */
	id->uuid[8] = 0x80 | (id->uuid[8] & 0x3f); /* the variant of RFC 4122 */
}

void ident_init(struct lu *lu)
{
	struct lu_ident *id = &lu->id;
	const char *product = lu->dev->product ? lu->dev->product : "TARGET";
	uint8_t hash[16];

	hash_place(hash, lu);
	snprintf(id->vendor, sizeof(id->vendor), "%s", VENDOR);
	snprintf(id->product, sizeof(id->product), "%.*s", LU_PRODUCT_LEN, product);
	snprintf(id->rev, sizeof(id->rev), "%s", REVISION);
	/* The look of old; the number is no longer the tid and the LUN, which every server has. */
	snprintf(id->scsi_id, sizeof(id->scsi_id), "IET     %016" PRIx64, get_be64(hash));
	snprintf(id->scsi_sn, sizeof(id->scsi_sn), "beaf%016" PRIx64, get_be64(hash + 8));
	ident_derive(lu);
}
