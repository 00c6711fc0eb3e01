/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores and filters of this folder, for the list in usr/modules.c and for tests.
 */
#ifndef BS_BS_TYPES_H
#define BS_BS_TYPES_H

#include "bs/bs.h"

extern const struct bs_type bs_file_type;  /* "rdwr": files and block devices */
extern const struct bs_type bs_uring_type; /* "uring": the same, all of it by io_uring */
extern const struct bs_type bs_aio_type;   /* "aio": the same, by Linux AIO and O_DIRECT */
extern const struct bs_type bs_null_type;  /* "null": zeroes, and nothing kept */
extern const struct bs_type bs_mem_type;   /* "mem": a RAM disk */
extern const struct bs_type bs_sg_type;	   /* "sg": a SCSI device, for the device type pt */
extern const struct bs_type bs_fault_type; /* filter "fault": errors on demand */
extern const struct bs_type bs_delay_type; /* filter "delay": slow on demand */
extern const struct bs_type bs_trace_type; /* filter "trace": writes down each request */

#endif
