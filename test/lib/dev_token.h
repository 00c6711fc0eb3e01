/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POPULATE TOKEN, WRITE USING TOKEN and what is told of them, on a pair of disks (dev_copy.h).
 */
#ifndef DEV_TOKEN_H_
#define DEV_TOKEN_H_

#include <stdint.h>

#include "dev/token.h"
#include "dev_copy.h"

struct range {
	uint64_t lba;
	uint32_t count;
};

/* A parameter list; @at is where the descriptors begin. */
struct tlist {
	uint8_t buf[536 + 300 * 16];
	uint32_t at, len;
};

void populate_begin(struct tlist *l);
void write_begin(struct tlist *l, const uint8_t *token, uint64_t offset);
void ranges_add(struct tlist *l, const struct range *r, uint32_t n);
/* Service action @sa of 83h, to the LUN of @d; shot_ends() frees the shot. */
struct shot *send_by(struct disk *d, struct nexus *n, uint8_t sa, uint32_t id,
		     const struct tlist *l);
enum scsi_result send_list(struct pair *p, uint64_t lun, uint8_t sa, uint32_t id,
			   const struct tlist *l);
/* RECEIVE ROD TOKEN INFORMATION: its result, and @info of 1024 bytes. */
enum scsi_result information(struct pair *p, uint64_t lun, uint32_t id, uint8_t *info);
/* Of LUN 1, with list identifier 7. */
enum scsi_result populate(struct pair *p, const struct range *r, uint32_t n);
void token_of(struct pair *p, const struct range *r, uint32_t n, uint8_t *token);
/* To @lun, with list identifier 9. */
enum scsi_result write_token(struct pair *p, uint64_t lun, const uint8_t *token,
			     uint64_t offset, const struct range *r, uint32_t n);
/* 8 blocks of it, to LUN 2. */
enum scsi_result write_one(struct pair *p, const uint8_t *token, uint64_t lba);

#endif
