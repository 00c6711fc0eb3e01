/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the result of "target show" to a state as targets.conf describes one.
 */
#include "mgmt/diff_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "mgmt/conf_limit.h"
#include "mgmt/conf_model.h"
#include "mgmt/conf_portal.h"

struct dflt {
	const char *name, *value;
};

/* What tgtd starts with: a test compares a fresh target with this. */
static const struct dflt target_defaults[] = {
	{ "CHAPAlgorithms", "" },
	{ "DataDigest", "None,CRC32C" },
	{ "DataPDUInOrder", "Yes" },
	{ "DataSequenceInOrder", "Yes" },
	{ "DefaultTime2Retain", "20" },
	{ "DefaultTime2Wait", "2" },
	{ "ErrorRecoveryLevel", "0" },
	{ "FirstBurstLength", "1048576" },
	{ "HeaderDigest", "None,CRC32C" },
	{ "ImmediateData", "Yes" },
	{ "InitialR2T", "No" },
	{ "MaxBurstLength", "16776192" },
	{ "MaxConnections", "1" },
	{ "MaxOutstandingR2T", "8" },
	{ "MaxQueueCmd", "128" },
	{ "MaxRecvDataSegmentLength", "262144" },
	{ "MaxXmitDataSegmentLength", "1048576" },
	{ "PortalGroups", "" },
	{ "RedirectAddress", "" },
	{ "RedirectCallback", "" },
	{ "RedirectPort", "3260" },
	{ "RedirectReason", "Temporary" },
	{ "TargetAlias", "" },
	{ "access_changes", "implicit" },
	{ "transition_time", "0" },
};

static const struct dflt lun_defaults[] = {
	{ "la_lba", "0" },	    { "optimal_xfer_gran", "0" }, { "optimal_xfer_len", "0" },
	{ "product_rev", "0001" },  { "readonly", "0" },	  { "rotation_rate", "0" },
	{ "sense_format", "0" },    { "thin_provisioning", "0" }, { "vendor_id", "IET" },
	{ "swp", "0" },		    { "third_party_copy", "1" },  { "cdb32", "0" },
};

static const struct dflt disk_defaults[] = {
	{ "product_id", "VIRTUAL-DISK" },
	{ "removable", "0" },
};

static const char *look_up(const struct dflt *table, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(table[i].name, name))
			return table[i].value;
	return NULL;
}

const char *diff_target_default(const char *name)
{
	return look_up(target_defaults, ARRAY_SIZE(target_defaults), name);
}

const char *diff_lun_default(const char *name, bool disk)
{
	const char *v = look_up(lun_defaults, ARRAY_SIZE(lun_defaults), name);

	if (conf_limit_name(name))
		return "0";
	return !v && disk ? look_up(disk_defaults, ARRAY_SIZE(disk_defaults), name) : v;
}

const char *diff_str(const json_t *obj, const char *name)
{
	const char *s = json_string_value(json_object_get(obj, name));

	return s ? s : "";
}

long long diff_int(const json_t *obj, const char *name)
{
	return json_integer_value(json_object_get(obj, name));
}

const char *diff_param(const json_t *lun, const char *name)
{
	const json_t *p;
	const char *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(lun, "params"), i, p)
		if (!strcmp(json_string_value(json_array_get(p, 0)), name))
			found = json_string_value(json_array_get(p, 1));
	return found;
}

json_t *diff_target(const json_t *state, const char *name)
{
	json_t *t;
	size_t i;

	json_array_foreach(json_object_get(state, "targets"), i, t)
		if (!strcasecmp(diff_str(t, "name"), name))
			return t;
	return NULL;
}

/* -1: no word for yes or no. */
static int as_bool(const char *s)
{
	static const char *const words[][2] = {
		{ "off", "on" }, { "no", "yes" }, { "false", "true" },
	};
	size_t i;
	int v;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		for (v = 0; v < 2; v++)
			if (!strcasecmp(s, words[i][v]))
				return v;
	return -1;
}

