/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library that is no module, for bs_module_test.c: it must be refused.
 */
const int tgt_test_alien __attribute__((visibility("default"))) = 1;
