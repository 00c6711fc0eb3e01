/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tokens of a disk: made, found again, used, cancelled by writes, forgotten after a time.
 */
#include "dev/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "dev/dev_types.h"
#include "dev/sbc.h"
#include "dev/xcopy.h"
#include "target/target.h"

/* Generic ROD token format, SPC-4 table 112 */
enum {
	AT_TYPE = 0,
	AT_LENGTH = 6,
	AT_ID = 8,
	AT_CREATOR = 16,
	AT_CREATOR_NAA = AT_CREATOR + 8,
	AT_BYTES = 48 + 8,
	AT_DEVICE = 96,
	AT_TARGET = 128,
	AT_SECRET = 256,
};
#define TARGET_MAX (AT_SECRET - AT_TARGET)

static struct list *tokens(const struct lu *lu)
{
	return &to_sbc(lu)->tokens;
}

/* --- what is in it */

/* An identification CSCD descriptor of the LU (SPC-4 6.4.5.6). */
static void put_creator(uint8_t *p, const struct lu *lu)
{
	p[0] = XCOPY_CSCD_IDENT;
	p[4] = 0x01; /* binary */
	p[5] = 0x03; /* NAA */
	p[7] = sizeof(lu->id.naa);
	memcpy(p + 8, lu->id.naa, sizeof(lu->id.naa));
	put_be24(p + 29, lu->block_size);
}

/* SBC-4 table 287: a part of what READ CAPACITY(16) says. */
static void put_device(uint8_t *p, const struct lu *lu)
{
	put_be32(p, lu->block_size);
	p[5] = sbc_phys_exponent(lu);
	put_be16(p + 6, lu->la_lba & 0x3fff);
	if (sbc_thin(lu))
		p[6] |= lu->bs->unmap_zeroes ? 0xc0 : 0x80;
}

/* The target by its name; one that is too long is cut: nobody but us reads it. */
static void put_target(uint8_t *p, const struct target *t)
{
	size_t len = strlen(t->name);

	if (len > TARGET_MAX - 5)
		len = TARGET_MAX - 5;
	p[0] = 0x53; /* iSCSI; UTF-8 */
	p[1] = 0xa8; /* PIV; of the target device, SCSI name string */
	p[3] = (uint8_t)round_up(len + 1, 4);
	memcpy(p + 4, t->name, len);
}

static int put_data(struct token *t)
{
	uint8_t *d = t->data;

	if (getrandom(d + AT_ID, 8, GRND_NONBLOCK) != 8 ||
	    getrandom(d + AT_SECRET, TOKEN_LEN - AT_SECRET, GRND_NONBLOCK) != TOKEN_LEN - AT_SECRET)
		return -EAGAIN;
	put_be32(d + AT_TYPE, TOKEN_PIT_VULNERABLE);
	put_be16(d + AT_LENGTH, TOKEN_LEN - 8);
	put_creator(d + AT_CREATOR, t->lu);
	put_be64(d + AT_BYTES, t->bytes);
	put_device(d + AT_DEVICE, t->lu);
	put_target(d + AT_TARGET, t->lu->target);
	return 0;
}

/* --- its end */

static void token_free(struct token *t)
{
	loop_timer_cancel(&t->timer);
	list_del(&t->link);
	free(t);
}

static void end(struct token *t, enum token_state state)
{
	struct xcopy *x, *tmp;

	if (t->state != TOKEN_VALID)
		return;
	t->state = state;
	list_for_each_safe(x, tmp, &t->users, token_link)
		xcopy_lose_token(x);
}

static void arm(struct token *t);

/* First it expires; when the same time has passed again, nothing is known of it any more. */
static void timed_out(struct loop_timer *timer)
{
	struct token *t = container_of(timer, struct token, timer);

	if (!list_empty(&t->users))
		arm(t);
	else if (t->state != TOKEN_VALID)
		token_free(t);
	else {
		t->state = TOKEN_EXPIRED;
		arm(t);
	}
}

static void arm(struct token *t)
{
	/* It is armed already, or was just now: memory is there. */
	if (loop_timer_set(t->lu->target->core->loop, &t->timer, t->timeout * NSEC_PER_SEC,
			   timed_out))
		end(t, TOKEN_CANCELLED);
}

static bool overlaps(const struct token *t, uint64_t first, uint64_t count)
{
	for (uint32_t i = 0; i < t->n_ranges; i++) {
		const struct token_range *r = &t->ranges[i];

		if (first < r->first + r->count && r->first < first + count)
			return true;
	}
	return false;
}

static void cancel_written(struct lu *lu, uint64_t first, uint64_t count)
{
	struct token *t;

	list_for_each(t, tokens(lu), link) {
		if (overlaps(t, first, count))
			end(t, TOKEN_CANCELLED);
	}
}

