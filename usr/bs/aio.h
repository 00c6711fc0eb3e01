/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux AIO context of all stores (kio.h). It is asynchronous with O_DIRECT only.
 * Used by the file stores.
 */
#ifndef BS_AIO_H
#define BS_AIO_H

#include "bs/kio.h"

struct bs_core;
struct aio; /* owner: the core */

/* NULL with errno set when the kernel gives none: EAGAIN when fs.aio-max-nr is reached. */
struct kio *aio_get(struct bs_core *core);
void aio_free(struct aio *a);
/* For tests: calls of io_submit() so far. */
unsigned int aio_submits(const struct aio *a);

#endif
