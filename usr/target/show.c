/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets, logical units and counters as JSON, for the verbs. The classic text of
 * tgtadm is made from the same objects, on the other side of the socket.
 */
#include "base/util.h"
#include "scsi/lun.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/target.h"
#include "target/target_verbs.h"
#include "target/transport.h"

static const char *lu_flags(const struct lu *lu)
{
	if (lu->bs_sync && lu->bs_direct)
		return "sync:direct";
	return lu->bs_sync ? "sync" : lu->bs_direct ? "direct" : "";
}

json_t *lu_to_json(const struct lu *lu)
{
	json_t *obj = json_pack(
		"{s:I s:s s:s s:s s:s s:s s:s s:I s:I s:b s:b s:b s:b s:b s:b s:s s:s? s:s? s:s}",
		"lun", (json_int_t)lu->lun, "type", lu->dev->show_name,
		"scsi_id", lu->id.scsi_id, "scsi_sn", lu->id.scsi_sn,
		"vendor_id", lu->id.vendor, "product_id", lu->id.product, "product_rev", lu->id.rev,
		"size", (json_int_t)(lu->blocks * lu->block_size),
		"block_size", (json_int_t)lu->block_size,
		"online", lu->online, "removable", lu->removable,
		"prevent_removal", lu->n_prevent != 0, "readonly", lu->readonly, "swp", lu->swp,
		"thin_provisioning", lu->thin,
		"bstype", lu->bstype ? lu->bstype : "null", "path", lu->path,
		"bsopts", lu->bsopts, "flags", lu_flags(lu));

	if (obj && lu->dev->show)
		lu->dev->show(lu, obj);
	return obj;
}

static json_t *nexus_to_json(const struct nexus *n)
{
	json_t *obj = json_pack("{s:I s:s}", "sid", (json_int_t)n->sid, "initiator", n->initiator);

	if (obj && n->transport->nexus_show)
		n->transport->nexus_show(n, obj);
	return obj;
}

json_t *target_to_json(const struct target *t)
{
	json_t *nexuses = json_array(), *luns = json_array(), *acl = access_show(&t->access);
	const struct nexus *n;
	const struct lu *lu;
	json_t *obj;

	list_for_each(n, &t->nexuses, link)
		if (!n->dying)
			json_array_append_new(nexuses, nexus_to_json(n));
	list_for_each(lu, &t->lus, link)
		json_array_append_new(luns, lu_to_json(lu));
	obj = json_pack("{s:I s:s s:s s:s s:o s:o s:[] s:o}", "tid", (json_int_t)t->tid,
			"name", t->name, "driver", t->transport->name,
			"state", t->offline ? "offline" : "ready",
			"nexuses", nexuses, "luns", luns, "accounts", "acl", acl);
	if (obj && t->transport->target_show)
		t->transport->target_show(t, obj);
	return obj;
}

static json_t *itl_to_json(const struct target *t, const struct itl *itl)
{
	const struct itl_stats *s = &itl->stats;

	return json_pack("{s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I}",
			 "tid", (json_int_t)t->tid, "lun", (json_int_t)itl->lun,
			 "sid", (json_int_t)itl->nexus->sid,
			 "rd_subm_bytes", (json_int_t)s->rd_subm_bytes,
			 "rd_subm_cmds", (json_int_t)s->rd_subm_cmds,
			 "rd_done_bytes", (json_int_t)s->rd_done_bytes,
			 "rd_done_cmds", (json_int_t)s->rd_done_cmds,
			 "wr_subm_bytes", (json_int_t)s->wr_subm_bytes,
			 "wr_subm_cmds", (json_int_t)s->wr_subm_cmds,
			 "wr_done_bytes", (json_int_t)s->wr_done_bytes,
			 "wr_done_cmds", (json_int_t)s->wr_done_cmds,
			 "errs", (json_int_t)s->errs);
}

int target_stats_to_json(const struct target *t, uint64_t lun, uint64_t sid, json_t *array)
{
	const struct lu *lu;
	const struct itl *itl;

	list_for_each(lu, &t->lus, link) {
		if (lun != LUN_INVALID && lu->lun != lun)
			continue;
		list_for_each(itl, &lu->itls, lu_link) {
			if (sid && itl->nexus->sid != sid)
				continue;
			if (json_array_append_new(array, itl_to_json(t, itl)))
				return -1;
		}
	}
	return 0;
}
