/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PERSISTENT RESERVE IN (SPC-4 6.15): what is registered and reserved, from the
 * state that the last finished PERSISTENT RESERVE OUT has left.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/iov.h"
#include "dev/spc.h"
#include "dev/spc_pr.h"
#include "target/cmd.h"
#include "target/core.h"
#include "target/port_group.h"
#include "target/pr.h"
#include "target/target.h"

#define HEADER 8
#define FULL_DESCRIPTOR 24 /* without the TransportID */

/* Data-in that is written piece by piece, as far as the allocation length goes. */
struct writer {
	struct scsi_cmd *cmd;
	uint32_t off, max;
};

static void put(struct writer *w, const void *data, uint32_t len)
{
	struct scsi_data *in = &w->cmd->in;

	if (w->off < w->max)
		iov_from_buf(in->iov, in->iovcnt, w->off, data, min_u32(len, w->max - w->off));
	w->off += len;
}

static const struct pr_state *state(const struct scsi_cmd *cmd)
{
	return cmd->lu->resv.state;
}

static uint32_t count(const struct pr_state *s)
{
	return s ? s->n : 0;
}

/* PRGENERATION and ADDITIONAL LENGTH, which doesn't depend on how much is sent. */
static enum scsi_result begin(struct writer *w, struct scsi_cmd *cmd, uint32_t additional)
{
	uint8_t head[HEADER];
	enum scsi_result res;

	*w = (struct writer){ .cmd = cmd };
	w->max = (uint32_t)min_u64(HEADER + (uint64_t)additional, cmd->in_cdb);
	res = scsi_cmd_alloc_in(cmd, w->max);
	if (res != RES_GOOD)
		return res;
	put_be32(head, cmd->lu->resv.generation);
	put_be32(head + 4, additional);
	put(w, head, sizeof(head));
	cmd->in_len = w->max;
	return RES_GOOD;
}

static enum scsi_result read_keys(struct scsi_cmd *cmd)
{
	const struct pr_state *s = state(cmd);
	enum scsi_result res;
	struct writer w;
	uint8_t key[8];

	res = begin(&w, cmd, 8 * count(s));
	for (uint32_t i = 0; res == RES_GOOD && i < count(s); i++) {
		put_be64(key, s->regs[i].key);
		put(&w, key, sizeof(key));
	}
	return res;
}

static enum scsi_result read_reservation(struct scsi_cmd *cmd)
{
	const struct pr_state *s = state(cmd);
	bool reserved = s && s->type;
	uint8_t desc[16] = { 0 };
	enum scsi_result res;
	struct writer w;

	res = begin(&w, cmd, reserved ? sizeof(desc) : 0);
	if (res != RES_GOOD || !reserved)
		return res;
	/* SPC-4 6.15.3.2: 0 when it is held by all registrants. */
	if (s->holder != PR_NONE)
		put_be64(desc, s->regs[s->holder].key);
	desc[13] = s->type;
	put(&w, desc, sizeof(desc));
	return res;
}

/* SPC-4 table 224 */
enum { SIP_C = 0x08, ATP_C = 0x04, PTPL_C = 0x01 };
enum { TMV = 0x80, ALLOW_COMMANDS = 0x30, PTPL_A = 0x01 };
enum { WR_EX_AR = 0x80, EX_AC_RO = 0x40, WR_EX_RO = 0x20, EX_AC = 0x08, WR_EX = 0x02 };
enum { EX_AC_AR = 0x01 };

/*
 * CRH is 0: RESERVE and RELEASE conflict with registrations. ALLOW COMMANDS 011b: TEST UNIT READY
 * always passes, MODE SENSE, READ BUFFER and their like pass a write exclusive reservation.
 */
static enum scsi_result report_capabilities(struct scsi_cmd *cmd)
{
	uint8_t buf[8] = {
		[1] = sizeof(buf),
		[2] = SIP_C | ATP_C,
		[3] = TMV | ALLOW_COMMANDS,
		[4] = WR_EX_AR | EX_AC_RO | WR_EX_RO | EX_AC | WR_EX,
		[5] = EX_AC_AR,
	};

	if (cmd->lu->target->core->state_dir)
		buf[2] |= PTPL_C;
	if (state(cmd) && state(cmd)->aptpl)
		buf[3] |= PTPL_A;
	return scsi_cmd_reply(cmd, buf, sizeof(buf));
}

static uint32_t full_length(const struct pr_state *s)
{
	uint32_t len = 0;

	for (uint32_t i = 0; i < count(s); i++)
		len += FULL_DESCRIPTOR + s->regs[i].id.len;
	return len;
}

/* SPC-4 table 229; ALL_TG_PT is 0, as registrations are kept port by port. */
static void put_full(struct writer *w, const struct lu *lu, const struct pr_state *s, uint32_t i)
{
	const struct pr_reg *r = &s->regs[i];
	uint8_t desc[FULL_DESCRIPTOR] = { 0 };

	put_be64(desc, r->key);
	if (pr_state_holds(s, i)) {
		desc[12] = 0x01; /* R_HOLDER */
		desc[13] = s->type;
	}
	put_be16(desc + 18, port_relative(lu->target, r->rel_port));
	put_be32(desc + 20, r->id.len);
	put(w, desc, sizeof(desc));
	put(w, r->id.bytes, r->id.len);
}

static enum scsi_result read_full_status(struct scsi_cmd *cmd)
{
	const struct pr_state *s = state(cmd);
	enum scsi_result res;
	struct writer w;

	res = begin(&w, cmd, full_length(s));
	for (uint32_t i = 0; res == RES_GOOD && i < count(s); i++)
		put_full(&w, cmd->lu, s, i);
	return res;
}

#define PR_IN(action, label, handler)                                                              \
	{ .op = 0x5e, .sa = action, .name = "PERSISTENT RESERVE IN, " label, .cdb_len = 10,        \
	  .dir = DATA_IN, .len = { 7, 2 }, .unit = LEN_ALLOC,                                      \
	  .usage = { 0x5e, action, 0, 0, 0, 0, 0, 0xff, 0xff, 0 }, .flags = OP_STANDBY_OK,                \
	  .resv = RESV_ALLOWED, .check = spc_pr_check, .run = handler }

const struct opcode spc_pr_in_rows[4] = {
	PR_IN(0x00, "READ KEYS", read_keys),
	PR_IN(0x01, "READ RESERVATION", read_reservation),
	PR_IN(0x02, "REPORT CAPABILITIES", report_capabilities),
	PR_IN(0x03, "READ FULL STATUS", read_full_status),
};
