/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tape drives for tests.
 */
#include "dev_tape.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"

const char *tape_file(struct disk *d, const char *name, uint64_t size, uint32_t flags,
		      uint8_t density)
{
	struct tape_sb sb = { .gen = 0, .id = size * 77 + flags, .size = TAPE_DATA_AT + size,
			      .align = 512, .density = density, .capacity = 65535, .flags = flags,
			      .barcode = "T00001L8" };
	const char *path = box_file(d->box, name, sb.size);
	static uint8_t buf[TAPE_SB_SIZE];
	const uint64_t one = 1;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(tape_sb_divide(&sb, 1, &one));
	tape_sb_put(&sb, buf);
	assert_int_equal(pwrite(fd, buf, sizeof(buf), 0), sizeof(buf));
	close(fd);
	return path;
}

void tape_wait_loaded(struct disk *d, struct lu *lu)
{
	while (lu->medium == RES_NR_BECOMING_READY || lu->n_holds)
		loop_turn(d->core.loop, 1000000000);
}

struct disk *tape_disk(uint64_t size, uint32_t flags, uint8_t density)
{
	struct disk *d = disk_new(NULL, "1M", 512);

	d->lu = disk_add_dev(d, "tape", TAPE_LUN, "rdwr",
			     tape_file(d, "tape", size, flags, density));
	tape_wait_loaded(d, d->lu);
	disk_clear_ua(d);
	return d;
}

void cdb_tape(uint8_t *cdb, uint8_t op, uint8_t flags, int32_t n)
{
	memset(cdb, 0, 32);
	cdb[0] = op;
	cdb[1] = flags;
	put_be24(cdb + 2, (uint32_t)n & 0xffffff);
}
