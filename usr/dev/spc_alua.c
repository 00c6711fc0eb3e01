/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT TARGET PORT GROUPS and SET TARGET PORT GROUPS (SPC-5 6.36, 6.45): by which ports a logical
 * unit is reached well, and, where the administrator lets them, initiators changing that.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "target/cmd.h"
#include "target/nexus.h"
#include "target/port_group.h"
#include "target/target.h"

#define GROUPS_MAX 256 /* of all targets that show the logical unit */
#define COUNT_MAX 255  /* TARGET PORT COUNT has one byte */
#define DESC_LEN 8
#define PORT_LEN 4

/* Byte 1 of a descriptor: O, U, S, AN, AO; T_SUP: the administrator may say so */
#define STATES_SUPPORTED 0xcf

/* PARAMETER DATA FORMAT, SPC-5 table 295 */
enum { FORMAT_LENGTH_ONLY = 0, FORMAT_EXTENDED = 1 };

static bool has_groups(const struct lu *lu)
{
	return lu->target->port_groups.n;
}

static bool may_set(const struct lu *lu)
{
	return has_groups(lu) && lu->target->port_groups.changes & CHANGES_EXPLICIT;
}

/* --- report */

static unsigned int add_ports(const struct lu_group *g, uint16_t *rel, unsigned int n)
{
	return n + port_group_ports(g->target, g->group, rel + n, COUNT_MAX - n);
}

/* Ports of the group in all targets: with one id they are one group. */
static unsigned int ports_of(const struct lu *lu, const struct lu_group *g, uint16_t *rel)
{
	unsigned int n = add_ports(g, rel, 0);
	struct lu *twin = NULL;

	if (!lu->naa_hashed)
		return n;
	while ((twin = lu_by_naa(lu->target->core, lu->id.naa, twin)) != NULL) {
		const struct port_group *other;

		if (twin->target == g->target)
			continue;
		list_for_each(other, &twin->target->port_groups.list, link)
			if (other->id == g->group->id)
				n = add_ports(&(struct lu_group){ other, twin->target }, rel, n);
	}
	return n;
}

/* SPC-5 table 298; its length. */
static uint32_t put_group(uint8_t *d, const struct lu *lu, const struct lu_group *g)
{
	uint16_t rel[COUNT_MAX];
	unsigned int n = ports_of(lu, g, rel);

	d[0] = (uint8_t)((g->group->preferred ? 0x80 : 0) | g->group->state);
	d[1] = STATES_SUPPORTED;
	put_be16(d + 2, g->group->id);
	d[5] = g->group->status;
	d[7] = (uint8_t)n;
	for (unsigned int i = 0; i < n; i++)
		put_be16(d + DESC_LEN + PORT_LEN * i + 2, rel[i]);
	return DESC_LEN + PORT_LEN * n;
}

static enum scsi_result check_report(struct scsi_cmd *cmd)
{
	return cmd->cdb[1] >> 5 > FORMAT_EXTENDED ? scsi_bad_cdb(cmd, 1, 7) : RES_GOOD;
}

static enum scsi_result report_groups(struct scsi_cmd *cmd)
{
	struct lu_group groups[GROUPS_MAX];
	unsigned int n = port_groups_of_lu(cmd->lu, groups, GROUPS_MAX);
	uint8_t *d = calloc(1, 8 + n * (size_t)(DESC_LEN + PORT_LEN * COUNT_MAX));
	uint32_t len = 4;
	enum scsi_result res;

	if (!d)
		return RES_BUSY;
	if (cmd->cdb[1] >> 5 == FORMAT_EXTENDED) {
		d[4] = FORMAT_EXTENDED << 4;
		d[5] = cmd->lu->target->port_groups.transition_time;
		len = 8;
	}
	for (unsigned int i = 0; i < n; i++)
		len += put_group(d + len, cmd->lu, &groups[i]);
	put_be32(d, len - 4);
	res = scsi_cmd_reply(cmd, d, len);
	free(d);
	return res;
}

/* --- set */

/* SPC-5 table 320: the states that can be asked for; offline is a port's own. */
static enum scsi_result check_groups(struct scsi_cmd *cmd, const uint8_t *d, uint32_t len)
{
	struct lu_group groups[GROUPS_MAX];
	unsigned int i, n = port_groups_of_lu(cmd->lu, groups, GROUPS_MAX);

	for (uint32_t at = 4; at < len; at += 4) {
		if ((d[at] & 0x0f) > ACCESS_UNAVAILABLE)
			return scsi_bad_param(cmd, (uint16_t)at, 3);
		for (i = 0; i < n && groups[i].group->id != get_be16(d + at + 2); i++)
			;
		if (i == n)
			return scsi_bad_param(cmd, (uint16_t)(at + 2), -1);
		if (groups[i].group->state == ACCESS_TRANSITIONING)
			return RES_NR_TRANSITION;
	}
	return RES_GOOD;
}

static enum scsi_result set_groups(struct scsi_cmd *cmd)
{
	uint8_t d[4 + 4 * GROUPS_MAX];
	uint32_t len = (uint32_t)cmd->out_cdb, at;
	enum scsi_result res;

	if (scsi_cmd_param(cmd, 0, d, len) != len)
		return RES_PARAM_LIST_LENGTH;
	res = check_groups(cmd, d, len);
	for (at = 4; at < len && res == RES_GOOD; at += 4)
		if (!port_group_set_state(cmd->lu, get_be16(d + at + 2), d[at] & 0x0f, cmd->nexus))
			res = RES_HW_SET_TPG;
	return res;
}

/* A list of length zero changes nothing, which is no error (SPC-5 6.45). */
static enum scsi_result check_set(struct scsi_cmd *cmd)
{
	if (cmd->out_cdb % 4 || cmd->out_cdb > 4 + 4 * GROUPS_MAX)
		return RES_PARAM_LIST_LENGTH;
	return cmd->nexus->access == ACCESS_TRANSITIONING ? RES_NR_TRANSITION : RES_GOOD;
}

const struct opcode spc_alua_rows[2] = {
	{ .op = 0xa3, .sa = 0x0a, .name = "REPORT TARGET PORT GROUPS", .cdb_len = 12,
	  .dir = DATA_IN, .len = { 6, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0xa3, 0xea, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .flags = OP_UNAVAILABLE_OK | OP_FORMATTING_OK, .resv = RESV_ALLOWED,
	  .enabled = has_groups, .check = check_report, .run = report_groups },
	{ .op = 0xa4, .sa = 0x0a, .name = "SET TARGET PORT GROUPS", .cdb_len = 12,
	  .dir = DATA_OUT, .len = { 6, 4 }, .unit = LEN_PARAM,
	  .usage = { 0xa4, 0x0a, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .flags = OP_UNAVAILABLE_OK | OP_FORMATTING_OK, .resv = RESV_WRITE, .enabled = may_set,
	  .check = check_set, .run = set_groups },
};
