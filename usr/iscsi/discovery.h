/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SendTargets (RFC 7143 appendix C).
 */
#ifndef ISCSI_DISCOVERY_H
#define ISCSI_DISCOVERY_H

struct iscsi_conn;
struct strbuf;

/* Appends what @which ("All", "" or a name) asks for. 0; -EINVAL: not allowed here. */
int discovery_send_targets(const struct iscsi_conn *conn, const char *which, struct strbuf *out);

#endif
