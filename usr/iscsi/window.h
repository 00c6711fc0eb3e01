/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command numbering (RFC 7143 4.2.2.1).
 */
#ifndef ISCSI_WINDOW_H
#define ISCSI_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct iscsi_session;

enum window_verdict {
	WINDOW_DUE,	/* it is ExpCmdSN; or immediate */
	WINDOW_EARLY,	/* inside the window, but another one comes first */
	WINDOW_DROP,	/* outside the window, or there already: silently ignored */
};

/* Serial number arithmetic (RFC 1982): a before b. */
static inline bool sn_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Changes nothing. */
enum window_verdict window_check(const struct iscsi_session *s, uint32_t cmd_sn, bool immediate);
/* The same, and ExpCmdSN advances when the verdict on a numbered one is WINDOW_DUE. */
enum window_verdict window_take(struct iscsi_session *s, uint32_t cmd_sn, bool immediate);

#endif
