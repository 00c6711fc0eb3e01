/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small text file that is replaced as a whole: whenever the machine stops, it is the old one or
 * the new one. The functions block, and are called from jobs.
 */
#ifndef BASE_KEEPFILE_H
#define BASE_KEEPFILE_H

#include <stddef.h>

#include "base/strbuf.h"

#define KEEPFILE_PATH_MAX 4096

/*
 * @dir/@folder/@name of a file; letters of @name that lead elsewhere are changed. -ENAMETOOLONG when
 * it doesn't fit.
 */
int keepfile_path(char path[KEEPFILE_PATH_MAX], const char *dir, const char *folder,
		  const char *name);
/*
 * Makes the file and the two folders above it, or replaces it. 0 once that is on disk; -errno: it is
 * as it was, or already the new one.
 */
int keepfile_save(const char *path, const char *text, size_t len);
/* 0 also when there is none. */
int keepfile_remove(const char *path);
/* 0 with the file in @text; -ENOENT: there is none; another -errno. More than @max bytes: -EFBIG. */
int keepfile_load(const char *path, struct strbuf *text, size_t max);

/* The last line of a text, so that one that was cut off or changed is recognised. */
void keepfile_put_checksum(struct strbuf *text);
bool keepfile_checksum_right(const char *text);

/* For tests. Called before each step, on the job's thread; not 0: the step fails so (-errno). */
enum keepfile_step {
	KEEPFILE_MKDIR,
	KEEPFILE_OPEN,
	KEEPFILE_WRITE,
	KEEPFILE_SYNC,
	KEEPFILE_RENAME,
	KEEPFILE_REMOVE,
	KEEPFILE_SYNC_DIR,
	KEEPFILE_STEPS
};
extern int (*keepfile_fault)(enum keepfile_step step);

#endif
