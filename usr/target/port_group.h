/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Target port groups (SPC-5 5.16, "ALUA"): which target ports of a target belong together, and how
 * well its logical units are reached by them. A target port is the target with a portal group
 * (RFC 7143 4.2.5). Without groups all ports are alike, and initiators are told of none.
 *
 * Logical units with the same designator (lu_by_naa()) are one to an initiator, so the groups of
 * all their targets are told together.
 */
#ifndef TARGET_PORT_GROUP_H
#define TARGET_PORT_GROUP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

struct core;
struct lu;
struct nexus;
struct target;

/* ASYMMETRIC ACCESS STATE, SPC-5 table 299 */
enum access_state {
	ACCESS_OPTIMIZED = 0x0,
	ACCESS_NONOPTIMIZED = 0x1,
	ACCESS_STANDBY = 0x2,
	ACCESS_UNAVAILABLE = 0x3,
	ACCESS_OFFLINE = 0xe,
	ACCESS_TRANSITIONING = 0xf,
};

/* STATUS CODE, SPC-5 table 300: by what the state was changed last */
enum access_status { ACCESS_NEVER, ACCESS_EXPLICIT, ACCESS_IMPLICIT };

/* Who may change states: TPGS of INQUIRY */
enum access_changes { CHANGES_NONE, CHANGES_IMPLICIT, CHANGES_EXPLICIT, CHANGES_BOTH };

#define PORT_GROUPS_MAX 64	/* of a target */
#define PORT_GROUP_PORTS_MAX 64 /* of a group */

struct group_port {
	uint16_t tag; /* portal group; 0: the port is another tgtd's */
	uint16_t rel; /* relative target port identifier */
};

struct port_group {
	struct list link; /* target->port_groups.list, by id */
	uint16_t id;	  /* TARGET PORT GROUP */
	bool preferred;
	uint8_t state;	  /* enum access_state */
	uint8_t state_conf; /* as the administrator said last */
	uint8_t status;	  /* enum access_status */
	uint64_t n_changes[3]; /* of the state, by enum access_status */
	unsigned int n;	  /* ports; 0: those that no other group has */
	struct group_port ports[PORT_GROUP_PORTS_MAX];
};

/* Embedded in the target. */
struct port_groups {
	struct list list;
	unsigned int n;
	uint8_t changes;	 /* enum access_changes, where there are groups */
	uint8_t transition_time; /* IMPLICIT TRANSITION TIME, seconds; 0: none told */
};

/* What the administrator says of a group. NULL: as it was, or as a new group has it. */
struct port_group_change {
	uint64_t id;
	const char *state, *ports, *remote_ports;
	const json_t *preferred;
};

void port_groups_init(struct port_groups *g);
void port_groups_free(struct port_groups *g);
/* 0, or -EINVAL with @err: ERR_INVALID_REQUEST. With @update the group is there already. */
int port_group_set(struct target *t, const struct port_group_change *ch, bool update,
		   struct err *err);
int port_group_delete(struct target *t, uint64_t id, struct err *err);
/* "access_changes", "transition_time" of "target update"; -ENOENT: another name. */
int port_groups_target_set(struct target *t, const char *name, const char *value, struct err *err);
/* [{"group", "state", ...}], a new reference. */
json_t *port_groups_show(const struct port_groups *g);
const char *access_changes_name(uint8_t changes);

/* The group of a portal group; NULL: it is in none. */
const struct port_group *port_group_of(const struct target *t, uint16_t tag);
/* The relative target port identifier of a portal group, and what has it; 0: nothing here. */
uint16_t port_relative(const struct target *t, uint16_t tag);
uint16_t port_by_relative(const struct target *t, uint16_t rel);
/* Ports of the group, at most @max; how many. */
unsigned int port_group_ports(const struct target *t, const struct port_group *g, uint16_t *rel,
			      unsigned int max);
/* For nexus.c: finds the group and its state, which the gates look at. */
void port_group_enter(struct nexus *n);

/* Groups with one id, of all targets that show the logical unit. */
struct lu_group {
	const struct port_group *group; /* of @target: that of the LU itself where it has one */
	struct target *target;
};
/* The groups of all that show @lu, each id once; how many, at most @max. */
unsigned int port_groups_of_lu(const struct lu *lu, struct lu_group *out, unsigned int max);
/*
 * An initiator's SET TARGET PORT GROUPS, through @n: the group's state, for all targets that show
 * @lu. False: there is no such group, or all of it belongs to another tgtd.
 */
bool port_group_set_state(struct lu *lu, uint16_t id, uint8_t state, const struct nexus *n);

#endif
