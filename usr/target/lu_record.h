/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What administrators said of a logical unit and that can't be read off it: initiators change
 * mode parameters, and a device type keeps what it was told in a form of its own. tgt-admin
 * compares a file with this, and saves it. Used by lu_set.c.
 */
#ifndef TARGET_LU_RECORD_H
#define TARGET_LU_RECORD_H

#include <jansson.h>
#include <stdbool.h>

struct lu;
struct lu_record;

/* Before the parameter is set, since this may fail: NULL, no memory. */
struct lu_record *lu_record_new(const char *name, const char *value);
/*
 * It was set: takes @rec over. What it supersedes is forgotten: the same mode page, and, if @once,
 * whatever has its name. Others are kept in order: they add up.
 */
void lu_record_keep(struct lu *lu, struct lu_record *rec, bool once);
void lu_record_free(struct lu_record *rec);
void lu_records_free(struct lu *lu);
/* [[name, value], ...], a new reference; NULL: no memory. */
json_t *lu_records_show(const struct lu *lu);

#endif
