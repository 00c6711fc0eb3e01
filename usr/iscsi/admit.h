/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may have which target by which portal: asked at login and discovery, and again of
 * running connections when the administrator changes his mind.
 */
#ifndef ISCSI_ADMIT_H
#define ISCSI_ADMIT_H

#include <stdint.h>

#include "base/err.h"
#include "iscsi/iscsi_proto.h"

struct iscsi_conn;
struct iscsi_portal;
struct iscsi_target;
struct target;

#define ADMIT_GROUPS_MAX 64 /* portal groups that a target may be bound to */

/* Portal groups of a target. None: all that there are. */
struct admit_groups {
	uint16_t tags[ADMIT_GROUPS_MAX]; /* ascending */
	unsigned int n;
};

/* "1,3" or "" or "all". 0, or -EINVAL with @err. */
int admit_groups_parse(struct admit_groups *g, const char *text, struct err *err);
/* "1,3"; "" for all. @out: ADMIT_GROUPS_TEXT bytes. */
#define ADMIT_GROUPS_TEXT (ADMIT_GROUPS_MAX * 6 + 1)
const char *admit_groups_format(const struct admit_groups *g, char *out);
bool admit_groups_have(const struct admit_groups *g, uint16_t tag);

/*
 * LOGIN_OK; LOGIN_FORBIDDEN: an access list, of the target or the portal, or iSNS; LOGIN_UNAVAILABLE:
 * iSNS has to say and has not yet; LOGIN_NOT_FOUND: the target is not in this portal's group.
 */
enum iscsi_login_status admit(const struct iscsi_target *it, const char *initiator,
			      const struct iscsi_conn *conn);
/* Whether an initiator may use the portal that @conn came by. */
bool admit_portal(const char *initiator, const struct iscsi_conn *conn);
/* Cuts what is not admitted any more: of target @t, or NULL: of all. */
void admit_again(const struct target *t);
/* transport->ports: the tags of portals by which the target is reached, ascending. */
unsigned int admit_ports(const struct target *t, uint16_t *out, unsigned int max);

#endif
