/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device of target_pass.h: one for all stores, as tests have one.
 */
#include "target_pass.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/iov.h"

struct pass_device pass_device;

void pass_reset(void)
{
	memset(&pass_device, 0, sizeof(pass_device));
}

static int pass_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	(void)conf, (void)err;
	bs->align = 1;
	bs->pass_max = 65536;
	bs->cap[BS_PASS] = BS_CAP_NATIVE;
	return 0;
}

static void note(const struct bs_req *req)
{
	struct pass_device *d = &pass_device;
	const struct bs_pass *p = req->pass;

	d->commands++;
	assert_in_range(p->words_len, 6, sizeof(d->cdb));
	memcpy(d->cdb, p->words, p->words_len);
	d->cdb_len = p->words_len;
	d->dir = (enum bs_pass_dir)p->dir;
	d->len = req->len;
	d->timeout_ms = p->timeout_ms;
	if (p->dir == BS_PASS_OUT)
		iov_to_buf(req->iov, req->iovcnt, 0, d->out,
			   (size_t)min_u64(req->len, sizeof(d->out)));
}

static void answer(struct bs_req *req)
{
	const struct pass_device *d = &pass_device;
	struct bs_pass *p = req->pass;

	p->status = d->status;
	p->sense_len = (uint8_t)min_u32(d->sense_len, p->sense_max);
	if (p->sense_len)
		memcpy(p->sense, d->sense, p->sense_len);
	p->moved = 0;
	if (p->dir == BS_PASS_IN)
		p->moved = (uint32_t)min_u64(req->len, d->in_len);
	if (p->dir == BS_PASS_IN)
		iov_from_buf(req->iov, req->iovcnt, 0, d->in, p->moved);
	if (p->dir == BS_PASS_OUT)
		p->moved = (uint32_t)req->len - d->out_short;
}

void pass_go(int result)
{
	struct pass_device *d = &pass_device;
	unsigned int n = d->n_held;

	d->n_held = 0;
	for (unsigned int i = 0; i < n; i++)
		bs_complete(d->held[i], result);
}

static void pass_submit(struct bs_req *req)
{
	struct pass_device *d = &pass_device;

	assert_int_equal(req->op, BS_PASS);
	if (req->pass->reset) {
		d->resets++;
		pass_go(-ECANCELED);
		bs_complete(req, 0);
		return;
	}
	note(req);
	answer(req);
	if (!d->hold) {
		bs_complete(req, d->result);
		return;
	}
	assert_true(d->n_held < ARRAY_SIZE(d->held));
	d->held[d->n_held++] = req;
}

const struct bs_type pass_fake_type = {
	.name = "sg",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct bs),
	.needs_path = true,
	.instant = true,
	.open = pass_open,
	.submit = pass_submit,
};
