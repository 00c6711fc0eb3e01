/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a logical unit's persistent reservations: where it is, what of it
 * must be there, and what is said when it can't be used. Called from jobs of pr.c and pr_load.c.
 */
#include "target/pr_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/keepfile.h"
#include "base/strbuf.h"
#include "scsi/names.h"
#include "target/pr.h"

#define FILE_MAX (2 * MiB) /* PR_REGS_MAX lines are less */

int pr_store_path(char path[PR_PATH_MAX], const char *state_dir, const struct pr_owner *owner)
{
	char name[SCSI_NAME_MAX + 1], file[SCSI_NAME_MAX + 32];

	name_fold(name, owner->target);
	snprintf(file, sizeof(file), "%s,%" PRIu64, name, owner->lun);
	return keepfile_path(path, state_dir, "pr", file);
}

int pr_store_save(const char *path, const struct pr_owner *owner, const struct pr_state *s)
{
	struct strbuf text = STRBUF_INIT;
	int r;

	if (!pr_state_persists(s))
		return keepfile_remove(path);
	pr_text_write(&text, owner, s);
	r = strbuf_ok(&text) ? keepfile_save(path, text.s, text.len) : -ENOMEM;
	strbuf_free(&text);
	return r;
}

static int refuse(struct err *err, const char *path, const struct pr_owner *owner, const char *why)
{
	return err_set(err, ERR_INVALID_REQUEST,
		       "the persistent reservations of LUN %" PRIu64 " can't be read from %s: %s. "
		       "Restore that file, or delete it to give them up",
		       owner->lun, path, why);
}

int pr_store_load(const char *path, const struct pr_owner *owner, struct pr_state **s,
		  struct err *err)
{
	struct strbuf text = STRBUF_INIT;
	const char *why = NULL;
	int r = keepfile_load(path, &text, FILE_MAX);

	*s = NULL;
	if (!r)
		r = pr_text_read(strbuf_str(&text), owner, s, &why);
	strbuf_free(&text);
	if (r == -ENOENT)
		return 0;
	return r ? refuse(err, path, owner, why ? why : strerror(-r)) : 0;
}
