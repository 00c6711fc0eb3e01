/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters as classic tables (classic.h).
 */
#include "mgmt/classic.h"

void classic_stats(const json_t *result, struct strbuf *out)
{
	static const char *const pairs[][2] = {
		{ "rd_subm_bytes", "rd_subm_cmds" },
		{ "rd_done_bytes", "rd_done_cmds" },
		{ "wr_subm_bytes", "wr_subm_cmds" },
		{ "wr_done_bytes", "wr_done_cmds" },
	};
	const json_t *row;
	size_t i, j;

	strbuf_puts(out, "tgt lun sid rd_subm(bytes,cmds) rd_done(bytes,cmds) "
			 "wr_subm(bytes,cmds) wr_done(bytes,cmds) errs\n");
	json_array_foreach(result, i, row) {
		strbuf_printf(out, "%3lld %3lld %3lld", classic_int(row, "tid"),
			      classic_int(row, "lun"), classic_int(row, "sid"));
		for (j = 0; j < ARRAY_SIZE(pairs); j++)
			strbuf_printf(out, " %12lld %6lld", classic_int(row, pairs[j][0]),
				      classic_int(row, pairs[j][1]));
		strbuf_printf(out, " %4lld\n", classic_int(row, "errs"));
	}
}

void classic_conn_stat(const json_t *result, struct strbuf *out)
{
	static const struct {
		const char *name;
		int width;
	} columns[] = {
		{ "sid", 3 },	       { "cid", 3 },	     { "rxdata_octets", 13 },
		{ "txdata_octets", 13 }, { "dataout_pdus", 12 }, { "datain_pdus", 11 },
		{ "cmd_pdus", 8 },     { "rsp_pdus", 8 },
	};
	const json_t *row;
	size_t i, j;

	for (j = 0; j < ARRAY_SIZE(columns); j++)
		strbuf_printf(out, "%s%s", j ? " " : "", columns[j].name);
	strbuf_putc(out, '\n');
	json_array_foreach(result, i, row) {
		for (j = 0; j < ARRAY_SIZE(columns); j++)
			strbuf_printf(out, "%s%*lld", j ? " " : "", columns[j].width,
				      classic_int(row, columns[j].name));
		strbuf_putc(out, '\n');
	}
}

void classic_session_stat(const json_t *result, struct strbuf *out)
{
	classic_stats(json_object_get(result, "luns"), out);
	strbuf_putc(out, '\n');
	classic_conn_stat(json_object_get(result, "connections"), out);
}
