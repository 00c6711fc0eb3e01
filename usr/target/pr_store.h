/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where persistent reservations outlive the daemon (SPC-4 5.9.5, APTPL): one file
 * per logical unit below the state directory, replaced as a whole. The functions
 * that touch it block, and are called from jobs.
 */
#ifndef TARGET_PR_STORE_H
#define TARGET_PR_STORE_H

#include <stdint.h>

#include "base/err.h"
#include "base/keepfile.h"

struct lu;
struct pr_state;
struct strbuf;

#define PR_PATH_MAX KEEPFILE_PATH_MAX

/* Whose state: it stands in the file too. Strings are borrowed. */
struct pr_owner {
	const char *target;
	uint64_t lun;
};

/* pr_text.c: the state as text, ended by its checksum. The caller looks at strbuf_ok(). */
void pr_text_write(struct strbuf *out, const struct pr_owner *owner, const struct pr_state *s);
/*
 * The reverse: 0 and *@s; or negative with what is wrong as the end of a sentence in @why. Only
 * what pr_text_write() could have written is taken.
 */
int pr_text_read(const char *text, const struct pr_owner *owner, struct pr_state **s,
		 const char **why);

/* pr_store.c. The file's path: -ENAMETOOLONG when it doesn't fit. */
int pr_store_path(char path[PR_PATH_MAX], const char *state_dir, const struct pr_owner *owner);
/*
 * Replaces the file, or removes it when @s need not persist. 0 once that is on disk; -errno: the
 * file is as it was, or already the new one.
 */
int pr_store_save(const char *path, const struct pr_owner *owner, const struct pr_state *s);
/* 0 and *@s, NULL when there is no file; negative with @err that names it and tells what to do. */
int pr_store_load(const char *path, const struct pr_owner *owner, struct pr_state **s,
		  struct err *err);

#endif
