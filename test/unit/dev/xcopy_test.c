/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EXTENDED COPY: what is copied in whatever way, who may, what is said of errors, and what
 * RECEIVE COPY RESULTS knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "dev/xcopy.h"
#include "dev_disk.h"
#include "t_alloc.h"
#include "t_loop.h"
#include "target/lun_map.h"
#include "target/reserve.h"
#include "target/ua.h"

#define SIZE (4 * MiB)
#define BLOCKS (SIZE / 512)

struct pair {
	struct disk *d;
	struct lu *a, *b; /* LUN 1, LUN 2 */
};

static void clear_ua(struct pair *p)
{
	struct nexus *n;
	struct itl *itl;

	nexus_itl(p->d->a, 2);
	nexus_itl(p->d->b, 2);
	list_for_each(n, &p->d->target->nexuses, link) {
		n->luns_changed = false;
		list_for_each(itl, &n->itl_list, nexus_link)
			itl->ua = 0;
	}
}

static struct pair *new_pair(const char *a, const char *b, uint32_t a_block, uint32_t b_block)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->d = disk_new("mem", a, a_block);
	p->a = p->d->lu;
	p->b = disk_add_lu(p->d, NULL, 2, "mem", b, b_block);
	clear_ua(p);
	return p;
}

static int setup(void **state)
{
	*state = new_pair("4M", "4M", 512, 512);
	return 0;
}

/* Through memory, as the filter can't copy. */
static int setup_filter(void **state)
{
	*state = new_pair("trace:/dev/null:4M", "4M", 512, 512);
	return 0;
}

static int setup_sizes(void **state)
{
	*state = new_pair("4M", "4M", 512, 4096);
	return 0;
}


static int teardown(void **state)
{
	struct pair *p = *state;

	disk_free(p->d);
	free(p);
	return 0;
}

/* --- parameter lists */

struct plist {
	uint8_t buf[8192];
	uint32_t len;
	bool lid4;
	unsigned int n_cscds;
};

static void list_begin(struct plist *l, bool lid4, uint32_t id, uint8_t usage)
{
	memset(l, 0, sizeof(*l));
	l->lid4 = lid4;
	l->len = lid4 ? 48 : 16;
	l->buf[lid4 ? 1 : 1] = (uint8_t)(usage << 3);
	if (!lid4) {
		l->buf[0] = (uint8_t)id;
		return;
	}
	l->buf[0] = 1;
	put_be16(l->buf + 2, 32);
	l->buf[16] = 0xff;
	put_be32(l->buf + 20, id);
}

static uint16_t add_cscd(struct plist *l, const struct lu *lu, bool pad)
{
	uint8_t *d = l->buf + l->len;

	d[0] = 0xe4;
	d[4] = 1;
	d[5] = 3;
	d[7] = 8;
	memcpy(d + 8, lu->id.naa, 8);
	d[28] = pad ? 4 : 0;
	put_be24(d + 29, lu->block_size);
	l->len += 32;
	put_be16(l->buf + (l->lid4 ? 42 : 2), (uint16_t)(++l->n_cscds * 32));
	return (uint16_t)(l->n_cscds - 1);
}

static void add_seg(struct plist *l, uint8_t flags, uint16_t src, uint16_t dst, uint16_t blocks,
		    uint64_t src_lba, uint64_t dst_lba)
{
	uint8_t *d = l->buf + l->len;
	uint32_t segs;

	d[0] = 0x02;
	d[1] = flags;
	put_be16(d + 2, 24);
	put_be16(d + 4, src);
	put_be16(d + 6, dst);
	put_be16(d + 10, blocks);
	put_be64(d + 12, src_lba);
	put_be64(d + 20, dst_lba);
	l->len += 28;
	segs = l->len - (l->lid4 ? 48 : 16) - l->n_cscds * 32;
	if (l->lid4)
		put_be16(l->buf + 44, (uint16_t)segs);
	else
		put_be32(l->buf + 8, segs);
}

static struct shot *send_by(struct disk *d, const struct plist *l, struct nexus *n)
{
	struct shot *s = calloc(1, sizeof(*s));

	s->cdb[0] = 0x83;
	s->cdb[1] = l->lid4;
	put_be32(s->cdb + 10, l->len);
	s->out = l->buf;
	s->out_len = l->len;
	shot_start(d, s, n);
	return s;
}

static struct shot *send_list(struct pair *p, const struct plist *l)
{
	return send_by(p->d, l, p->d->a);
}

static enum scsi_result end(struct shot *s)
{
	enum scsi_result r;

	shot_wait(s);
	r = shot_result(s);
	free(s);
	return r;
}

static enum scsi_result copy_blocks(struct pair *p, struct lu *from, uint64_t src, struct lu *to,
				    uint64_t dst, uint16_t blocks)
{
	struct plist l;

	list_begin(&l, false, 0, 3);
	add_cscd(&l, from, false);
	add_cscd(&l, to, false);
	add_seg(&l, 0, 0, 1, blocks, src, dst);
	return end(send_list(p, &l));
}

