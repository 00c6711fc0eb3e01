/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds and reads TransportIDs. Called by the persistent reservations of
 * target/ and dev/.
 */
#include "scsi/transportid.h"

#include <string.h>

#include "base/bytes.h"
#include "base/util.h"
#include "scsi/names.h"

#define FIXED_LEN 24   /* all but iSCSI: SPC-4 table 386 to 393 */
#define ISCSI_MIN 24   /* ADDITIONAL LENGTH is at least 20 (SPC-4 7.6.4.6) */
#define HEADER 4
#define FORMAT_PORT 0x40 /* TPID FORMAT 01b */
#define SEPARATOR ",i,0x"
#define SEPARATOR_LEN 5
#define ISID_DIGITS 12

static_assert(HEADER + SCSI_NAME_MAX + SEPARATOR_LEN + ISID_DIGITS + 1 <= TRANSPORTID_MAX,
	      "the longest name fits");

static const char digits[] = "0123456789abcdef";

static unsigned int put_hex(char *out, const uint8_t *p, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	return 2 * len;
}

void transportid_iscsi(struct transportid *id, const char *name, const uint8_t isid[6])
{
	char *text = (char *)id->bytes + HEADER;
	size_t len;

	memset(id, 0, sizeof(*id));
	name_fold(text, name);
	len = strlen(text);
	if (isid) {
		memcpy(text + len, SEPARATOR, SEPARATOR_LEN);
		len += SEPARATOR_LEN;
		len += put_hex(text + len, isid, 6);
	}
	/* NUL terminated and padded (SPC-4 4.4.2) */
	id->len = (uint16_t)max_u64(ISCSI_MIN, HEADER + round_up(len + 1, 4));
	id->bytes[0] = (uint8_t)((isid ? FORMAT_PORT : 0) | TRANSPORTID_ISCSI);
	put_be16(id->bytes + 2, (uint16_t)(id->len - HEADER));
}

static int hex_digit(char c)
{
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool parse_isid(uint8_t isid[6], const char *text)
{
	if (strlen(text) != ISID_DIGITS)
		return false;
	for (int i = 0; i < 6; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		isid[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is_separator(const char *s)
{
	return s[0] == ',' && (s[1] == 'i' || s[1] == 'I') && s[2] == ',' && s[3] == '0' &&
	       (s[4] == 'x' || s[4] == 'X');
}

/* @text is "name" or "name,i,0xISID"; it is cut at the comma. */
static bool parse_name(struct transportid *id, char *text, bool port)
{
	char *comma = strchr(text, ',');
	uint8_t isid[6];

	if (port != (comma != NULL))
		return false;
	if (port) {
		if (!is_separator(comma) || !parse_isid(isid, comma + SEPARATOR_LEN))
			return false;
		*comma = '\0';
	}
	if (!*text || strlen(text) > SCSI_NAME_MAX)
		return false;
	transportid_iscsi(id, text, port ? isid : NULL);
	return true;
}

static unsigned int parse_iscsi(struct transportid *id, const uint8_t *p, unsigned int have)
{
	unsigned int len = HEADER + get_be16(p + 2), format = p[0] >> 6;
	char text[TRANSPORTID_MAX];

	if (len > have || len < ISCSI_MIN || len % 4 || format > 1)
		return 0;
	/* Longer ones are padded with more NULs than the standard asks for. */
	memcpy(text, p + HEADER, min_u32(len - HEADER, sizeof(text)));
	if (!memchr(text, '\0', min_u32(len - HEADER, sizeof(text))))
		return 0;
	return parse_name(id, text, format == 1) ? len : 0;
}

unsigned int transportid_parse(struct transportid *id, const uint8_t *p, unsigned int have)
{
	if (have < FIXED_LEN)
		return 0;
	if ((p[0] & 0x0f) == TRANSPORTID_ISCSI)
		return parse_iscsi(id, p, have);
	if (p[0] >> 6)
		return 0;
	memset(id, 0, sizeof(*id));
	memcpy(id->bytes, p, FIXED_LEN);
	id->len = FIXED_LEN;
	return FIXED_LEN;
}

uint8_t transportid_protocol(const struct transportid *id)
{
	return id->bytes[0] & 0x0f;
}

bool transportid_any_port(const struct transportid *id)
{
	return id->bytes[0] == TRANSPORTID_ISCSI;
}

bool transportid_port_of(const struct transportid *port, const struct transportid *any)
{
	const char *name = (const char *)any->bytes + HEADER;
	size_t len = strlen(name);

	return port->bytes[0] == (FORMAT_PORT | TRANSPORTID_ISCSI) &&
	       !memcmp(port->bytes + HEADER, name, len) && port->bytes[HEADER + len] == ',';
}

bool transportid_equal(const struct transportid *a, const struct transportid *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static bool is_printable(const char *s)
{
	while (*s > ' ' && *s <= '~')
		s++;
	return !*s;
}

void transportid_text(const struct transportid *id, char *out)
{
	const char *name = (const char *)id->bytes + HEADER;

	if (transportid_protocol(id) == TRANSPORTID_ISCSI && is_printable(name))
		strcpy(out, name);
	else
		out[put_hex(out, id->bytes, id->len)] = '\0';
}
