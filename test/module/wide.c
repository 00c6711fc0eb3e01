/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module whose structures are not those of this tgtd, for bs_module_test.c: it must be refused.
 */
#include "bs/bs_module.h"

const struct bs_module bs_module __attribute__((visibility("default"))) = {
	.abi = BS_MODULE_ABI,
	.sizes = { .type = 8 },
	.version = "1.9",
};