/* --- what is on the disks */

static void write_bytes(struct pair *p, struct lu *lu, uint64_t at, const uint8_t *buf, uint64_t len)
{
	p->d->lun = lu->lun;
	p->d->lu = lu;
	disk_write(p->d, at / lu->block_size, (uint32_t)(len / lu->block_size), buf);
	p->d->lun = 1;
	p->d->lu = p->a;
}

static void read_bytes(struct pair *p, struct lu *lu, uint64_t at, uint8_t *buf, uint64_t len)
{
	p->d->lun = lu->lun;
	p->d->lu = lu;
	disk_read(p->d, at / lu->block_size, (uint32_t)(len / lu->block_size), buf);
	p->d->lun = 1;
	p->d->lu = p->a;
}

static void fill(struct pair *p, struct lu *lu, unsigned int seed, uint8_t *model)
{
	box_fill(model, SIZE, 0, seed);
	write_bytes(p, lu, 0, model, SIZE);
}

/* Each write takes a while; there is something to be written, as holes are not. */
static int setup_slow(void **state)
{
	struct pair *p = new_pair("4M", "delay:write=50ms:4M", 512, 512);
	uint8_t *model = malloc(SIZE);

	fill(p, p->a, 1, model);
	free(model);
	*state = p;
	return 0;
}

static int setup_bad(void **state)
{
	struct pair *p = new_pair("fault:op=read,offset=2M,len=1M:4M",
				  "fault:op=write,offset=3M,len=512:4M", 512, 512);
	uint8_t *model = malloc(SIZE);

	fill(p, p->a, 1, model);
	free(model);
	*state = p;
	return 0;
}

static void expect_model(struct pair *p, struct lu *lu, const uint8_t *model)
{
	uint8_t *buf = malloc(SIZE);

	read_bytes(p, lu, 0, buf, SIZE);
	assert_memory_equal(buf, model, SIZE);
	free(buf);
}

static uint64_t rnd(uint64_t below)
{
	static uint64_t state = 11;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % below;
}

static void random_copies_agree_with_the_model(void **state)
{
	struct pair *p = *state;
	struct lu *lu[2] = { p->a, p->b };
	uint8_t *model[2] = { malloc(SIZE), malloc(SIZE) };

	for (unsigned int i = 0; i < 2; i++)
		fill(p, lu[i], i, model[i]);
	for (unsigned int i = 0; i < 200; i++) {
		unsigned int s = (unsigned int)rnd(2), d = (unsigned int)rnd(2);
		/* Whole blocks of either. */
		uint64_t unit = max_u64(lu[s]->block_size, lu[d]->block_size);
		uint64_t len = (rnd(rnd(4) ? 64 : SIZE / 4096 / 2) + 1) * unit;
		uint64_t from = rnd((SIZE - len) / unit + 1) * unit;
		uint64_t to = rnd((SIZE - len) / unit + 1) * unit;

		assert_int_equal(copy_blocks(p, lu[s], from / lu[s]->block_size, lu[d],
					     to / lu[d]->block_size,
					     (uint16_t)(len / lu[s]->block_size)), RES_GOOD);
		memmove(model[d] + to, model[s] + from, len);
	}
	expect_model(p, p->a, model[0]);
	expect_model(p, p->b, model[1]);
	free(model[0]);
	free(model[1]);
}

static void files_copy_as_well(void **state)
{
	struct disk *d = disk_new("mem", "4M", 512);
	struct pair p = { .d = d };
	char path[2][128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "%s", box_file(d->box, i ? "b" : "a", SIZE));
		*(i ? &p.b : &p.a) = disk_add_lu(d, NULL, (uint64_t)(i + 2), "rdwr", path[i], 512);
		nexus_itl(d->a, (uint64_t)(i + 2));
	}
	clear_ua(&p);
	{
		uint8_t *model = malloc(SIZE);

		fill(&p, p.a, 3, model);
		assert_int_equal(copy_blocks(&p, p.a, 0, p.b, 0, BLOCKS), RES_GOOD);
		expect_model(&p, p.b, model);
		/* The first half over the second, overlapping. */
		assert_int_equal(copy_blocks(&p, p.a, 0, p.a, 1000, BLOCKS - 1000), RES_GOOD);
		memmove(model + 1000 * 512, model, SIZE - 1000 * 512);
		expect_model(&p, p.a, model);
		free(model);
	}
	disk_free(d);
}

