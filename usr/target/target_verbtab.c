/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the verbs that this folder owns: system, lld, target, logicalunit, lunmap, portgroup.
 * Compiled for tgtd and, without the functions, for tgtadm (base/verb.h).
 */
#include "target/target_verbs.h"

#define END { .name = NULL }
#define TID { "tid", VERB_UINT, true, "target number, from 1" }
#define GROUP { "group", VERB_UINT, true, "target port group, from 0 to 65535" }
#define INITIATOR { "initiator-name", VERB_STRING, true, "ALL, an initiator name or a pattern" }
#define LUN { "lun", VERB_UINT, true, "logical unit number" }

static const struct verb_arg name_value[] = {
	{ "name", VERB_STRING, true, "parameter" },
	{ "value", VERB_STRING, true, "its new value" },
	END,
};

static const struct verb_arg lld_only[] = {
	{ "lld", VERB_STRING, true, "driver: iscsi" },
	END,
};

static const struct verb_arg lu_delete_args[] = {
	TID,
	LUN,
	{ "force", VERB_BOOL, false, "also with commands outstanding: they are aborted" },
	END,
};

static const struct verb_arg lu_new_args[] = {
	TID,
	LUN,
	{ "backing-store", VERB_STRING, false, "file, block device or name of the store" },
	{ "bstype", VERB_STRING, false, "type of the store, default rdwr" },
	{ "bsopts", VERB_STRING, false, "options of the store: k=v;k=v" },
	{ "bsoflags", VERB_STRING, false, "sync, direct or sync:direct" },
	{ "blocksize", VERB_UINT, false, "bytes in a block: 512 to 65536, a power of two" },
	{ "device-type", VERB_STRING, false, "disk, ...; default disk" },
	{ "params", VERB_PARAMS, false, "parameters as of update, set before initiators see it" },
	END,
};

static const struct verb_arg lu_show_args[] = { TID, LUN, END };

static const struct verb_arg lu_stat_args[] = {
	TID,
	LUN,
	{ "sid", VERB_UINT, false, "only this session" },
	END,
};

static const struct verb_arg lu_update_args[] = {
	TID,
	LUN,
	{ "params", VERB_PARAMS, true, "k=v,...: vendor_id, scsi_sn, online, path, iops, bps, ..." },
	END,
};

static const struct verb_arg lunmap_args[] = {
	TID,
	INITIATOR,
	{ "luns", VERB_PARAMS, false, "SEEN=LUN,...: SEEN=LUN:ro for reading only, SEEN=none" },
	{ "all", VERB_BOOL, false, "every LUN, under its own number; =off: none but those of --luns" },
	{ "readonly", VERB_BOOL, false, "all of them for reading only" },
	END,
};

static const struct verb_arg lunmap_delete_args[] = { TID, INITIATOR, END };

static const struct verb_arg lunmap_show_args[] = { TID, END };

static const struct verb_arg portgroup_args[] = {
	TID,
	GROUP,
	{ "state", VERB_STRING, false, "active/optimized, active/non-optimized, standby, "
				       "unavailable, offline or transitioning" },
	{ "portal-groups", VERB_STRING, false, "TAG,...: TAG=ID to say the relative port identifier" },
	{ "remote-ports", VERB_STRING, false, "ID,...: relative identifiers of ports of another tgtd" },
	{ "preferred", VERB_BOOL, false, "initiators should use it first" },
	END,
};

static const struct verb_arg portgroup_delete_args[] = { TID, GROUP, END };

static const struct verb_arg portgroup_show_args[] = { TID, END };

static const struct verb_arg target_bind_args[] = {
	TID,
	{ "initiator-address", VERB_STRING, false, "ALL, an address or a network" },
	{ "initiator-name", VERB_STRING, false, "ALL, an initiator name or a pattern" },
	{ "host", VERB_UINT, false, "SCSI host of a kernel driver" },
	{ "bus", VERB_STRING, false, "bus,device of a kernel driver" },
	END,
};

static const struct verb_arg target_delete_args[] = {
	TID,
	{ "force", VERB_BOOL, false, "also with sessions: they are closed" },
	END,
};

