/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of a logical unit: one row each, with the Unit Attention that tells
 * initiators of the change. Called by the verbs new and update.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "target/devtype.h"
#include "target/ident.h"
#include "target/lu.h"
#include "target/lu_priv.h"
#include "target/lu_record.h"
#include "target/qos.h"
#include "target/ua.h"

struct param {
	const char *name;
	enum { STRING, BOOL, U8, U16, U32 } type;
	size_t offset;	/* in struct lu */
	uint32_t max;	/* of a number; of a string, its length */
	enum ua_code ua;
	/* Before and after the value is taken; NULL: nothing to do. */
	int (*check)(struct lu *lu, bool value, struct err *err);
	void (*taken)(struct lu *lu);
};

static int bad_value(const struct param *p, const char *value, const char *what, struct err *err)
{
	return err_set(err, ERR_INVALID_REQUEST, "%s is %s, not '%s'", p->name, what, value);
}

static int parse_bool(const struct param *p, const char *value, bool *out, struct err *err)
{
	static const char *const words[][2] = {
		{ "off", "on" }, { "no", "yes" }, { "0", "1" }, { "false", "true" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (int v = 0; v < 2; v++) {
			if (strcasecmp(value, words[i][v]))
				continue;
			*out = v;
			return 0;
		}
	}
	return bad_value(p, value, "on or off (yes, no, 1, 0, true, false)", err);
}

static int parse_number(const struct param *p, const char *value, uint32_t *out, struct err *err)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(value, &end, 0);
	if (*value < '0' || *value > '9' || *end || errno || v > p->max)
		return err_set(err, ERR_INVALID_REQUEST,
			       "%s is a number from 0 to %" PRIu32 ", not '%s'", p->name, p->max,
			       value);
	*out = (uint32_t)v;
	return 0;
}

/* SPC-4 4.4.1: identification is graphic ASCII and spaces. */
static int check_string(const struct param *p, const char *value, struct err *err)
{
	const char *c;

	if (strlen(value) > p->max)
		return err_set(err, ERR_INVALID_REQUEST,
			       "%s has at most %" PRIu32 " characters: '%s'", p->name, p->max,
			       value);
	for (c = value; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return bad_value(p, value, "printable ASCII", err);
	return 0;
}

/* Stores the number; true when it differs from what was there. */
static bool store_number(void *field, int type, uint32_t v)
{
	uint32_t old;

	switch (type) {
	case U8:
		old = *(uint8_t *)field;
		*(uint8_t *)field = (uint8_t)v;
		break;
	case U16:
		old = *(uint16_t *)field;
		*(uint16_t *)field = (uint16_t)v;
		break;
	default:
		old = *(uint32_t *)field;
		*(uint32_t *)field = v;
	}
	return old != v;
}

/* 1: changed; 0: it was so already; or negative. */
static int set_bool(struct lu *lu, const struct param *p, const char *value, struct err *err)
{
	bool *field = (bool *)((char *)lu + p->offset), v = false;

	if (parse_bool(p, value, &v, err) || (p->check && p->check(lu, v, err)))
		return -EINVAL;
	if (*field == v)
		return 0;
	*field = v;
	return 1;
}

static int set_param(struct lu *lu, const struct param *p, const char *value, struct err *err)
{
	char *field = (char *)lu + p->offset;
	uint32_t v = 0;
	bool same;

	switch (p->type) {
	case BOOL:
		return set_bool(lu, p, value, err);
	case STRING:
		if (check_string(p, value, err))
			return -EINVAL;
		same = !strcmp(field, value);
		memcpy(field, value, strlen(value) + 1);
		return !same;
	default:
		if (parse_number(p, value, &v, err))
			return -EINVAL;
		return store_number(field, p->type, v);
	}
}

static int check_online(struct lu *lu, bool online, struct err *err)
{
	if (!online && lu->online && lu->n_prevent)
		return err_set(err, ERR_PREVENT_REMOVAL,
			       "an initiator has prevented the removal of the medium");
	if (!online && scsi_result_info(lu->background)->key == SK_NOT_READY)
		return err_set(err, ERR_LUN_ACTIVE, "its medium is being formatted or sanitized");
	if (online && lu->opening)
		return err_set(err, ERR_LUN_ACTIVE, "path is still being changed");
	return 0;
}

static int check_readonly(struct lu *lu, bool readonly, struct err *err)
{
	if (!readonly && lu->bs && lu->bs->readonly)
		return err_set(err, ERR_INVALID_REQUEST, "%s could only be opened for reading",
			       lu->path ? lu->path : lu->bstype);
	return 0;
}

static void online_taken(struct lu *lu)
{
	if (!lu->online)
		return;
	lu->stopped = false;
	ua_raise_lu(lu, UA_MEDIUM_CHANGED, NULL);
}

/* What is said here also holds for the next store (lu_set_path). */
static void readonly_taken(struct lu *lu)
{
	lu->readonly_conf = lu->readonly;
}

static void id_taken(struct lu *lu)
{
	lu->id.id_set = true;
	ident_derive(lu);
	lu_naa_changed(lu);
}

static void sn_taken(struct lu *lu)
{
	lu->id.sn_set = true;
	ident_derive(lu);
	lu_naa_changed(lu);
}

/* READ CAPACITY(16) tells it as well as INQUIRY does. */
static void thin_taken(struct lu *lu)
{
	ua_raise_lu(lu, UA_CAPACITY_CHANGED, NULL);
}

#define AT(member) offsetof(struct lu, member)
#define NO_UA UA_CODES

static const struct param params[] = {
	{ "cdb32", BOOL, AT(cdb32), 1, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "la_lba", U16, AT(la_lba), 0x3fff, UA_CAPACITY_CHANGED, NULL, NULL },
	{ "lbppbe", U8, AT(lbppbe), 15, UA_CAPACITY_CHANGED, NULL, NULL },
	{ "online", BOOL, AT(online), 1, NO_UA, check_online, online_taken },
	{ "optimal_xfer_gran", U16, AT(opt_xfer_gran), UINT16_MAX, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "optimal_xfer_len", U32, AT(opt_xfer_len), UINT32_MAX, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "product_id", STRING, AT(id.product), LU_PRODUCT_LEN, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "product_rev", STRING, AT(id.rev), LU_REV_LEN, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "readonly", BOOL, AT(readonly), 1, UA_MODE_CHANGED, check_readonly, readonly_taken },
	{ "removable", BOOL, AT(removable), 1, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "rotation_rate", U16, AT(rotation_rate), UINT16_MAX, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "scsi_id", STRING, AT(id.scsi_id), LU_ID_LEN, UA_INQUIRY_CHANGED, NULL, id_taken },
	{ "scsi_sn", STRING, AT(id.scsi_sn), LU_ID_LEN, UA_INQUIRY_CHANGED, NULL, sn_taken },
	{ "sense_format", BOOL, AT(descriptor_sense), 1, UA_MODE_CHANGED, NULL, NULL },
	{ "swp", BOOL, AT(swp), 1, UA_MODE_CHANGED, NULL, NULL },
	{ "thin_provisioning", BOOL, AT(thin), 1, UA_INQUIRY_CHANGED, NULL, thin_taken },
	{ "third_party_copy", BOOL, AT(third_party_copy), 1, UA_INQUIRY_CHANGED, NULL, NULL },
	{ "vendor_id", STRING, AT(id.vendor), LU_VENDOR_LEN, UA_INQUIRY_CHANGED, NULL, NULL },
};

static const struct param *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(params); i++)
		if (!strcmp(params[i].name, name))
			return &params[i];
	return NULL;
}

