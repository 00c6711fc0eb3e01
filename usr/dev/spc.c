/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a logical unit that all device types have: made and freed by
 * their attach() and detach(), configured by "logicalunit update".
 */
#include "dev/spc.h"
#include "dev/spc_mode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/ua.h"

static uint32_t pages_len(const struct dev_type *dev)
{
	uint32_t len = 0;

	for (const struct mode_page *p = dev->modes; p && p->name; p++)
		len += p->len;
	return len;
}

/* The page's own defaults are the configured ones until spc_set() changes them. */
static void modes_init(struct lu *lu)
{
	uint8_t *p = spc_lu(lu)->modes.dflt;

	for (const struct mode_page *page = lu->dev->modes; page && page->name; page++) {
		page->defaults(lu, p);
		p += page->len;
	}
}

int spc_attach(struct lu *lu, struct spc_lu *s, const struct spc_ops *ops, struct err *err)
{
	uint32_t len = pages_len(lu->dev);
	uint8_t *mem = NULL;

	if (len) {
		mem = calloc(4, len);
		if (!mem) {
			err_set(err, ERR_NOMEM, "no memory for the mode pages");
			return -ENOMEM;
		}
		s->modes.cur = mem;
		s->modes.dflt = mem + len;
		s->modes.work = mem + 2 * (size_t)len;
		s->modes.saved = mem + 3 * (size_t)len;
	}
	s->modes.len = len;
	s->ops = ops;
	lu->dev_priv = s;
	modes_init(lu);
	spc_mode_saved_load(lu);
	spc_modes_reset(lu);
	return 0;
}

void spc_detach(struct lu *lu)
{
	struct spc_lu *s = spc_lu(lu);

	free(s->modes.cur);
	free(s->buffer);
	free(s->echo);
	memset(s, 0, sizeof(*s));
	lu->dev_priv = NULL;
}

/* The next number of a list with colons; false at its end and when it is none or above 255. */
static bool next_byte(const char **text, unsigned long *v)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*v = strtoul(*text, &end, 0);
	if (*v > 255 || (*end && *end != ':'))
		return false;
	*text = *end ? end + 1 : end;
	return true;
}

static int parse_params(const char *text, const struct mode_page *page, uint8_t *params,
			struct err *err)
{
	unsigned long v;

	for (unsigned int i = 0; i < page->len; i++) {
		if (!next_byte(&text, &v))
			return err_set(err, ERR_INVALID_REQUEST,
				       "mode_page: byte %u of the %u is not a number of 0 to 255",
				       i, page->len);
		params[i] = (uint8_t)v;
	}
	if (*text)
		return err_set(err, ERR_INVALID_REQUEST, "mode_page: more than %u bytes",
			       page->len);
	return 0;
}

/* New defaults, that are current at once. */
static void mode_page_configure(struct lu *lu, const struct mode_page *page, const uint8_t *params)
{
	struct spc_modes *m = &spc_lu(lu)->modes;
	uint8_t *work = spc_mode_work(lu, page);

	spc_mode_work_begin(lu);
	for (unsigned int i = 0; i < page->len; i++) {
		uint8_t mask = spc_mode_mask(page, i);

		work[i] = (uint8_t)((work[i] & ~mask) | (params[i] & mask));
	}
	memcpy(m->dflt + (work - m->work), work, page->len);
	/* What an initiator has saved is current from the start (SPC-5 5.15). */
	if (lu->fresh && m->has_saved)
		return;
	spc_mode_saved_configure(lu, page, work);
	if (spc_mode_work_apply(lu))
		ua_raise_lu(lu, UA_MODE_CHANGED, NULL);
}

/*
 * page:subpage:len:byte:..., or page:subpage:default. Only changeable bits count: the others tell
 * what the device is, not what it should do.
 */
static int set_mode_page(struct lu *lu, const char *value, struct err *err)
{
	const struct mode_page *page;
	unsigned long code, sub, len = 0;
	uint8_t params[255];
	const char *text = value;
	bool dflt = false;
	int r = 0;

	if (!next_byte(&text, &code) || !next_byte(&text, &sub) ||
	    !(next_byte(&text, &len) || (dflt = !strcmp(text, "default"))))
		return err_set(err, ERR_INVALID_REQUEST, "mode_page=%s: "
			       "page:subpage:length:byte:... or page:subpage:default is wanted",
			       value);
	page = spc_mode_find(lu, (uint8_t)code, (uint8_t)sub);
	if (!page)
		return err_set(err, ERR_INVALID_REQUEST, "mode_page=%s: a %s has no such page",
			       value, lu->dev->name);
	if (!dflt && len != page->len)
		return err_set(err, ERR_INVALID_REQUEST, "mode_page=%s: the page has %u bytes",
			       value, page->len);
	if (dflt)
		page->defaults(lu, memset(params, 0, sizeof(params)));
	else
		r = parse_params(text, page, params, err);
	if (!r)
		mode_page_configure(lu, page, params);
	return r;
}

int spc_set(struct lu *lu, const char *name, const char *value, struct err *err)
{
	if (!strcmp(name, "mode_page"))
		return set_mode_page(lu, value, err);
	return -ENOENT;
}
