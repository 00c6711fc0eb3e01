/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INQUIRY of a device that is passed through (SPC-4 6.6, 7.8): the device's own data, but for
 * what it says of its ports, of who else reaches it, of protection information, and of how
 * commands queue, which is the target's here. Called through the rows of pt.c.
 */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "dev/io.h"
#include "dev/pt.h"

#define EVPD 0x01
#define VPD_LEN 1020U /* that is asked for: more than any page has that is read whole */
#define STD_LEAST 36U
#define PAGE_MAX 4096U
#define BLOCK_GUESS 4096U

enum { VPD_LIST = 0x00, VPD_SERIAL = 0x80, VPD_IDENT = 0x83, VPD_EXTENDED = 0x86, VPD_PORTS = 0x88,
       VPD_PROTOCOL_LU = 0x90, VPD_PROTOCOL_PORT = 0x91, VPD_BLOCK_LIMITS = 0xb0 };

/* An answer that is being put right. */
struct answer {
	struct scsi_cmd *cmd;
	uint8_t *buf;	/* PAGE_MAX bytes, zeroed behind @len */
	uint32_t len;
};

/* --- standard data */

/* VERSION DESCRIPTORs of transports (SPC-4 table 176): 0800h .. 0FFFh but for what is no port's. */
static void patch_versions(struct answer *a)
{
	for (uint32_t at = 58; at + 2 <= a->len && at < 74; at += 2) {
		uint16_t version = get_be16(a->buf + at);

		if (version >= 0x0800 && version < 0x1000)
			put_be16(a->buf + at, 0x0960); /* iSCSI */
	}
}

static void clear_bits(struct answer *a, uint32_t at, uint8_t bits)
{
	if (at < a->len)
		a->buf[at] &= (uint8_t)~bits;
}

static void set_bits(struct answer *a, uint32_t at, uint8_t bits)
{
	if (at < a->len)
		a->buf[at] |= bits;
}

static void patch_standard(struct answer *a)
{
	if (a->len)
		to_pt(a->cmd->lu)->pdt = a->buf[0] & 0x1f;
	clear_bits(a, 3, 0x20); /* NORMACA */
	set_bits(a, 3, 0x10);	/* HISUP: REPORT LUNS tells of all */
	clear_bits(a, 5, 0x39); /* TPGS, 3PC, PROTECT */
	clear_bits(a, 6, 0x10); /* MULTIP */
	set_bits(a, 7, 0x02);	/* CMDQUE */
	patch_versions(a);
}

/* --- vital product data */

static bool list_has(const struct answer *a, uint8_t page)
{
	return memchr(a->buf + 4, page, a->len - 4);
}

/* Sorted; without the pages of ports that are not there, with those of ports that are. */
static void patch_list(struct answer *a)
{
	static const uint8_t own[] = { VPD_IDENT, VPD_PORTS };
	uint8_t *pages = a->buf + 4;
	uint32_t n = 0;

	for (uint32_t i = 4; i < a->len; i++)
		if (a->buf[i] != VPD_PROTOCOL_LU && a->buf[i] != VPD_PROTOCOL_PORT)
			pages[n++] = a->buf[i];
	a->len = 4 + n;
	for (unsigned int i = 0; i < sizeof(own); i++) {
		if (list_has(a, own[i]))
			continue;
		for (n = a->len - 4; n && pages[n - 1] > own[i]; n--)
			pages[n] = pages[n - 1];
		pages[n] = own[i];
		a->len++;
	}
}

static void patch_serial(struct answer *a)
{
	const struct lu *lu = a->cmd->lu;
	uint8_t pdt = a->buf[0];

	if (!lu->id.sn_set)
		return;
	a->len = spc_vpd_serial(lu, a->cmd->nexus, a->buf, PAGE_MAX);
	a->buf[0] = pdt;
}

/*
 * The designators of @from that are of the logical unit, or those that are not (SPC-4 7.8.6.1:
 * ASSOCIATION).
 */
