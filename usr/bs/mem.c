/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store "mem": a RAM disk. Its size is bsopts size=64M or, without, the path.
 * One anonymous mapping, filled on demand; a bitmap tells which chunks were
 * written since they were last unmapped, so that holes cost nothing to read and
 * EXTENTS knows them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/iov.h"
#include "bs/bs_types.h"

#define CHUNK (64 * KiB)
#define COPY_PIECE (1 * MiB)	 /* about 100 us */
#define FREE_PER_TURN (32 * MiB) /* giving back pages takes about 100 us a MiB */

struct mem {
	struct bs bs;
	uint8_t *data;
	size_t mapped;	     /* length of the mapping */
	uint64_t *written;   /* one bit a chunk */
	struct list freeing; /* UNMAP and ZERO requests in parts; priv[0]: bytes done */
	struct loop_call free_call;
};

static struct mem *to_mem(struct bs *bs)
{
	return container_of(bs, struct mem, bs);
}

static bool chunk_written(const struct mem *m, uint64_t chunk)
{
	return m->written[chunk / 64] >> (chunk % 64) & 1;
}

static void chunk_set(struct mem *m, uint64_t chunk, bool written)
{
	uint64_t bit = 1ULL << (chunk % 64);

	if (written)
		m->written[chunk / 64] |= bit;
	else
		m->written[chunk / 64] &= ~bit;
}

/* Length of the run from @offset, at most up to @end, whose chunks are all written or all not. */
static uint64_t run_len(const struct mem *m, uint64_t offset, uint64_t end, bool *written)
{
	uint64_t chunk = offset / CHUNK;

	*written = chunk_written(m, chunk);
	do {
		chunk++;
	} while (chunk * CHUNK < end && chunk_written(m, chunk) == *written);
	return min_u64(chunk * CHUNK, end) - offset;
}

static void mem_read(struct mem *m, struct bs_req *req)
{
	uint64_t end = req->offset + req->len, len;
	bool written;

	for (uint64_t at = req->offset; at < end; at += len) {
		len = run_len(m, at, end, &written);
		if (written)
			iov_from_buf(req->iov, req->iovcnt, (size_t)(at - req->offset),
				     m->data + at, (size_t)len);
		else
			iov_set(req->iov, req->iovcnt, (size_t)(at - req->offset), 0, (size_t)len);
	}
}

static void mem_write(struct mem *m, struct bs_req *req)
{
	uint64_t last = (req->offset + req->len - 1) / CHUNK;

	for (uint64_t c = req->offset / CHUNK; c <= last; c++)
		chunk_set(m, c, true);
	iov_to_buf(req->iov, req->iovcnt, 0, m->data + req->offset, (size_t)req->len);
}

/* 0 or -EILSEQ. What was never written is zeroes in memory too. */
static int mem_compare(struct mem *m, struct bs_req *req)
{
	const uint8_t *now = m->data + req->offset;
	uint8_t piece[512];

	for (uint64_t at = 0; at < req->len; at += sizeof(piece)) {
		size_t n = (size_t)min_u64(req->len - at, sizeof(piece));

		iov_to_buf(req->iov, req->iovcnt, (size_t)at, piece, n);
		for (size_t i = 0; i < n; i++) {
			req->differs_at = at + i;
			if (piece[i] != now[at + i])
				return -EILSEQ;
		}
	}
	for (uint64_t c = req->offset / CHUNK; c <= (req->offset + req->len - 1) / CHUNK; c++)
		chunk_set(m, c, true);
	iov_to_buf(req->iov, req->iovcnt, (size_t)req->len, m->data + req->offset, (size_t)req->len);
	return 0;
}

static void mem_extents(struct mem *m, struct bs_req *req)
{
	uint64_t end = req->offset + req->len, at = req->offset;

	while (at < end && req->n_extents < req->max_extents) {
		struct bs_extent *e = &req->extents[req->n_extents++];

		e->offset = at;
		e->len = run_len(m, at, end, &e->mapped);
		at += e->len;
	}
}

/* Whole chunks are given back to the kernel, the ends are cleared. */
static void range_free(struct mem *m, uint64_t offset, uint64_t end)
{
	uint64_t len;
	bool written;

	for (uint64_t at = offset; at < end; at += len) {
		uint64_t first = round_up(at, CHUNK);

		len = run_len(m, at, end, &written);
		if (!written)
			continue;
		if (first != at || len < CHUNK) { /* within one chunk */
			len = min_u64(first == at ? len : first - at, len);
			memset(m->data + at, 0, (size_t)len);
			continue;
		}
		len -= len % CHUNK;
		madvise(m->data + at, (size_t)len, MADV_DONTNEED);
		for (uint64_t c = at / CHUNK; c < (at + len) / CHUNK; c++)
			chunk_set(m, c, false);
	}
}

