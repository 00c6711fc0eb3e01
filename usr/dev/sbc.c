/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device type "disk" (SBC-4): puts opcode rows, pages and hooks together, and
 * holds what several commands share.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev/dev_types.h"
#include "dev/range.h"
#include "dev/sbc.h"
#include "dev/sbc_job.h"
#include "dev/token.h"
#include "dev/xcopy.h"
#include "target/core.h"
#include "target/target.h"

bool sbc_cdb32(const struct lu *lu)
{
	return lu->cdb32;
}

bool sbc_thin(const struct lu *lu)
{
	return lu->thin && (!lu->bs || lu->bs->cap[BS_UNMAP] != BS_CAP_NONE);
}

uint8_t sbc_phys_exponent(const struct lu *lu)
{
	uint32_t size = lu->bs ? lu->bs->phys_block : 0;
	uint8_t exponent = 0;

	if (lu->lbppbe)
		return lu->lbppbe;
	while (exponent < 15 && lu->block_size << (exponent + 1) <= size)
		exponent++;
	return exponent;
}

uint64_t sbc_max_wsame(const struct lu *lu)
{
	if (lu->bs && lu->bs->cap[BS_ZERO] == BS_CAP_NATIVE)
		return 0;
	return SBC_MAX_WSAME >> lu->block_shift;
}

uint64_t sbc_zero_piece(const struct lu *lu, enum bs_op op)
{
	if (lu->bs && lu->bs->cap[op] == BS_CAP_NATIVE)
		return SBC_ZERO_PIECE;
	return SBC_EMULATED_PIECE;
}

enum scsi_result sbc_check_exact(struct scsi_cmd *cmd)
{
	return cmd->out_edtl > cmd->out_cdb ? scsi_bad_cdb(cmd, cmd->op->len.byte, -1) : RES_GOOD;
}

enum scsi_result sbc_check_len(struct scsi_cmd *cmd)
{
	if (cmd->blocks > SBC_MAX_XFER >> cmd->lu->block_shift)
		return scsi_bad_cdb(cmd, cmd->op->len.byte, -1);
	return RES_GOOD;
}

uint32_t sbc_wce_flags(const struct scsi_cmd *cmd)
{
	return to_sbc(cmd->lu)->wce ? 0 : BS_REQ_FUA;
}

uint32_t sbc_write_flags(const struct scsi_cmd *cmd)
{
	uint32_t flags = sbc_wce_flags(cmd);

	if (cmd->cdb_len < 10 || cmd->op->cdb_len < 10)
		return flags;
	if (sbc_options(cmd) & 0x10)
		flags |= BS_REQ_DPO;
	if (sbc_options(cmd) & 0x0a) /* FUA; FUA_NV, obsolete: the medium satisfies it */
		flags |= BS_REQ_FUA;
	return flags;
}

enum scsi_result sbc_out_complete(const struct scsi_cmd *cmd)
{
	return cmd->out_want == cmd->out_cdb ? RES_GOOD : RES_INVALID_CIU;
}

static uint32_t first_difference(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint32_t i = 0;

	if (!memcmp(a, b, len))
		return len;
	while (a[i] == b[i])
		i++;
	return i;
}

uint32_t sbc_out_differs(const struct scsi_cmd *cmd, uint32_t off, const uint8_t *buf,
			 uint32_t len)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < cmd->out.iovcnt && done < len; i++) {
		const struct iovec *v = &cmd->out.iov[i];
		uint32_t n, same;

		if (off >= v->iov_len) {
			off -= (uint32_t)v->iov_len;
			continue;
		}
		n = (uint32_t)min_u64(v->iov_len - off, len - done);
		same = first_difference((const uint8_t *)v->iov_base + off, buf + done, n);
		done += same;
		if (same < n)
			break;
		off = 0;
	}
	return done;
}

/* SBC-4 6.5.1: WP and DPOFUA. */
static uint8_t device_specific(const struct lu *lu, bool readonly)
{
	return (readonly || lu->swp ? 0x80 : 0) | 0x10;
}

static const struct spc_ops ops = {
	.device_specific = device_specific,
	.block_desc = sbc_block_desc,
	.set_block_desc = sbc_set_block_desc,
	.logs = sbc_logs,
	.self_test = sbc_self_test,
	.self_test_progress = sbc_selftest_progress,
};

