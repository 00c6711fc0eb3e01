/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are replaced as a whole: written beside the old one, synced, renamed over it, the
 * directory synced. Called from jobs of those who keep something.
 */
#include "base/keepfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"

#define NEW ".new"
#define CHECKSUM_LEN 18 /* "checksum 1a2b3c4d\n" */

int (*keepfile_fault)(enum keepfile_step step);

static int fault(enum keepfile_step step)
{
	return keepfile_fault ? keepfile_fault(step) : 0;
}

static void harmless(char *name)
{
	for (; *name; name++)
		if (*name == '/' || (unsigned char)*name < ' ')
			*name = '_';
}

int keepfile_path(char path[KEEPFILE_PATH_MAX], const char *dir, const char *folder,
		  const char *name)
{
	int at = snprintf(path, KEEPFILE_PATH_MAX, "%s/%s/", dir, folder), n = 0;

	if (at < KEEPFILE_PATH_MAX)
		n = snprintf(path + at, (size_t)(KEEPFILE_PATH_MAX - at), "%s", name);
	if (at + n >= KEEPFILE_PATH_MAX - (int)sizeof(NEW))
		return -ENAMETOOLONG;
	harmless(path + at);
	return 0;
}

/* The folder that @path is in: @path up to its last slash. */
static void folder_of(char *folder, const char *path)
{
	snprintf(folder, KEEPFILE_PATH_MAX, "%s", path);
	*strrchr(folder, '/') = '\0';
}

static int sync_folder(const char *path)
{
	char folder[KEEPFILE_PATH_MAX];
	int fd, r = fault(KEEPFILE_SYNC_DIR);

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
	int r = fault(KEEPFILE_MKDIR);

	if (r)
		return r;
	if (!mkdir(folder, 0700))
		return sync_folder(folder);
	return errno == EEXIST ? 0 : -errno;
}

/* The state directory too: whoever else needs it may not have needed it yet. */
static int make_folder(const char *path)
{
	char folder[KEEPFILE_PATH_MAX], parent[KEEPFILE_PATH_MAX];
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
	int r = fault(KEEPFILE_WRITE);

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
	r = fault(KEEPFILE_SYNC);
	if (r)
		return r;
	return fsync(fd) ? -errno : 0;
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd, r = fault(KEEPFILE_OPEN);

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
	char beside[KEEPFILE_PATH_MAX + sizeof(NEW)];
	int r;

	snprintf(beside, sizeof(beside), "%s" NEW, path);
	r = write_file(beside, text, len);
	if (!r)
		r = fault(KEEPFILE_RENAME);
	if (!r && rename(beside, path))
		r = -errno;
	if (r) {
		unlink(beside);
		return r;
	}
	return sync_folder(path);
}

int keepfile_save(const char *path, const char *text, size_t len)
{
	int r = make_folder(path);

	return r ? r : replace(path, text, len);
}

int keepfile_remove(const char *path)
{
	int r = fault(KEEPFILE_REMOVE);

	if (r)
		return r;
	if (unlink(path))
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return sync_folder(path);
}

/* The file as a string; 0, or -errno. */
static int read_file(int fd, struct strbuf *text, size_t max)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			strbuf_add(text, buf, (size_t)n);
		if (text->len > max)
			return -EFBIG;
	}
	if (!strbuf_ok(text))
		return -ENOMEM;
	/* A zero byte would hide what is behind it. */
	return strlen(strbuf_str(text)) == text->len ? 0 : -EBADMSG;
}

int keepfile_load(const char *path, struct strbuf *text, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	r = read_file(fd, text, max);
	close(fd);
	return r;
}

void keepfile_put_checksum(struct strbuf *text)
{
	if (strbuf_ok(text))
		strbuf_printf(text, "checksum %08x\n", crc32c(0, text->s, text->len));
}

bool keepfile_checksum_right(const char *text)
{
	size_t len = strlen(text);
	char want[CHECKSUM_LEN + 1];

	if (len <= CHECKSUM_LEN)
		return false;
	len -= CHECKSUM_LEN;
	snprintf(want, sizeof(want), "checksum %08x\n", crc32c(0, text, len));
	return !strcmp(text + len, want);
}
