/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements and volumes of a changer: made by "logicalunit update", the volumes' places kept over
 * restarts. What was kept counts more than what configuration says, which only says where volumes
 * were in the beginning.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "dev/smc.h"
#include "target/core.h"
#include "target/lu_keep.h"
#include "target/target.h"
#include "target/ua.h"

#define KEPT_AS "inventory"
#define KEPT_LEN (SMC_TAG_LEN * 2 + 8)

struct smc_element *smc_element(const struct smc *smc, uint16_t addr)
{
	unsigned int low = 0, high = smc->n_elements;

	while (low < high) {
		unsigned int mid = (low + high) / 2;

		if (smc->elements[mid].addr == addr)
			return &smc->elements[mid];
		if (smc->elements[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct smc_volume *smc_volume_at(const struct smc *smc, uint16_t addr)
{
	for (unsigned int i = 0; i < smc->n_volumes; i++)
		if (smc->volumes[i].addr == addr)
			return &smc->volumes[i];
	return NULL;
}

struct smc_volume *smc_volume_named(const struct smc *smc, const char *barcode)
{
	for (unsigned int i = 0; i < smc->n_volumes; i++)
		if (!strcmp(smc->volumes[i].barcode, barcode))
			return &smc->volumes[i];
	return NULL;
}

unsigned int smc_count(const struct smc *smc, uint8_t type, uint16_t *first)
{
	unsigned int n = 0;

	*first = 0;
	for (unsigned int i = 0; i < smc->n_elements; i++)
		if (smc->elements[i].type == type && !n++)
			*first = smc->elements[i].addr;
	return n;
}

struct lu *smc_drive(const struct smc *smc, const struct smc_element *e)
{
	struct target *t = e->has_lu ? target_by_tid(smc->lu->target->core, e->tid) : NULL;
	struct lu *lu = t ? target_lu(t, e->lun) : NULL;

	return lu && lu->dev->needs_store && lu->removable ? lu : NULL;
}

char *smc_path(const struct smc *smc, const struct smc_volume *v)
{
	char *path = NULL;

	if (smc->media_home && asprintf(&path, "%s/%s", smc->media_home, v->barcode) < 0)
		return NULL;
	return path;
}

/* --- kept ----------------------------------------------------------------------------------------- */

static void kept_put(const struct smc_volume *v, uint8_t *p)
{
	memset(p, 0, KEPT_LEN);
	memcpy(p, v->barcode, strlen(v->barcode));
	memcpy(p + SMC_TAG_LEN, v->tag, strlen(v->tag));
	put_be16(p + 2 * SMC_TAG_LEN, v->addr);
	put_be16(p + 2 * SMC_TAG_LEN + 2, v->source);
	p[2 * SMC_TAG_LEN + 4] = (uint8_t)(v->moved | v->operator_put << 1);
}

static void kept_get(struct smc_volume *v, const uint8_t *p)
{
	memset(v, 0, sizeof(*v));
	memcpy(v->barcode, p, SMC_TAG_LEN);
	memcpy(v->tag, p + SMC_TAG_LEN, SMC_TAG_LEN);
	v->addr = get_be16(p + 2 * SMC_TAG_LEN);
	v->source = get_be16(p + 2 * SMC_TAG_LEN + 2);
	v->moved = p[2 * SMC_TAG_LEN + 4] & 1;
	v->operator_put = p[2 * SMC_TAG_LEN + 4] & 2;
	v->kept = true;
}

void smc_resume(struct smc *smc)
{
	uint32_t len = 0;
	const uint8_t *p = lu_keep_get(smc->lu, KEPT_AS, &len);

	if (!p || len % KEPT_LEN || len / KEPT_LEN > SMC_VOLUMES_MAX)
		return;
	for (; len; len -= KEPT_LEN, p += KEPT_LEN)
		kept_get(&smc->volumes[smc->n_volumes++], p);
}

static void save(struct smc *smc);

static void save_end(struct smc *smc)
{
	void (*waiter)(struct smc *smc) = smc->waiter;

	if (smc->dirty) {
		save(smc);
		return;
	}
	smc->waiter = NULL;
	if (waiter)
		waiter(smc);
}

static void saved(void *arg, int err)
{
	struct smc *smc = arg;
	struct lu *lu = smc->lu;

	if (err)
		log_warn("%s: where the changer's volumes are can't be kept: %s", lu->target->name,
			 strerror(-err));
	smc->saving = false;
	save_end(smc);
	lu_release(lu);
}

static int save_begin(struct smc *smc)
{
	uint32_t len = smc->n_volumes * KEPT_LEN;
	uint8_t *buf = malloc(len ? len : 1);
	int r;

	if (!buf)
		return -ENOMEM;
	for (unsigned int i = 0; i < smc->n_volumes; i++)
		kept_put(&smc->volumes[i], buf + i * KEPT_LEN);
	r = lu_keep_set(smc->lu, KEPT_AS, buf, len, saved, smc);
	free(buf);
	return r;
}

/* While it is under way the LU is held, so that it isn't freed. */
static void save(struct smc *smc)
{
	smc->dirty = false;
	smc->saving = true;
	lu_hold(smc->lu);
	if (!save_begin(smc))
		return;
	log_warn("%s: where the changer's volumes are can't be kept", smc->lu->target->name);
	smc->saving = false;
	lu_release(smc->lu);
}

bool smc_keep(struct smc *smc, void (*waiter)(struct smc *smc))
{
	if (!lu_keep_possible(smc->lu))
		return false;
	smc->dirty = true;
	if (!smc->saving)
		save(smc);
	if (smc->saving && waiter)
		smc->waiter = waiter;
	return smc->saving;
}

/* --- drives --------------------------------------------------------------------------------------- */

/* The drive's medium is opened: it is there from now on. */
static void filled(void *arg, const struct err *err)
{
	struct lu *drive = arg;
	struct err e = { .code = ERR_OK };

	if (err)
		log_warn("a medium can't be put into its drive: %s", err->text);
	else
		lu_set(drive, "online", "1", &e);
}

void smc_drive_fill(struct smc *smc, const struct smc_element *e)
{
	const struct smc_volume *v = smc_volume_at(smc, e->addr);
	struct lu *drive = smc_drive(smc, e);
	char *path;

	if (!v || !drive || drive->path || drive->bs)
		return;
	path = smc_path(smc, v);
	if (!path)
		return;
	lu_set_path(drive, path, filled, drive);
	free(path);
}

/* --- configuration -------------------------------------------------------------------------------- */

static int bad(const char *name, const char *value, const char *what, struct err *err)
{
	return err_set(err, ERR_INVALID_REQUEST, "%s is %s, not '%s'", name, what, value);
}

static int number(const char *name, const char *value, uint64_t max, uint64_t *out, struct err *err)
{
	char *end;

	errno = 0;
	*out = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || *out > max)
		return bad(name, value, "a number", err);
	return 0;
}

_Static_assert(SMC_VOLUMES_MAX * KEPT_LEN <= LU_KEEP_MAX, "the inventory is one kept value");

static int by_address(const void *a, const void *b)
{
	return ((const struct smc_element *)a)->addr - ((const struct smc_element *)b)->addr;
}

static int add_elements(struct smc *smc, uint8_t type, uint32_t start, uint32_t n, struct err *err)
{
	struct smc_element *more;

	if (!n || start + n > 0x10000 || smc->n_elements + n > SMC_ELEMENTS_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "a changer has at most %u elements, of addresses up to 65535",
			       SMC_ELEMENTS_MAX);
	if (type == SMC_TRANSPORT && (n > 1 || smc_count(smc, type, &(uint16_t){ 0 })))
		return err_set(err, ERR_INVALID_REQUEST, "a changer has one transport element");
	for (uint32_t i = 0; i < n; i++)
		if (smc_element(smc, (uint16_t)(start + i)))
			return err_set(err, ERR_INVALID_REQUEST, "element %u is there already",
				       start + i);
	more = realloc(smc->elements, (smc->n_elements + n) * sizeof(*more));
	if (!more)
		return err_set(err, ERR_NOMEM, "%s", "");
	smc->elements = more;
	for (uint32_t i = 0; i < n; i++)
		more[smc->n_elements++] = (struct smc_element){ .addr = (uint16_t)(start + i),
								.type = type };
	qsort(more, smc->n_elements, sizeof(*more), by_address);
	return 0;
}

/* A name of a file, and what a VOLUME IDENTIFICATION may have. */
static bool barcode_good(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '/')
			return false;
	return *text && *text != '.' && strlen(text) <= SMC_TAG_LEN;
}

/* Initiators have looked at the elements; the one that is @except moved it itself. */
static void told(struct smc *smc, const struct smc_element *e)
{
	ua_raise_lu(smc->lu, e->type == SMC_IMPORT ? UA_ELEMENT_ACCESSED : UA_MEDIUM_CHANGED, NULL);
}

static int put_volume(struct smc *smc, struct smc_element *e, const char *barcode, struct err *err)
{
	struct smc_volume *v = smc_volume_named(smc, barcode), *there = smc_volume_at(smc, e->addr);

	if (!barcode_good(barcode))
		return bad("barcode", barcode, "1 to 32 printable characters without a slash", err);
	if (v && v->kept) {
		v->kept = false; /* said once at a restart; said again, it is meant */
		return 0;
	}
	if (there && there != v)
		return err_set(err, ERR_INVALID_REQUEST, "in element %u is %s already", e->addr,
			       there->barcode);
	if (!v && smc->n_volumes == SMC_VOLUMES_MAX)
		return err_set(err, ERR_INVALID_REQUEST, "a changer has at most %u volumes",
			       SMC_VOLUMES_MAX);
	if (!v) {
		v = &smc->volumes[smc->n_volumes++];
		memset(v, 0, sizeof(*v));
		memcpy(v->barcode, barcode, strlen(barcode));
		memcpy(v->tag, barcode, strlen(barcode));
	}
	v->addr = e->addr;
	v->operator_put = true;
	told(smc, e);
	if (e->type == SMC_DRIVE)
		smc_drive_fill(smc, e);
	smc_keep(smc, NULL);
	return 0;
}

static int clear_slot(struct smc *smc, struct smc_element *e, struct err *err)
{
	struct smc_volume *v = smc_volume_at(smc, e->addr);

	if (!v)
		return 0;
	if (e->type == SMC_DRIVE)
		return err_set(err, ERR_INVALID_REQUEST, "the medium in a drive has to be moved first");
	*v = smc->volumes[--smc->n_volumes];
	told(smc, e);
	smc_keep(smc, NULL);
	return 0;
}

/* "A00001L8-A00020L8": the number in front of the last two characters counts. */
static int put_range(struct smc *smc, const char *text, struct err *err)
{
	char name[SMC_TAG_LEN + 1];
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : 0, digits = 0, at;
	unsigned long long from, to;
	uint16_t slot;

	if (!dash || len > SMC_TAG_LEN || strlen(dash + 1) != len || len < 3)
		return bad("barcodes", text, "FIRST-LAST, as A00001L8-A00020L8", err);
	at = len - 2;
	while (at && isdigit((unsigned char)text[at - 1]) && digits < 9) {
		at--;
		digits++;
	}
	from = strtoull(text + at, NULL, 10);
	to = strtoull(dash + 1 + at, NULL, 10);
	if (!digits || strncmp(text, dash + 1, at) || to < from || to - from >= SMC_VOLUMES_MAX)
		return bad("barcodes", text, "FIRST-LAST, as A00001L8-A00020L8", err);
	smc_count(smc, SMC_STORAGE, &slot);
	for (; from <= to; from++, slot++) {
		struct smc_element *e = smc_element(smc, slot);

		snprintf(name, sizeof(name), "%.*s%0*llu%.2s", (int)at, text, (int)digits, from,
			 text + len - 2);
		if (!e || e->type != SMC_STORAGE)
			return err_set(err, ERR_INVALID_REQUEST, "there is no slot for %s", name);
		if (put_volume(smc, e, name, err))
			return -EINVAL;
	}
	return 0;
}

static int set_drive(struct smc *smc, struct smc_element *e, uint32_t tid, uint64_t lun,
		     struct err *err)
{
	if (e->type != SMC_DRIVE)
		return err_set(err, ERR_INVALID_REQUEST, "element %u is no drive", e->addr);
	e->has_lu = true;
	e->tid = tid;
	e->lun = lun;
	smc_drive_fill(smc, e);
	return 0;
}

/* "1:1+1:2": target and LUN of each drive. Without an arm they would be of no use. */
static int set_drives(struct smc *smc, const char *text, struct err *err)
{
	const char *p = text;
	char *end;
	uint32_t at = 1;

	if (!smc_count(smc, SMC_TRANSPORT, &(uint16_t){ 0 }) &&
	    add_elements(smc, SMC_TRANSPORT, 500, 1, err))
		return -EINVAL;
	do {
		uint64_t tid = strtoull(p, &end, 10), lun = 0;

		if (end == p || *end != ':')
			return bad("drives", text, "TID:LUN+TID:LUN, as 1:1+1:2", err);
		p = end + 1;
		lun = strtoull(p, &end, 10);
		if (end == p || (*end && *end != '+'))
			return bad("drives", text, "TID:LUN+TID:LUN, as 1:1+1:2", err);
		if (add_elements(smc, SMC_DRIVE, at, 1, err) ||
		    set_drive(smc, smc_element(smc, (uint16_t)at), (uint32_t)tid, lun, err))
			return -EINVAL;
		at++;
		p = end + 1;
	} while (*end);
	return 0;
}

/* --- one parameter -------------------------------------------------------------------------------- */

static int set_home(struct smc *smc, const char *value, struct err *err)
{
	char *copy;

	if (*value != '/' || strlen(value) > 3000)
		return bad("media_home", value, "the full path of a directory", err);
	copy = strdup(value);
	if (!copy)
		return err_set(err, ERR_NOMEM, "%s", "");
	free(smc->media_home);
	smc->media_home = copy;
	for (unsigned int i = 0; i < smc->n_elements; i++)
		if (smc->elements[i].type == SMC_DRIVE)
			smc_drive_fill(smc, &smc->elements[i]);
	return 0;
}

static int need_address(struct smc *smc, struct smc_element **e, struct err *err)
{
	if (!smc->said.has_address)
		return err_set(err, ERR_INVALID_REQUEST, "of which element? address=... comes first");
	*e = smc_element(smc, smc->said.address);
	return *e ? 0 : err_set(err, ERR_INVALID_REQUEST, "there is no element %u", smc->said.address);
}

/* Says all that is needed: then it is done. */
static int try_add(struct smc *smc, struct err *err)
{
	if (!smc->said.has_start || !smc->said.has_quantity)
		return 0;
	smc->said.has_start = smc->said.has_quantity = false;
	if (!smc->said.type)
		return err_set(err, ERR_INVALID_REQUEST, "of which type? element_type=... comes first");
	return add_elements(smc, smc->said.type, smc->said.start, smc->said.quantity, err);
}

static int try_drive(struct smc *smc, struct err *err)
{
	struct smc_element *e;

	if (!smc->said.has_tid || !smc->said.has_lun)
		return 0;
	smc->said.has_tid = smc->said.has_lun = false;
	if (need_address(smc, &e, err))
		return -EINVAL;
	return set_drive(smc, e, smc->said.tid, smc->said.lun, err);
}

static int set_number(struct smc *smc, const char *name, uint64_t v, struct err *err)
{
	if (!strcmp(name, "element_type")) {
		memset(&smc->said, 0, sizeof(smc->said));
		smc->said.type = (uint8_t)v;
		return v && v < SMC_TYPES ? 0 : err_set(err, ERR_INVALID_REQUEST,
			"element_type is 1 transport, 2 storage, 3 import/export or 4 drive");
	}
	if (!strcmp(name, "start_address")) {
		smc->said.start = (uint16_t)v;
		smc->said.has_start = true;
		return try_add(smc, err);
	}
	if (!strcmp(name, "quantity")) {
		smc->said.quantity = (uint16_t)v;
		smc->said.has_quantity = true;
		return try_add(smc, err);
	}
	if (!strcmp(name, "address")) {
		smc->said.address = (uint16_t)v;
		smc->said.has_address = true;
		return 0;
	}
	if (!strcmp(name, "tid")) {
		smc->said.tid = (uint32_t)v;
		smc->said.has_tid = true;
	} else {
		smc->said.lun = v;
		smc->said.has_lun = true;
	}
	return try_drive(smc, err);
}

/* 1: done and over; what initiators move meanwhile is no configuration to be compared. */
static int set_text(struct smc *smc, const char *name, const char *value, struct err *err)
{
	struct smc_element *e;
	struct smc_volume *v;

	if (need_address(smc, &e, err))
		return -EINVAL;
	if (!strcmp(name, "barcode"))
		return put_volume(smc, e, value, err);
	if (!strcmp(name, "clear_slot"))
		return clear_slot(smc, e, err);
	v = smc_volume_at(smc, e->addr);
	if (!v || !strcmp(name, "sides"))
		return 0;
	if (strlen(value) > SMC_TAG_LEN)
		return bad("volume_tag", value, "at most 32 characters", err);
	memset(v->tag, 0, sizeof(v->tag));
	memcpy(v->tag, value, strlen(value));
	return 0;
}

int smc_set(struct lu *lu, const char *name, const char *value, struct err *err)
{
	static const struct {
		const char *name;
		uint64_t max;
	} numbers[] = {
		{ "element_type", 4 }, { "start_address", 65535 }, { "quantity", 65535 },
		{ "address", 65535 }, { "tid", UINT32_MAX }, { "lun", 16383 },
	};
	static const struct {
		const char *name;
		uint8_t type;
		uint16_t start;
	} counts[] = { { "slots", SMC_STORAGE, 1024 }, { "import_export", SMC_IMPORT, 768 } };
	static const char *const texts[] = { "barcode", "clear_slot", "volume_tag", "sides" };
	struct smc *smc = to_smc(lu);
	uint64_t v = 0;

	if (smc->cmd)
		return err_set(err, ERR_LUN_ACTIVE, "a medium is being moved");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(name, numbers[i].name))
			return number(name, value, numbers[i].max, &v, err) ? -EINVAL :
			       set_number(smc, name, v, err);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (!strcmp(name, counts[i].name))
			return number(name, value, SMC_ELEMENTS_MAX, &v, err) ? -EINVAL :
			       add_elements(smc, counts[i].type, counts[i].start, (uint32_t)v, err);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(name, texts[i]))
			return set_text(smc, name, value, err);
	if (!strcmp(name, "media_home"))
		return set_home(smc, value, err);
	if (!strcmp(name, "drives"))
		return set_drives(smc, value, err);
	if (!strcmp(name, "barcodes"))
		return put_range(smc, value, err);
	return spc_set(lu, name, value, err);
}
