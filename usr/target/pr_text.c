/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Persistent reservations as text, for the file that pr_store.c keeps:
 *
 *	tgt-persistent-reservations 1
 *	target iqn.2026-01.test:disk
 *	lun 1
 *	reservation 5 0
 *	registration 0x0123456789abcdef 1 45000028... iqn.1994-05.test:a,i,0x800000000001
 *	checksum 1a2b3c4d
 *
 * A reservation has its type and the number of its holder among the registrations ("-": none, or
 * all). A registration has its key, relative target port identifier, TransportID, and the last
 * once more for readers. The checksum is the CRC32C of the lines before.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keepfile.h"
#include "base/strbuf.h"
#include "scsi/names.h"
#include "target/pr.h"
#include "target/pr_store.h"

#define HEAD "tgt-persistent-reservations 1\n"
#define REGISTRATION "registration "

static void put_registration(struct strbuf *out, const struct pr_reg *r)
{
	char text[TRANSPORTID_TEXT_MAX];

	strbuf_printf(out, REGISTRATION "0x%016" PRIx64 " %u ", r->key, r->rel_port);
	for (unsigned int i = 0; i < r->id.len; i++)
		strbuf_printf(out, "%02x", r->id.bytes[i]);
	transportid_text(&r->id, text);
	strbuf_printf(out, " %s\n", text);
}

void pr_text_write(struct strbuf *out, const struct pr_owner *owner, const struct pr_state *s)
{
	char name[SCSI_NAME_MAX + 1];

	name_fold(name, owner->target);
	strbuf_puts(out, HEAD);
	strbuf_printf(out, "target %s\nlun %" PRIu64 "\n", name, owner->lun);
	if (s->holder == PR_NONE)
		strbuf_printf(out, "reservation %u -\n", s->type);
	else
		strbuf_printf(out, "reservation %u %" PRIu32 "\n", s->type, s->holder);
	for (uint32_t i = 0; i < s->n; i++)
		put_registration(out, &s->regs[i]);
	keepfile_put_checksum(out);
}

static uint32_t count_registrations(const char *text)
{
	uint32_t n = 0;

	while ((text = strstr(text, "\n" REGISTRATION)) != NULL) {
		text++;
		n++;
	}
	return n;
}

/* Two hexadecimal digits each, up to the next blank; bytes, 0 when it is no TransportID. */
static unsigned int get_id(const char *p, struct transportid *id)
{
	uint8_t raw[TRANSPORTID_MAX];
	unsigned int n = 0, v;

	while (n < sizeof(raw) && sscanf(p + 2 * (size_t)n, "%2x", &v) == 1 && p[2 * n] != ' ')
		raw[n++] = (uint8_t)v;
	return transportid_parse(id, raw, n) == n ? n : 0;
}

static const char *get_registration(const char *p, struct pr_state *s)
{
	struct transportid id;
	uint64_t key;
	unsigned int port;
	int at = 0;

	if (sscanf(p, REGISTRATION "0x%" SCNx64 " %u %n", &key, &port, &at) != 2 || !at)
		return NULL;
	if (!key || port > UINT16_MAX || !get_id(p + at, &id) ||
	    pr_state_find(s, &id, (uint16_t)port) != PR_NONE)
		return NULL;
	pr_state_add(s, &id, (uint16_t)port, key);
	p = strchr(p, '\n');
	return p ? p + 1 : NULL;
}

static bool reservation_possible(const struct pr_state *s)
{
	if (!s->type || pr_all_registrants(s->type))
		return s->holder == PR_NONE && (!s->type || s->n);
	return pr_type_valid(s->type) && s->holder < s->n;
}

static bool get_reservation(const char *p, struct pr_state *s)
{
	unsigned int type;
	char holder[16];

	p = strstr(p, "\nreservation ");
	if (!p || sscanf(p, "\nreservation %u %15s", &type, holder) != 2 || type > UINT8_MAX)
		return false;
	s->type = (uint8_t)type;
	s->holder = *holder == '-' ? PR_NONE : (uint32_t)strtoul(holder, NULL, 10);
	return true;
}

static bool get_state(const char *text, struct pr_state *s)
{
	uint32_t n = s->max;
	const char *p;

	if (!get_reservation(text, s))
		return false;
	p = strstr(text, "\n" REGISTRATION);
	for (p = p ? p + 1 : NULL; p && n; n--)
		p = get_registration(p, s);
	return !n && reservation_possible(s);
}

/* What is read strictly is what would be written again. */
static bool same_text(const char *text, const struct pr_owner *owner, const struct pr_state *s)
{
	struct strbuf again = STRBUF_INIT;
	bool same;

	pr_text_write(&again, owner, s);
	same = strbuf_ok(&again) && !strcmp(strbuf_str(&again), text);
	strbuf_free(&again);
	return same;
}

int pr_text_read(const char *text, const struct pr_owner *owner, struct pr_state **out,
		 const char **why)
{
	struct pr_state *s;

	if (strncmp(text, HEAD, strlen(HEAD))) {
		*why = "it is no file of persistent reservations of version 1";
		return -EINVAL;
	}
	if (!keepfile_checksum_right(text)) {
		*why = "its checksum is wrong, so it was cut off or changed";
		return -EINVAL;
	}
	*why = "there is no memory for it";
	s = count_registrations(text) <= PR_REGS_MAX ?
		    pr_state_copy(NULL, count_registrations(text)) : NULL;
	if (!s)
		return -ENOMEM;
	s->aptpl = true;
	if (!get_state(text, s) || !same_text(text, owner, s)) {
		free(s);
		*why = "it tells of another logical unit, or of what can't be";
		return -EINVAL;
	}
	*out = s;
	return 0;
}
