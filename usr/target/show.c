/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets and logical units as JSON, for the verbs. The classic text of
 * tgtadm is made from the same objects, on the other side of the socket.
 */
#include <errno.h>

#include "base/util.h"
#include "target/devtype.h"
#include "target/lu.h"
#include "target/lu_record.h"
#include "target/nexus.h"
#include "target/qos.h"
#include "target/target.h"
#include "target/target_verbs.h"
#include "target/transport.h"
#include "target/verb_walk.h"

static const char *lu_flags(const struct lu *lu)
{
	if (lu->bs_sync && lu->bs_direct)
		return "sync:direct";
	return lu->bs_sync ? "sync" : lu->bs_direct ? "direct" : "";
}

static int add_limits(const struct lu *lu, json_t *obj)
{
	json_t *limits = qos_conf_show(&lu->qos->conf);

	if (limits && json_object_set_new(obj, "limits", limits))
		return -1;
	return json_object_set_new(obj, "throttled", qos_stats_show(lu->qos));
}

/* Parameters that the classic text never had; tgt-admin compares and saves them. */
static int add_settings(const struct lu *lu, json_t *obj)
{
	json_t *more = json_pack("{s:b s:b s:i s:i s:i s:I s:i}",
				 "readonly_conf", lu->readonly_conf,
				 "sense_format", lu->descriptor_sense, "lbppbe", (int)lu->lbppbe,
				 "la_lba", (int)lu->la_lba,
				 "optimal_xfer_gran", (int)lu->opt_xfer_gran,
				 "optimal_xfer_len", (json_int_t)lu->opt_xfer_len,
				 "rotation_rate", (int)lu->rotation_rate);
	int r = more ? json_object_update(obj, more) : -1;

	json_decref(more);
	if (!r && lu->dev->pdt == PDT_DISK)
		r = json_object_set_new(obj, "third_party_copy",
					json_boolean(lu->third_party_copy)) ||
		    json_object_set_new(obj, "cdb32", json_boolean(lu->cdb32));
	if (!r && lu->block_conf != lu->block_size)
		r = json_object_set_new(obj, "block_size_conf", json_integer(lu->block_conf));
	if (!r && lu->qos)
		r = add_limits(lu, obj);
	if (!r && lu->n_records)
		r = json_object_set_new(obj, "said", lu_records_show(lu));
	return r;
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

	if (obj && json_object_set_new(obj, "reservation", reserve_to_json(lu))) {
		json_decref(obj);
		return NULL;
	}
	if (obj && add_settings(lu, obj)) {
		json_decref(obj);
		return NULL;
	}
	if (obj && lu->dev->show)
		lu->dev->show(lu, obj);
	return obj;
}

static json_t *nexus_to_json(const struct nexus *n)
{
	json_t *obj = json_pack("{s:I s:s}", "sid", (json_int_t)n->sid, "initiator", n->initiator);

	if (obj && n->qos)
		json_object_set_new(obj, "throttled", qos_stats_show(n->qos));
	if (obj && n->transport->nexus_show)
		n->transport->nexus_show(n, obj);
	return obj;
}

/* Without its nexuses and LUNs. */
static json_t *target_to_json(const struct target *t)
{
	json_t *obj = json_pack("{s:I s:s s:s s:s s:[] s:o}", "tid", (json_int_t)t->tid,
				"name", t->name, "driver", t->transport->name,
				"state", t->offline ? "offline" : "ready",
				"accounts", "acl", access_show(&t->access));

	if (obj) {
		json_object_set_new(obj, "initiator_addresses", access_show_addrs(&t->access));
		json_object_set_new(obj, "initiator_names", access_show_names(&t->access));
		json_object_set_new(obj, "access_changes",
				    json_string(access_changes_name(t->port_groups.changes)));
		json_object_set_new(obj, "transition_time",
				    json_integer(t->port_groups.transition_time));
		json_object_set_new(obj, "port_groups", port_groups_show(&t->port_groups));
		json_object_set_new(obj, "lun_maps", lun_maps_show(&t->lun_maps));
		if (!list_empty(&t->qos_rules))
			json_object_set_new(obj, "initiator_limits", qos_target_show(t));
	}
	if (obj && t->transport->target_show)
		t->transport->target_show(t, obj);
	return obj;
}

/* A target costs as much as a few LUNs, for its parameters. */
#define TARGET_WEIGHT 3

/* The object is left open, for its nexuses and LUNs. */
static int show_target(struct verb_walk *w, const struct target *t)
{
	struct strbuf *text = &w->call->text;

	if (verb_put(w->call, w->rows++ ? "," : "", target_to_json(t)))
		return -ENOMEM;
	text->len--; /* its brace */
	strbuf_puts(text, ",\"nexuses\":[");
	w->lus = 0;
	return TARGET_WEIGHT;
}

static int show_nexus(struct verb_walk *w, const struct nexus *n)
{
	return verb_put(w->call, w->lus++ ? "," : "", nexus_to_json(n)) ? -ENOMEM : 1;
}

static void show_lus(struct verb_walk *w)
{
	strbuf_puts(&w->call->text, "],\"luns\":[");
	w->lus = 0;
}

static int show_lu(struct verb_walk *w, const struct lu *lu)
{
	return verb_put(w->call, w->lus++ ? "," : "", lu_to_json(lu)) ? -ENOMEM : 1;
}

static void show_target_end(struct verb_walk *w)
{
	strbuf_puts(&w->call->text, "]}");
}

static bool end_array(struct verb_walk *w)
{
	if (!w->one)
		strbuf_puts(&w->call->text, "]");
	return false;
}

int targets_show(struct verb_call *call, const struct target *only)
{
	static const struct verb_walk_ops ops = {
		.target = show_target,
		.nexus = show_nexus,
		.lus = show_lus,
		.lu = show_lu,
		.target_end = show_target_end,
		.end = end_array,
	};

	if (!only)
		strbuf_puts(&call->text, "[");
	return verb_walk(call, &ops, only);
}