static void holes_stay_holes(void **state)
{
	struct pair *p = *state;
	uint8_t *buf = malloc(MiB), cdb[32], status[8 + 4 * 16];

	disk_set(p->d, "thin_provisioning", "1");
	memset(buf, 7, MiB);
	for (unsigned int i = 0; i < 4; i++)
		write_bytes(p, p->b, i * MiB, buf, MiB);
	write_bytes(p, p->a, 65536, buf, 512);
	assert_int_equal(copy_blocks(p, p->a, 0, p->b, 0, BLOCKS), RES_GOOD);
	assert_int_equal(lu_set(p->b, "thin_provisioning", "1", NULL), 0);
	clear_ua(p);
	p->d->lun = 2;
	cdb16(cdb, 0x9e, 0x12, 0, sizeof(status));
	expect_run(GOOD, p->d, cdb, NULL, 0, status, sizeof(status));
	assert_int_equal(get_be32(status) - 4, 3 * 16);
	assert_int_equal(status[8 + 12], 1);
	assert_int_equal(get_be32(status + 24 + 8), 128);
	assert_int_equal(status[24 + 12], 0);
	assert_int_equal(status[40 + 12], 1);
	free(buf);
}

static void several_segments_and_the_unit_itself(void **state)
{
	struct pair *p = *state;
	uint8_t *model = malloc(SIZE), buf[1024];
	struct plist l;

	fill(p, p->a, 5, model);
	list_begin(&l, false, 0, 3);
	add_cscd(&l, p->b, false);
	add_seg(&l, 0, XCOPY_CSCD_SELF, 0, 2, 100, 0);
	add_seg(&l, 0, XCOPY_CSCD_SELF, 0, 0, 0, 0); /* nothing, and no error */
	add_seg(&l, 2, XCOPY_CSCD_SELF, 0, 1, 200, 2); /* DC: in blocks of the destination */
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	read_bytes(p, p->b, 0, buf, 1024);
	assert_memory_equal(buf, model + 51200, 1024);
	free(model);
}

static void what_is_less_than_a_block_needs_pad(void **state)
{
	struct pair *p = *state; /* blocks of 512 and 4096 */
	uint8_t *model = malloc(SIZE), buf[8192];
	struct plist l;

	fill(p, p->a, 6, model);
	assert_int_equal(copy_blocks(p, p->a, 0, p->b, 0, 9), RES_CA_INEXACT);
	list_begin(&l, false, 0, 3);
	add_cscd(&l, p->a, false);
	add_cscd(&l, p->b, true);
	add_seg(&l, 0, 0, 1, 9, 0, 0);
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	read_bytes(p, p->b, 0, buf, 8192);
	assert_memory_equal(buf, model, 9 * 512);
	for (unsigned int i = 9 * 512; i < 8192; i++)
		assert_int_equal(buf[i], 0);
	/* DC: one block of 512 bytes from one of 4096, whose rest is dropped if it may. */
	list_begin(&l, false, 0, 3);
	add_cscd(&l, p->b, true);
	add_cscd(&l, p->a, false);
	add_seg(&l, 2, 0, 1, 1, 1, 77);
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	read_bytes(p, p->a, 77 * 512, buf + 4096, 512);
	assert_memory_equal(buf + 4096, model + 4096, 512);
	l.buf[16 + 28] = 0;
	assert_int_equal(end(send_list(p, &l)), RES_CA_INEXACT);
	free(model);
}

/* --- errors */

static enum scsi_result list_error(struct pair *p, const struct plist *l, int *field)
{
	struct shot *s = send_list(p, l);
	enum scsi_result r;

	shot_wait(s);
	r = shot_result(s);
	*field = shot_field(s);
	free(s);
	return r;
}

