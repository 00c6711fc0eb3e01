/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two disks, and third-party copies between them.
 */
#include "dev_copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

void pair_clear_ua(struct pair *p)
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

struct pair *pair_new(const char *a, const char *b, uint32_t a_block, uint32_t b_block)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->d = disk_new("mem", a, a_block);
	p->a = p->d->lu;
	p->b = disk_add_lu(p->d, NULL, 2, "mem", b, b_block);
	pair_clear_ua(p);
	return p;
}

int pair_setup(void **state)
{
	*state = pair_new("4M", "4M", 512, 512);
	return 0;
}

/* Through memory, as the filter can't copy. */
int pair_setup_filter(void **state)
{
	*state = pair_new("trace:/dev/null:4M", "4M", 512, 512);
	return 0;
}

int pair_setup_sizes(void **state)
{
	*state = pair_new("4M", "4M", 512, 4096);
	return 0;
}


int pair_teardown(void **state)
{
	struct pair *p = *state;

	disk_free(p->d);
	free(p);
	return 0;
}

/* --- parameter lists */

void plist_begin(struct plist *l, bool lid4, uint32_t id, uint8_t usage)
{
	memset(l, 0, sizeof(*l));
	l->lid4 = lid4;
	l->len = lid4 ? 48 : 16;
	l->buf[1] = (uint8_t)(usage << 3);
	if (!lid4) {
		l->buf[0] = (uint8_t)id;
		return;
	}
	l->buf[0] = 1;
	put_be16(l->buf + 2, 32);
	l->buf[16] = 0xff;
	put_be32(l->buf + 20, id);
}

uint16_t plist_cscd(struct plist *l, const struct lu *lu, bool pad)
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

void plist_seg(struct plist *l, uint8_t flags, uint16_t src, uint16_t dst, uint16_t blocks,
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

struct shot *plist_send_by(struct disk *d, const struct plist *l, struct nexus *n)
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

struct shot *plist_send(struct pair *p, const struct plist *l)
{
	return plist_send_by(p->d, l, p->d->a);
}

enum scsi_result shot_ends(struct shot *s)
{
	enum scsi_result r;

	shot_wait(s);
	r = shot_result(s);
	free(s);
	return r;
}

enum scsi_result pair_copy(struct pair *p, struct lu *from, uint64_t src, struct lu *to,
				    uint64_t dst, uint16_t blocks)
{
	struct plist l;

	plist_begin(&l, false, 0, 3);
	plist_cscd(&l, from, false);
	plist_cscd(&l, to, false);
	plist_seg(&l, 0, 0, 1, blocks, src, dst);
	return shot_ends(plist_send(p, &l));
}

/* --- what is on the disks */

void pair_write(struct pair *p, struct lu *lu, uint64_t at, const uint8_t *buf, uint64_t len)
{
	p->d->lun = lu->lun;
	p->d->lu = lu;
	disk_write(p->d, at / lu->block_size, (uint32_t)(len / lu->block_size), buf);
	p->d->lun = 1;
	p->d->lu = p->a;
}

void pair_read(struct pair *p, struct lu *lu, uint64_t at, uint8_t *buf, uint64_t len)
{
	p->d->lun = lu->lun;
	p->d->lu = lu;
	disk_read(p->d, at / lu->block_size, (uint32_t)(len / lu->block_size), buf);
	p->d->lun = 1;
	p->d->lu = p->a;
}

void pair_fill(struct pair *p, struct lu *lu, unsigned int seed, uint8_t *model)
{
	box_fill(model, PAIR_SIZE, 0, seed);
	pair_write(p, lu, 0, model, PAIR_SIZE);
}

/* Each write takes a while; there is something to be written, as holes are not. */
int pair_setup_slow(void **state)
{
	struct pair *p = pair_new("4M", "delay:write=50ms:4M", 512, 512);
	uint8_t *model = malloc(PAIR_SIZE);

	pair_fill(p, p->a, 1, model);
	free(model);
	*state = p;
	return 0;
}

int pair_setup_bad(void **state)
{
	struct pair *p = pair_new("fault:op=read,offset=2M,len=1M:4M",
				  "fault:op=write,offset=3M,len=512:4M", 512, 512);
	uint8_t *model = malloc(PAIR_SIZE);

	pair_fill(p, p->a, 1, model);
	free(model);
	*state = p;
	return 0;
}

void pair_expect(struct pair *p, struct lu *lu, const uint8_t *model)
{
	uint8_t *buf = malloc(PAIR_SIZE);

	pair_read(p, lu, 0, buf, PAIR_SIZE);
	assert_memory_equal(buf, model, PAIR_SIZE);
	free(buf);
}
