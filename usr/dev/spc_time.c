/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * REPORT TIMESTAMP and SET TIMESTAMP (SPC-5 6.38, 6.51, 5.2). Until an initiator sets it, the
 * timestamp is the host's clock; the Control Extension mode page says that SET TIMESTAMP wins (SCSIP).
 */
#include <time.h>

#include "base/bytes.h"
#include "dev/spc.h"
#include "target/cmd.h"
#include "target/core.h"
#include "target/nexus.h"
#include "target/target.h"
#include "target/ua.h"

/* TIMESTAMP ORIGIN, SPC-5 table 54 */
enum { ORIGIN_SET = 0x02, ORIGIN_OUTSIDE = 0x03 };

#define TIMESTAMP_LEN 12
#define MS_MASK ((1ULL << 48) - 1)

static uint64_t host_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / NSEC_PER_MSEC;
}

static uint64_t loop_ms(const struct scsi_cmd *cmd)
{
	return loop_now(cmd->lu->target->core->loop) / NSEC_PER_MSEC;
}

static enum scsi_result report_timestamp(struct scsi_cmd *cmd)
{
	const struct spc_lu *s = spc_lu(cmd->lu);
	uint8_t d[TIMESTAMP_LEN] = { 0, TIMESTAMP_LEN - 2 };
	uint64_t ms = s->time_set ? s->time_ms + loop_ms(cmd) : host_ms();

	d[2] = s->time_set ? ORIGIN_SET : ORIGIN_OUTSIDE;
	put_be16(d + 4, (uint16_t)(ms >> 32));
	put_be32(d + 6, (uint32_t)ms);
	return scsi_cmd_reply(cmd, d, sizeof(d));
}

static enum scsi_result set_timestamp(struct scsi_cmd *cmd)
{
	struct spc_lu *s = spc_lu(cmd->lu);
	uint8_t d[TIMESTAMP_LEN];
	uint64_t ms;

	if (!cmd->out_cdb)
		return RES_GOOD;
	if (scsi_cmd_param(cmd, 0, d, sizeof(d)) != sizeof(d))
		return RES_PARAM_LIST_LENGTH;
	ms = (uint64_t)get_be16(d + 4) << 32 | get_be32(d + 6);
	s->time_set = true;
	s->time_ms = (ms - loop_ms(cmd)) & MS_MASK;
	ua_raise_lu(cmd->lu, UA_TIMESTAMP_CHANGED, cmd->nexus);
	return RES_GOOD;
}

const struct opcode spc_time_rows[2] = {
	{ .op = 0xa3, .sa = 0x0f, .name = "REPORT TIMESTAMP", .cdb_len = 12, .dir = DATA_IN,
	  .len = { 6, 4 }, .unit = LEN_ALLOC,
	  .usage = { 0xa3, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .flags = OP_FORMATTING_OK, .resv = RESV_ALLOWED, .run = report_timestamp },
	{ .op = 0xa4, .sa = 0x0f, .name = "SET TIMESTAMP", .cdb_len = 12, .dir = DATA_OUT,
	  .len = { 6, 4 }, .unit = LEN_PARAM,
	  .usage = { 0xa4, 0x0f, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0 },
	  .resv = RESV_WRITE, .run = set_timestamp },
};
