/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters as classic tables (classic.h).
 */
#include "mgmt/classic.h"

static void stat_head(struct strbuf *out)
{
	strbuf_puts(out, "tgt lun sid rd_subm(bytes,cmds) rd_done(bytes,cmds) "
			 "wr_subm(bytes,cmds) wr_done(bytes,cmds) errs\n");
}

/* A line for each I_T_L nexus. */
static void stat_rows(const json_t *rows, struct strbuf *out)
{
	static const char *const pairs[][2] = {
		{ "rd_subm_bytes", "rd_subm_cmds" },
		{ "rd_done_bytes", "rd_done_cmds" },
		{ "wr_subm_bytes", "wr_subm_cmds" },
		{ "wr_done_bytes", "wr_done_cmds" },
	};
	const json_t *row;
	size_t i, j;

	json_array_foreach(rows, i, row) {
		strbuf_printf(out, "%3lld %3lld %3lld", classic_int(row, "tid"),
			      classic_int(row, "lun"), classic_int(row, "sid"));
		for (j = 0; j < ARRAY_SIZE(pairs); j++)
			strbuf_printf(out, " %12lld %6lld", classic_int(row, pairs[j][0]),
				      classic_int(row, pairs[j][1]));
		strbuf_printf(out, " %4lld\n", classic_int(row, "errs"));
	}
}

static void target_rows(const json_t *target, struct strbuf *out)
{
	const json_t *lu;
	size_t i;

	json_array_foreach(json_object_get(target, "luns"), i, lu)
		stat_rows(json_object_get(lu, "nexuses"), out);
}

void classic_lu_stat(const json_t *result, struct strbuf *out)
{
	stat_head(out);
	stat_rows(json_object_get(result, "nexuses"), out);
}

void classic_target_stat(const json_t *result, struct strbuf *out)
{
	stat_head(out);
	target_rows(result, out);
}

void classic_system_stat(const json_t *result, struct strbuf *out)
{
	const json_t *target;
	size_t i;

	stat_head(out);
	json_array_foreach(json_object_get(result, "targets"), i, target)
		target_rows(target, out);
}

static void conn_row(const json_t *row, struct strbuf *out, bool head)
{
	static const struct {
		const char *name;
		int width;
	} columns[] = {
		{ "sid", 3 },	       { "cid", 3 },	     { "rxdata_octets", 13 },
		{ "txdata_octets", 13 }, { "dataout_pdus", 12 }, { "datain_pdus", 11 },
		{ "cmd_pdus", 8 },     { "rsp_pdus", 8 },
	};
	size_t j;

	for (j = 0; j < ARRAY_SIZE(columns); j++)
		if (head)
			strbuf_printf(out, "%s%s", j ? " " : "", columns[j].name);
		else
			strbuf_printf(out, "%s%*lld", j ? " " : "", columns[j].width,
				      classic_int(row, columns[j].name));
	strbuf_putc(out, '\n');
}

void classic_conn_stat(const json_t *result, struct strbuf *out)
{
	conn_row(NULL, out, true);
	conn_row(result, out, false);
}

void classic_session_stat(const json_t *result, struct strbuf *out)
{
	const json_t *conn;
	size_t i;

	stat_head(out);
	stat_rows(json_object_get(result, "luns"), out);
	strbuf_putc(out, '\n');
	conn_row(NULL, out, true);
	json_array_foreach(json_object_get(result, "connections"), i, conn)
		conn_row(conn, out, false);
}