static uint32_t designators(uint8_t *to, const uint8_t *from, uint32_t len, bool of_lu)
{
	uint32_t n = 0;

	for (uint32_t at = 4, one; at + 4 <= len && at + 4 + from[at + 3] <= len; at += one) {
		one = 4U + from[at + 3];
		if (!(from[at + 1] & 0x30) != of_lu)
			continue;
		memcpy(to + n, from + at, one);
		n += one;
	}
	return n;
}

/* The device remains what it is, unless the administrator gave it a name; its ports are ours. */
static void patch_ident(struct answer *a)
{
	const struct lu *lu = a->cmd->lu;
	uint8_t own[VPD_LEN], theirs[PAGE_MAX];
	uint32_t own_len = spc_vpd_ident(lu, a->cmd->nexus, own, sizeof(own)), n = 0;

	if (!lu->id.id_set)
		n = designators(theirs, a->buf, a->len, true);
	if (!n)
		n = designators(theirs, own, own_len, true);
	memcpy(a->buf + 4, theirs, n);
	a->len = 4 + n + designators(a->buf + 4 + n, own, own_len, false);
	a->buf[0] = to_pt(lu)->pdt;
	a->buf[1] = VPD_IDENT;
}

static void patch_extended(struct answer *a)
{
	clear_bits(a, 4, 0x3f); /* SPT, GRD_CHK, APP_CHK, REF_CHK: no protection information */
	set_bits(a, 5, 0x07);	/* HEADSUP, ORDSUP, SIMPSUP */
	set_bits(a, 7, 0x01);	/* LUICLR */
}

static void lower(uint8_t *field, uint32_t most)
{
	uint32_t now = get_be32(field);

	if (!now || now > most)
		put_be32(field, most);
}

/* SBC-4 6.6.4: what the adapter here can't take in one command nobody should send. */
static void patch_limits(struct answer *a)
{
	const struct pt *pt = to_pt(a->cmd->lu);
	uint32_t most = a->cmd->lu->bs ? a->cmd->lu->bs->pass_max : 0;

	if (pt->pdt != PDT_DISK || a->len < 16 || !most)
		return;
	most /= pt->block_size ? pt->block_size : BLOCK_GUESS;
	lower(a->buf + 8, most);		 /* MAXIMUM TRANSFER LENGTH */
	if (get_be32(a->buf + 12) > most)	 /* OPTIMAL TRANSFER LENGTH; 0: not told */
		put_be32(a->buf + 12, most);
}

static const struct {
	uint8_t page;
	void (*patch)(struct answer *a);
} pages[] = {
	{ VPD_LIST, patch_list },	  { VPD_SERIAL, patch_serial }, { VPD_IDENT, patch_ident },
	{ VPD_EXTENDED, patch_extended }, { VPD_BLOCK_LIMITS, patch_limits },
};

static void patch_page(struct answer *a)
{
	a->len = min_u32(a->len, 4U + get_be16(a->buf + 2));
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		if (pages[i].page == a->cmd->cdb[2])
			pages[i].patch(a);
	put_be16(a->buf + 2, (uint16_t)(a->len - 4));
}

/* --- without a device */

static void put_text(uint8_t *field, size_t len, const char *text)
{
	memset(field, ' ', len);
	memcpy(field, text, strnlen(text, len));
}

/* PERIPHERAL QUALIFIER 001b: it can be, and is not there now (SPC-4 table 137). */
static enum scsi_result standard_absent(struct scsi_cmd *cmd, uint8_t first)
{
	const struct lu_ident *id = &cmd->lu->id;
	uint8_t data[STD_LEAST] = { first, 0, 0x06, 0x12, STD_LEAST - 5, 0, 0, 0x02 };

	put_text(data + 8, LU_VENDOR_LEN, id->vendor);
	put_text(data + 16, LU_PRODUCT_LEN, id->product);
	put_text(data + 32, LU_REV_LEN, id->rev);
	return scsi_cmd_reply(cmd, data, sizeof(data));
}

/* INQUIRY has an answer also when there is nothing to ask (SPC-4 6.6.1). */
static enum scsi_result absent(struct scsi_cmd *cmd)
{
	uint8_t first = 0x20 | to_pt(cmd->lu)->pdt, buf[VPD_LEN];
	static const uint8_t list[] = { 0, VPD_LIST, 0, 3, VPD_LIST, VPD_IDENT, VPD_PORTS };
	uint32_t len = sizeof(list);

