/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The io_uring of all stores (kio.h). What the call that submits finished at once is
 * reported in the same phase. Used by the file stores.
 */
#ifndef BS_URING_H
#define BS_URING_H

#include "bs/kio.h"

struct bs_core;
struct uring; /* owner: the core */

/* NULL when there is none: not built in, refused by the kernel, or TGT_NO_URING=1 is set. */
struct kio *uring_get(struct bs_core *core);
void uring_free(struct uring *u);
/* For tests. */
int uring_fd(const struct uring *u);

#endif
