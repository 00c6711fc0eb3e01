/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a logical unit remembers, as text:
 *
 *	tgt-logical-unit 1
 *	target iqn.2026-01.test:disk
 *	lun 1
 *	NAME 0a1b2c...
 *	checksum 1a2b3c4d
 *
 * Changes are written one after another by jobs; a value is the new one when it is on disk.
 */
#include "target/lu_keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keepfile.h"
#include "base/list.h"
#include "base/log.h"
#include "base/worker.h"
#include "scsi/names.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/lu_priv.h"
#include "target/target.h"

#define HEAD "tgt-logical-unit 1\n"
#define FILE_MAX (256 * KiB)

struct value {
	struct list link;
	char name[LU_KEEP_NAME_MAX + 1];
	uint32_t len;
	uint8_t data[];
};

/* Owner: the LU, whose end waits for the changes. */
struct lu_keep {
	struct lu *lu;
	struct list values;
	struct list changes; /* the first is being written */
	char head[SCSI_NAME_MAX + 64];
	char path[KEEPFILE_PATH_MAX];
};

/* Owner: lu_keep.changes, until written(). */
struct change {
	struct job job;
	struct list link;
	struct lu_keep *keep;
	struct value *value; /* of length 0: it goes */
	struct strbuf text;
	int err;
	void (*done)(void *arg, int err);
	void *arg;
};

/* Owner: the worker, from lu_keep_load() to loaded(). */
struct load {
	struct job job;
	struct lu *lu;
	struct strbuf text;
	int err;
	void (*done)(struct lu *lu);
};

static int keep_new(struct lu *lu)
{
	const char *dir = lu->target->core->state_dir;
	char name[SCSI_NAME_MAX + 1], file[SCSI_NAME_MAX + 32];
	struct lu_keep *k;
	int r;

	if (!dir || lu->keep)
		return dir ? 0 : -ENOENT;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	name_fold(name, lu->target->name);
	snprintf(file, sizeof(file), "%s,%" PRIu64, name, lu->lun);
	snprintf(k->head, sizeof(k->head), HEAD "target %s\nlun %" PRIu64 "\n", name, lu->lun);
	r = keepfile_path(k->path, dir, "lu", file);
	if (r) {
		free(k);
		return r;
	}
	k->lu = lu;
	list_init(&k->values);
	list_init(&k->changes);
	lu->keep = k;
	return 0;
}

static struct value *find(const struct lu_keep *k, const char *name)
{
	struct value *v;

	list_for_each(v, &k->values, link) {
		if (!strcmp(v->name, name))
			return v;
	}
	return NULL;
}

void lu_keep_free(struct lu *lu)
{
	struct lu_keep *k = lu->keep;
	struct list *l;

	lu->keep = NULL;
	if (!k)
		return;
	assert(list_empty(&k->changes));
	while ((l = list_pop(&k->values)) != NULL)
		free(list_entry(l, struct value, link));
	free(k);
}

bool lu_keep_busy(const struct lu *lu)
{
	return lu->keep && !list_empty(&lu->keep->changes);
}

bool lu_keep_possible(const struct lu *lu)
{
	return lu->target->core->state_dir;
}

const void *lu_keep_get(const struct lu *lu, const char *name, uint32_t *len)
{
	const struct value *v = lu->keep ? find(lu->keep, name) : NULL;

	*len = v ? v->len : 0;
	return v ? v->data : NULL;
}

/* --- writing */

static void put_value(struct strbuf *text, const struct value *v)
{
	if (!v->len)
		return;
	strbuf_printf(text, "%s ", v->name);
	for (uint32_t i = 0; i < v->len; i++)
		strbuf_printf(text, "%02x", v->data[i]);
	strbuf_putc(text, '\n');
}

static void put_all(struct change *c)
{
	const struct value *v;

	strbuf_puts(&c->text, c->keep->head);
	list_for_each(v, &c->keep->values, link) {
		if (strcmp(v->name, c->value->name))
			put_value(&c->text, v);
	}
	put_value(&c->text, c->value);
	keepfile_put_checksum(&c->text);
	if (!strbuf_ok(&c->text))
		c->err = -ENOMEM;
}

static void write_out(struct job *job)
{
	struct change *c = container_of(job, struct change, job);

	if (!c->err)
		c->err = keepfile_save(c->keep->path, c->text.s, c->text.len);
}

static void written(struct job *job);

static void change_start(struct change *c)
{
	put_all(c);
	list_init(&c->job.link);
	c->job.run = write_out;
	c->job.done = written;
	worker_submit(c->keep->lu->target->core->workers, &c->job);
}

static void take_value(struct lu_keep *k, struct value *v)
{
	struct value *old = find(k, v->name);

	if (old) {
		list_del(&old->link);
		free(old);
	}
	if (v->len)
		list_push_back(&k->values, &v->link);
	else
		free(v);
}

