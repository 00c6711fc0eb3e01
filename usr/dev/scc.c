/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logical units without a medium: the controller that every target has at LUN 0
 * unless a disk is put there (SCC-2's device type 0Ch, only the shared commands), and the
 * REPORT LUNS well known logical unit (SPC-4 8.2).
 */
#include <errno.h>
#include <stdlib.h>

#include "dev/dev_types.h"
#include "dev/spc.h"

static int attach(struct lu *lu, struct err *err)
{
	struct spc_lu *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s)
		r = spc_attach(lu, s, NULL, err);
	else
		err_set(err, ERR_NOMEM, "no memory for the logical unit");
	if (r < 0)
		free(s);
	return r;
}

static void detach(struct lu *lu)
{
	struct spc_lu *s = spc_lu(lu);

	spc_detach(lu);
	free(s);
}

static const struct opcode_rows scc_rows[] = { SPC_ROWS, OPCODE_ROWS(spc_reserve_rows),
					       OPCODE_ROWS_END };
static const struct vpd_page scc_vpd[] = { SPC_VPD, SPC_VPD_END };
static const struct mode_page scc_modes[] = { SPC_MODE_RECONNECT, SPC_MODE_CONTROL,
					      SPC_MODE_CONTROL_EXT, SPC_MODE_END };
static struct optable scc_table;

const struct dev_type dev_controller = {
	.name = "controller",
	.show_name = "controller",
	.pdt = PDT_CONTROLLER,
	.bstype = "null",
	.product = "Controller",
	.rows = scc_rows,
	.vpd = scc_vpd,
	.modes = scc_modes,
	.table = &scc_table,
	.attach = attach,
	.detach = detach,
	.set = spc_set,
	.reset = spc_modes_reset,
};

static const struct opcode_rows wlun_rows[] = { OPCODE_ROWS(spc_inquiry_rows),
						OPCODE_ROWS(spc_luns_rows),
						OPCODE_ROWS(spc_sense_rows), OPCODE_ROWS_END };
static const struct vpd_page wlun_vpd[] = {
	{ 0x00, "Supported VPD Pages", NULL, spc_vpd_supported },
	{ 0x83, "Device Identification", NULL, spc_vpd_ident },
	{ 0x86, "Extended INQUIRY Data", NULL, spc_vpd_extended },
	SPC_VPD_END,
};
static const struct mode_page wlun_modes[] = { SPC_MODE_END };
static struct optable wlun_table;

const struct dev_type dev_wlun = {
	.name = "wlun",
	.show_name = "well known",
	.pdt = PDT_WLUN,
	.bstype = "null",
	.product = "REPORT LUNS",
	.rows = wlun_rows,
	.vpd = wlun_vpd,
	.modes = wlun_modes,
	.table = &wlun_table,
	.attach = attach,
	.detach = detach,
};