static void lists_are_checked_before_anything_is_copied(void **state)
{
	struct pair *p = *state;
	struct plist good, l;
	int field;

	list_begin(&good, false, 9, 0);
	add_cscd(&good, p->a, false);
	add_seg(&good, 0, 0, 0, 8, 0, 100);
#define bad(change, want, at)                                                                      \
	do {                                                                                       \
		l = good;                                                                          \
		change;                                                                            \
		assert_int_equal(list_error(p, &l, &field), RES_##want);                           \
		if ((at) >= 0)                                                                     \
			assert_int_equal(field, ((at) & 0xff) << 8 | 0xff);                                 \
	} while (0)
	bad(l.len = 15, PARAM_LIST_LENGTH, -1);
	bad(l.len = 47, PARAM_LIST_LENGTH, -1);
	bad(l.len = 75, PARAM_LIST_LENGTH, -1);
	bad(put_be16(l.buf + 2, 31), INVALID_FIELD_PARAM, 2);
	bad(put_be32(l.buf + 12, 1), INLINE_LENGTH, -1);
	bad(put_be32(l.buf + 8, 27), PARAM_LIST_LENGTH, -1);
	bad(put_be32(l.buf + 8, XCOPY_LIST_MAX), PARAM_LIST_LENGTH, -1);
	bad(l.buf[16] = 0xe0, UNSUPPORTED_CSCD, 16);
	bad(l.buf[48] = 0x03, UNSUPPORTED_SEGMENT, 48);
	bad(l.buf[51] = 0x17, INVALID_FIELD_PARAM, 50);
	bad(l.buf[1] = 0x18, INVALID_FIELD_PARAM, 0); /* no list identifier is wanted: 9 */
	bad(l.buf[1] = 0x08, INVALID_FIELD_PARAM, -1);
	bad(put_be16(l.buf + 2, 17 * 32), TOO_MANY_CSCDS, -1);
	bad({
		for (unsigned int i = 0; i < XCOPY_SEGMENTS; i++)
			add_seg(&l, 0, 0, 0, 8, 0, 100);
	}, TOO_MANY_SEGMENTS, -1);
	bad(, GOOD, -1);
	l.len = 0;
	assert_int_equal(list_error(p, &l, &field), RES_GOOD);
}

static void lists_of_four_byte_identifiers_are_checked_too(void **state)
{
	struct pair *p = *state;
	struct plist good, l;
	int field;

	list_begin(&good, true, 9, 0);
	add_cscd(&good, p->a, false);
	add_seg(&good, 0, 0, 0, 8, 0, 100);
	bad(l.len = 47, PARAM_LIST_LENGTH, -1);
	bad(l.buf[0] = 2, INVALID_FIELD_PARAM, 0);
	bad(l.buf[3] = 0, INVALID_FIELD_PARAM, 2);
	bad(l.buf[16] = 0, INVALID_FIELD_PARAM, 16);
	bad(l.buf[1] = 0x18, INVALID_FIELD_PARAM, 20);
	bad(, GOOD, -1);
}

static void expect_segment_error(struct pair *p, const struct plist *l, enum scsi_result want,
				 unsigned int segment, int field)
{
	struct shot *s = send_list(p, l);

	shot_wait(s);
	assert_int_equal(shot_result(s), want);
	assert_int_equal(get_be16(s->sense + 10), segment);
	assert_int_equal(get_be16(s->sense + 8), 0);
	if (field >= 0) {
		assert_int_equal(s->sense[15] & 0xe0, 0xa0); /* SKSV, SD */
		assert_int_equal(get_be16(s->sense + 16), field);
	}
	free(s);
}

static void segments_that_can_not_be_say_which_one_it_was(void **state)
{
	struct pair *p = *state;
	struct plist good, l;

	list_begin(&good, false, 0, 3);
	add_cscd(&good, p->a, false);
	add_cscd(&good, p->b, false);
	add_seg(&good, 0, 0, 1, 8, 0, 100);
	l = good;
	add_seg(&l, 0, 0, 2, 8, 0, 0);
	expect_segment_error(p, &l, RES_CA_UNREACHABLE, 1, -1);
	l = good;
	add_seg(&l, 0, 0, 1, 8, BLOCKS - 7, 0);
	expect_segment_error(p, &l, RES_CA_SEGMENT, 1, 12);
	l = good;
	add_seg(&l, 0, 0, 1, 8, 0, UINT64_MAX);
	expect_segment_error(p, &l, RES_CA_SEGMENT, 1, 20);
	l = good;
	l.buf[16 + 15] ^= 1; /* nobody has that designator */
	expect_segment_error(p, &l, RES_CA_NOT_REACHABLE, 0, -1);
	l = good;
	l.buf[48 + 1] = 0x01; /* a tape, it says */
	expect_segment_error(p, &l, RES_CA_DEVICE_TYPE, 0, -1);
}

static void other_designators_name_it_as_well(void **state)
{
	struct pair *p = *state;
	struct plist l;
	char name[32] = "naa.";

	list_begin(&l, false, 0, 3);
	add_cscd(&l, p->b, false);
	add_seg(&l, 0, 0, 0, 8, 0, 100);
	for (unsigned int i = 0; i < 8; i++)
		snprintf(name + 4 + 2 * i, 3, "%02x", p->b->id.naa[i]);
	l.buf[16 + 4] = 3;
	l.buf[16 + 5] = 8;
	l.buf[16 + 7] = 20;
	memcpy(l.buf + 16 + 8, name, 20);
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	assert_int_equal(lu_set(p->b, "scsi_id", "short", NULL), 0);
	assert_int_equal(end(send_list(p, &l)), RES_CA_NOT_REACHABLE); /* it has another NAA now */
	l.buf[16 + 4] = 2;
	l.buf[16 + 5] = 1;
	l.buf[16 + 7] = 13;
	memcpy(l.buf + 16 + 8, "IET     short", 13);
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	l.buf[16 + 5] = 0x11; /* a port's */
	assert_int_equal(end(send_list(p, &l)), RES_CA_NOT_REACHABLE);
	l.buf[16 + 5] = 0x01;
	l.buf[16 + 7] = 25; /* more than the descriptor has */
	assert_int_equal(end(send_list(p, &l)), RES_CA_NOT_REACHABLE);
}

/* --- what the devices say */

/* The copy failed at that end with that result; *@info: the residual, or -1. */
static void expect_third(struct pair *p, struct nexus *n, struct lu *from, struct lu *to,
			 uint64_t src, uint64_t dst, uint16_t blocks, bool at_src,
			 enum scsi_result want, int64_t residual)
{
	const struct scsi_result_info *i = scsi_result_info(want);
	struct plist l;
	struct shot *s;

	list_begin(&l, false, 0, 3);
	add_cscd(&l, from, false);
	add_cscd(&l, to, false);
	add_seg(&l, 0, 0, 1, blocks, src, dst);
	s = send_by(p->d, &l, n);
	shot_wait(s);
	assert_int_equal(shot_result(s), RES_CA_THIRD_PARTY);
	assert_int_equal(s->sense[8], at_src ? 18 : 0);
	assert_int_equal(s->sense[9], at_src ? 0 : 18);
	assert_int_equal(s->sense[18], i->status);
	if (i->status == SAM_CHECK_CONDITION) {
		assert_int_equal(s->sense[7], 18 - 8 + 19);
		assert_int_equal(s->sense[19 + 2], i->key);
		assert_int_equal(s->sense[19 + 12], i->asc);
		assert_int_equal(s->sense[19 + 13], i->ascq);
	}
	assert_int_equal(!!(s->sense[0] & 0x80), residual >= 0);
	if (residual >= 0)
		assert_int_equal(get_be32(s->sense + 3), residual);
	free(s);
}

static void errors_of_the_stores_are_told_with_what_is_left(void **state)
{
	struct pair *p = *state; /* reads fail from 2M to 3M of a, writes at 3M of b */

	expect_third(p, p->d->a, p->a, p->b, 0, 0, 5000, true, RES_ME_READ, 5000 - 4096);
	expect_third(p, p->d->a, p->a, p->b, 4096, 0, 10, true, RES_ME_READ, -1);
	expect_third(p, p->d->a, p->a, p->b, 0, 4096, 2049, false, RES_ME_WRITE, 1);
}

static void reservations_and_protection_are_heeded(void **state)
{
	struct pair *p = *state;
	struct disk *d = p->d;

	reserve_take(p->b, d->b);
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_RESERVATION_CONFLICT, -1);
	expect_third(p, d->a, p->b, p->a, 0, 0, 8, true, RES_RESERVATION_CONFLICT, -1);
	reserve_release(p->b, d->b);
	assert_int_equal(lu_set(p->b, "readonly", "1", NULL), 0);
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_WRITE_PROTECTED, -1);
	assert_int_equal(copy_blocks(p, p->b, 0, p->a, 0, 8), RES_GOOD);
	assert_int_equal(lu_set(p->b, "readonly", "0", NULL), 0);
	assert_int_equal(lu_set(p->b, "swp", "1", NULL), 0);
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_SW_WRITE_PROTECTED, -1);
	assert_int_equal(lu_set(p->b, "swp", "0", NULL), 0);
	p->b->background = RES_NR_SANITIZE;
	expect_third(p, d->a, p->a, p->b, 0, 0, 8, false, RES_NR_SANITIZE, -1);
	p->b->background = RES_GOOD;
	p->b->stopped = true;
	expect_third(p, d->a, p->b, p->a, 0, 0, 8, true, RES_NR_INIT_REQUIRED, -1);
}

