/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What targets.conf asks for, as a state to reach. diff_state.h brings the running
 * state into the same shape, so that the two can be compared.
 *
 *   state   { "targets": [target, ...], "control-port": "N", "ignore-errors": true,
 *             "accounts": {user: {"password", "where"}}, "discovery": [binding, ...],
 *             "system": {name: value}, "portals": {"ADDRESS" or "ADDRESS of INTERFACE": portal} }
 *   target  { "name", "driver", "tid" (0: any), "where": "FILE:LINE",
 *             "params": {name: value}, "addresses": [...], "names": [...], "luns": [lun, ...],
 *             "limits": {initiator: {"iops": N, ...}},
 *             "at": {name of a parameter, address or name: "FILE:LINE"},
 *             "maps": {initiator: {"luns", "all", "readonly", "where"}}: lunmap's arguments,
 *             "groups": {"N": {"state", ..., "where"}}: portgroup's arguments,
 *             "accounts": [binding, ...] }
 *   binding { "user", "outgoing", "where" }
 *   portal  { "portal": its address, "interface" ("": any), "tag", "options": {name: value},
 *             "addresses", "names", "where", "at" as of a target; running: "origin" }
 *   lun     { "lun", "where", "allow-in-use", "new": arguments of "logicalunit new",
 *             "params": [[name, value], ...] }
 *
 * The parameter "write_cache" of a LUN stands for the WCE bit of its caching mode page.
 */
#ifndef MGMT_CONF_MODEL_H
#define MGMT_CONF_MODEL_H

#include <jansson.h>

#include "mgmt/conf_tree.h"

#define CONF_LUN_MAX 16383
#define CONF_NAME_MAX 223 /* RFC 7143 4.2.7.1 */
#define CONF_NO_MEDIUM "NONE:" /* a path that begins so: no medium */

#define CONF_NO_PASSWORD "PLEASE_CORRECT_THE_PASSWORD" /* in the place of one that is not shown */

/* A new reference; NULL with notes: an error, told with file and line. Warnings alone are none. */
json_t *conf_model(const struct conf *c);
/* conf_init, conf_read, conf_model and conf_free in one. */
json_t *conf_load(const char *path, struct conf_notes *notes);

/* For conf_model.c: the LUNs of a target, into target["luns"]. */
int conf_luns(struct conf_notes *notes, const struct conf_node *target, json_t *out);
/* The same for its LUN maps: into target["maps"]. */
int conf_maps(struct conf_notes *notes, const struct conf_node *target, json_t *out);
/* And its target port groups: into target["groups"]. */
int conf_port_groups(struct conf_notes *notes, const struct conf_node *target, json_t *out);
/*
 * The same for an account: its password into @accounts, the state's, and what it is for into @list,
 * the target's or that of discovery.
 */
int conf_account(struct conf_notes *notes, const struct conf_node *n, bool outgoing,
		 json_t *accounts, json_t *list);
/* A directive of LUNs, which a target may have for all of its own. */
bool conf_lun_directive(const char *name);
bool conf_is_yes(const char *value);
bool conf_is_no(const char *value);

#endif