static bool as_number(const char *s, unsigned long long *out)
{
	char *end;

	if (as_bool(s) >= 0) {
		*out = (unsigned long long)as_bool(s);
		return true;
	}
	if (*s < '0' || *s > '9')
		return false;
	*out = strtoull(s, &end, 0);
	return !*end;
}

bool diff_same_value(const char *a, const char *b)
{
	unsigned long long x, y;

	return !strcmp(a, b) || (as_number(a, &x) && as_number(b, &y) && x == y);
}

/* --- from the daemon -------------------------------------------------------------------------- */

static void put(json_t *params, const char *name, const json_t *v)
{
	json_t *text = NULL;

	if (json_is_string(v))
		text = json_string(json_string_value(v));
	else if (json_is_boolean(v))
		text = json_string(json_is_true(v) ? "1" : "0");
	else if (json_is_integer(v))
		text = json_sprintf("%lld", (long long)json_integer_value(v));
	if (text && json_is_array(params))
		json_array_append_new(params, json_pack("[s,o]", name, text));
	else if (text)
		json_object_set_new(params, name, text);
}

/* Names of parameters and, where they differ, of what is shown. */
static const char *const shown_params[][2] = {
	{ "scsi_id", NULL }, { "scsi_sn", NULL }, { "vendor_id", NULL }, { "product_id", NULL },
	{ "product_rev", NULL }, { "removable", NULL }, { "readonly", "readonly_conf" },
	{ "thin_provisioning", NULL }, { "rotation_rate", NULL }, { "lbppbe", NULL },
	{ "la_lba", NULL }, { "optimal_xfer_gran", NULL }, { "optimal_xfer_len", NULL },
	{ "online", NULL }, { "third_party_copy", NULL }, { "cdb32", NULL },
};

/* Initiators change these as well: not what they are counts, but what was said. */
static const char *const mode_params[] = { "sense_format", "swp" };

bool diff_lun_shown(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shown_params); i++)
		if (!strcmp(shown_params[i][0], name))
			return true;
	for (i = 0; i < ARRAY_SIZE(mode_params); i++)
		if (!strcmp(mode_params[i], name))
			return true;
	return conf_limit_name(name);
}

static json_t *lun_params(const json_t *shown)
{
	json_t *params = json_array(), *pair, *v;
	const char *name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shown_params); i++)
		put(params, shown_params[i][0],
		    json_object_get(shown, shown_params[i][shown_params[i][1] ? 1 : 0]));
	json_object_foreach(json_object_get(shown, "limits"), name, v)
		put(params, name, v);
	json_array_foreach(json_object_get(shown, "said"), i, pair)
		json_array_append(params, pair);
	return params;
}

static void copy(json_t *to, const char *as, const json_t *from, const char *name)
{
	json_t *v = json_object_get(from, name);

	if (v && !json_is_null(v) && !(json_is_string(v) && !*json_string_value(v)))
		json_object_set(to, as, v);
}

static json_t *lun_state(const json_t *shown)
{
	const char *type = diff_str(shown, "type");
	bool disk = !strcmp(type, "disk");
	const char *block = "block_size";
	json_t *new = json_object();

	copy(new, "backing-store", shown, "path");
	copy(new, "bsopts", shown, "bsopts");
	copy(new, "bsoflags", shown, "flags");
	if (strcmp(diff_str(shown, "bstype"), "rdwr"))
		copy(new, "bstype", shown, "bstype");
	/* An initiator may have formatted it to another than it was made with. */
	if (json_object_get(shown, "block_size_conf"))
		block = "block_size_conf";
	if (diff_int(shown, block) != 512)
		copy(new, "blocksize", shown, block);
	/* The classic text's "cd/dvd" is "cd" for "logicalunit new". */
	if (!disk || !diff_int(shown, "lun"))
		json_object_set_new(new, "device-type",
				    json_stringn(type, strcspn(type, "/")));
	return json_pack("{s:O s:s s:b s:o s:o}", "lun", json_object_get(shown, "lun"), "where",
			 "running", "disk", disk, "new", new, "params", lun_params(shown));
}