static void only_what_the_initiator_sees_can_be_named(void **state)
{
	json_t *luns = json_pack("{s:s}", "1", "1");
	struct lun_map_change map = { .initiator = "iqn.2026-01.test:a", .luns = luns };
	struct pair *p = *state;
	struct err err = { .code = ERR_OK };

	assert_int_equal(lun_map_set(p->d->target, &map, false, &err), 0);
	clear_ua(p);
	assert_int_equal(copy_blocks(p, p->a, 0, p->b, 0, 8), RES_CA_NOT_REACHABLE);
	assert_int_equal(copy_blocks(p, p->a, 0, p->a, 100, 8), RES_GOOD);
	json_decref(luns);
	luns = json_pack("{s:s s:s}", "1", "1", "7", "2:ro");
	map.luns = luns;
	assert_int_equal(lun_map_set(p->d->target, &map, true, &err), 0);
	clear_ua(p);
	assert_int_equal(copy_blocks(p, p->b, 0, p->a, 0, 8), RES_GOOD);
	expect_third(p, p->d->a, p->a, p->b, 0, 0, 8, false, RES_WRITE_PROTECTED, -1);
	json_decref(luns);
}

static void another_target_is_reached_by_a_session_from_the_same_host(void **state)
{
	struct pair *p = *state;
	struct disk *d = p->d;
	struct target *t = disk_add_target(d, 7);
	struct lu *far = disk_add_lu(d, t, 5, "mem", "4M", 512);
	struct nexus *n;

	assert_int_equal(copy_blocks(p, p->a, 0, far, 0, 8), RES_CA_NOT_REACHABLE);
	n = disk_login(d, t, "iqn.2026-01.test:stranger", NULL);
	assert_int_equal(copy_blocks(p, p->a, 0, far, 0, 8), RES_CA_NOT_REACHABLE);
	disk_logout(d, n);
	n = disk_login(d, t, "iqn.2026-01.test:a", d); /* the name, from elsewhere */
	assert_int_equal(copy_blocks(p, p->a, 0, far, 0, 8), RES_CA_NOT_REACHABLE);
	disk_logout(d, n);
	n = disk_login(d, t, "iqn.2026-01.test:a", NULL);
	assert_int_equal(copy_blocks(p, p->a, 0, far, 0, 8), RES_GOOD);
	disk_logout(d, n);
}

