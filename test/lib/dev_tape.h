/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tape drive behind the transport of test disks (dev_disk.h), with a medium in a file.
 */
#ifndef DEV_TAPE_H
#define DEV_TAPE_H

#include "dev_disk.h"
#include "dev/tape_format.h"

#define TAPE_LUN 2

/* dir/NAME is an empty tape of @size bytes for data; the string is valid until the next call. */
const char *tape_file(struct disk *d, const char *name, uint64_t size, uint32_t flags,
		      uint8_t density);
/* LUN TAPE_LUN, ready and without Unit Attentions; ended with disk_free(). @path NULL: no medium. */
struct disk *tape_disk(uint64_t size, uint32_t flags, uint8_t density);
/* Until its medium has been looked at. */
void tape_wait_loaded(struct disk *d, struct lu *lu);

/* WRITE FILEMARKS, SPACE, ...: byte 1, a number of 24 bits. */
void cdb_tape(uint8_t *cdb, uint8_t op, uint8_t flags, int32_t n);

#endif
