/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Logical Block Provisioning log page (SBC-4 6.4.5): how much of what is below it a thin disk takes,
 * and how much is left there, which it may share with others. The store is asked each time.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "dev/sbc.h"

/* A threshold set has a megabyte, so that a count of 32 bits is enough for any disk. */
#define SET_SHIFT 20

enum { PARAM_AVAILABLE = 0x0001, PARAM_USED = 0x0002 };
enum { SCOPE_DEDICATED = 1, SCOPE_SHARED = 2 };

/* Owner: itself, until the store has told. */
struct ask {
	struct bs_usage usage;
	struct scsi_cmd *cmd;
};

unsigned int sbc_threshold_exponent(const struct lu *lu)
{
	return SET_SHIFT - lu->block_shift;
}

bool sbc_usage_known(const struct lu *lu)
{
	return sbc_thin(lu) && lu->bs && bs_has_usage(lu->bs);
}

static void told(struct bs_usage *u)
{
	struct ask *ask = container_of(u, struct ask, usage);
	struct scsi_cmd *cmd = ask->cmd;
	struct sbc *sbc = to_sbc(cmd->lu);

	sbc->usage_failed = u->result;
	sbc->used = u->used;
	sbc->avail = u->avail;
	free(ask);
	spc_log_prepared(cmd);
}

enum scsi_result sbc_usage_ask(struct scsi_cmd *cmd)
{
	struct ask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return RES_BUSY;
	ask->cmd = cmd;
	bs_ask_usage(cmd->lu->bs, &ask->usage, told);
	return RES_PENDING;
}

static uint8_t *put_count(uint8_t *p, uint16_t code, uint64_t bytes, uint8_t scope)
{
	p = spc_log_param(p, code, 8);
	put_be32(p, (uint32_t)min_u64(bytes >> SET_SHIFT, UINT32_MAX));
	p[4] = scope;
	return p + 8;
}

/* Of a store that turned out not to know, no parameter. */
uint32_t sbc_usage_log(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	const struct sbc *sbc = to_sbc(lu);
	uint8_t *p = buf;

	if (sbc->usage_failed || max < 24)
		return 0;
	p = put_count(p, PARAM_AVAILABLE, sbc->avail, SCOPE_SHARED);
	p = put_count(p, PARAM_USED, sbc->used + (1U << SET_SHIFT) - 1, SCOPE_DEDICATED);
	return (uint32_t)(p - buf);
}
