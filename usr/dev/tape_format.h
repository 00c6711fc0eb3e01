/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in a tape image, byte by byte (doc/tape-image.md): the superblock, the medium
 * auxiliary memory, and the records of the partitions. Pure: bytes to structs and back. Used by
 * tape_image.c, which serves an image, and by tgtimg, which makes and checks them.
 */
#ifndef DEV_TAPE_FORMAT_H
#define DEV_TAPE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

#define TAPE_VERSION 1U
#define TAPE_SB_SIZE 4096U /* of each of two, at 0 and TAPE_SB_SIZE */
#define TAPE_MAM_AT 8192U  /* two as well */
#define TAPE_MAM_SIZE 32768U
#define TAPE_DATA_AT 131072U /* where partition 0 begins at the earliest */
#define TAPE_PARTS_MAX 4U
#define TAPE_REC_SIZE 128U   /* of a record's header, which takes sb.align bytes */
#define TAPE_ALIGN_MIN 512U
#define TAPE_ALIGN_MAX 4096U
#define TAPE_BLOCK_MAX 0xffffffU /* READ(6): 24 bits */
#define TAPE_BARCODE_LEN 32
#define TAPE_ATTRS_MAX 128U
#define TAPE_PART_MIN (1 * MiB)

enum tape_flag { TAPE_WORM = 1, TAPE_CLEANING = 2, TAPE_WRITE_PROTECTED = 4 };

/* A place between two records, and what is before it. */
struct tape_place {
	uint64_t off;	  /* bytes in the image: where the next record is, or would be */
	uint64_t objects; /* blocks and filemarks before it */
	uint64_t files;	  /* filemarks before it */
	uint64_t last;	  /* offset of the record before it; 0: none */
	uint64_t mark;	  /* offset of the last filemark before it; 0: none */
};

struct tape_part {
	uint64_t start, len; /* bytes */
	/* All before @synced was on stable storage when this was written. */
	struct tape_place synced;
	uint64_t epoch; /* the record at @synced is of this epoch or a later one, or there is none */
};

struct tape_sb {
	uint64_t gen;	/* the valid one with the larger number counts */
	uint64_t id;	/* random; every record repeats it */
	uint64_t epoch; /* the largest that any record has */
	uint64_t size;	/* bytes of the image */
	uint32_t align; /* records begin at multiples */
	uint32_t flags; /* enum tape_flag */
	uint8_t density; /* SSC density code: 5Eh is LTO-8 */
	uint8_t n_parts;
	uint16_t capacity; /* SET CAPACITY: share of @size in use, of 65535 */
	char barcode[TAPE_BARCODE_LEN + 1];
	struct tape_part part[TAPE_PARTS_MAX];
};

enum tape_type { TAPE_BLOCK = 1, TAPE_FILEMARK = 2 };

/* The header of a record. Ordinals count from 1; offsets are bytes in the image, 0: none. */
struct tape_rec {
	uint64_t id, epoch;
	uint64_t ordinal;   /* of all records of the partition */
	uint64_t files;	    /* filemarks before it */
	uint64_t last;	    /* the record before */
	uint64_t jump;	    /* the record whose ordinal has the lowest 1 bit cleared */
	uint64_t mark;	    /* the filemark before */
	uint64_t mark_jump; /* of a filemark: as @jump among filemarks */
	uint8_t type;	    /* enum tape_type */
	uint8_t part;
	uint32_t len;	    /* bytes of the block */
	uint32_t crc;	    /* CRC32C of them */
};

/* Bytes that the record takes. */
static inline uint64_t tape_rec_size(const struct tape_sb *sb, uint32_t len)
{
	return sb->align + round_up(len, sb->align);
}

void tape_sb_put(const struct tape_sb *sb, uint8_t buf[TAPE_SB_SIZE]);
/* False: these bytes are no superblock that makes sense. */
bool tape_sb_get(struct tape_sb *sb, const uint8_t buf[TAPE_SB_SIZE]);
/* Is there the mark of a tape image, of whatever version? */
bool tape_sb_magic(const uint8_t *buf);
/*
 * Divides the space into @n partitions, which share it as @share says (any unit), empty from the
 * next epoch on. False: they'd be too small.
 */
bool tape_sb_divide(struct tape_sb *sb, unsigned int n, const uint64_t *share);

void tape_rec_put(const struct tape_rec *r, uint8_t buf[TAPE_REC_SIZE]);
bool tape_rec_get(struct tape_rec *r, const uint8_t buf[TAPE_REC_SIZE]);
/* Can @r be what follows @at, in partition @part of @sb, of epoch @epoch or later? */
bool tape_rec_follows(const struct tape_sb *sb, unsigned int part, const struct tape_place *at,
		      uint64_t epoch, const struct tape_rec *r);
/* The place behind @r, which is at @at. */
void tape_place_next(const struct tape_sb *sb, struct tape_place *at, const struct tape_rec *r);

/* Medium auxiliary memory (SPC-4 7.4). */
struct tape_attr {
	uint16_t id;
	uint8_t format; /* 0 binary, 1 ASCII, 2 text */
	uint16_t len;
	uint16_t at;	/* of the value in struct tape_mam.data */
};

struct tape_mam {
	uint64_t gen;
	unsigned int n;
	uint32_t used; /* of @data */
	struct tape_attr attr[TAPE_ATTRS_MAX]; /* by id */
	uint8_t data[TAPE_MAM_SIZE - 1024];
};

/* NULL: it has no such attribute. */
const struct tape_attr *tape_mam_find(const struct tape_mam *m, uint16_t id);
/* Sets, or with @len 0 removes. 0, or -ENOSPC. */
int tape_mam_set(struct tape_mam *m, uint16_t id, uint8_t format, const void *value, uint16_t len);
void tape_mam_put(const struct tape_mam *m, uint64_t id, uint8_t buf[TAPE_MAM_SIZE]);
bool tape_mam_get(struct tape_mam *m, uint64_t id, const uint8_t buf[TAPE_MAM_SIZE]);

#endif