static const struct verb_arg target_new_args[] = {
	TID,
	{ "targetname", VERB_STRING, true, "its name: iqn.yyyy-mm.reversed.domain:anything" },
	{ "lld", VERB_STRING, false, "driver, default iscsi" },
	END,
};

static const struct verb_arg target_show_args[] = {
	{ "tid", VERB_UINT, false, "only this target, with its parameters" },
	END,
};

static const struct verb_arg target_stat_args[] = { TID, END };

static const struct verb_arg target_update_args[] = {
	TID,
	{ "name", VERB_STRING, true, "state, nop_interval, an iSCSI key, ..." },
	{ "value", VERB_STRING, true, "its new value" },
	END,
};

#define VERB(o, v, a, ro, fn, h)                                                                   \
	{ .object = o, .verb = v, .args = a, .read_only = ro, .run = VERB_RUN(fn), .help = h }

const struct verb target_verbs[27] = {
	VERB("lld", "show", NULL, true, lld_show, "Lists the drivers, their state and targets."),
	VERB("lld", "start", lld_only, false, lld_start, "Starts a driver."),
	VERB("lld", "stop", lld_only, false, lld_stop, "Stops a driver that has no targets."),
	VERB("logicalunit", "delete", lu_delete_args, false, lu_verb_delete,
	     "Removes a logical unit."),
	VERB("logicalunit", "new", lu_new_args, false, lu_verb_new, "Adds a logical unit."),
	VERB("logicalunit", "show", lu_show_args, true, lu_verb_show, "Shows one logical unit."),
	VERB("logicalunit", "stat", lu_stat_args, true, lu_verb_stat,
	     "Counters of a logical unit by session."),
	VERB("logicalunit", "update", lu_update_args, false, lu_verb_update,
	     "Changes parameters of a logical unit."),
	VERB("lunmap", "delete", lunmap_delete_args, false, lunmap_verb_delete,
	     "Lets initiators see all LUNs again."),
	VERB("lunmap", "new", lunmap_args, false, lunmap_verb_new,
	     "Says which LUNs initiators see, and under which numbers."),
	VERB("lunmap", "show", lunmap_show_args, true, lunmap_verb_show,
	     "Shows the LUN maps of a target."),
	VERB("lunmap", "update", lunmap_args, false, lunmap_verb_update,
	     "Changes a LUN map; what is not said stays."),
	VERB("portgroup", "delete", portgroup_delete_args, false, port_group_verb_delete,
	     "Removes a target port group."),
	VERB("portgroup", "new", portgroup_args, false, port_group_verb_new,
	     "Makes a target port group (ALUA)."),
	VERB("portgroup", "show", portgroup_show_args, true, port_group_verb_show,
	     "Shows the target port groups of a target."),
	VERB("portgroup", "update", portgroup_args, false, port_group_verb_update,
	     "Changes a target port group, or its access state."),
	VERB("system", "delete", NULL, false, system_delete,
	     "Ends tgtd; refused while a target exists."),
	VERB("system", "show", NULL, true, system_show,
	     "State, drivers, backing stores, device types."),
	VERB("system", "stat", NULL, true, system_stat, "Counters of everything."),
	VERB("system", "update", name_value, false, system_update,
	     "Sets debug, State, trace, slow-command, or one of iSNS."),
	VERB("target", "bind", target_bind_args, false, target_verb_bind,
	     "Admits initiators by address or name."),
	VERB("target", "delete", target_delete_args, false, target_verb_delete,
	     "Removes a target and its logical units."),
	VERB("target", "new", target_new_args, false, target_verb_new, "Makes a target."),
	VERB("target", "show", target_show_args, true, target_verb_show,
	     "Shows targets, their sessions, logical units and access lists."),
	VERB("target", "stat", target_stat_args, true, target_verb_stat,
	     "Counters of a target by logical unit and session."),
	VERB("target", "unbind", target_bind_args, false, target_verb_unbind,
	     "Takes an admission back."),
	VERB("target", "update", target_update_args, false, target_verb_update,
	     "Changes a parameter of a target."),
};
