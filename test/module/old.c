/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module of an ABI that never was, for bs_module_test.c and modules.bats: it must be refused.
 */
#include "bs/bs_module.h"

const struct bs_module bs_module __attribute__((visibility("default"))) = {
	.abi = BS_MODULE_ABI + 1,
	.sizes = BS_MODULE_SIZES,
	.version = "0.9",
};