/* LUs that are the same disk, behind other targets, have tokens of the same data. */
static void written(struct lu *lu, uint64_t first, uint64_t count)
{
	const struct core *core = lu->target->core;
	struct lu *same;

	cancel_written(lu, first, count);
	for (same = lu_by_naa(core, lu->id.naa, NULL); same;
	     same = lu_by_naa(core, lu->id.naa, same)) {
		if (same != lu && same->dev == lu->dev && same->dev_priv)
			cancel_written(same, first, count);
	}
}

static void watch_writes(struct lu *lu)
{
	const struct core *core = lu->target->core;
	struct lu *same;

	lu->written = written;
	for (same = lu_by_naa(core, lu->id.naa, NULL); same;
	     same = lu_by_naa(core, lu->id.naa, same)) {
		if (same->dev == lu->dev)
			same->written = written;
	}
}

void tokens_cancel(struct lu *lu)
{
	struct token *t;

	list_for_each(t, tokens(lu), link)
		end(t, TOKEN_CANCELLED);
}

void tokens_free(struct lu *lu)
{
	struct token *t, *tmp;

	lu->written = NULL;
	list_for_each_safe(t, tmp, tokens(lu), link)
		token_free(t);
}

/* --- its beginning */

/* The oldest that nobody uses gives way, one that is of no use any more first. */
static bool make_room(struct lu *lu)
{
	struct token *t, *over = NULL;
	unsigned int n = 0;

	list_for_each(t, tokens(lu), link) {
		n++;
		if (!list_empty(&t->users))
			continue;
		if (!over || (over->state == TOKEN_VALID && t->state != TOKEN_VALID))
			over = t;
	}
	if (n < TOKENS_MAX)
		return true;
	if (over)
		token_free(over);
	return over;
}

enum scsi_result token_make(struct lu *lu, const struct token_range *ranges, uint32_t n,
			    uint32_t timeout, struct token **out)
{
	struct token *t;

	if (!make_room(lu))
		return RES_NO_ROD_TOKEN;
	t = calloc(1, sizeof(*t) + n * sizeof(*ranges));
	if (!t)
		return RES_NO_ROD_TOKEN;
	t->lu = lu;
	t->timeout = timeout;
	t->n_ranges = n;
	memcpy(t->ranges, ranges, n * sizeof(*ranges));
	for (uint32_t i = 0; i < n; i++)
		t->bytes += sbc_bytes(lu, ranges[i].count);
	list_init(&t->users);
	list_init(&t->link);
	if (put_data(t) || loop_timer_set(lu->target->core->loop, &t->timer,
					  timeout * NSEC_PER_SEC, timed_out)) {
		token_free(t);
		return RES_NO_ROD_TOKEN;
	}
	list_push_back(tokens(lu), &t->link);
	watch_writes(lu);
	*out = t;
	return RES_GOOD;
}

/* --- its use */

/* In the same time for any two tokens: how much of it is right can't be measured. */
static bool same_data(const uint8_t *a, const uint8_t *b)
{
	uint8_t differs = 0;

	for (uint32_t i = 0; i < TOKEN_LEN; i++)
		differs |= a[i] ^ b[i];
	return !differs;
}

static struct token *look_up(const struct core *core, const uint8_t *data)
{
	const uint8_t *naa = data + AT_CREATOR_NAA;
	struct token *t;
	struct lu *lu;

	for (lu = lu_by_naa(core, naa, NULL); lu; lu = lu_by_naa(core, naa, lu)) {
		if (lu->dev != &dev_disk || !lu->dev_priv || lu->dying)
			continue;
		list_for_each(t, tokens(lu), link) {
			if (same_data(t->data, data))
				return t;
		}
	}
	return NULL;
}

/* SPC-4 5.17.6.5.2.3 */
enum scsi_result token_find(const struct core *core, const uint8_t *data, struct token **t)
{
	static const enum scsi_result ends[] = {
		[TOKEN_VALID] = RES_GOOD,
		[TOKEN_CANCELLED] = RES_TOKEN_CANCELLED,
		[TOKEN_DELETED] = RES_TOKEN_DELETED,
		[TOKEN_EXPIRED] = RES_TOKEN_EXPIRED,
	};

	if (get_be16(data + AT_LENGTH) != TOKEN_LEN - 8)
		return RES_TOKEN_LENGTH;
	if (get_be32(data + AT_TYPE) != TOKEN_PIT_VULNERABLE)
		return RES_TOKEN_TYPE;
	*t = look_up(core, data);
	return *t ? ends[(*t)->state] : RES_TOKEN_UNKNOWN;
}

void token_use(struct token *t, struct xcopy *x)
{
	x->token = t;
	list_push_back(&t->users, &x->token_link);
}

void token_drop(struct xcopy *x)
{
	struct token *t = x->token;

	if (!t)
		return;
	x->token = NULL;
	list_del(&x->token_link);
	if (x->delete_token && t->state == TOKEN_VALID)
		t->state = TOKEN_DELETED;
	arm(t);
}
