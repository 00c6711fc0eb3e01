/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TCP link's entry for conn.c; the rest is behind struct iscsi_link.
 */
#ifndef ISCSI_TCP_H
#define ISCSI_TCP_H

#include "base/loop.h"

#define TCP_STAGING (256u * 1024) /* bytes of iscsi.staging */

void tcp_ready(struct loop_fd *lf, uint32_t events);

#endif
