/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store that is a module, the smallest that works: bsopts size=SIZE bytes that read as the
 * byte of bsopts byte=N, whatever is written. Loaded by bs_module_test.c and modules.bats.
 */
#include "bs/bs_module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct toy {
	struct bs bs;
	uint8_t byte;
};

static int toy_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct toy *t = container_of(bs, struct toy, bs);
	bool sized, found;
	char *size = bs_opt_get(conf->opts, ';', "size", &sized);
	char *byte = bs_opt_get(conf->opts, ';', "byte", &found);
	int ret = !size || bs_size_parse(size, &bs->size) ? -EINVAL : 0;

	t->byte = byte ? (uint8_t)atoi(byte) : 0;
	free(byte);
	free(size);
	if (ret)
		return err_set(err, ERR_INVALID_REQUEST, "toy: bsopts size=SIZE is needed");
	bs->align = 1;
	for (unsigned int op = 0; op < BS_PASS; op++)
		bs->cap[op] = op >= BS_COPY ? BS_CAP_NONE : BS_CAP_NATIVE;
	log_debug("toy: opened");
	return 0;
}

static void toy_submit(struct bs_req *req)
{
	struct toy *t = container_of(req->bs, struct toy, bs);

	for (unsigned int i = 0; req->op == BS_READ && i < req->iovcnt; i++)
		memset(req->iov[i].iov_base, t->byte, req->iov[i].iov_len);
	bs_complete(req, 0);
}

static const struct bs_type toy_type = {
	.name = "toy",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct toy),
	.flag_direct = true,
	.open = toy_open,
	.submit = toy_submit,
};

static const struct bs_type *const types[] = { &toy_type, NULL };
BS_MODULE(types);