/* MODE SELECT changes these too: what was said of them is kept apart. */
static bool is_mode(const struct param *p)
{
	return p->offset == AT(swp) || p->offset == AT(descriptor_sense);
}

/* 0: to be recorded; 1: it can be read off the LU. */
static int set_own(struct lu *lu, const struct param *p, const char *value, struct err *err)
{
	int r = set_param(lu, p, value, err);

	if (r < 0)
		return r;
	/* An identity counts as chosen even when it is the one that was there. */
	if (p->taken && (r || p->type == STRING))
		p->taken(lu);
	if (r && p->ua != NO_UA)
		ua_raise_lu(lu, p->ua, NULL);
	return !is_mode(p);
}

static int set_dev(struct lu *lu, const char *name, const char *value, struct err *err)
{
	int r = lu->dev->set ? lu->dev->set(lu, name, value, err) : -ENOENT;

	if (r == -ENOENT)
		return err_set(err, ERR_UNKNOWN_PARAM, "a %s has no parameter '%s'",
			       lu->dev->show_name, name);
	return r;
}

static int set_other(struct lu *lu, const char *name, const char *value, struct err *err)
{
	int r = qos_lu_set(lu, name, value, err);

	if (r == -ENOENT)
		return set_dev(lu, name, value, err);
	return r ? r : 1; /* it can be read off the LU */
}

int lu_set(struct lu *lu, const char *name, const char *value, struct err *err)
{
	const struct param *p = find(name);
	struct lu_record *rec;
	int r;

	if (!value)
		return err_set(err, ERR_INVALID_REQUEST, "%s has no value", name);
	rec = lu_record_new(name, value);
	if (!rec)
		return err_set(err, ERR_NOMEM, "%s", "");
	r = p ? set_own(lu, p, value, err) : set_other(lu, name, value, err);
	if (!r)
		lu_record_keep(lu, rec, p);
	else
		lu_record_free(rec);
	return r < 0 ? r : 0;
}