/* --- in the middle */

static struct shot *slow_copy(struct pair *p)
{
	static struct plist l;

	list_begin(&l, false, 5, 0);
	add_cscd(&l, p->a, false);
	add_cscd(&l, p->b, false);
	add_seg(&l, 0, 0, 1, BLOCKS, 0, 0);
	return send_list(p, &l);
}

static enum scsi_result receive(struct pair *p, uint8_t sa, uint32_t id, uint8_t *buf, uint32_t max)
{
	uint8_t cdb[32] = { 0x84, sa };
	struct shot s;

	if (sa >= 5)
		put_be32(cdb + 2, id);
	else
		cdb[2] = (uint8_t)id;
	put_be32(cdb + 10, max);
	memset(buf, 0, max);
	return disk_run(p->d, &s, cdb, NULL, 0, buf, max);
}

static void an_abort_ends_it_soon(void **state)
{
	struct pair *p = *state;
	struct shot *s;
	uint8_t buf[64], cdb[32];

	memset(buf, 1, 64);
	s = slow_copy(p);
	t_loop_turns(p->d->core.loop, 5);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(buf[4], 0); /* in progress */
	shot_abort(s);
	assert_true(s->aborted);
	free(s);
	assert_true(list_empty(&p->b->ranges));
	assert_int_equal(p->b->n_holds, 0);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(buf[4], 2);
	(void)cdb;
}

static void the_end_of_a_session_ends_its_copies(void **state)
{
	struct pair *p = *state;
	struct nexus *n = disk_login(p->d, NULL, "iqn.2026-01.test:z", NULL);
	struct plist l;
	struct shot *s;

	nexus_itl(n, 1)->ua = 0;
	list_begin(&l, true, 5, 0);
	l.buf[15] = 2; /* IMMED */
	add_cscd(&l, p->a, false);
	add_cscd(&l, p->b, false);
	add_seg(&l, 0, 0, 1, BLOCKS, 0, 0);
	s = send_by(p->d, &l, n);
	assert_int_equal(end(s), RES_GOOD);
	t_loop_turns(p->d->core.loop, 5);
	assert_int_equal(p->b->n_holds, 1);
	disk_logout(p->d, n);
	while (p->b->n_holds)
		t_loop_turns(p->d->core.loop, 1);
}

static void a_disk_that_is_deleted_ends_the_copy(void **state)
{
	struct pair *p = *state;
	struct shot *s = slow_copy(p);

	t_loop_turns(p->d->core.loop, 5);
	assert_int_equal(lu_delete(p->b, true, NULL, NULL, NULL), 0);
	assert_int_equal(end(s), RES_CA_THIRD_PARTY);
}

static void compare_and_write_is_not_cut_by_a_copy(void **state)
{
	struct pair *p = *state;
	uint8_t data[1024] = { 0 }, old[512];
	struct shot *s, *caw = calloc(1, sizeof(*caw));

	memset(data + 512, 0xcc, 512);
	memset(old, 0xaa, 512);
	write_bytes(p, p->a, 0, old, 512);
	s = slow_copy(p);
	t_loop_turns(p->d->core.loop, 5);
	/* The copy is writing block 0, so this waits and then sees what was copied. */
	p->d->lun = 2;
	caw->cdb[0] = 0x89;
	caw->cdb[13] = 1;
	caw->out = data;
	caw->out_len = 1024;
	shot_start(p->d, caw, p->d->a);
	assert_false(caw->ended);
	p->d->lun = 1;
	assert_int_equal(end(caw), RES_MISCOMPARE_VERIFY);
	assert_int_equal(end(s), RES_GOOD);
}

/* --- what is known of it */