static json_t *luns_state(const json_t *shown)
{
	json_t *luns = json_array(), *lu;
	size_t i;

	json_array_foreach(shown, i, lu)
		if (diff_int(lu, "lun") || strcmp(diff_str(lu, "type"), "controller"))
			json_array_append_new(luns, lun_state(lu));
	return luns;
}

static json_t *target_params(const json_t *shown)
{
	static const char *const names[] = { "state", "nop_interval", "nop_count",
					     "access_changes", "transition_time" };
	const json_t *redirect = json_object_get(shown, "redirect");
	json_t *params = json_deep_copy(json_object_get(shown, "params"));
	size_t i;

	if (!params)
		params = json_object();
	for (i = 0; i < ARRAY_SIZE(names); i++)
		put(params, names[i], json_object_get(shown, names[i]));
	put(params, "PortalGroups", json_object_get(shown, "portal_groups"));
	put(params, "TargetAlias", json_object_get(shown, "alias"));
	put(params, "CHAPAlgorithms", json_object_get(shown, "chap_algorithms"));
	put(params, "RedirectAddress", json_object_get(redirect, "address"));
	put(params, "RedirectCallback", json_object_get(redirect, "callback"));
	put(params, "RedirectPort", json_object_get(redirect, "port"));
	put(params, "RedirectReason", json_object_get(redirect, "reason"));
	return params;
}

/* "lun_maps" of what is shown, by initiator. */
static json_t *maps_state(const json_t *shown)
{
	json_t *maps = json_object(), *map;
	size_t i;

	json_array_foreach(shown, i, map)
		json_object_set(maps, diff_str(map, "initiator"), map);
	return maps;
}

/* "port_groups" of what is shown, by number. */
static json_t *groups_state(const json_t *shown)
{
	json_t *groups = json_object(), *g;
	char key[16];
	size_t i;

	json_array_foreach(shown, i, g) {
		snprintf(key, sizeof(key), "%lld", diff_int(g, "group"));
		json_object_set_new(groups, key, json_pack(
			"{s:O s:O s:O s:O}", "state", json_object_get(g, "state_conf"),
			"preferred", json_object_get(g, "preferred"), "portal-groups",
			json_object_get(g, "portal_groups"), "remote-ports",
			json_object_get(g, "remote_ports")));
	}
	return groups;
}

/* "initiator_limits" of what is shown, by initiator. */
static json_t *limits_state(const json_t *shown)
{
	json_t *limits = json_object(), *rule, *limit;
	size_t i;

	json_array_foreach(shown, i, rule) {
		limit = json_copy(rule);
		json_object_del(limit, "initiator");
		json_object_set_new(limits, diff_str(rule, "initiator"), limit);
	}
	return limits;
}

/* A target's "accounts" as they are shown, or none. */
static json_t *bindings_state(const json_t *shown)
{
	json_t *accounts = json_object_get(shown, "accounts");

	return json_is_array(accounts) ? json_incref(accounts) : json_array();
}

void diff_state_accounts(json_t *state, const json_t *shown)
{
	json_t *accounts = json_object(), *discovery = json_array(), *a, *b, *bound;
	size_t i, j;

	json_array_foreach(shown, i, a) {
		bound = json_object_get(a, "bound");
		json_object_set_new(accounts, diff_str(a, "user"),
				    json_pack("{s:b s:O*}", "bound", json_array_size(bound) > 0,
					      "password", json_object_get(a, "password")));
		json_array_foreach(bound, j, b)
			if (!json_object_get(b, "tid"))
				json_array_append_new(discovery, json_pack(
					"{s:O s:O}", "user", json_object_get(a, "user"), "outgoing",
					json_object_get(b, "outgoing")));
	}
	json_object_set_new(state, "accounts", accounts);
	json_object_set_new(state, "discovery", discovery);
}

