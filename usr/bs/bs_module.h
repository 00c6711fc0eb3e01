/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores that are loaded at run time: bs_NAME.so, which has its library, so that tgtd itself
 * needs none of them. A module is the folder usr/bs_NAME; one of its files says
 *
 *	static const struct bs_type *const types[] = { &bs_nbd_type, NULL };
 *	BS_MODULE(types);
 *
 * It calls what bs/bs.h and the headers of base declare; scripts/modules.mk builds it.
 */
#ifndef BS_BS_MODULE_H
#define BS_BS_MODULE_H

#include "bs/bs.h"

/* Another number when a contract changes that the sizes below don't show. */
#define BS_MODULE_ABI 2

/* What a module and tgtd must agree on to the byte. */
struct bs_module_sizes {
	uint16_t type, bs, conf, req, err, loop_fd, loop_timer, loop_call, job, ops;
};

#define BS_MODULE_SIZES                                                                            \
	{                                                                                          \
		.type = sizeof(struct bs_type), .bs = sizeof(struct bs),                           \
		.conf = sizeof(struct bs_conf), .req = sizeof(struct bs_req),                      \
		.err = sizeof(struct err), .loop_fd = sizeof(struct loop_fd),                      \
		.loop_timer = sizeof(struct loop_timer), .loop_call = sizeof(struct loop_call),    \
		.job = sizeof(struct job), .ops = BS_OPS,                                          \
	}

struct bs_module {
	uint32_t abi;			     /* first for ever: decides whether the rest is read */
	struct bs_module_sizes sizes;
	const char *version;		     /* of the tree it was built in */
	const struct bs_type *const *types;  /* ended by NULL */
};

/* The symbol that is looked for. */
extern const struct bs_module bs_module;

#define BS_MODULE(list)                                                                            \
	const struct bs_module bs_module __attribute__((visibility("default"))) = {                \
		.abi = BS_MODULE_ABI, .sizes = BS_MODULE_SIZES, .version = TGT_VERSION,            \
		.types = (list),                                                                   \
	}

/* --- for tgtd */

/*
 * Loads every bs_*.so of @dir, in the order of their names; what does not fit is logged,
 * and told again to who asks for it. Blocks: before the loop runs. No @dir: none.
 */
void bs_modules_load(struct bs_core *core, const char *dir);
void bs_modules_free(struct bs_core *core);
/* The event loop has ended: who waits in bs_module_look() is not told any more. */
void bs_modules_stop(struct bs_core *core);

#endif
