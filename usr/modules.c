/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists of transports, device types and stores that this tgtd is built with.
 * To add one, add its line here; nothing registers itself.
 */
#include "modules.h"

#include <stddef.h>

#include "bs/bs_types.h"
#include "dev/dev_types.h"
#include "iscsi/iscsi.h"

struct transport *const modules_transports[] = {
	&iscsi_transport,
	NULL,
};

const struct dev_type *const modules_dev_types[] = {
	&dev_disk,
	&dev_tape,
	&dev_changer,
	&dev_controller,
	&dev_pt,
	&dev_wlun,
	NULL,
};

const struct bs_type *const modules_stores[] = {
	&bs_file_type,
	&bs_uring_type,
	&bs_aio_type,
	&bs_null_type,
	&bs_mem_type,
	&bs_sg_type,
	&bs_fault_type,
	&bs_delay_type,
	&bs_trace_type,
	NULL,
};
