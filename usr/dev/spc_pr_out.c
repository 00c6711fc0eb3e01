/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PERSISTENT RESERVE OUT (SPC-4 6.16): checks the form of its parameter list and
 * makes a request of it, that target/pr.c runs.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "dev/spc_pr.h"
#include "scsi/transportid.h"
#include "target/cmd.h"
#include "target/nexus.h"
#include "target/port_group.h"
#include "target/pr.h"
#include "target/target.h"
#include "target/transport.h"

#define LIST_LEN 24	   /* SPC-4 table 227 */
#define IDS_OFFSET 28	   /* TransportIDs behind SPEC_I_PT, table 229 */
#define LIST_MAX 65536	   /* more than any list of TransportIDs needs */
#define MOVE_ID_OFFSET 24  /* SPC-4 table 230 */

/* The parameter list and what is made of it. */
struct list_in {
	struct scsi_cmd *cmd;
	const uint8_t *p;
	uint32_t len;
	struct pr_request *rq;
	uint32_t max_ids; /* room in rq->ids */
};

enum scsi_result spc_pr_check(struct scsi_cmd *cmd)
{
	return cmd->lu->resv.holder ? RES_RESERVATION_CONFLICT : RES_GOOD;
}

/* SPC-4 6.16.3: 24 bytes, unless TransportIDs follow. */
static enum scsi_result check_out(struct scsi_cmd *cmd)
{
	uint16_t sa = cmd->op->sa;
	bool ids = sa == PR_REGISTER || sa == PR_REGISTER_AND_IGNORE || sa == PR_REGISTER_AND_MOVE;
	uint64_t len = cmd->out_cdb;

	if (len < LIST_LEN || len > LIST_MAX || (!ids && len != LIST_LEN))
		return RES_PARAM_LIST_LENGTH;
	return spc_pr_check(cmd);
}

static bool grow(struct list_in *in)
{
	uint32_t max = in->max_ids ? 2 * in->max_ids : 4;
	struct pr_request *rq = realloc(in->rq, sizeof(*rq) + max * sizeof(rq->ids[0]));

	if (!rq)
		return false;
	in->rq = rq;
	in->max_ids = max;
	return true;
}

static enum scsi_result add_id(struct list_in *in, const struct transportid *id)
{
	for (uint32_t i = 0; i < in->rq->n_ids; i++)
		if (transportid_equal(&in->rq->ids[i], id))
			return RES_GOOD;
	if (in->rq->n_ids >= PR_REGS_MAX)
		return RES_INSUFFICIENT_REG;
	if (in->rq->n_ids == in->max_ids && !grow(in))
		return RES_BUSY;
	in->rq->ids[in->rq->n_ids++] = *id;
	return RES_GOOD;
}

/*
 * An iSCSI initiator without a port stands for those of its ports that are known (SPC-4
 * 7.6.4.6), which are those logged in.
 */
static enum scsi_result add_ports(struct list_in *in, const struct transportid *any)
{
	enum scsi_result res = RES_GOOD;
	const struct nexus *n;
	struct transportid id;

	list_for_each(n, &in->cmd->nexus->target->nexuses, link) {
		pr_nexus_id(n, &id);
		if (res == RES_GOOD && transportid_port_of(&id, any))
			res = add_id(in, &id);
	}
	return res;
}

/* The TransportID at @off; *@used bytes of @end. */
static enum scsi_result take_id(struct list_in *in, uint32_t off, uint32_t end, uint32_t *used)
{
	uint32_t before = in->rq->n_ids;
	struct transportid id;
	enum scsi_result res;

	*used = transportid_parse(&id, in->p + off, end - off);
	if (!*used || transportid_protocol(&id) != in->cmd->nexus->transport->protocol_id)
		return scsi_bad_param(in->cmd, (uint16_t)off, -1);
	if (!transportid_any_port(&id))
		return add_id(in, &id);
	res = add_ports(in, &id);
	if (res == RES_GOOD && in->rq->n_ids == before)
		return scsi_bad_param(in->cmd, (uint16_t)off, -1);
	return res;
}

/* Additional parameter data of SPEC_I_PT; *@end: where it ends. */
static enum scsi_result ids_end(struct list_in *in, uint32_t *end)
{
	uint32_t ids_len;

	if (in->len < IDS_OFFSET)
		return scsi_bad_param(in->cmd, 20, 3);
	ids_len = get_be32(in->p + LIST_LEN);
	if (ids_len > in->len - IDS_OFFSET)
		return scsi_bad_param(in->cmd, LIST_LEN, -1);
	*end = IDS_OFFSET + ids_len;
	return RES_GOOD;
}

static enum scsi_result take_ids(struct list_in *in)
{
	uint32_t off = IDS_OFFSET, end = 0, used;
	enum scsi_result res = ids_end(in, &end);

	while (res == RES_GOOD && off < end) {
		res = take_id(in, off, end, &used);
		off += used;
	}
	return res;
}

