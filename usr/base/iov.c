/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks over scattered buffers: one iterator that yields the contiguous runs of
 * a byte range; copying, filling and slicing are what is done with a run.
 */
#include "base/iov.h"

#include <string.h>

#include "base/util.h"

struct walk {
	const struct iovec *iov, *end;
	size_t off, left; /* into *iov; bytes of the range to come */
};

/* The next run of the range, or false at its end or the vector's. */
static bool next_run(struct walk *w, struct iovec *run)
{
	while (w->iov < w->end && w->left) {
		const struct iovec *v = w->iov++;

		if (w->off >= v->iov_len) {
			w->off -= v->iov_len;
			continue;
		}
		run->iov_base = (char *)v->iov_base + w->off;
		run->iov_len = min_u64(v->iov_len - w->off, w->left);
		w->left -= run->iov_len;
		w->off = 0;
		return true;
	}
	return false;
}

size_t iov_size(const struct iovec *iov, unsigned int cnt)
{
	size_t sum = 0;

	while (cnt--)
		sum += iov++->iov_len;
	return sum;
}

size_t iov_to_buf(const struct iovec *iov, unsigned int cnt, size_t off, void *buf, size_t len)
{
	struct walk w = { iov, iov + cnt, off, len };
	struct iovec run;
	char *p = buf;

	while (next_run(&w, &run)) {
		memcpy(p, run.iov_base, run.iov_len);
		p += run.iov_len;
	}
	return len - w.left;
}

size_t iov_from_buf(const struct iovec *iov, unsigned int cnt, size_t off, const void *buf,
		    size_t len)
{
	struct walk w = { iov, iov + cnt, off, len };
	struct iovec run;
	const char *p = buf;

	while (next_run(&w, &run)) {
		memcpy(run.iov_base, p, run.iov_len);
		p += run.iov_len;
	}
	return len - w.left;
}

size_t iov_set(const struct iovec *iov, unsigned int cnt, size_t off, int byte, size_t len)
{
	struct walk w = { iov, iov + cnt, off, len };
	struct iovec run;

	while (next_run(&w, &run))
		memset(run.iov_base, byte, run.iov_len);
	return len - w.left;
}

unsigned int iov_slice(const struct iovec *iov, unsigned int cnt, size_t off, size_t len,
		       struct iovec *out, unsigned int max)
{
	struct walk w = { iov, iov + cnt, off, len };
	unsigned int n = 0;

	if (likely(cnt == 1 && max && len && off < iov->iov_len)) {
		out->iov_base = (char *)iov->iov_base + off;
		out->iov_len = min_u64(iov->iov_len - off, len);
		return 1;
	}
	while (n < max && next_run(&w, &out[n]))
		n++;
	return n;
}
