/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading secrets (secret.h).
 */
#include "mgmt/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM (SECRET_MAX + 3) /* a line end of two bytes, and one byte too many */

/* How many bytes; ROOM: more than a secret has. -errno. */
static int read_all(int fd, char buf[ROOM])
{
	size_t have = 0;
	ssize_t n;

	while (have < ROOM && (n = read(fd, buf + have, ROOM - have)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
	}
	return (int)have;
}

static int open_plain(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EBADF;
}

static int open_any(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

static int read_path(const char *path, bool plain, char buf[ROOM])
{
	int fd, n;

	if (!plain && !strcmp(path, "-"))
		return read_all(STDIN_FILENO, buf);
	fd = plain ? open_plain(path) : open_any(path);
	if (fd < 0)
		return fd;
	n = read_all(fd, buf);
	close(fd);
	return n;
}

/* Takes the end of the line off; the length that is left, or -1: that was no single line. */
static int one_line(const char *buf, int n)
{
	if (n && buf[n - 1] == '\n')
		n--;
	if (n && buf[n - 1] == '\r')
		n--;
	if (!n || n > SECRET_MAX || memchr(buf, '\n', (size_t)n) || memchr(buf, '\0', (size_t)n))
		return -1;
	return n;
}

int secret_read(const char *path, bool plain, char out[SECRET_MAX + 1], struct err *err)
{
	const char *name = !plain && !strcmp(path, "-") ? "standard input" : path;
	char buf[ROOM];
	int n = read_path(path, plain, buf);

	if (n == -EBADF)
		return err_set(err, ERR_INVALID_REQUEST, "%s is no file", name);
	if (n < 0)
		return err_set(err, ERR_INVALID_REQUEST, "can't read the password in %s: %s", name,
			       strerror(-n));
	n = one_line(buf, n);
	if (n > 0) {
		memcpy(out, buf, (size_t)n);
		out[n] = '\0';
	}
	explicit_bzero(buf, sizeof(buf));
	if (n < 0)
		return err_set(err, ERR_INVALID_REQUEST,
			       "expected one line with a password of 1 to %d bytes in %s",
			       SECRET_MAX, name);
	return 0;
}

void secret_hide(char *argument)
{
	memset(argument, 'x', strlen(argument));
}

bool secret_is_public(const char *path)
{
	struct stat st;

	return !stat(path, &st) && (st.st_mode & S_IROTH);
}
