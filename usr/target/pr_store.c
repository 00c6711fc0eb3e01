/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a logical unit's persistent reservations: written beside the old
 * one, synced, renamed over it, the directory synced. Whenever the machine stops, the file is the
 * old one or the new one. Called from jobs of pr.c and pr_load.c.
 */
#include "target/pr_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "scsi/names.h"
#include "target/pr.h"

#define FOLDER "pr"
#define NEW ".new"
#define FILE_MAX (2 * MiB) /* PR_REGS_MAX lines are less */

int (*pr_store_fault)(enum pr_store_step step);

static int fault(enum pr_store_step step)
{
	return pr_store_fault ? pr_store_fault(step) : 0;
}

/* Letters that can't be in a target's name don't matter, but must not lead elsewhere. */
static void harmless(char *name)
{
	for (; *name; name++)
		if (*name == '/' || (unsigned char)*name < ' ')
			*name = '_';
}

int pr_store_path(char path[PR_PATH_MAX], const char *state_dir, const struct pr_owner *owner)
{
	char name[SCSI_NAME_MAX + 1];
	int n;

	name_fold(name, owner->target);
	harmless(name);
	n = snprintf(path, PR_PATH_MAX, "%s/" FOLDER "/%s,%" PRIu64, state_dir, name, owner->lun);
	return n >= PR_PATH_MAX - (int)sizeof(NEW) ? -ENAMETOOLONG : 0;
}

/* The folder that @path is in: @path up to its last slash. */
static void folder_of(char *folder, const char *path)
{
	snprintf(folder, PR_PATH_MAX, "%s", path);
	*strrchr(folder, '/') = '\0';
}

static int sync_folder(const char *path)
{
	char folder[PR_PATH_MAX];
	int fd, r = fault(PR_STORE_SYNC_DIR);

	if (r)
		return r;
	folder_of(folder, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fsync(fd) ? -errno : 0;
	close(fd);
	return r;
}

static int make_one(const char *folder)
{
	int r = fault(PR_STORE_MKDIR);

	if (r)
		return r;
	if (!mkdir(folder, 0700))
		return sync_folder(folder);
	return errno == EEXIST ? 0 : -errno;
}

/* The state directory too: whoever else needs it may not have needed it yet. */
static int make_folder(const char *path)
{
	char folder[PR_PATH_MAX], parent[PR_PATH_MAX];
	int r;

	folder_of(folder, path);
	r = make_one(folder);
	if (r != -ENOENT)
		return r;
	folder_of(parent, folder);
	r = make_one(parent);
	return r ? r : make_one(folder);
}

static int write_all(int fd, const char *text, size_t len)
{
	int r = fault(PR_STORE_WRITE);

	if (r)
		return r;
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	r = fault(PR_STORE_SYNC);
	if (r)
		return r;
	return fsync(fd) ? -errno : 0;
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd, r = fault(PR_STORE_OPEN);

	if (r)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, text, len);
	if (close(fd) && !r)
		r = -errno;
	return r;
}

static int replace(const char *path, const char *text, size_t len)
{
	char beside[PR_PATH_MAX + sizeof(NEW)];
	int r;

	snprintf(beside, sizeof(beside), "%s" NEW, path);
	r = write_file(beside, text, len);
	if (!r)
		r = fault(PR_STORE_RENAME);
	if (!r && rename(beside, path))
		r = -errno;
	if (r) {
		unlink(beside);
		return r;
	}
	return sync_folder(path);
}

static int remove_file(const char *path)
{
	int r = fault(PR_STORE_REMOVE);

	if (r)
		return r;
	if (unlink(path))
		return errno == ENOENT ? 0 : -errno;
	return sync_folder(path);
}

int pr_store_save(const char *path, const struct pr_owner *owner, const struct pr_state *s)
{
	struct strbuf text = STRBUF_INIT;
	int r;

	if (!pr_state_persists(s))
		return remove_file(path);
	pr_text_write(&text, owner, s);
	r = strbuf_ok(&text) ? make_folder(path) : -ENOMEM;
	if (!r)
		r = replace(path, text.s, text.len);
	strbuf_free(&text);
	return r;
}

/* The file as a string; 0, or -errno. */
static int read_file(int fd, struct strbuf *text)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			strbuf_add(text, buf, (size_t)n);
		if (text->len > FILE_MAX)
			return -EFBIG;
	}
	if (!strbuf_ok(text))
		return -ENOMEM;
	/* A zero byte would hide what is behind it. */
	return strlen(strbuf_str(text)) == text->len ? 0 : -EBADMSG;
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
	int fd, r;

	*s = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	r = fd < 0 ? -errno : read_file(fd, &text);
	if (fd >= 0)
		close(fd);
	if (!r)
		r = pr_text_read(strbuf_str(&text), owner, s, &why);
	strbuf_free(&text);
	return r ? refuse(err, path, owner, why ? why : strerror(-r)) : 0;
}
