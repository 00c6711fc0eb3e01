/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A qemu-nbd for a disk image, on a socket that only this process can reach. It isn't persistent:
 * it ends with the last connection, so it can't outlive a tgtd that dies. Called on workers.
 */
#include "bs_nbd/nbd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"

#define SERVER "qemu-nbd"
#define STOP_MS 5000
#define NAP_MS 10

static void path_in(const struct nbd_image *im, const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", im->dir, name);
}

/* The first line that says what is wrong. */
static void last_words(const struct nbd_store *st, struct err *err)
{
	char path[96], line[256] = "";
	FILE *in;

	path_in(&st->image, "said", path, sizeof(path));
	in = fopen(path, "re");
	if (in && !fgets(line, sizeof(line), in))
		line[0] = '\0';
	if (in)
		fclose(in);
	line[strcspn(line, "\n")] = '\0';
	err_set(err, ERR_INVALID_REQUEST, "%s: %s", st->bs.path, *line ? line : SERVER " ended");
}

static bool ended(struct nbd_image *im, int flags)
{
	pid_t pid;

	if (!im->pid)
		return true;
	do
		pid = waitpid(im->pid, NULL, flags);
	while (pid < 0 && errno == EINTR);
	if (!pid)
		return false;
	im->pid = 0;
	return true;
}

bool nbd_image_alive(struct nbd_store *st, struct err *err)
{
	if (!ended(&st->image, WNOHANG))
		return true;
	last_words(st, err);
	return false;
}

static void stop_server(struct nbd_image *im)
{
	if (ended(im, WNOHANG))
		return;
	kill(im->pid, SIGTERM);
	for (int ms = 0; ms < STOP_MS; ms += NAP_MS) {
		if (ended(im, WNOHANG))
			return;
		poll(NULL, 0, NAP_MS);
	}
	kill(im->pid, SIGKILL);
	ended(im, 0);
}

void nbd_image_stop(struct nbd_store *st)
{
	static const char *const names[] = { "socket", "said" };
	struct nbd_image *im = &st->image;
	char path[96];

	stop_server(im);
	if (!im->dir[0])
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		path_in(im, names[i], path, sizeof(path));
		unlink(path);
	}
	rmdir(im->dir);
	im->dir[0] = '\0';
}

/* --- its command line -------------------------------------------------------------------------- */

/* qemu's lists: a comma in a value is written twice. */
static void add_value(struct strbuf *sb, const char *key, const char *value)
{
	strbuf_printf(sb, ",%s=", key);
	for (; *value; value++) {
		if (*value == ',')
			strbuf_putc(sb, ',');
		strbuf_putc(sb, *value);
	}
}

static void image_opts(const struct nbd_conf *c, struct strbuf *sb)
{
	bool luks = !strcmp(c->format, "luks");

	strbuf_puts(sb, "driver=");
	strbuf_puts(sb, c->format);
	add_value(sb, "file.driver", "file");
	add_value(sb, "file.filename", c->image);
	if (c->secret && luks)
		add_value(sb, "key-secret", "key");
	if (c->secret && !luks) { /* qcow2 */
		add_value(sb, "encrypt.format", "luks");
		add_value(sb, "encrypt.key-secret", "key");
	}
}

static void secret_opts(const struct nbd_conf *c, struct strbuf *sb)
{
	strbuf_puts(sb, "secret,id=key");
	add_value(sb, "file", c->secret);
}

static int spawn_with(struct nbd_image *im, char **argv, posix_spawn_file_actions_t *fa,
		      posix_spawnattr_t *attr)
{
	char said[96];
	sigset_t none, all;
	int r;

	path_in(im, "said", said, sizeof(said));
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
				       POSIX_SPAWN_SETPGROUP);
	r = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_addopen(fa, 1, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_addopen(fa, 2, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(fa, 3);
#endif
	if (!r)
		r = posix_spawnp(&im->pid, SERVER, fa, attr, argv, environ);
	if (r)
		im->pid = 0;
	return -r;
}

static int spawn(struct nbd_image *im, char **argv)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int r = -ENOMEM;

	if (posix_spawn_file_actions_init(&fa))
		return -ENOMEM;
	if (!posix_spawnattr_init(&attr)) {
		r = spawn_with(im, argv, &fa, &attr);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&fa);
	return r;
}

static int server_start(struct nbd_store *st, const char *image, const char *secret)
{
	char sock[96], shared[8];
	char *argv[24];
	unsigned int n = 0;

	path_in(&st->image, "socket", sock, sizeof(sock));
	snprintf(shared, sizeof(shared), "%u", st->conf.connections);
	argv[n++] = (char *)SERVER;
	argv[n++] = (char *)"--socket";
	argv[n++] = sock;
	argv[n++] = (char *)"--shared";
	argv[n++] = shared;
	argv[n++] = (char *)"--discard=unmap";
	argv[n++] = (char *)"--detect-zeroes=off";
	argv[n++] = (char *)(st->bs.direct ? "--cache=none" : "--cache=writeback");
	if (st->bs.readonly)
		argv[n++] = (char *)"--read-only";
	if (st->conf.secret) {
		argv[n++] = (char *)"--object";
		argv[n++] = (char *)(uintptr_t)secret;
	}
	argv[n++] = (char *)"--image-opts";
	argv[n++] = (char *)(uintptr_t)image;
	argv[n] = NULL;
	return spawn(&st->image, argv);
}

static int dir_make(struct nbd_store *st, struct err *err)
{
	struct nbd_image *im = &st->image;

	if (im->dir[0])
		return 0;
	strcpy(im->dir, "/tmp/tgt-nbd-XXXXXX"); /* 0700 */
	if (!mkdtemp(im->dir)) {
		im->dir[0] = '\0';
		return err_set(err, ERR_INVALID_REQUEST, "no directory for a socket in /tmp: %s",
			       strerror(errno));
	}
	if (asprintf(&st->conf.uri, "nbd+unix:///?socket=%s/socket", im->dir) < 0) {
		st->conf.uri = NULL;
		return -ENOMEM;
	}
	return 0;
}

int nbd_image_start(struct nbd_store *st, bool anew, struct err *err)
{
	struct strbuf image = STRBUF_INIT, secret = STRBUF_INIT;
	int ret;

	if (st->image.pid && !ended(&st->image, WNOHANG)) {
		if (!anew || (!st->image.used && nbd_clock_ns() - st->image.since_ns < NBD_CONNECT_NS))
			return 0;
		stop_server(&st->image); /* it has no connection any more, and holds the lock */
	}
	ret = dir_make(st, err);
	if (ret)
		return ret;
	st->image.used = false;
	st->image.since_ns = nbd_clock_ns();
	image_opts(&st->conf, &image);
	if (st->conf.secret)
		secret_opts(&st->conf, &secret);
	if (!strbuf_ok(&image) || !strbuf_ok(&secret))
		ret = -ENOMEM;
	else
		ret = server_start(st, strbuf_str(&image), strbuf_str(&secret));
	strbuf_free(&image);
	strbuf_free(&secret);
	if (ret == -ENOENT)
		err_set(err, ERR_INVALID_REQUEST, "%s: images need the program " SERVER ": install the "
			"package qemu-utils", st->bs.path);
	else if (ret)
		err_set(err, ERR_INVALID_REQUEST, SERVER ": %s", strerror(-ret));
	return ret;
}
