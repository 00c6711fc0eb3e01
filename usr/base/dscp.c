/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of differentiated services code points (dscp.h).
 */
#include "base/dscp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

#define DSCP_MAX 63

static const struct {
	const char *name;
	uint8_t dscp;
} classes[] = {
	{ "af11", 10 }, { "af12", 12 }, { "af13", 14 }, { "af21", 18 }, { "af22", 20 },
	{ "af23", 22 }, { "af31", 26 }, { "af32", 28 }, { "af33", 30 }, { "af41", 34 },
	{ "af42", 36 }, { "af43", 38 }, { "cs0", 0 },	{ "cs1", 8 },	{ "cs2", 16 },
	{ "cs3", 24 },	{ "cs4", 32 },	{ "cs5", 40 },	{ "cs6", 48 },	{ "cs7", 56 },
	{ "ef", 46 },	{ "va", 44 },
};

bool dscp_parse(const char *text, uint8_t *out)
{
	unsigned long v;
	char *end;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strcasecmp(classes[i].name, text))
			continue;
		*out = classes[i].dscp;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	v = strtoul(text, &end, 0);
	if (*end || v > DSCP_MAX)
		return false;
	*out = (uint8_t)v;
	return true;
}