static void status_and_details_of_short_identifiers(void **state)
{
	struct pair *p = *state;
	uint8_t buf[200];
	struct plist l;

	assert_int_equal(receive(p, 0, 5, buf, 12), RES_INVALID_FIELD_CDB);
	assert_int_equal(receive(p, 3, 0, buf, 46), RES_GOOD);
	assert_int_equal(get_be32(buf), 42);
	assert_int_equal(get_be16(buf + 8), XCOPY_CSCDS);
	assert_int_equal(get_be16(buf + 10), XCOPY_SEGMENTS);
	assert_int_equal(get_be32(buf + 12), XCOPY_LIST_MAX);
	assert_int_equal(buf[44], 0x02);
	assert_int_equal(buf[45], 0xe4);

	list_begin(&l, false, 5, 0);
	add_cscd(&l, p->a, false);
	add_seg(&l, 0, 0, 0, 8, 0, 100);
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(get_be32(buf), 8);
	assert_int_equal(buf[4], 1);
	assert_int_equal(get_be16(buf + 5), 1);
	assert_int_equal(buf[7], 0);
	assert_int_equal(get_be32(buf + 8), 4096);
	assert_int_equal(receive(p, 1, 5, buf, 4), RES_GOOD);
	assert_int_equal(get_be32(buf), 0);
	assert_int_equal(receive(p, 4, 5, buf, 100), RES_INVALID_FIELD_CDB);
	assert_int_equal(receive(p, 0, 6, buf, 12), RES_INVALID_FIELD_CDB);

	add_seg(&l, 0, 0, 9, 8, 0, 0);
	assert_int_equal(end(send_list(p, &l)), RES_CA_UNREACHABLE); /* 5 may be used again */
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_GOOD);
	assert_int_equal(buf[4], 2);
	assert_int_equal(get_be16(buf + 5), 1);
	assert_int_equal(receive(p, 4, 5, buf, 200), RES_GOOD);
	assert_int_equal(get_be32(buf), 56 + 18);
	assert_int_equal(buf[56], 0x02);
	assert_int_equal(get_be16(buf + 58), 18);
	assert_int_equal(buf[60 + 2], 0x0a);
	assert_int_equal(get_be16(buf + 60 + 12), 0x0804);
	/* A reset forgets. */
	lu_reset(p->a, UA_DEVICE_RESET);
	clear_ua(p);
	assert_int_equal(receive(p, 0, 5, buf, 12), RES_INVALID_FIELD_CDB);
}

static void an_identifier_in_use_is_refused(void **state)
{
	struct pair *p = *state;
	struct shot *s = slow_copy(p), *t;
	struct plist l;

	t_loop_turns(p->d->core.loop, 3);
	t = slow_copy(p);
	assert_int_equal(end(t), RES_OPERATION_IN_PROGRESS);
	list_begin(&l, false, 5, 0);
	add_cscd(&l, p->a, false);
	add_seg(&l, 0, 0, 0, 8, 0, 100);
	assert_int_equal(end(send_by(p->d, &l, p->d->b)), RES_GOOD); /* another's is another */
	shot_abort(s);
	free(s);
}

static bool not_running(void *arg)
{
	uint8_t buf[64];

	assert_int_equal(receive(arg, 5, 0x12345678, buf, 64), RES_GOOD);
	return buf[5] < 0x10 || buf[5] > 0x12;
}

static void long_identifiers_immediate_copies_and_their_abort(void **state)
{
	struct pair *p = *state;
	uint8_t buf[200], abort[32] = { 0x83, 0x1c, 0x12, 0x34, 0x56, 0x78 };
	struct plist l;

	list_begin(&l, true, 0x12345678, 2);
	l.buf[15] = 2; /* IMMED */
	add_cscd(&l, p->a, false);
	add_cscd(&l, p->b, false);
	add_seg(&l, 0, 0, 1, 4096, 0, 0);
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	assert_int_equal(receive(p, 5, 0x12345678, buf, 64), RES_GOOD);
	assert_int_equal(get_be32(buf), 28);
	assert_int_equal(buf[4], 5);
	assert_int_equal(buf[5], 0x12); /* in progress, in the background */
	assert_true(t_loop_until(p->d->core.loop, not_running, p));
	assert_int_equal(receive(p, 5, 0x12345678, buf, 64), RES_GOOD);
	assert_int_equal(buf[5], 1);
	assert_int_equal(buf[12], 0);
	assert_int_equal(get_be64(buf + 16), 4096 * 512);
	assert_int_equal(get_be16(buf + 24), 1);
	expect_run(INVALID_FIELD_CDB, p->d, abort, NULL, 0, NULL, 0);

	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	expect_run(GOOD, p->d, abort, NULL, 0, NULL, 0);
	assert_true(t_loop_until(p->d->core.loop, not_running, p));
	assert_int_equal(receive(p, 5, 0x12345678, buf, 64), RES_GOOD);
	assert_int_equal(buf[5], 0x60);

	put_be64(l.buf + 48 + 64 + 12, UINT64_MAX); /* the source's LBA */
	assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	assert_true(t_loop_until(p->d->core.loop, not_running, p));
	assert_int_equal(receive(p, 6, 0x12345678, buf, 200), RES_GOOD);
	assert_int_equal(buf[4], 6);
	assert_int_equal(buf[5], 2);
	assert_int_equal(buf[12], 2);
	assert_int_equal(buf[14], 18);
	assert_int_equal(buf[32 + 2], 0x0a);
	assert_int_equal(get_be32(buf + 32 + 18), 0); /* HELD DATA LENGTH */
}

