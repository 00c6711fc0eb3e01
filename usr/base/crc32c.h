/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC32C (Castagnoli), the digest of RFC 7143 section 13.1: by ISA-L where the
 * build has it, else by a table.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Continues @crc over @len bytes; start with 0. The value is the finished digest
 * (inverted); on the wire it goes least significant byte first.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
/* The same without ISA-L; for crc32c() and its test. */
uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t len);

#endif