/* Then it would have to begin at the right end. */
static bool copy_overlaps(const struct bs_req *req)
{
	return req->src == req->bs && req->offset < req->src_offset + req->len &&
	       req->src_offset < req->offset + req->len;
}

/* Holes become holes. */
static void mem_copy(struct mem *m, struct bs_req *req)
{
	struct mem *src = to_mem(req->src);
	uint64_t end = req->src_offset + req->len, len;
	bool written;

	for (uint64_t at = req->src_offset; at < end; at += len) {
		uint64_t to = req->offset + (at - req->src_offset);

		len = run_len(src, at, end, &written);
		if (!written) {
			range_free(m, to, to + len);
			continue;
		}
		for (uint64_t c = to / CHUNK; c <= (to + len - 1) / CHUNK; c++)
			chunk_set(m, c, true);
		memmove(m->data + to, src->data + at, (size_t)len);
	}
}

/* One piece of one request a turn: a whole disk can be unmapped and the loop goes on. */
static void free_some(struct loop_call *c)
{
	struct mem *m = container_of(c, struct mem, free_call);
	struct bs_req *req = list_first(&m->freeing, struct bs_req, link);
	uint64_t at = req->offset + req->priv[0];
	uint64_t len = min_u64(req->len - req->priv[0], FREE_PER_TURN);

	range_free(m, at, at + len);
	req->priv[0] += len;
	if (req->priv[0] == req->len) {
		list_del(&req->link);
		bs_complete(req, 0);
	}
	if (!list_empty(&m->freeing))
		loop_call_queue(m->bs.loop, &m->free_call);
}

static void mem_free(struct mem *m, struct bs_req *req)
{
	if (req->len <= FREE_PER_TURN) {
		range_free(m, req->offset, req->offset + req->len);
		bs_complete(req, 0);
		return;
	}
	req->priv[0] = 0;
	list_push_back(&m->freeing, &req->link);
	loop_call_queue(m->bs.loop, &m->free_call);
}

static void mem_submit(struct bs_req *req)
{
	struct mem *m = to_mem(req->bs);

	switch (req->op) {
	case BS_READ:
		mem_read(m, req);
		break;
	case BS_WRITE:
		mem_write(m, req);
		break;
	case BS_EXTENTS:
		mem_extents(m, req);
		break;
	case BS_COPY:
		if (copy_overlaps(req)) {
			bs_complete(req, -EOPNOTSUPP);
			return;
		}
		mem_copy(m, req);
		break;
	case BS_COMPARE:
		bs_complete(req, mem_compare(m, req));
		return;
	case BS_UNMAP:
	case BS_ZERO:
		mem_free(m, req);
		return;
	default: /* FLUSH, PREFETCH: it is as stable and as near as it gets */
		break;
	}
	bs_complete(req, 0);
}

static int size_get(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	bool found;
	char *opt = bs_opt_get(conf->opts, ';', "size", &found);
	const char *text = found ? opt : conf->path;
	int ret = 0;

	if (found && !opt)
		return -ENOMEM;
	if (!text || bs_size_parse(text, &bs->size) || !bs->size)
		ret = err_set(err, ERR_INVALID_REQUEST,
			      "a RAM disk needs its size: bsopts size=64M (or the path 64M)");
	free(opt);
	return ret;
}

static int mem_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct mem *m = to_mem(bs);
	int ret = size_get(bs, conf, err);

	if (ret)
		return ret;
	m->mapped = (size_t)round_up(bs->size, CHUNK);
	m->data = mmap(NULL, m->mapped, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->data == MAP_FAILED)
		return -ENOMEM;
	m->written = calloc(m->mapped / CHUNK / 64 + 1, sizeof(uint64_t));
	if (!m->written) {
		munmap(m->data, m->mapped);
		return -ENOMEM;
	}
	madvise(m->data, m->mapped, MADV_DONTDUMP);
	list_init(&m->freeing);
	loop_call_init(&m->free_call, LOOP_COMPLETE, free_some);
	bs->align = 1;
	bs->unmap_granularity = CHUNK;
	bs->copy_piece = COPY_PIECE;
	bs->unmap_zeroes = true;
	bs->atomic_max = UINT32_MAX; /* nothing outlives the daemon, and mem_write() is one step */
	for (unsigned int op = 0; op < BS_PASS; op++)
		bs->cap[op] = BS_CAP_NATIVE;
	bs->cap[BS_COMPARE] = BS_CAP_NATIVE;
	return 0;
}

static void mem_close(struct bs *bs)
{
	struct mem *m = to_mem(bs);

	munmap(m->data, m->mapped);
	free(m->written);
}

const struct bs_type bs_mem_type = {
	.name = "mem",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct mem),
	.flag_sync = true,
	.flag_direct = true,
	.open = mem_open,
	.close = mem_close,
	.submit = mem_submit,
};
