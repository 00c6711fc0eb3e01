/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device type "changer" (SMC-3): puts opcode rows, mode pages and hooks together.
 */
#include "dev/smc.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "dev/dev_types.h"
#include "dev/range.h"
#include "target/core.h"
#include "target/target.h"

/* --- mode pages ----------------------------------------------------------------------------------- */

/* 1Dh, SMC-3 7.3.4 */
static void assignment(const struct lu *lu, uint8_t *p)
{
	for (uint8_t type = 1; lu->dev_priv && type < SMC_TYPES; type++) {
		uint16_t first, n = (uint16_t)smc_count(to_smc(lu), type, &first);

		put_be16(p + 4 * (type - 1), first);
		put_be16(p + 4 * (type - 1) + 2, n);
	}
}

/* 1Eh, SMC-3 7.3.5: one transport element, which doesn't turn media over */
static void geometry(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	(void)p;
}

/* 1Fh, SMC-3 7.3.2: media stay everywhere but in the arm, and move and are exchanged between those. */
static void capabilities(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[0] = 0x0e;
	p[3] = p[4] = p[5] = 0x0e;
	p[11] = p[12] = p[13] = 0x0e;
}

const struct mode_page smc_modes[] = {
	SPC_MODE_RECONNECT,
	SPC_MODE_CONTROL,
	SPC_MODE_CONTROL_EXT,
	SPC_MODE_POWER,
	SPC_MODE_EXCEPTIONS,
	{ .page = 0x1d, .len = 18, .name = "Element Address Assignment", .defaults = assignment },
	{ .page = 0x1e, .len = 2, .name = "Transport Geometry", .defaults = geometry },
	{ .page = 0x1f, .len = 18, .name = "Device Capabilities", .defaults = capabilities },
	SPC_MODE_END,
};

static const struct vpd_page vpd[] = { SPC_VPD, SPC_VPD_END };

/* TapeAlert says nothing of its own: what fails is told by sense data. */
static const struct spc_log_page logs[] = {
	SPC_LOG_TEMPERATURE,
	SPC_LOG_EXCEPTIONS,
	SPC_LOG_END,
};

/* --- hooks ---------------------------------------------------------------------------------------- */

static bool no_block_desc(const struct lu *lu, struct spc_block_desc *d)
{
	(void)lu;
	(void)d;
	return false;
}

static const struct spc_ops ops = { .block_desc = no_block_desc, .logs = logs };

static void smc_free(struct smc *smc)
{
	free(smc->media_home);
	free(smc->elements);
	free(smc->volumes);
	free(smc);
}

static int attach(struct lu *lu, struct err *err)
{
	struct smc *smc = calloc(1, sizeof(*smc));
	int r = -ENOMEM;

	if (smc)
		smc->volumes = calloc(SMC_VOLUMES_MAX, sizeof(*smc->volumes));
	if (!smc || !smc->volumes) {
		free(smc);
		err_set(err, ERR_NOMEM, "no memory for a changer");
		return r;
	}
	smc->lu = lu;
	range_init(lu);
	r = spc_attach(lu, &smc->spc, &ops, err);
	if (r)
		smc_free(smc);
	else
		smc_resume(smc);
	return r;
}

static void detach(struct lu *lu)
{
	struct smc *smc = to_smc(lu);

	range_done(lu);
	spc_detach(lu);
	smc_free(smc);
}

static void show(const struct lu *lu, json_t *obj)
{
	static const char *const names[SMC_TYPES] = { "", "transport", "slot", "import_export", "drive" };
	const struct smc *smc = to_smc(lu);
	json_t *list = json_array();

	for (unsigned int i = 0; i < smc->n_elements; i++) {
		const struct smc_element *e = &smc->elements[i];
		const struct smc_volume *v = smc_volume_at(smc, e->addr);

		json_array_append_new(list, json_pack("{s:i s:s s:s*}", "address", e->addr, "type",
						      names[e->type], "barcode",
						      v ? v->barcode : NULL));
	}
	json_object_set_new(obj, "elements", list);
	if (smc->media_home)
		json_object_set_new(obj, "media_home", json_string(smc->media_home));
}

static const struct opcode_rows rows[] = {
	SPC_ROWS,
	SPC_ROWS_DEVICE,
	OPCODE_ROWS(smc_move_rows),
	OPCODE_ROWS(smc_status_rows),
	OPCODE_ROWS_END,
};

static struct optable table;

const struct dev_type dev_changer = {
	.name = "changer",
	.show_name = "changer",
	.pdt = PDT_CHANGER,
	.removable = true,
	.old_lun = true, /* ch and mtx */
	.product = "VIRTUAL-CHANGER",
	.rows = rows,
	.vpd = vpd,
	.modes = smc_modes,
	.table = &table,
	.attach = attach,
	.detach = detach,
	.set = smc_set,
	.show = show,
	.reset = spc_modes_reset,
};