	if (!(cmd->cdb[1] & EVPD))
		return standard_absent(cmd, first);
	if (cmd->cdb[2] == VPD_LIST)
		memcpy(buf, list, len);
	else if (cmd->cdb[2] == VPD_IDENT)
		len = spc_vpd_ident(cmd->lu, cmd->nexus, buf, sizeof(buf));
	else if (cmd->cdb[2] == VPD_PORTS)
		len = spc_vpd_ports(cmd->lu, cmd->nexus, buf, sizeof(buf));
	else
		return scsi_bad_cdb(cmd, 2, -1);
	buf[0] = first;
	return scsi_cmd_reply(cmd, buf, len);
}

/* --- the command */

/* Old devices have no designators; then there are those of the target. */
static bool lacks_ident(struct scsi_cmd *cmd, int err)
{
	return !err && cmd->cdb[1] & EVPD && cmd->cdb[2] == VPD_IDENT &&
	       sense_key(cmd->sense, pt_pass(cmd)->sense_len) ==
		       SK_ILLEGAL_REQUEST;
}

static enum scsi_result answered(struct scsi_cmd *cmd, int err)
{
	const struct bs_pass *pass = pt_pass(cmd);
	uint8_t buf[PAGE_MAX] = { 0 };
	struct answer a = { .cmd = cmd, .buf = buf };
	bool bare = (err || pass->status) && lacks_ident(cmd, err);

	if (err == -ENODEV)
		return absent(cmd);
	if ((err || pass->status) && !bare)
		return pt_failed(cmd, err);
	if (!bare)
		a.len = min_u32(pass->moved, min_u32(cmd->dev_len, PAGE_MAX));
	memcpy(buf, cmd->dev_ptr, a.len);
	if (!(cmd->cdb[1] & EVPD))
		patch_standard(&a);
	else if (a.len >= 4 || bare)
		patch_page(&a);
	return scsi_cmd_reply(cmd, buf, a.len);
}

static enum scsi_result ports(struct scsi_cmd *cmd)
{
	uint8_t buf[VPD_LEN];
	uint32_t len = spc_vpd_ports(cmd->lu, cmd->nexus, buf, sizeof(buf));

	buf[0] = to_pt(cmd->lu)->pdt;
	return scsi_cmd_reply(cmd, buf, len);
}

static enum scsi_result inquiry(struct scsi_cmd *cmd)
{
	bool evpd = cmd->cdb[1] & EVPD;
	uint8_t page = cmd->cdb[2], *cdb = (uint8_t *)&cmd->dev_priv[4];
	uint32_t len = evpd ? VPD_LEN : max_u32(STD_LEAST, min_u32((uint32_t)cmd->in_cdb, PAGE_MAX));
	enum scsi_result r;

	if (!cmd->lu->bs)
		return absent(cmd);
	if (evpd && page == VPD_PORTS)
		return ports(cmd);
	if (evpd && (page == VPD_PROTOCOL_LU || page == VPD_PROTOCOL_PORT))
		return scsi_bad_cdb(cmd, 2, -1);
	r = dev_buf_get(cmd, len);
	if (r != RES_GOOD)
		return r;
	memcpy(cdb, cmd->cdb, 6);
	put_be16(cdb + 3, (uint16_t)len);
	return dev_step_end(cmd, pt_ask(cmd, cdb, 6, answered));
}

const struct opcode pt_inquiry_rows[1] = {
	{ .op = 0x12, .sa = OP_NO_SA, .name = "INQUIRY", .cdb_len = 6, .dir = DATA_IN,
	  .len = { 3, 2 }, .unit = LEN_ALLOC, .usage = { 0x12, 0x03, 0xff, 0xff, 0xff, 0xc0 },
	  .flags = OP_UA_EXEMPT | OP_IMPLICIT_HOQ | OP_FORMATTING_OK, .resv = RESV_ALLOWED,
	  .run = inquiry },
};