/* What was kept about the medium that is there now. */
static void medium_resume(struct lu *lu)
{
	sbc_block_size_resume(lu);
	sbc_sanitize_resume(lu);
}

static int attach(struct lu *lu, struct err *err)
{
	struct sbc *sbc;
	int ret = sbc_block_size_check(lu, lu->block_size, err);

	if (ret)
		return ret;
	sbc = calloc(1, sizeof(*sbc));
	if (!sbc) {
		err_set(err, ERR_NOMEM, "no memory for a disk");
		return -ENOMEM;
	}
	list_init(&sbc->copies);
	list_init(&sbc->tokens);
	sbc->since_ns = loop_now(lu->target->core->loop);
	range_init(lu);
	ret = spc_attach(lu, &sbc->spc, &ops, err);
	if (ret)
		free(sbc);
	else
		medium_resume(lu);
	if (!ret) {
		spc_log_resume(lu);
		sbc_selftest_resume(lu);
	}
	return ret;
}

static void detach(struct lu *lu)
{
	struct sbc *sbc = to_sbc(lu);

	sbc_selftest_stop(lu);
	sbc_provision_forget(lu);
	range_done(lu);
	sbc_flush_forget(sbc);
	sbc_job_forget(lu);
	sbc_sanitize_forget(lu);
	xcopy_forget_all(lu);
	tokens_free(lu);
	spc_detach(lu);
	free(sbc);
}

static void medium_changed(struct lu *lu)
{
	struct sbc *sbc = to_sbc(lu);

	sbc_selftest_stop(lu);
	tokens_cancel(lu);
	sbc_flush_forget(sbc);
	sbc->flush_failed = false;
	lu->stopped = false;
	sbc_job_forget(lu);
	sbc->format_corrupt = false;
	sbc->next_block_size = 0;
	sbc_sanitize_forget(lu);
	medium_resume(lu);
}

static void reset(struct lu *lu)
{
	lu->stopped = false;
	to_sbc(lu)->next_block_size = 0;
	sbc_selftest_stop(lu);
	xcopy_forget_all(lu);
	spc_modes_reset(lu);
}

static const struct opcode_rows rows[] = {
	SPC_ROWS,
	SPC_ROWS_DEVICE,
	OPCODE_ROWS(sbc_rw_rows),
	OPCODE_ROWS(sbc_atomic_rows),
	OPCODE_ROWS(sbc_verify_rows),
	OPCODE_ROWS(sbc_caw_rows),
	OPCODE_ROWS(sbc_orwrite_rows),
	OPCODE_ROWS(sbc_wsame_rows),
	OPCODE_ROWS(sbc_unmap_rows),
	OPCODE_ROWS(sbc_lbastat_rows),
	OPCODE_ROWS(sbc_cache_rows),
	OPCODE_ROWS(sbc_capacity_rows),
	OPCODE_ROWS(sbc_defects_rows),
	OPCODE_ROWS(sbc_reassign_rows),
	OPCODE_ROWS(sbc_startstop_rows),
	OPCODE_ROWS(sbc_format_rows),
	OPCODE_ROWS(sbc_sanitize_rows),
	OPCODE_ROWS(xcopy_rows),
	OPCODE_ROWS(xcopy_results_rows),
	OPCODE_ROWS(token_rows),
	OPCODE_ROWS(token_results_rows),
	OPCODE_ROWS_END,
};

static struct optable table;

static void show(const struct lu *lu, json_t *obj)
{
	json_object_set_new(obj, "write_cache", json_boolean(to_sbc(lu)->wce));
}

const struct dev_type dev_disk = {
	.name = "disk",
	.show_name = "disk",
	.pdt = PDT_DISK,
	.needs_store = true,
	.block_size = 512,
	.product = "VIRTUAL-DISK",
	.rows = rows,
	.vpd = sbc_vpd,
	.modes = sbc_modes,
	.table = &table,
	.attach = attach,
	.detach = detach,
	.medium_changed = medium_changed,
	.set = spc_set,
	.show = show,
	.reset = reset,
};