static enum scsi_result parse_basic(struct list_in *in)
{
	struct pr_request *rq = in->rq;
	bool registers = rq->action == PR_REGISTER || rq->action == PR_REGISTER_AND_IGNORE;

	rq->spec_i_pt = in->p[20] & 0x08;
	rq->aptpl = registers && in->p[20] & 0x01;
	rq->ports[0] = in->cmd->nexus->rel_port;
	rq->n_ports = 1;
	if (registers && in->p[20] & 0x04) /* ALL_TG_PT */
		rq->n_ports = pr_ports(in->cmd->nexus, rq->ports);
	/* SPC-4 6.16.3: for any other service action it is a field in error. */
	if (rq->spec_i_pt && rq->action != PR_REGISTER)
		return scsi_bad_param(in->cmd, 20, 3);
	if (rq->spec_i_pt)
		return take_ids(in);
	return in->len == LIST_LEN ? RES_GOOD : RES_PARAM_LIST_LENGTH;
}

static bool port_known(const struct nexus *n, uint16_t port)
{
	uint16_t ports[PR_PORTS_MAX];

	for (uint32_t i = pr_ports(n, ports); i--;)
		if (ports[i] == port)
			return true;
	return false;
}

static enum scsi_result parse_move(struct list_in *in)
{
	struct pr_request *rq = in->rq;
	uint32_t used, id_len = get_be32(in->p + 20);
	enum scsi_result res;

	rq->unreg = in->p[17] & 0x02;
	rq->aptpl = in->p[17] & 0x01;
	rq->ports[0] = port_by_relative(in->cmd->lu->target, get_be16(in->p + 18));
	rq->n_ports = 1;
	if (id_len > in->len - MOVE_ID_OFFSET)
		return scsi_bad_param(in->cmd, 20, -1);
	if (!port_known(in->cmd->nexus, rq->ports[0]))
		return scsi_bad_param(in->cmd, 18, -1);
	res = take_id(in, MOVE_ID_OFFSET, MOVE_ID_OFFSET + id_len, &used);
	/* One port, not several. */
	if (res == RES_GOOD && (in->rq->n_ids != 1 || used != id_len))
		return scsi_bad_param(in->cmd, MOVE_ID_OFFSET, -1);
	return res;
}

static enum scsi_result parse(struct list_in *in)
{
	struct pr_request *rq;

	if (!grow(in))
		return RES_BUSY;
	rq = in->rq;
	*rq = (struct pr_request){
		.action = (enum pr_action)in->cmd->op->sa,
		.scope = in->cmd->cdb[2] >> 4,
		.type = in->cmd->cdb[2] & 0x0f,
		.key = get_be64(in->p),
		.sa_key = get_be64(in->p + 8),
	};
	return rq->action == PR_REGISTER_AND_MOVE ? parse_move(in) : parse_basic(in);
}

static enum scsi_result run_list(struct scsi_cmd *cmd, const uint8_t *p, uint32_t len)
{
	struct list_in in = { .cmd = cmd, .p = p, .len = len };
	enum scsi_result res = parse(&in);

	if (res == RES_GOOD)
		return pr_out(cmd, in.rq);
	free(in.rq);
	return res;
}

static enum scsi_result persistent_reserve_out(struct scsi_cmd *cmd)
{
	uint32_t len = (uint32_t)cmd->out_cdb;
	enum scsi_result res = spc_pr_check(cmd);
	uint8_t *p;

	if (res != RES_GOOD)
		return res;
	p = malloc(len);
	if (!p)
		return RES_BUSY;
	if (scsi_cmd_param(cmd, 0, p, len) == len)
		res = run_list(cmd, p, len);
	else
		res = RES_PARAM_LIST_LENGTH; /* the initiator sent less than its CDB says */
	free(p);
	return res;
}

#define PR_OUT(action, label)                                                                      \
	{ .op = 0x5f, .sa = action, .name = "PERSISTENT RESERVE OUT, " label, .cdb_len = 10,       \
	  .dir = DATA_OUT, .len = { 5, 4 }, .unit = LEN_PARAM,                                     \
	  .usage = { 0x5f, action, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0 }, .flags = OP_STANDBY_OK,       \
	  .resv = RESV_SPECIAL,                                                                    \
	  .check = check_out, .run = persistent_reserve_out }

const struct opcode spc_pr_out_rows[8] = {
	PR_OUT(PR_REGISTER, "REGISTER"),
	PR_OUT(PR_RESERVE, "RESERVE"),
	PR_OUT(PR_RELEASE, "RELEASE"),
	PR_OUT(PR_CLEAR, "CLEAR"),
	PR_OUT(PR_PREEMPT, "PREEMPT"),
	PR_OUT(PR_PREEMPT_AND_ABORT, "PREEMPT AND ABORT"),
	PR_OUT(PR_REGISTER_AND_IGNORE, "REGISTER AND IGNORE EXISTING KEY"),
	PR_OUT(PR_REGISTER_AND_MOVE, "REGISTER AND MOVE"),
};
