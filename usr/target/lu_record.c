/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of what was said of a logical unit (lu_record.h).
 */
#include "target/lu_record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "target/lu.h"
#include "target/target.h"

/* A library of some thousand slots is far below. */
#define RECORDS_MAX 65536u

struct lu_record {
	struct list link;
	char *value;
	char name[];
};

struct lu_record *lu_record_new(const char *name, const char *value)
{
	size_t len = strlen(name) + 1, value_len = strlen(value) + 1;
	struct lu_record *rec = malloc(sizeof(*rec) + len + value_len);

	if (!rec)
		return NULL;
	list_init(&rec->link);
	memcpy(rec->name, name, len);
	rec->value = rec->name + len;
	memcpy(rec->value, value, value_len);
	return rec;
}

void lu_record_free(struct lu_record *rec)
{
	if (!rec)
		return;
	list_del(&rec->link);
	free(rec);
}

/* "page:subpage:...": both as one number. */
static unsigned long page_of(const char *value, const char **rest)
{
	char *end;
	unsigned long page = strtoul(value, &end, 0), subpage = 0;

	if (*end == ':')
		subpage = strtoul(end + 1, &end, 0);
	*rest = *end == ':' ? end + 1 : end;
	return page << 8 | subpage;
}

static bool supersedes(const struct lu_record *rec, const struct lu_record *old, bool once)
{
	const char *rest;

	if (strcmp(rec->name, old->name))
		return false;
	if (strcmp(rec->name, "mode_page"))
		return once;
	return page_of(rec->value, &rest) == page_of(old->value, &rest);
}

/* A page that has its defaults again is as if nothing had been said of it. */
static bool says_nothing(const struct lu_record *rec)
{
	const char *rest = "";

	if (!strcmp(rec->name, "mode_page"))
		page_of(rec->value, &rest);
	return !strcmp(rest, "default");
}

void lu_record_keep(struct lu *lu, struct lu_record *rec, bool once)
{
	struct lu_record *old, *tmp;

	list_for_each_safe(old, tmp, &lu->records, link) {
		if (!supersedes(rec, old, once))
			continue;
		lu_record_free(old);
		lu->n_records--;
	}
	if (says_nothing(rec)) {
		lu_record_free(rec);
		return;
	}
	if (lu->n_records >= RECORDS_MAX) {
		log_warn("target %u LUN %llu: parameter %s is set, but will not be saved: there "
			 "are too many", lu->target->tid, (unsigned long long)lu->lun, rec->name);
		lu_record_free(rec);
		return;
	}
	list_push_back(&lu->records, &rec->link);
	lu->n_records++;
}

void lu_records_free(struct lu *lu)
{
	while (!list_empty(&lu->records))
		lu_record_free(list_first(&lu->records, struct lu_record, link));
}

json_t *lu_records_show(const struct lu *lu)
{
	json_t *all = json_array();
	const struct lu_record *rec;

	list_for_each(rec, &lu->records, link) {
		if (json_array_append_new(all, json_pack("[s,s]", rec->name, rec->value))) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}
