/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ROD tokens (SPC-4 5.17.6, SBC-4 4.28): each stands for what was in ranges of a disk when it was
 * made. Nothing is copied then: a token is of the type "point in time copy - change vulnerable", and a
 * write to what it stands for cancels it. Whoever shows all of its 512 bytes may use it, on any disk of
 * this daemon. Between token.c, the commands (token_populate.c, token_write.c), what is told of them
 * (token_results.c), and range.c, which tells of writes.
 */
#ifndef DEV_TOKEN_H
#define DEV_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "scsi/result.h"
#include "target/core.h"

struct lu;
struct nexus;
struct scsi_cmd;
struct xcopy;

#define TOKEN_LEN 512U
#define TOKEN_BODY_LEN 96U /* header and body: what a management token has */

/* Limits, told by VPD 8Fh. */
#define TOKEN_RANGES 256U
#define TOKEN_BYTES_MAX (4 * GiB)
#define TOKEN_TIMEOUT 60U /* seconds without use */
#define TOKEN_TIMEOUT_MAX 3600U
#define TOKENS_MAX 256U /* of a logical unit */

/* ROD TYPE, SPC-4 table 110, SBC-4 table 30 */
#define TOKEN_PIT_DEFAULT 0x00800000U
#define TOKEN_PIT_VULNERABLE 0x00800001U
#define TOKEN_PIT_ANY 0x0080ffffU
#define TOKEN_ZERO 0xffff0001U

enum token_state { TOKEN_VALID, TOKEN_CANCELLED, TOKEN_DELETED, TOKEN_EXPIRED };

struct token_range {
	uint64_t first, count; /* blocks */
};

/* Owner: sbc.tokens of its LU. One that is not valid stays for a while, to be told why. */
struct token {
	struct list link;
	struct lu *lu;
	enum token_state state;
	struct list users; /* struct xcopy by token_link */
	struct loop_timer timer;
	uint32_t timeout; /* seconds */
	uint64_t bytes;
	uint8_t data[TOKEN_LEN];
	uint32_t n_ranges;
	struct token_range ranges[];
};

/* RES_GOOD with *@t, or why not. @ranges are right, and not being written to. */
enum scsi_result token_make(struct lu *lu, const struct token_range *ranges, uint32_t n,
			    uint32_t timeout, struct token **t);
/* RES_GOOD with *@t, or what is wrong with it: INVALID TOKEN OPERATION. */
enum scsi_result token_find(const struct core *core, const uint8_t *data, struct token **t);
/* @x, which has bytes of it copied, is its user until token_drop(); the timeout begins then anew. */
void token_use(struct token *t, struct xcopy *x);
void token_drop(struct xcopy *x);
/* All tokens of the LU: it ends, or gets another medium. */
void tokens_cancel(struct lu *lu);
void tokens_free(struct lu *lu);

/* Descriptors of the Third-Party Copy page, at *@at of @buf: the first one, and the others. */
void token_vpd_limits(const struct lu *lu, uint8_t *buf, uint32_t *at);
void token_vpd_types(const struct lu *lu, uint8_t *buf, uint32_t *at);

#endif
