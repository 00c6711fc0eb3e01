/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mode pages that several device types have (SPC-4 7.5). @p is the page without
 * its header of 2 (subpages: 4) bytes, zeroed.
 */
#include "base/bytes.h"
#include "dev/spc.h"

/* Control page, bytes 2, 4 and 5 */
#define D_SENSE 0x04
#define GLTSD 0x02
#define SWP 0x08
#define TAS 0x40
/* Control Extension page, byte 4: the clock is the host's, unless SET TIMESTAMP says otherwise. */
#define TCMOS 0x04
#define SCSIP 0x02

const uint8_t spc_mode_control_mask[10] = { [0] = D_SENSE, [2] = SWP, [3] = TAS };

static void set_bit(uint8_t *byte, uint8_t bit, bool on)
{
	*byte = (uint8_t)(on ? *byte | bit : *byte & ~bit);
}

/* 02h, SPC-4 7.5.10: nothing here limits a transport. */
void spc_mode_reconnect_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	(void)p;
}

/*
 * 0Ah, SPC-4 7.5.8. TST 0: one task set for all nexuses. QERR 0. QUEUE ALGORITHM MODIFIER 1:
 * SIMPLE commands run in any order, also when they overlap.
 */
void spc_mode_control_defaults(const struct lu *lu, uint8_t *p)
{
	p[0] = GLTSD; /* log parameters are not saved */
	p[1] = 0x10;
	put_be16(p + 8, (uint16_t)min_u64(spc_selftest_seconds(lu), UINT16_MAX));
}

/* "logicalunit update" sets these as well. */
void spc_mode_control_current(const struct lu *lu, uint8_t *p)
{
	set_bit(&p[0], D_SENSE, lu->descriptor_sense);
	set_bit(&p[2], SWP, lu->swp);
	set_bit(&p[3], TAS, lu->tas);
}

void spc_mode_control_changed(struct lu *lu, const uint8_t *p)
{
	lu->descriptor_sense = p[0] & D_SENSE;
	lu->swp = p[2] & SWP;
	lu->tas = p[3] & TAS;
}

/* 0Ah/01h, SPC-4 7.5.9 */
void spc_mode_control_ext_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[0] |= SCSIP | TCMOS;
}

/* 1Ah, SPC-4 7.5.13: no timer runs. */
void spc_mode_power_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	(void)p;
}

/* 1Ch, SPC-4 7.5.11: DEXCPT, there are no failure predictions. */
void spc_mode_exceptions_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[0] = 0x08;
}
