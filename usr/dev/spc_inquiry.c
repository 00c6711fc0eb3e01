/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INQUIRY (SPC-4 6.6): standard data here, vital product data by the device
 * type's table. Also answers for LUNs where nothing is (SAM-5 5.11).
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "target/cmd.h"
#include "target/nexus.h"
#include "target/target.h"

#define STD_LEN 96
#define NO_LU 0x7f /* PERIPHERAL QUALIFIER 011b, DEVICE TYPE 1Fh: no device can be there */

/* VERSION DESCRIPTORs, "no version claimed" (SPC-4 table 176) */
#define VER_SAM5 0x00a0
#define VER_SPC4 0x0460

static const struct {
	uint8_t pdt;
	uint16_t version;
} type_versions[] = {
	{ PDT_DISK, 0x04c0 },	    /* SBC-3 */
	{ PDT_TAPE, 0x0520 },	    /* SSC-4 */
	{ PDT_CD, 0x04e0 },	    /* MMC-6 */
	{ PDT_CHANGER, 0x0480 },    /* SMC-3 */
	{ PDT_CONTROLLER, 0x01e0 }, /* SCC-2 */
};

static void put_text(uint8_t *field, size_t len, const char *text)
{
	size_t n = strnlen(text, len);

	memset(field, ' ', len);
	memcpy(field, text, n);
}

static void put_versions(uint8_t *p, uint8_t pdt, uint16_t transport)
{
	put_be16(p, VER_SAM5);
	put_be16(p + 2, VER_SPC4);
	p += 4;
	for (size_t i = 0; i < ARRAY_SIZE(type_versions); i++) {
		if (type_versions[i].pdt == pdt) {
			put_be16(p, type_versions[i].version);
			p += 2;
		}
	}
	put_be16(p, transport);
}

/* SPC-4 6.6.2. @lu NULL: there is none. */
static void build_standard(uint8_t d[STD_LEN], const struct lu *lu, const struct nexus *n)
{
	memset(d, 0, STD_LEN);
	d[0] = lu ? lu->dev->pdt : NO_LU;
	d[1] = lu && lu->removable ? 0x80 : 0;
	d[2] = 0x06;	    /* VERSION: SPC-4 */
	d[3] = 0x10 | 0x02; /* HISUP; RESPONSE DATA FORMAT */
	d[4] = STD_LEN - 5;
	d[5] = lu && lu->third_party_copy ? 0x08 : 0; /* 3PC */
	if (lu && lu->dev->pdt != PDT_WLUN && lu->target->port_groups.n)
		d[5] |= (uint8_t)(lu->target->port_groups.changes << 4); /* TPGS */
	d[7] = 0x02; /* CMDQUE */
	put_text(d + 8, 8, lu ? lu->id.vendor : "");
	put_text(d + 16, 16, lu ? lu->id.product : "");
	put_text(d + 32, 4, lu ? lu->id.rev : "");
	put_versions(d + 58, lu ? lu->dev->pdt : PDT_UNKNOWN, n->version);
}

static enum scsi_result inquiry_vpd(struct scsi_cmd *cmd, uint8_t code)
{
	static const uint8_t none[] = { NO_LU, 0x00, 0, 1, 0x00 };
	uint8_t buf[8192];

	if (!cmd->lu)
		return code ? scsi_bad_cdb(cmd, 2, -1) : scsi_cmd_reply(cmd, none, sizeof(none));
	for (const struct vpd_page *p = cmd->lu->dev->vpd; p && p->build; p++) {
		if (p->code == code && (!p->enabled || p->enabled(cmd->lu)))
			return scsi_cmd_reply(cmd, buf,
					      p->build(cmd->lu, cmd->nexus, buf, sizeof(buf)));
	}
	return scsi_bad_cdb(cmd, 2, -1);
}

static enum scsi_result inquiry(struct scsi_cmd *cmd)
{
	uint8_t std[STD_LEN];

	if (cmd->cdb[1] & 0x01)
		return inquiry_vpd(cmd, cmd->cdb[2]);
	if (cmd->cdb[2]) /* SPC-4 6.6.1: a page code needs EVPD */
		return scsi_bad_cdb(cmd, 2, -1);
	build_standard(std, cmd->lu, cmd->nexus);
	return scsi_cmd_reply(cmd, std, sizeof(std));
}

const struct opcode spc_inquiry_rows[1] = {
	{ .op = 0x12, .sa = OP_NO_SA, .name = "INQUIRY", .cdb_len = 6, .dir = DATA_IN,
	  .len = { 3, 2 }, .unit = LEN_ALLOC, .usage = { 0x12, 0x01, 0xff, 0xff, 0xff, 0x00 },
	  .flags = OP_UA_EXEMPT | OP_ANY_LUN | OP_WLUN | OP_IMPLICIT_HOQ | OP_FORMATTING_OK |
		   OP_UNAVAILABLE_OK,
	  .resv = RESV_ALLOWED, .run = inquiry },
};
