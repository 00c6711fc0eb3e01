/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets and logical units as classic text (classic.h).
 */
#include "mgmt/classic.h"

static void nexus(const json_t *n, struct strbuf *out)
{
	const char *alias = classic_str(n, "alias");
	const json_t *conn;
	size_t i;

	classic_line(out, 2, "I_T nexus: %lld", classic_int(n, "sid"));
	classic_line(out, 3, "Initiator: %s alias: %s", classic_str(n, "initiator"),
		     *alias ? alias : "none");
	json_array_foreach(json_object_get(n, "connections"), i, conn) {
		classic_line(out, 3, "Connection: %lld", classic_int(conn, "cid"));
		classic_line(out, 4, "%sIP Address: %s",
			     json_is_true(json_object_get(conn, "rdma")) ? "RDMA " : "",
			     classic_str(conn, "address"));
	}
}

static void lun(const json_t *lu, struct strbuf *out)
{
	long long block_size = classic_int(lu, "block_size");
	const char *path = classic_str(lu, "path");

	classic_line(out, 2, "LUN: %lld", classic_int(lu, "lun"));
	classic_line(out, 3, "Type: %s", classic_str(lu, "type"));
	classic_line(out, 3, "SCSI ID: %s", classic_str(lu, "scsi_id"));
	classic_line(out, 3, "SCSI SN: %s", classic_str(lu, "scsi_sn"));
	/* Decimal megabytes, rounded; what has no blocks has blocks of 1. */
	classic_line(out, 3, "Size: %lld MB, Block size: %lld",
		     classic_int(lu, "size") / 1000000 +
			     (classic_int(lu, "size") % 1000000 >= 500000),
		     block_size ? block_size : 1);
	classic_line(out, 3, "Online: %s", classic_yes(lu, "online"));
	classic_line(out, 3, "Removable media: %s", classic_yes(lu, "removable"));
	classic_line(out, 3, "Prevent removal: %s", classic_yes(lu, "prevent_removal"));
	classic_line(out, 3, "Readonly: %s", classic_yes(lu, "readonly"));
	classic_line(out, 3, "SWP: %s", classic_yes(lu, "swp"));
	classic_line(out, 3, "Thin-provisioning: %s", classic_yes(lu, "thin_provisioning"));
	classic_line(out, 3, "Backing store type: %s", classic_str(lu, "bstype"));
	classic_line(out, 3, "Backing store path: %s", *path ? path : "None");
	classic_line(out, 3, "Backing store flags: %s", classic_str(lu, "flags"));
}

static void target(const json_t *t, struct strbuf *out)
{
	const json_t *v;
	size_t i;

	classic_line(out, 0, "Target %lld: %s", classic_int(t, "tid"), classic_str(t, "name"));
	classic_line(out, 1, "System information:");
	classic_line(out, 2, "Driver: %s", classic_str(t, "driver"));
	classic_line(out, 2, "State: %s", classic_str(t, "state"));
	if (classic_int(t, "nop_interval")) {
		classic_line(out, 2, "Nop interval: %lld", classic_int(t, "nop_interval"));
		classic_line(out, 2, "Nop count: %lld", classic_int(t, "nop_count"));
	}
	classic_line(out, 1, "I_T nexus information:");
	json_array_foreach(json_object_get(t, "nexuses"), i, v)
		nexus(v, out);
	classic_line(out, 1, "LUN information:");
	json_array_foreach(json_object_get(t, "luns"), i, v)
		lun(v, out);
	classic_line(out, 1, "Account information:");
	json_array_foreach(json_object_get(t, "accounts"), i, v)
		classic_line(out, 2, "%s%s", classic_str(v, "user"),
			     json_is_true(json_object_get(v, "outgoing")) ? " (outgoing)" : "");
	classic_line(out, 1, "ACL information:");
	json_array_foreach(json_object_get(t, "acl"), i, v)
		classic_line(out, 2, "%s", classic_string(v));
}

static void put_redirect(const json_t *redirect, struct strbuf *out)
{
	const char *reason = classic_str(redirect, "reason");

	if (json_object_get(redirect, "callback"))
		classic_line(out, 0, "RedirectCallback=%s", classic_str(redirect, "callback"));
	if (!json_object_get(redirect, "address"))
		return;
	classic_line(out, 0, "RedirectAddress=%s", classic_str(redirect, "address"));
	classic_line(out, 0, "RedirectPort=%lld", classic_int(redirect, "port"));
	classic_line(out, 0, "RedirectReason=%s", *reason ? reason : "Unknown");
}

/* One target by --tid: what it negotiates, or only where it sends initiators. */
static void params(const json_t *t, struct strbuf *out)
{
	const json_t *redirect = json_object_get(t, "redirect");

	if (json_object_get(redirect, "address") || json_object_get(redirect, "callback")) {
		put_redirect(redirect, out);
		return;
	}
	classic_line(out, 0, "nop_interval=%lld", classic_int(t, "nop_interval"));
	classic_line(out, 0, "nop_count=%lld", classic_int(t, "nop_count"));
	classic_pairs(out, json_object_get(t, "params"));
}

void classic_target_show(const json_t *result, struct strbuf *out)
{
	const json_t *t;
	size_t i;

	if (json_is_object(result)) {
		params(result, out);
		return;
	}
	json_array_foreach(result, i, t)
		target(t, out);
}

void classic_lu_show(const json_t *result, struct strbuf *out)
{
	lun(result, out);
}
