/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log pages of a disk (SPC-4 7.3, SBC-4 6.4): errors, start-stop cycles, self-tests, background scans,
 * statistics. What is counted is in the LU's statistics (target/stats.h) and in struct sbc.
 */
#include <string.h>

#include "base/bytes.h"
#include "dev/sbc.h"
#include "target/core.h"
#include "target/target.h"

static const struct stat_class *class(const struct lu *lu, enum op_class cls)
{
	return &lu->stats.cls[cls];
}

static uint64_t none(const struct lu *lu)
{
	(void)lu;
	return 0;
}

static uint64_t written_bytes(const struct lu *lu)
{
	return class(lu, OPC_WRITE)->bytes;
}

static uint64_t read_bytes(const struct lu *lu)
{
	return class(lu, OPC_READ)->bytes;
}

static uint64_t verified_bytes(const struct lu *lu)
{
	return class(lu, OPC_VERIFY)->bytes;
}

static uint64_t write_errors(const struct lu *lu)
{
	return spc_lu(lu)->errors[SPC_ERR_WRITE];
}

static uint64_t read_errors(const struct lu *lu)
{
	return spc_lu(lu)->errors[SPC_ERR_READ];
}

static uint64_t verify_errors(const struct lu *lu)
{
	return spc_lu(lu)->errors[SPC_ERR_VERIFY];
}

static uint64_t other_errors(const struct lu *lu)
{
	return spc_lu(lu)->errors[SPC_ERR_OTHER];
}

/*
 * 02h, 03h, 05h: SPC-4 7.3.6, table 314. Errors that a store corrects are its own, so all that are
 * seen are uncorrected.
 */
#define ERROR_COUNTERS(bytes, errors)                                                              \
	{                                                                                          \
		{ 0x0000, 4, none }, { 0x0001, 4, none }, { 0x0002, 4, none }, { 0x0003, 4, none }, \
		{ 0x0004, 4, none }, { 0x0005, 8, bytes }, { 0x0006, 4, errors }, { 0, 0, NULL }    \
	}

static const struct spc_log_counter write_counters[] = ERROR_COUNTERS(written_bytes, write_errors);
static const struct spc_log_counter read_counters[] = ERROR_COUNTERS(read_bytes, read_errors);
static const struct spc_log_counter verify_counters[] = ERROR_COUNTERS(verified_bytes,
									verify_errors);

/* 06h, SPC-4 7.3.13 */
static const struct spc_log_counter other_counters[] = { { 0x0000, 4, other_errors },
							 { 0, 0, NULL } };

/* 0Eh, SPC-4 7.3.20: nobody made it, nobody says how long it should last. */
static uint32_t start_stop(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	uint8_t *p = buf;

	if (max < 2 * 10 + 4 * 8)
		return 0;
	for (uint16_t code = 0x0001; code <= 0x0002; code++) { /* dates: blank */
		p = spc_log_param(p, code, 6);
		memset(p, ' ', 6);
		p += 6;
	}
	for (uint16_t code = 0x0003; code <= 0x0006; code++) {
		p = spc_log_param(p, code, 4);
		if (code == 0x0004)
			put_be32(p, (uint32_t)min_u64(to_sbc(lu)->starts, UINT32_MAX));
		if (code == 0x0006)
			put_be32(p, (uint32_t)min_u64(to_sbc(lu)->loads, UINT32_MAX));
		p += 4;
	}
	return (uint32_t)(p - buf);
}

uint64_t sbc_powered_ns(const struct lu *lu)
{
	return loop_now(lu->target->core->loop) - to_sbc(lu)->since_ns;
}

/* 15h, SBC-4 6.4.2: none has ever run, and none will. */
static uint32_t background_scan(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	uint8_t *p;

	if (max < 16)
		return 0;
	p = spc_log_param(buf, 0x0000, 12);
	put_be32(p, (uint32_t)min_u64(sbc_powered_ns(lu) / (60 * NSEC_PER_SEC), UINT32_MAX));
	return 16;
}

/* --- 19h, General Statistics and Performance (SPC-4 7.3.9) */

static uint64_t reads(const struct lu *lu)
{
	return class(lu, OPC_READ)->cmds;
}

static uint64_t writes(const struct lu *lu)
{
	return class(lu, OPC_WRITE)->cmds;
}

static uint64_t blocks_received(const struct lu *lu)
{
	return written_bytes(lu) >> lu->block_shift;
}

static uint64_t blocks_sent(const struct lu *lu)
{
	return read_bytes(lu) >> lu->block_shift;
}

static uint64_t read_us(const struct lu *lu)
{
	return class(lu, OPC_READ)->ns / 1000;
}

static uint64_t write_us(const struct lu *lu)
{
	return class(lu, OPC_WRITE)->ns / 1000;
}

/* The last two of 0001h, weighted by how many commands were there, would cost each command. */
static const struct spc_log_counter general_counters[] = {
	{ 0x0001, 8, reads },	 { 0x0001, 8, writes },	  { 0x0001, 8, blocks_received },
	{ 0x0001, 8, blocks_sent }, { 0x0001, 8, read_us }, { 0x0001, 8, write_us },
	{ 0x0001, 8, none },	 { 0x0001, 8, none },	  { 0, 0, NULL },
};

/* 0003h: the unit of time, 10^-6 seconds. */
static uint32_t time_interval(const struct lu *lu, uint8_t *buf, uint32_t max)
{
	uint8_t *p;

	(void)lu;
	if (max < 12)
		return 0;
	p = spc_log_param(buf, 0x0003, 8);
	put_be32(p, 6);
	put_be32(p + 4, 1);
	return 12;
}

const struct spc_log_page sbc_logs[] = {
	{ 0x02, 0x00, "Write Error Counters", .counters = write_counters },
	{ 0x03, 0x00, "Read Error Counters", .counters = read_counters },
	{ 0x05, 0x00, "Verify Error Counters", .counters = verify_counters },
	{ 0x06, 0x00, "Non-Medium Error", .counters = other_counters },
	{ 0x0c, 0x00, "Logical Block Provisioning", .build = sbc_usage_log, .enabled = sbc_usage_known,
	  .prepare = sbc_usage_ask },
	SPC_LOG_TEMPERATURE,
	{ 0x0e, 0x00, "Start-Stop Cycle Counter", .build = start_stop },
	{ 0x10, 0x00, "Self-Test Results", .build = sbc_selftest_log },
	{ 0x15, 0x00, "Background Scan", .build = background_scan },
	{ 0x19, 0x00, "General Statistics and Performance", .build = time_interval,
	  .counters = general_counters },
	SPC_LOG_EXCEPTIONS,
	SPC_LOG_END,
};
