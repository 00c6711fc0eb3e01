/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands with their data on a disk: CDBs as they come, or an opcode with the rest as
 * it comes, so that MODE SELECT, PERSISTENT RESERVE OUT, UNMAP and all other parameter lists
 * are reached. Two initiators; commands one after the other or several at once; aborts.
 */
#include "dev_disk.h"
#include "fuzz.h"
#include "t_loop.h"

#define AT_ONCE 4
#define MOST 64 /* commands of an input */
#define ROOM 4096

struct slot {
	struct shot s;
	uint8_t out[ROOM], in[ROOM];
	bool used;
};

static void slot_end(struct slot *t)
{
	if (!t->used)
		return;
	shot_wait(&t->s);
	/* SAM-5 5.3.1: a status that exists; sense data with CHECK CONDITION only. */
	fuzz_check(t->s.aborted || t->s.status == 0x00 || t->s.status == 0x02 || t->s.status == 0x04 ||
		   t->s.status == 0x08 || t->s.status == 0x18 || t->s.status == 0x28 || t->s.status == 0x40);
	fuzz_check(t->s.in_len <= t->s.in_max);
	t->used = false;
}

static void slot_start(struct disk *d, struct slot *t, struct fuzz *f)
{
	uint8_t how = fuzz_byte(f);
	uint32_t out = fuzz_u16(f) % (ROOM + 1);

	memset(&t->s, 0, sizeof(t->s));
	fuzz_copy(f, t->s.cdb, how & 1 ? 32 : 16);
	fuzz_copy(f, t->out, out < f->left ? out : f->left);
	t->s.out = t->out;
	t->s.out_len = out;
	t->s.in = t->in;
	t->s.in_max = how & 2 ? ROOM : how & 4 ? 8 : 0;
	t->used = true;
	d->lun = how & 8 ? 0 : d->lu->lun;
	d->scatter = how & 16 ? 24 : 0;
	shot_start(d, &t->s, how & 32 ? d->b : d->a);
	if (how & 64 && t->s.in_flight)
		shot_abort(&t->s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct slot slots[AT_ONCE];
	struct fuzz f = { data, size };
	uint8_t kind = fuzz_byte(&f);
	struct disk *d = disk_new("mem", "1M", kind & 1 ? 4096 : 512);

	if (kind & 2)
		disk_set(d, "thin_provisioning", "1");
	if (kind & 4)
		disk_set(d, "readonly", "1");
	if (kind & 8)
		disk_set(d, "removable", "1");
	if (kind & 64)
		disk_set(d, "cdb32", "1");
	if (!(kind & 16))
		disk_clear_ua(d);
	for (unsigned int n = 0; f.left && n < MOST; n++) {
		struct slot *t = &slots[n % AT_ONCE];

		slot_end(t);
		slot_start(d, t, &f);
		if (!(kind & 32))
			slot_end(t);
	}
	for (unsigned int i = 0; i < AT_ONCE; i++)
		slot_end(&slots[i]);
	disk_free(d);
	return 0;
}