/* Only what was said of this portal: the rest is as for all, which tgtd's options say. */
static json_t *options_state(const json_t *shown)
{
	json_t *options = json_object();
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(shown, "own"), i, v) {
		const char *name = json_string_value(v);
		bool timeout = !strcmp(name, "user-timeout"), keep = !strcmp(name, "keepalive");

		put(options, name, json_object_get(shown, timeout ? "user_timeout" : name));
		if (!json_object_get(options, name))
			json_object_set_new(options, name, json_string(keep ? "0:0:0" : "0"));
	}
	return options;
}

void diff_state_portals(json_t *state, const json_t *shown)
{
	json_t *portals = json_object(), *s, *portal, *key;
	size_t i;

	json_array_foreach(shown, i, s) {
		portal = json_pack("{s:O s:s s:O s:O s:o s:O s:O s:s}", "portal",
				   json_object_get(s, "address"), "interface",
				   diff_str(s, "interface"), "tag", json_object_get(s, "tag"),
				   "origin", json_object_get(s, "origin"), "options",
				   options_state(s), "addresses",
				   json_object_get(s, "initiator_addresses"), "names",
				   json_object_get(s, "initiator_names"), "where", "running");
		key = conf_portal_key(portal);
		json_object_set_new(portals, json_string_value(key), portal);
		json_decref(key);
	}
	json_object_set_new(state, "portals", portals);
}

static void isns_state(json_t *system, const json_t *shown)
{
	put(system, "iSNSServerIP", json_object_get(shown, "server"));
	put(system, "iSNSServerPort", json_object_get(shown, "port"));
	json_object_set_new(system, "iSNSAccessControl",
			    json_string(json_is_true(json_object_get(shown, "access_control")) ?
						"On" : "Off"));
	json_object_set_new(system, "iSNS",
			    json_string(json_is_true(json_object_get(shown, "enabled")) ? "On" :
											  "Off"));
}

void diff_state_system(json_t *state, const json_t *shown)
{
	json_t *ms = json_object_get(shown, "slow_command_ms");
	json_t *system = json_pack("{s:s s:O s:O}", "debug",
				   json_is_true(json_object_get(shown, "debug")) ? "on" : "off",
				   "State", json_object_get(shown, "state"), "trace",
				   json_object_get(shown, "trace"));

	if (json_integer_value(ms))
		put(system, "slow-command", ms);
	else
		json_object_set_new(system, "slow-command", json_string("off"));
	isns_state(system, json_object_get(shown, "isns"));
	json_object_set_new(state, "system", system);
	json_object_set_new(state, "default-portal",
			    json_boolean(json_is_true(json_object_get(shown, "default_portal"))));
}

json_t *diff_state(const json_t *shown)
{
	json_t *targets = json_array(), *t;
	size_t i;

	json_array_foreach(shown, i, t) {
		json_array_append_new(targets, json_pack(
			"{s:O s:O s:O s:s s:I s:o s:O s:O s:o s:o s:o s:o s:o}",
			"name", json_object_get(t, "name"),
			"driver", json_object_get(t, "driver"), "tid", json_object_get(t, "tid"),
			"where", "running", "sessions",
			(json_int_t)json_array_size(json_object_get(t, "nexuses")), "params",
			target_params(t), "addresses", json_object_get(t, "initiator_addresses"),
			"names", json_object_get(t, "initiator_names"), "luns",
			luns_state(json_object_get(t, "luns")), "maps",
			maps_state(json_object_get(t, "lun_maps")), "groups",
			groups_state(json_object_get(t, "port_groups")), "limits",
			limits_state(json_object_get(t, "initiator_limits")), "accounts",
			bindings_state(t)));
	}
	return json_pack("{s:o}", "targets", targets);
}
