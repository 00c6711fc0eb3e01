/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two disks of 4 MiB behind one target, and third-party copies between them, for the tests of
 * EXTENDED COPY and of tokens.
 */
#ifndef DEV_COPY_H_
#define DEV_COPY_H_

#include <stdbool.h>
#include <stdint.h>

#include "dev_disk.h"

#define PAIR_SIZE (4 * MiB)
#define PAIR_BLOCKS (PAIR_SIZE / 512)

struct pair {
	struct disk *d;
	struct lu *a, *b; /* LUN 1, LUN 2 */
};

/* cmocka fixtures; *state is a struct pair. Blocks of 512 bytes. */
int pair_setup(void **state);
/* The first can't copy by its store, so that all goes through memory. */
int pair_setup_filter(void **state);
/* The second has blocks of 4096 bytes. */
int pair_setup_sizes(void **state);
/* The first is full of data, each write to the second takes a while. */
int pair_setup_slow(void **state);
/* Likewise full; reads fail from 2 MiB to 3 MiB of it, writes at 3 MiB of the second. */
int pair_setup_bad(void **state);
int pair_teardown(void **state);
/* Loses all pending Unit Attentions. */
void pair_clear_ua(struct pair *p);

/* A parameter list of EXTENDED COPY. */
struct plist {
	uint8_t buf[8192];
	uint32_t len;
	bool lid4;
	unsigned int n_cscds;
};

void plist_begin(struct plist *l, bool lid4, uint32_t id, uint8_t usage);
/* CSCD descriptors first, by NAA; its index. */
uint16_t plist_cscd(struct plist *l, const struct lu *lu, bool pad);
void plist_seg(struct plist *l, uint8_t flags, uint16_t src, uint16_t dst, uint16_t blocks,
	       uint64_t src_lba, uint64_t dst_lba);
/* To LUN 1; shot_ends() frees the shot. */
struct shot *plist_send_by(struct disk *d, const struct plist *l, struct nexus *n);
struct shot *plist_send(struct pair *p, const struct plist *l);
/* Waits, frees. */
enum scsi_result shot_ends(struct shot *s);
/* One segment. */
enum scsi_result pair_copy(struct pair *p, struct lu *from, uint64_t src, struct lu *to,
			   uint64_t dst, uint16_t blocks);

/* Bytes, of whole blocks. */
void pair_write(struct pair *p, struct lu *lu, uint64_t at, const uint8_t *buf, uint64_t len);
void pair_read(struct pair *p, struct lu *lu, uint64_t at, uint8_t *buf, uint64_t len);
/* The whole disk: with a pattern, which @model gets too; or compares it with that. */
void pair_fill(struct pair *p, struct lu *lu, unsigned int seed, uint8_t *model);
void pair_expect(struct pair *p, struct lu *lu, const uint8_t *model);

#endif
