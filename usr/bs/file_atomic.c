/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * File store, atomic writes (bsopts atomic=FILE). The data goes to the journal FILE and is synced,
 * then to its place and is synced, then the journal is cleared and synced. What an end of the
 * daemon or of the power leaves in the journal is written to its place when the store is opened
 * the next time. One such write at a time: it is called by file_slow.c and file_job.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/iov.h"
#include "base/log.h"
#include "bs/file.h"

#define SLICE 64U
#define OPTION "atomic"

/* The journal's first FILE_ATOMIC_HEAD bytes; the data follows. */
struct head {
	uint8_t magic[8];
	uint8_t offset[8], len[8]; /* where the data belongs */
	uint8_t data_crc[4];
	uint8_t path_len[4];
	char path[FILE_ATOMIC_HEAD - 36];
	uint8_t crc[4]; /* of all before */
};

static_assert(sizeof(struct head) == FILE_ATOMIC_HEAD, "no padding");

static const uint8_t magic[8] = { 't', 'g', 't', 'a', 't', 'o', 'm', '1' };

static uint32_t data_crc(const struct iovec *iov, unsigned int cnt, uint64_t len)
{
	uint32_t crc = 0;

	for (unsigned int i = 0; i < cnt && len; i++) {
		size_t n = (size_t)min_u64(iov[i].iov_len, len);

		crc = crc32c(crc, iov[i].iov_base, n);
		len -= n;
	}
	return crc;
}

/* Of a file that is not this store's own journal a record must not be written anywhere. */
static void head_fill(struct head *h, const struct file *f, const struct bs_req *req)
{
	size_t n = strlen(f->atomic_for);

	memset(h, 0, sizeof(*h));
	memcpy(h->magic, magic, sizeof(magic));
	put_be64(h->offset, req->offset);
	put_be64(h->len, req->len);
	put_be32(h->data_crc, data_crc(req->iov, req->iovcnt, req->len));
	put_be32(h->path_len, (uint32_t)n);
	memcpy(h->path, f->atomic_for, n);
	put_be32(h->crc, crc32c(0, h, offsetof(struct head, crc)));
}

/* All of @iov at @at of the journal. 0 or -errno. */
static int journal_write(int fd, const struct iovec *iov, unsigned int cnt, uint64_t len, off_t at)
{
	struct iovec part[SLICE];

	for (uint64_t done = 0; done < len;) {
		unsigned int n = iov_slice(iov, cnt, (size_t)done, (size_t)(len - done), part, SLICE);
		ssize_t got = pwritev(fd, part, (int)n, at + (off_t)done);

		if (got == 0)
			return -EIO;
		if (got < 0 && errno != EINTR)
			return -errno;
		done += got > 0 ? (uint64_t)got : 0;
	}
	return 0;
}

static int journal_put(const struct file *f, const struct bs_req *req)
{
	struct head h;
	struct iovec iov = { .iov_base = &h, .iov_len = sizeof(h) };
	int ret;

	head_fill(&h, f, req);
	ret = journal_write(f->atomic_fd, req->iov, req->iovcnt, req->len, FILE_ATOMIC_HEAD);
	if (!ret)
		ret = journal_write(f->atomic_fd, &iov, 1, sizeof(h), 0);
	if (!ret && fdatasync(f->atomic_fd))
		ret = -errno;
	return ret;
}

static int journal_clear(int fd)
{
	static const uint8_t nothing[FILE_ATOMIC_HEAD];
	struct iovec iov = { .iov_base = (void *)(uintptr_t)nothing, .iov_len = sizeof(nothing) };
	int ret = journal_write(fd, &iov, 1, sizeof(nothing), 0);

	if (!ret && fdatasync(fd))
		ret = -errno;
	return ret;
}

/* Without room half of the data could reach its place. */
static int reserve_room(const struct file *f, const struct bs_req *req)
{
	if (f->block || !fallocate(f->fd, FALLOC_FL_KEEP_SIZE, (off_t)req->offset, (off_t)req->len))
		return 0;
	return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : -errno;
}

int file_atomic_run(struct file *f, struct bs_req *req, int (*write)(struct file *f,
								     struct bs_req *req))
{
	int ret, cleared;

	if (f->atomic_broken)
		return -EIO;
	ret = reserve_room(f, req);
	if (ret)
		return ret;
	ret = journal_put(f, req);
	if (!ret)
		ret = write(f, req);
	cleared = journal_clear(f->atomic_fd);
	if (!cleared)
		return ret;
	f->atomic_broken = true;
	log_err("%s: its journal of atomic writes can't be cleared: %s. What it holds would be "
		  "written over newer data: remove it before this disk is opened again",
		  f->bs.path, strerror(-cleared));
	return -EIO;
}

bool file_atomic_turn(struct file *f, struct bs_req *req)
{
	if (f->atomic_runs)
		list_push_back(&f->atomic_next, &req->link);
	return !f->atomic_runs && (f->atomic_runs = true);
}

struct bs_req *file_atomic_done(struct file *f)
{
	struct list *l = list_pop(&f->atomic_next);

	f->atomic_runs = false;
	return l ? list_entry(l, struct bs_req, link) : NULL;
}