static void many_results_make_the_oldest_go(void **state)
{
	struct pair *p = *state;
	uint8_t buf[12];
	struct plist l;

	for (unsigned int i = 0; i < XCOPY_CONCURRENT + 1; i++) {
		list_begin(&l, false, i, 0);
		add_cscd(&l, p->a, false);
		add_seg(&l, 0, 0, 0, 1, 0, 1);
		assert_int_equal(end(send_list(p, &l)), RES_GOOD);
	}
	assert_int_equal(receive(p, 0, 0, buf, 12), RES_INVALID_FIELD_CDB);
	assert_int_equal(receive(p, 0, 1, buf, 12), RES_GOOD);
}

static void vpd_8f_tells_of_it_and_it_can_be_turned_off(void **state)
{
	struct pair *p = *state;
	uint8_t inquiry[32] = { 0x12, 1, 0x8f, 1, 0 }, vpd[256], std[32] = { 0x12, 0, 0, 0, 96 };
	uint8_t cdb[32] = { 0x83 };
	unsigned int seen = 0;

	expect_run(GOOD, p->d, inquiry, NULL, 0, vpd, sizeof(vpd));
	assert_int_equal(vpd[1], 0x8f);
	for (uint32_t at = 4; at < 4u + get_be16(vpd + 2); at += 4u + get_be16(vpd + at + 2)) {
		assert_int_equal(get_be16(vpd + at + 2) % 4, 0);
		seen++;
		if (get_be16(vpd + at) == 0x0001) {
			assert_int_equal(vpd[at + 5], 0x83);
			assert_in_range(vpd[at + 6], 3, 8);
		}
	}
	assert_true(seen >= 5);
	expect_run(GOOD, p->d, std, NULL, 0, vpd, 96);
	assert_int_equal(vpd[5], 0x08);
	disk_set(p->d, "third_party_copy", "0");
	expect_run(INVALID_FIELD_CDB, p->d, inquiry, NULL, 0, vpd, sizeof(vpd));
	expect_run(GOOD, p->d, std, NULL, 0, vpd, 96);
	assert_int_equal(vpd[5], 0);
	expect_run(INVALID_FIELD_CDB, p->d, cdb, NULL, 0, NULL, 0);
}

static void copy_once(void *arg)
{
	static struct plist l;
	struct pair *p = arg;
	uint8_t cdb[32] = { 0x83 };
	struct shot s;

	list_begin(&l, false, 0, 3);
	add_cscd(&l, p->a, false);
	add_cscd(&l, p->b, false);
	add_seg(&l, 0, 0, 1, 8, 0, 0);
	put_be32(cdb + 10, l.len);
	disk_run(p->d, &s, cdb, l.buf, l.len, NULL, 0);
}

static void any_allocation_may_fail(void **state)
{
	assert_true(t_alloc_each(copy_once, *state) > 2);
}

#define on(f, with) cmocka_unit_test_setup_teardown(f, with, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on(random_copies_agree_with_the_model, setup),
		{ "random_copies_through_memory", random_copies_agree_with_the_model, setup_filter,
		  teardown, NULL },
		{ "random_copies_between_block_sizes", random_copies_agree_with_the_model,
		  setup_sizes, teardown, NULL },
		cmocka_unit_test(files_copy_as_well),
		on(holes_stay_holes, setup),
		on(several_segments_and_the_unit_itself, setup),
		on(what_is_less_than_a_block_needs_pad, setup_sizes),
		on(lists_are_checked_before_anything_is_copied, setup),
		on(lists_of_four_byte_identifiers_are_checked_too, setup),
		on(segments_that_can_not_be_say_which_one_it_was, setup),
		on(other_designators_name_it_as_well, setup),
		on(errors_of_the_stores_are_told_with_what_is_left, setup_bad),
		on(reservations_and_protection_are_heeded, setup),
		on(only_what_the_initiator_sees_can_be_named, setup),
		on(another_target_is_reached_by_a_session_from_the_same_host, setup),
		on(an_abort_ends_it_soon, setup_slow),
		on(the_end_of_a_session_ends_its_copies, setup_slow),
		on(a_disk_that_is_deleted_ends_the_copy, setup_slow),
		on(compare_and_write_is_not_cut_by_a_copy, setup_slow),
		on(status_and_details_of_short_identifiers, setup),
		on(an_identifier_in_use_is_refused, setup_slow),
		on(long_identifiers_immediate_copies_and_their_abort, setup_slow),
		on(many_results_make_the_oldest_go, setup),
		on(vpd_8f_tells_of_it_and_it_can_be_turned_off, setup),
		on(any_allocation_may_fail, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
