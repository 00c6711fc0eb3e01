/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CRC32C of iSCSI digests (RFC 7143 section 13.1; polynomial 0x11edc6f41,
 * reflected). The table version takes eight bytes a step.
 */
#include "base/crc32c.h"

#include <pthread.h>
#ifdef WITH_ISAL
#include <isa-l/crc.h>
#endif

#include "base/util.h"

#define POLY_REFLECTED 0x82f63b78u

/* table[k][b]: the register after byte b and k zero bytes. */
static uint32_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void)
{
	for (unsigned int b = 0; b < 256; b++) {
		uint32_t r = b;

		for (int bit = 0; bit < 8; bit++)
			r = r >> 1 ^ (r & 1 ? POLY_REFLECTED : 0);
		table[0][b] = r;
	}
	for (unsigned int k = 1; k < 8; k++)
		for (unsigned int b = 0; b < 256; b++)
			table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 0xff];
}

uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t r = ~crc;

	pthread_once(&table_once, table_fill);
	for (; len >= 8; p += 8, len -= 8) {
		r ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		     (uint32_t)p[3] << 24;
		r = table[7][r & 0xff] ^ table[6][r >> 8 & 0xff] ^ table[5][r >> 16 & 0xff] ^
		    table[4][r >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
		    table[0][p[7]];
	}
	while (len--)
		r = r >> 8 ^ table[0][(r ^ *p++) & 0xff];
	return ~r;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
#ifdef WITH_ISAL
	unsigned char *p = (unsigned char *)(uintptr_t)data;

	/* ISA-L's length is an int. It neither inverts nor writes. */
	crc = ~crc;
	while (len) {
		int n = (int)min_u64(len, GiB);

		crc = crc32_iscsi(p, n, crc);
		p += n;
		len -= (size_t)n;
	}
	return ~crc;
#else
	return crc32c_by_table(crc, data, len);
#endif
}
