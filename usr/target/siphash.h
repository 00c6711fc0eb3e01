/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 with 128 bits (Aumasson and Bernstein): identities are made with
 * it, so that the same input gives the same bytes for ever.
 */
#ifndef TARGET_SIPHASH_H
#define TARGET_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

void siphash128(uint8_t out[16], const uint8_t key[16], const void *data, size_t len);

#endif
