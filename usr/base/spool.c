/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two buffers: one is filled on the loop while the other is written on a worker.
 */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/iov.h"
#include "base/worker.h"

struct spool {
	struct workers *workers;
	struct job job;
	int fd;
	int err;	     /* of the worker, read when the job is done */
	int error;	     /* the first, as the loop knows it */
	bool opening, writing, closing;
	bool full;	     /* something went beyond @max */
	bool last;	     /* the job under way closes the file */
	char *fill, *out;    /* the loop's, the worker's; @room bytes each */
	size_t room, filled, out_len;
	uint64_t total, max;
	void (*opened)(void *arg, int err);
	void (*closed)(void *arg);
	void *arg;
	char path[];
};

static void free_all(struct spool *s)
{
	free(s->fill);
	free(s->out);
	free(s);
}

static void run(struct job *job)
{
	struct spool *s = container_of(job, struct spool, job);
	size_t done = 0;

	s->err = 0;
	if (s->opening) {
		s->fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		s->err = s->fd < 0 ? -errno : 0;
		return;
	}
	while (done < s->out_len) {
		ssize_t n = write(s->fd, s->out + done, s->out_len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			s->err = -errno;
			break;
		}
		done += (size_t)n;
	}
	if (s->last)
		close(s->fd);
}

/* Hands what waits to the worker; the last time, perhaps nothing, it closes the file, too. */
static void flush(struct spool *s)
{
	char *out = s->out;

	if (s->writing || (!s->filled && !s->closing))
		return;
	s->out = s->fill;
	s->out_len = s->error ? 0 : s->filled;
	s->fill = out;
	s->filled = 0;
	s->writing = true;
	s->last = s->closing;
	worker_submit(s->workers, &s->job);
}

static void file_opened(struct spool *s)
{
	int err = s->err;

	s->opening = false;
	s->opened(s->arg, err);
	if (err)
		free_all(s);
	else
		flush(s);
}

static void done(struct job *job)
{
	struct spool *s = container_of(job, struct spool, job);

	if (s->opening) {
		file_opened(s);
		return;
	}
	s->writing = false;
	if (!s->error)
		s->error = s->err;
	/* When spool_close() came while the job ran, there is one more, which closes. */
	if (!s->last) {
		flush(s);
		return;
	}
	if (s->closed)
		s->closed(s->arg);
	free_all(s);
}

struct spool *spool_new(struct workers *w, const char *path, size_t room, uint64_t max,
			void (*opened)(void *arg, int err), void *arg)
{
	struct spool *s = calloc(1, sizeof(*s) + strlen(path) + 1);

	if (!s)
		return NULL;
	s->workers = w;
	s->job = (struct job){ .run = run, .done = done };
	s->fd = -1;
	s->opening = true;
	s->fill = malloc(room);
	s->out = malloc(room);
	s->room = room;
	s->max = max;
	s->opened = opened;
	s->arg = arg;
	strcpy(s->path, path);
	if (!s->fill || !s->out) {
		free_all(s);
		return NULL;
	}
	worker_submit(w, &s->job);
	return s;
}

bool spool_write(struct spool *s, const struct iovec *iov, unsigned int cnt)
{
	size_t len = iov_size(iov, cnt);

	/* At its limit the file ends: a smaller record behind one that was refused would make a gap. */
	s->full |= len > s->max - s->total;
	if (s->error || s->full || len > s->room - s->filled)
		return false;
	iov_to_buf(iov, cnt, 0, s->fill + s->filled, len);
	s->filled += len;
	s->total += len;
	if (!s->opening)
		flush(s);
	return true;
}

uint64_t spool_bytes(const struct spool *s)
{
	return s->total;
}

int spool_error(const struct spool *s)
{
	return -s->error;
}

void spool_close(struct spool *s, void (*closed)(void *arg), void *arg)
{
	s->closing = true;
	s->closed = closed;
	s->arg = arg;
	flush(s);
}
