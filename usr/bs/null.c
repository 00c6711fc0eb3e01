/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store "null": reads zeroes, forgets writes. For measuring the rest, and for
 * units that need no bytes. bsopts: size=1T (the default). The path is not looked at.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/iov.h"
#include "bs/bs_types.h"

#define DEFAULT_SIZE (1024 * GiB)

static int null_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	bool found;
	char *size = bs_opt_get(conf->opts, ';', "size", &found);
	int ret = 0;

	bs->size = DEFAULT_SIZE;
	if (found && !size)
		return -ENOMEM;
	if (size && bs_size_parse(size, &bs->size))
		ret = err_set(err, ERR_INVALID_REQUEST,
			      "size=%s is no size: write 512, 64M or 1T", size);
	free(size);
	bs->align = 1;
	bs->unmap_zeroes = true;
	for (unsigned int op = 0; op < BS_PASS; op++)
		bs->cap[op] = BS_CAP_NATIVE;
	bs->copy_piece = UINT32_MAX;
	return ret;
}

static void null_submit(struct bs_req *req)
{
	if (req->op == BS_READ)
		iov_set(req->iov, req->iovcnt, 0, 0, (size_t)req->len);
	if (req->op == BS_EXTENTS && req->max_extents) {
		req->extents[0] = (struct bs_extent){ .offset = req->offset, .len = req->len };
		req->n_extents = 1;
	}
	bs_complete(req, 0);
}

const struct bs_type bs_null_type = {
	.name = "null",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct bs),
	.flag_sync = true,
	.flag_direct = true,
	.instant = true,
	.open = null_open,
	.submit = null_submit,
};
