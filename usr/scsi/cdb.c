/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of command descriptor blocks that do not depend on a row: length and
 * service action. Called by transports and by the opcode table.
 */
#include "scsi/opcode.h"

#include "base/bytes.h"

#define OP_VARIABLE_LENGTH 0x7f

unsigned int cdb_length(const uint8_t *cdb, size_t have)
{
	/* SPC-4 table 20, by GROUP CODE; 3 is reserved but for 7Eh and 7Fh, 6 and 7 vendors'. */
	static const uint8_t by_group[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	if (!have)
		return 0;
	if (cdb[0] == OP_VARIABLE_LENGTH)
		return have > 7 ? 8u + cdb[7] : 0;
	return by_group[cdb[0] >> 5];
}

uint16_t opcode_service_action(uint8_t op, const uint8_t *cdb, size_t cdb_len)
{
	if (op == OP_VARIABLE_LENGTH)
		return cdb_len >= 10 ? get_be16(cdb + 8) : OP_NO_SA;
	return cdb_len >= 2 ? cdb[1] & 0x1f : OP_NO_SA;
}