/* --- opening */

static int refuse(struct err *err, const char *journal, const char *what)
{
	return err_set(err, ERR_INVALID_REQUEST, "bsopts atomic=%s: %s", journal, what);
}

/* *@data of a record, NULL when it is torn: then it was never written to its place. */
static int record_read(int fd, const struct head *h, uint64_t len, void **data)
{
	struct iovec iov = { .iov_base = malloc((size_t)len), .iov_len = (size_t)len };
	ssize_t n;

	*data = iov.iov_base;
	if (!iov.iov_base)
		return -ENOMEM;
	n = pread(fd, iov.iov_base, (size_t)len, FILE_ATOMIC_HEAD);
	if (n == (ssize_t)len && data_crc(&iov, 1, len) == get_be32(h->data_crc))
		return 0;
	free(iov.iov_base);
	*data = NULL;
	return n < 0 ? -errno : 0;
}

static int replay(struct file *f, uint64_t offset, uint64_t len, void *data)
{
	struct iovec iov = { .iov_base = data, .iov_len = (size_t)len };
	int ret;

	if (f->bs.direct)
		ret = file_direct_rw(f, true, offset, len, &iov, 1, 0);
	else
		ret = journal_write(f->fd, &iov, 1, len, (off_t)offset);
	if (!ret && fdatasync(f->fd))
		ret = -errno;
	free(data);
	return ret;
}

static bool head_valid(const struct head *h)
{
	return !memcmp(h->magic, magic, sizeof(magic)) &&
	       get_be32(h->crc) == crc32c(0, h, offsetof(struct head, crc)) &&
	       get_be32(h->path_len) < sizeof(h->path) &&
	       get_be64(h->len) <= FILE_ATOMIC_MAX;
}

static int recover(struct file *f, const char *journal, uint64_t size, struct err *err)
{
	struct head h = { .magic = { 0 } };
	uint64_t offset, len;
	void *data;
	int ret;

	if (pread(f->atomic_fd, &h, sizeof(h), 0) < 0)
		return refuse(err, journal, strerror(errno));
	if (!head_valid(&h))
		return 0;
	offset = get_be64(h.offset);
	len = get_be64(h.len);
	if (get_be32(h.path_len) != strlen(f->atomic_for) ||
	    memcmp(h.path, f->atomic_for, strlen(f->atomic_for)))
		return refuse(err, journal, "it holds what belongs to another disk");
	ret = record_read(f->atomic_fd, &h, len, &data);
	if (ret)
		return refuse(err, journal, strerror(-ret));
	if (!data)
		return 0;
	if (f->bs.readonly || offset > size || len > size - offset) {
		free(data);
		return refuse(err, journal, "it holds what can't be written to this disk");
	}
	if (replay(f, offset, len, data) || journal_clear(f->atomic_fd))
		return refuse(err, journal, "what it holds could not be written to the disk");
	log_notice("%s: an atomic write of %llu bytes was completed from %s", f->bs.path,
		   (unsigned long long)len, journal);
	return 0;
}

/* Two disks with one journal would lose each other's records. */
static int journal_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

/* Its name must be there after the power went as well. */
static int dir_sync(const char *journal)
{
	char *copy = strdup(journal);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int ret = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	free(copy);
	return ret;
}

static int journal_open(struct file *f, const char *path, const char *journal, uint64_t size,
			struct err *err)
{
	int ret = 0;

	f->atomic_for = realpath(path, NULL);
	if (!f->atomic_for || strlen(f->atomic_for) >= sizeof(((struct head *)0)->path))
		return refuse(err, journal, "the path of the disk can't be noted");
	f->atomic_fd = open(journal, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f->atomic_fd < 0)
		return refuse(err, journal, strerror(errno));
	if (journal_lock(f->atomic_fd))
		ret = refuse(err, journal, "it is in use");
	if (!ret)
		ret = recover(f, journal, size, err);
	/* Its blocks are there before they are needed; where that can't be, later will do. */
	if (!ret)
		posix_fallocate(f->atomic_fd, 0, FILE_ATOMIC_HEAD + FILE_ATOMIC_MAX);
	if (!ret && (fsync(f->atomic_fd) || dir_sync(journal)))
		ret = refuse(err, journal, strerror(errno));
	if (!ret && !f->bs.readonly)
		f->bs.atomic_max = FILE_ATOMIC_MAX;
	return ret;
}

int file_atomic_open(struct file *f, const struct bs_conf *conf, uint64_t size, struct err *err)
{
	bool found;
	char *journal = bs_opt_get(conf->opts, ';', OPTION, &found);
	int ret = 0;

	f->atomic_fd = -1;
	list_init(&f->atomic_next);
	if (found)
		ret = journal ? journal_open(f, conf->path, journal, size, err) : -ENOMEM;
	f->bs.atomic_tears = f->bs.atomic_max;
	free(journal);
	if (ret)
		file_atomic_close(f);
	return ret;
}

void file_atomic_close(struct file *f)
{
	if (f->atomic_fd >= 0)
		close(f->atomic_fd);
	free(f->atomic_for);
}
