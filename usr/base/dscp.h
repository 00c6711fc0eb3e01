/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differentiated services code points (RFC 2474), by number or name.
 */
#ifndef BASE_DSCP_H
#define BASE_DSCP_H

#include <stdbool.h>
#include <stdint.h>

/* 0 to 63, or a class of RFC 2474, 2597, 3246 or 5865: "cs0", "af11", "ef", "va". False: neither. */
bool dscp_parse(const char *text, uint8_t *out);

#endif
