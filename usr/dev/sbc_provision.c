/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thin provisioning thresholds (SBC-4 4.7.3.8): the Logical Block Provisioning mode page says at how
 * much room left, or used, initiators want to know; the store is asked now and then while they do. The counts
 * are those of the log page (sbc_usage.c).
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "dev/sbc.h"
#include "target/cmd.h"
#include "target/core.h"
#include "target/nexus.h"
#include "target/target.h"
#include "target/ua.h"

#define LOOK_NS (2 * NSEC_PER_SEC)
#define SET_SHIFT 20 /* a threshold set is a mebibyte */

/* The mode page from its fifth byte on (SBC-4 6.5.9), with two threshold descriptors. */
#define SITUA 0x01
#define DESC_AT(i) (12 + 8 * (i))
#define ENABLED 0x80
#define ARMING_INCREASING 0x01
enum { RESOURCE_AVAILABLE = 0x01, RESOURCE_USED = 0x02 };
#define DESCS 2

const uint8_t sbc_provision_mask[SBC_PROVISION_LEN] = {
	[0] = SITUA,
	[DESC_AT(0)] = ENABLED, [DESC_AT(0) + 4] = 0xff, 0xff, 0xff, 0xff,
	[DESC_AT(1)] = ENABLED, [DESC_AT(1) + 4] = 0xff, 0xff, 0xff, 0xff,
};

/* Owner: the disk; while the store is asked, itself. */
struct sbc_provision {
	struct bs_usage usage;
	struct loop_timer timer;
	struct lu *lu; /* NULL: forgotten */
	bool asking;
	bool situa;
	bool on[DESCS], reached[DESCS];
	uint64_t count[DESCS]; /* threshold sets */
};

static bool is_reached(const struct sbc_provision *p, unsigned int i)
{
	if (i == 0)
		return p->usage.avail >> SET_SHIFT <= p->count[i];
	return p->usage.used >> SET_SHIFT >= p->count[i];
}

/* SITUA: told once, to one of those that are there. */
static void tell(const struct sbc_provision *p)
{
	struct lu *lu = p->lu;

	if (!p->situa)
		ua_raise_lu(lu, UA_THIN_THRESHOLD, NULL);
	else if (!list_empty(&lu->itls))
		ua_raise(list_first(&lu->itls, struct itl, lu_link), UA_THIN_THRESHOLD);
}

/* It is told when it is reached, and again only when it has not been reached in between. */
static void compare(struct sbc_provision *p)
{
	for (unsigned int i = 0; i < DESCS; i++) {
		bool now = p->on[i] && is_reached(p, i);

		if (now && !p->reached[i])
			tell(p);
		p->reached[i] = now;
	}
}

static void look(struct loop_timer *t);

/* Without memory for a timer there is no more looking until the page is written again. */
static void look_later(struct sbc_provision *p)
{
	if (p->on[0] || p->on[1])
		loop_timer_set(p->lu->target->core->loop, &p->timer, LOOK_NS, look);
}

static void looked(struct bs_usage *u)
{
	struct sbc_provision *p = container_of(u, struct sbc_provision, usage);

	p->asking = false;
	if (!p->lu) {
		free(p);
		return;
	}
	if (!u->result)
		compare(p);
	look_later(p);
}

static void look(struct loop_timer *t)
{
	struct sbc_provision *p = container_of(t, struct sbc_provision, timer);

	if (!sbc_usage_known(p->lu)) {
		look_later(p);
		return;
	}
	p->asking = true;
	bs_ask_usage(p->lu->bs, &p->usage, looked);
}

void sbc_provision_defaults(const struct lu *lu, uint8_t *p)
{
	(void)lu;
	p[DESC_AT(0) + 1] = RESOURCE_AVAILABLE;
	p[DESC_AT(1)] = ARMING_INCREASING;
	p[DESC_AT(1) + 1] = RESOURCE_USED;
}

static struct sbc_provision *make(struct lu *lu)
{
	struct sbc_provision *p = calloc(1, sizeof(*p));

	if (p)
		p->lu = lu;
	to_sbc(lu)->provision = p;
	return p;
}

void sbc_provision_changed(struct lu *lu, const uint8_t *page)
{
	bool any = (page[DESC_AT(0)] | page[DESC_AT(1)]) & ENABLED;
	struct sbc_provision *p = to_sbc(lu)->provision;

	if (!p && (!any || !(p = make(lu))))
		return;
	p->situa = page[0] & SITUA;
	for (unsigned int i = 0; i < DESCS; i++) {
		p->on[i] = page[DESC_AT(i)] & ENABLED;
		p->count[i] = get_be32(page + DESC_AT(i) + 4);
		p->reached[i] = false;
	}
	if (!p->asking)
		loop_timer_cancel(&p->timer);
	if (!p->asking && any)
		loop_timer_set(lu->target->core->loop, &p->timer, 0, look);
}

void sbc_provision_forget(struct lu *lu)
{
	struct sbc_provision *p = to_sbc(lu)->provision;

	to_sbc(lu)->provision = NULL;
	if (!p)
		return;
	loop_timer_cancel(&p->timer);
	p->lu = NULL;
	if (!p->asking)
		free(p);
}