static void written(struct job *job)
{
	struct change *c = container_of(job, struct change, job);
	struct lu_keep *k = c->keep;

	if (c->err) {
		log_err("%s can't be written: %s", k->path, strerror(-c->err));
		free(c->value);
	} else {
		take_value(k, c->value);
	}
	/* Still the first while @done runs: so that what @done changes waits its turn. */
	if (c->done)
		c->done(c->arg, c->err);
	list_del(&c->link);
	strbuf_free(&c->text);
	free(c);
	if (!list_empty(&k->changes))
		change_start(list_first(&k->changes, struct change, link));
	else
		lu_check_drained(k->lu);
}

int lu_keep_set(struct lu *lu, const char *name, const void *data, uint32_t len,
		void (*done)(void *arg, int err), void *arg)
{
	struct change *c;
	int r = keep_new(lu);

	assert(len <= LU_KEEP_MAX && strlen(name) <= LU_KEEP_NAME_MAX);
	if (r)
		return r;
	c = calloc(1, sizeof(*c));
	if (c)
		c->value = calloc(1, sizeof(*c->value) + len);
	if (!c || !c->value) {
		free(c);
		return -ENOMEM;
	}
	snprintf(c->value->name, sizeof(c->value->name), "%s", name);
	c->value->len = len;
	if (len)
		memcpy(c->value->data, data, len);
	c->keep = lu->keep;
	c->done = done;
	c->arg = arg;
	list_push_back(&c->keep->changes, &c->link);
	if (list_first(&c->keep->changes, struct change, link) == c)
		change_start(c);
	return 0;
}

/* --- reading */

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One line "name hex\n"; what follows it, or NULL when it is none. */
static const char *get_value(const char *p, struct value **out)
{
	size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz-");
	size_t digits = p[n] == ' ' ? strspn(p + n + 1, "0123456789abcdef") : 0;
	struct value *v;

	if (!n || n > LU_KEEP_NAME_MAX || !digits || digits % 2 || digits / 2 > LU_KEEP_MAX ||
	    p[n + 1 + digits] != '\n')
		return NULL;
	v = calloc(1, sizeof(*v) + digits / 2);
	if (!v)
		return NULL;
	memcpy(v->name, p, n);
	p += n + 1;
	for (v->len = 0; v->len < digits / 2; v->len++, p += 2)
		v->data[v->len] = (uint8_t)(hex(p[0]) << 4 | hex(p[1]));
	*out = v;
	return p + 1;
}

/* NULL, or what is wrong. */
static const char *parse(struct lu_keep *k, const char *text)
{
	const char *p = text, *end;
	struct value *v = NULL;

	if (strncmp(p, HEAD, strlen(HEAD)))
		return "it is no file of a logical unit of version 1";
	if (!keepfile_checksum_right(p))
		return "its checksum is wrong, so it was cut off or changed";
	if (strncmp(p, k->head, strlen(k->head)))
		return "it tells of another logical unit";
	end = strstr(p, "\nchecksum ") + 1;
	for (p += strlen(k->head); p && p != end; v = NULL) {
		p = get_value(p, &v);
		if (v)
			take_value(k, v);
	}
	return p ? NULL : "a value in it can't be read";
}

static void load(struct job *job)
{
	struct load *l = container_of(job, struct load, job);

	l->err = keepfile_load(l->lu->keep->path, &l->text, FILE_MAX);
}

static void loaded(struct job *job)
{
	struct load *l = container_of(job, struct load, job);
	void (*done)(struct lu *lu) = l->done;
	struct lu *lu = l->lu;
	const char *why = NULL;

	if (!l->err)
		why = parse(lu->keep, strbuf_str(&l->text));
	else if (l->err != -ENOENT)
		why = strerror(-l->err);
	if (why) {
		err_set(&lu->err, ERR_INVALID_REQUEST,
			"what LUN %" PRIu64 " remembers can't be read from %s: %s. Restore that "
			"file, or delete it to give it up", lu->lun, lu->keep->path, why);
		log_err("%s", lu->err.text);
	}
	strbuf_free(&l->text);
	free(l);
	done(lu);
}

bool lu_keep_load(struct lu *lu, void (*done)(struct lu *lu))
{
	struct load *l;
	int r = keep_new(lu);

	if (r == -ENOENT)
		return false;
	l = r ? NULL : calloc(1, sizeof(*l));
	if (!l) {
		err_set(&lu->err, r == -ENAMETOOLONG ? ERR_INVALID_REQUEST : ERR_NOMEM,
			"the path of the state directory is too long, or there is no memory");
		return false;
	}
	l->lu = lu;
	l->done = done;
	list_init(&l->job.link);
	l->job.run = load;
	l->job.done = loaded;
	worker_submit(lu->target->core->workers, &l->job);
	return true;
}
