/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Initiators that register and reserve. Called by the tests of persistent
 * reservations.
 */
#include "dev_pr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "t_loop.h"

#define PR_LUN 1

struct nexus *prs_login(struct prs *p, const char *name, uint8_t isid, uint16_t rel_port)
{
	static uint64_t sid = 100;
	uint8_t id[6] = { 0x80, 0, 0, 0, 0, isid };
	struct nexus *n = nexus_create(p->d->target, p->d->target->transport, name, id,
				       ++sid, rel_port, NULL);

	assert_non_null(n);
	return n;
}

static void set_flag(void *arg)
{
	*(int *)arg = 1;
}

void prs_logout(struct prs *p, struct nexus *n)
{
	int gone = 0;

	nexus_destroy(n, set_flag, &gone);
	assert_true(t_loop_until_set(p->d->core.loop, &gone));
}

int prs_setup(void **state)
{
	struct prs *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->d = disk_new(NULL, "1048576", 512);
	p->a = p->d->a;
	p->b = p->d->b;
	p->c = prs_login(p, "iqn.2026-01.test:c", 3, 1);
	prs_clear_ua(p);
	*state = p;
	return 0;
}

int prs_teardown(void **state)
{
	struct prs *p = *state;

	if (p->c)
		prs_logout(p, p->c);
	disk_free(p->d);
	free(p);
	return 0;
}

void prs_persistent(struct prs *p)
{
	disk_persistent(p->d);
	snprintf(p->dir, sizeof(p->dir), "%s", p->d->core.state_dir);
}

struct made {
	struct lu *lu;
	struct err err;
	int ended;
};

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	struct made *m = arg;

	m->lu = lu;
	if (!lu)
		m->err = *err;
	m->ended = 1;
}

const char *prs_restart(struct prs *p)
{
	struct lu_conf conf = {
		.lun = PR_LUN, .dev_type = "disk", .path = "1048576", .bstype = "mem"
	};
	static struct made m;
	int gone = 0;

	if (p->d->lu) {
		assert_int_equal(lu_delete(p->d->lu, true, set_flag, &gone, NULL), 0);
		assert_true(t_loop_until_set(p->d->core.loop, &gone));
	}
	memset(&m, 0, sizeof(m));
	lu_new(p->d->target, &conf, lu_made, &m);
	assert_true(t_loop_until_set(p->d->core.loop, &m.ended));
	p->d->lu = m.lu;
	if (m.lu)
		prs_clear_ua(p);
	return m.lu ? NULL : m.err.text;
}

void prs_clear_ua(struct prs *p)
{
	struct nexus *n;

	list_for_each(n, &p->d->target->nexuses, link)
		nexus_itl(n, PR_LUN)->ua = 0;
}

void prs_register_all(struct prs *p)
{
	assert_res(prs_out(p, p->a, PR_REGISTER, 0, 0, KEY_A, 0), GOOD);
	assert_res(prs_out(p, p->b, PR_REGISTER, 0, 0, KEY_B, 0), GOOD);
	assert_res(prs_out(p, p->c, PR_REGISTER, 0, 0, KEY_C, 0), GOOD);
}

enum scsi_result prs_out_list(struct prs *p, struct nexus *n, struct shot *s, enum pr_action action,
			      uint8_t scope_type, const uint8_t *list, uint32_t len)
{
	struct shot mine;

	if (!s)
		s = &mine;
	memset(s, 0, sizeof(*s));
	s->cdb[0] = 0x5f;
	s->cdb[1] = (uint8_t)action;
	s->cdb[2] = scope_type;
	put_be32(s->cdb + 5, len);
	s->out = list;
	s->out_len = len;
	shot_start(p->d, s, n);
	shot_wait(s);
	return shot_result(s);
}

enum scsi_result prs_out(struct prs *p, struct nexus *n, enum pr_action action, uint8_t type,
			 uint64_t key, uint64_t sa_key, uint8_t flags)
{
	uint8_t list[24] = { 0 };

	put_be64(list, key);
	put_be64(list + 8, sa_key);
	list[20] = flags;
	return prs_out_list(p, n, NULL, action, type, list, sizeof(list));
}

enum scsi_result prs_run(struct prs *p, struct nexus *n, const uint8_t *cdb, const void *out,
			 uint32_t out_len, void *in, uint32_t in_max)
{
	struct shot s = { .out = out, .out_len = out_len, .in = in, .in_max = in_max };

	memcpy(s.cdb, cdb, 10);
	shot_start(p->d, &s, n);
	shot_wait(&s);
	return shot_result(&s);
}

enum scsi_result prs_tur(struct prs *p, struct nexus *n)
{
	static const uint8_t cdb[10];

	return prs_run(p, n, cdb, NULL, 0, NULL, 0);
}

enum scsi_result prs_read(struct prs *p, struct nexus *n)
{
	static const uint8_t cdb[10] = { 0x28, [8] = 1 };
	uint8_t block[512];

	return prs_run(p, n, cdb, NULL, 0, block, sizeof(block));
}

enum scsi_result prs_write(struct prs *p, struct nexus *n)
{
	static const uint8_t cdb[10] = { 0x2a, [8] = 1 }, block[512];

	return prs_run(p, n, cdb, block, sizeof(block), NULL, 0);
}

static uint32_t pr_in(struct prs *p, uint8_t sa, uint8_t *buf, uint16_t max)
{
	struct itl *itl = nexus_itl(p->d->a, PR_LUN);
	uint8_t cdb[10] = { 0x5e, sa };
	uint64_t ua = itl->ua;

	itl->ua = 0; /* those that are pending are for the test */
	memset(buf, 0, max);
	put_be16(cdb + 7, max);
	assert_res(prs_run(p, p->d->a, cdb, NULL, 0, buf, max), GOOD);
	itl->ua = ua;
	return get_be32(buf + 4);
}

unsigned int prs_keys(struct prs *p, uint64_t keys[8])
{
	uint8_t buf[8 + 64];
	uint32_t len = pr_in(p, 0, buf, sizeof(buf));

	assert_true(len <= 64);
	for (uint32_t i = 0; i < len / 8; i++)
		keys[i] = get_be64(buf + 8 + (size_t)8 * i);
	return len / 8;
}

uint32_t prs_generation(struct prs *p)
{
	uint8_t buf[8];

	pr_in(p, 0, buf, sizeof(buf));
	return get_be32(buf);
}

uint8_t prs_reservation(struct prs *p, uint64_t *key)
{
	uint8_t buf[24];
	uint32_t len = pr_in(p, 1, buf, sizeof(buf));

	assert_true(len == 0 || len == 16);
	if (key)
		*key = len ? get_be64(buf + 8) : 0;
	return len ? buf[21] : 0;
}

void prs_expect_keys(struct prs *p, ...)
{
	uint64_t keys[8], want;
	unsigned int n = prs_keys(p, keys), i = 0;
	va_list ap;

	va_start(ap, p);
	while ((want = va_arg(ap, uint64_t)) != 0) {
		assert_true(i < n);
		assert_int_equal(keys[i++], want);
	}
	va_end(ap);
	assert_int_equal(i, n);
}

const char *prs_name(enum scsi_result r)
{
	return r < RES_COUNT ? scsi_result_info(r)->name : "no result";
}
