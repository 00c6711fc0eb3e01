/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between port_group.c, which knows what groups a target has, and port_group_state.c, which
 * knows what initiators have to be told.
 */
#ifndef TARGET_PORT_GROUP_PRIV_H
#define TARGET_PORT_GROUP_PRIV_H

#include <stdint.h>

struct lu;
struct nexus;
struct port_group;
struct target;

/* NULL: the target has none. */
struct port_group *port_group_by_id(const struct target *t, uint64_t id);
/* As the administrator writes it. */
const char *port_group_state_name(uint8_t state);
/* Which groups there are, or their ports, or who may change states. */
void port_groups_changed(struct target *t);
/* Which of them are preferred. */
void port_group_preference_changed(struct target *t);
/* To @state, because of an initiator's command to @cause by @n, or, both NULL, without. */
void port_group_state_changed(struct target *t, struct port_group *g, uint8_t state,
			      const struct lu *cause, const struct nexus *n);

#endif
