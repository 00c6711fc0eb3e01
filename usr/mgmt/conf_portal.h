/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What targets.conf says of portals and of the daemon itself. The shape is told in conf_model.h.
 */
#ifndef MGMT_CONF_PORTAL_H
#define MGMT_CONF_PORTAL_H

#include <jansson.h>

#include "mgmt/conf_tree.h"

#define CONF_PORTAL_PORT 3260 /* RFC 7143 13.1 */

/* A line or a block, into @portals. 0, or -EINVAL with notes. */
int conf_portal(struct conf_notes *notes, const struct conf_node *n, json_t *portals);
/* Under which name a portal stands there: its address, and the interface if there is one. */
json_t *conf_portal_key(const json_t *portal);
/* debug, slow-command, state or trace, into @system by the names that "system update" knows. */
int conf_system(struct conf_notes *notes, const struct conf_node *n, json_t *system);

#endif
