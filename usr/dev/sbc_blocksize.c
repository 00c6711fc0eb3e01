/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The logical block length: by configuration, or what an initiator asked for with the block
 * descriptor of MODE SELECT before FORMAT UNIT (SBC-4 6.5.2). The latter is kept, for as long as it is
 * the same medium of the same configured size.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dev/sbc.h"
#include "target/cmd.h"
#include "target/lu_keep.h"
#include "target/target.h"
#include "target/ua.h"

#define KEPT_AS "block-size"
#define BLOCK_MIN 512U
#define BLOCK_MAX 4096U

/* As it is kept; behind it the medium. */
struct kept {
	uint8_t configured[4], formatted[4];
	uint8_t medium[];
};

uint32_t sbc_medium_len(const struct lu *lu)
{
	return 8 + (uint32_t)(lu->path ? strlen(lu->path) : 0);
}

void sbc_medium_put(const struct lu *lu, uint8_t *buf)
{
	put_be64(buf, lu->bs->size);
	if (lu->path)
		memcpy(buf + 8, lu->path, strlen(lu->path));
}

bool sbc_medium_is(const struct lu *lu, const uint8_t *kept, uint32_t len)
{
	return len == sbc_medium_len(lu) && get_be64(kept) == lu->bs->size &&
	       (!lu->path || !memcmp(kept + 8, lu->path, len - 8));
}

int sbc_block_size_check(const struct lu *lu, uint32_t size, struct err *err)
{
	if (!is_power_of_2(size) || size < BLOCK_MIN || size > BLOCK_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "block size %u: a disk has 512, 1024, 2048 or 4096", size);
	if (lu->bs && lu->bs->align > size)
		return err_set(err, ERR_INVALID_REQUEST,
			       "block size %u: %s can only be accessed in units of %u bytes", size,
			       lu->bs->path, lu->bs->align);
	return 0;
}

void sbc_block_size_resume(struct lu *lu)
{
	uint32_t len, size = lu->block_conf;
	const struct kept *k = lu_keep_get(lu, KEPT_AS, &len);

	if (k && lu->bs && len >= sizeof(*k) && get_be32(k->configured) == lu->block_conf &&
	    sbc_medium_is(lu, k->medium, len - (uint32_t)sizeof(*k)) &&
	    !sbc_block_size_check(lu, get_be32(k->formatted), NULL))
		size = get_be32(k->formatted);
	if (size == lu->block_size)
		return;
	log_info("LUN %llu of %s: blocks of %u bytes", (unsigned long long)lu->lun,
		 lu->target->name, size);
	lu_set_block_size(lu, size);
}

/* --- MODE SENSE and MODE SELECT */

/* What the next FORMAT UNIT will make is told as current from the MODE SELECT on. */
bool sbc_block_desc(const struct lu *lu, struct spc_block_desc *d)
{
	uint32_t next = to_sbc(lu)->next_block_size;

	*d = (struct spc_block_desc){ .blocks = lu->blocks, .block_len = lu->block_size };
	if (next) {
		d->blocks = lu->bs ? lu->bs->size / next : 0;
		d->block_len = next;
	}
	return true;
}

/* A medium has all of its blocks: 0 and all ones ask for that too (SBC-4 6.5.2.2). */
static bool count_right(const struct lu *lu, const struct spc_block_desc *d)
{
	uint64_t all = lu->bs ? lu->bs->size / d->block_len : 0;

	return !d->blocks || d->blocks == UINT64_MAX || d->blocks == UINT32_MAX ||
	       d->blocks == all;
}

enum scsi_result sbc_set_block_desc(struct scsi_cmd *cmd, const struct spc_block_desc *d,
				    uint16_t offset, bool apply)
{
	bool long_lba = cmd->op->cdb_len == 10 && offset == 8;
	struct lu *lu = cmd->lu;
	uint8_t flags = 0;

	if (apply) {
		to_sbc(lu)->next_block_size = d->block_len == lu->block_size ? 0 : d->block_len;
		return RES_GOOD;
	}
	if (long_lba)
		scsi_cmd_param(cmd, 4, &flags, 1);
	if (sbc_block_size_check(lu, d->block_len, NULL))
		return scsi_bad_param(cmd, (uint16_t)(offset + (flags & 0x01 ? 12 : 5)), -1);
	return count_right(lu, d) ? RES_GOOD : scsi_bad_param(cmd, offset, -1);
}

/* --- FORMAT UNIT */

/* A size that is the configured one need not be kept. */
int sbc_block_size_keep(struct lu *lu, void (*done)(void *arg, int err))
{
	uint32_t size = to_sbc(lu)->next_block_size, len = 0;
	struct kept *k;
	int r;

	if (!size || !lu_keep_possible(lu))
		return 1;
	k = malloc(sizeof(*k) + sbc_medium_len(lu));
	if (!k)
		return -ENOMEM;
	if (size != lu->block_conf) {
		len = (uint32_t)sizeof(*k) + sbc_medium_len(lu);
		put_be32(k->configured, lu->block_conf);
		put_be32(k->formatted, size);
		sbc_medium_put(lu, k->medium);
	}
	r = lu_keep_set(lu, KEPT_AS, k, len, done, lu);
	free(k);
	return r;
}

void sbc_block_size_take(struct lu *lu, const struct nexus *except)
{
	struct sbc *sbc = to_sbc(lu);

	if (!sbc->next_block_size)
		return;
	lu_set_block_size(lu, sbc->next_block_size);
	sbc->next_block_size = 0;
	ua_raise_lu(lu, UA_CAPACITY_CHANGED, except);
}
