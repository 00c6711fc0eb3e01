/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake transport, and the making and ending of cores, targets, nexuses and
 * commands for tests. The fake device type is in target_fake_dev.c.
 */
#include "target_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/iov.h"
#include "bs/bs_types.h"
#include "scsi/lun.h"
#include "scsi/transportid.h"
#include "t_loop.h"
#include "target/ua.h"
#include "target_fake_dev.h"
#include "target_pass.h"

static struct fake *the_fake;

static struct fake_cmd *to_fake(struct scsi_cmd *cmd)
{
	return container_of(cmd, struct fake_cmd, cmd);
}

/* --- the transport ---------------------------------------------------------------------------- */

static int alloc_data(struct scsi_cmd *cmd, struct scsi_data *d, uint32_t len)
{
	(void)cmd;
	if (the_fake->fail_alloc && !--the_fake->fail_alloc)
		return -1;
	assert_true(len > 0);
	d->one.iov_base = malloc(len);
	if (!d->one.iov_base)
		return -1;
	memset(d->one.iov_base, 0x5e, len);
	d->one.iov_len = len;
	d->iov = &d->one;
	d->iovcnt = 1;
	d->len = len;
	the_fake->buffers++;
	return 0;
}

static void free_data(struct scsi_cmd *cmd, struct scsi_data *d)
{
	(void)cmd;
	free(d->one.iov_base);
	the_fake->buffers--;
}

static void fetch(struct fake_cmd *c)
{
	c->data_wanted = false;
	if (c->out)
		iov_from_buf(c->cmd.out.iov, c->cmd.out.iovcnt, 0, c->out, c->cmd.out_want);
	else
		iov_set(c->cmd.out.iov, c->cmd.out.iovcnt, 0, 0, c->cmd.out_want);
	target_data_arrived(&c->cmd, RES_GOOD);
}

static void data_out(struct scsi_cmd *cmd)
{
	struct fake_cmd *c = to_fake(cmd);

	assert_false(c->data_wanted);
	c->data_wanted = true;
	if (!c->f->hold_data)
		fetch(c);
}

static void release(struct fake_cmd *c)
{
	assert_false(c->released);
	c->released = true;
	scsi_cmd_release(&c->cmd);
}

static void ended(struct fake_cmd *c)
{
	assert_false(c->ended);
	assert_int_equal(c->cmd.state, CMD_DONE);
	c->ended = true;
	c->ended_at = ++c->f->order;
	c->data_wanted = false;
	c->in_res = c->cmd.in_res;
	c->out_res = c->cmd.out_res;
	if (!c->f->hold_release)
		release(c);
}

static void respond(struct scsi_cmd *cmd)
{
	struct fake_cmd *c = to_fake(cmd);

	c->status = cmd->status;
	c->sense_len = cmd->sense_len;
	memcpy(c->sense, cmd->sense, cmd->sense_len);
	if (cmd->sense_len) {
		bool fixed = (c->sense[0] & 0x7f) < 0x72;

		c->key = c->sense[fixed ? 2 : 1] & 0xf;
		c->asc = c->sense[fixed ? 12 : 2];
		c->ascq = c->sense[fixed ? 13 : 3];
	}
	c->in_len = cmd->in_len;
	assert_true(cmd->in_len <= cmd->in_edtl);
	if (cmd->in_len)
		iov_to_buf(cmd->in.iov, cmd->in.iovcnt, 0, c->in,
			   min_u32(cmd->in_len, sizeof(c->in)));
	ended(c);
}

static void aborted(struct scsi_cmd *cmd)
{
	to_fake(cmd)->aborted = true;
	ended(to_fake(cmd));
}

static void tmf_respond(struct tmf *tmf)
{
	struct fake_tmf *t = container_of(tmf, struct fake_tmf, tmf);

	assert_false(t->ended);
	t->ended = true;
	t->ended_at = ++the_fake->order;
	t->response = tmf->response;
}

static int target_added(struct target *t, struct err *err)
{
	(void)t;
	if (the_fake->fail_added)
		return err_set(err, ERR_NOMEM, "%s", "");
	the_fake->added++;
	return 0;
}

static void target_removed(struct target *t)
{
	(void)t;
	the_fake->removed++;
}

static void nexus_kill(struct nexus *n, const char *why)
{
	the_fake->killed = why;
	nexus_destroy(n, NULL, NULL);
}

static unsigned int transport_id(const struct nexus *n, uint8_t *out, unsigned int max)
{
	struct transportid id;

	transportid_iscsi(&id, n->initiator, n->isid);
	assert_true(id.len <= max);
	memcpy(out, id.bytes, id.len);
	return id.len;
}

static unsigned int port_name(const struct target *t, uint16_t port, char *out, unsigned int max)
{
	return (unsigned int)snprintf(out, max, "%s,t,0x%04x", t->name, port);
}

struct transport fake_transport = {
	.name = "fake",
	.state = TRANSPORT_READY,
	.protocol_id = 5,
	.target_added = target_added,
	.target_removed = target_removed,
	.alloc_data = alloc_data,
	.free_data = free_data,
	.data_out = data_out,
	.respond = respond,
	.aborted = aborted,
	.tmf_respond = tmf_respond,
	.nexus_kill = nexus_kill,
	.transport_id = transport_id,
	.port_name = port_name,
};

/* --- the core ------------------------------------------------------------------------------- */

static struct transport *const transports[] = { &fake_transport, NULL };
static struct bs_type ram; /* as mem, but it needs a path, and knows no flag */
static const struct bs_type *const stores[] = { &ram, &bs_mem_type, &bs_null_type, &pass_fake_type,
					      NULL };

struct fake *fake_new(const struct dev_type *const *devs)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	the_fake = fake_dev_fake = f;
	list_init(&f->all);
	ram = bs_mem_type;
	ram.name = "ram";
	ram.needs_path = true;
	ram.flag_direct = ram.flag_sync = false;
	f->loop = loop_new();
	f->workers = workers_new(f->loop, 1);
	f->core.loop = f->loop;
	f->core.workers = f->workers;
	f->core.stores = bs_core_new(f->loop, f->workers, stores);
	f->core.transports = transports;
	f->core.dev_types = devs ? devs : fake_devs;
	assert_non_null(f->core.stores);
	bufpool_init(&f->core.bufs, 64 * MiB, 128 * MiB);
	assert_int_equal(core_init(&f->core, NULL), 0);
	return f;
}

static bool no_jobs(void *arg)
{
	return !workers_pending(arg);
}

/* Closing a store takes a worker thread's time and some turns before and after it. */
void fake_settle(struct fake *f)
{
	for (int i = 0; i < 3; i++) {
		t_loop_turns(f->loop, 8);
		assert_true(t_loop_until(f->loop, no_jobs, f->workers));
	}
}

void fake_free(struct fake *f)
{
	struct target *t;

	f->hold_release = false;
	while ((t = target_next(&f->core, NULL)) != NULL)
		assert_int_equal(target_delete(t, true, NULL, NULL, NULL), 0);
	fake_settle(f);
	while (!list_empty(&f->all)) {
		struct fake_cmd *c = list_first(&f->all, struct fake_cmd, link);

		if (c->running)
			fake_finish(c, RES_GOOD);
		if (c->ended && !c->released)
			release(c);
		assert_true(c->ended);
		list_del(&c->link);
		free(c);
	}
	fake_settle(f);
	assert_int_equal(f->added, f->removed);
	assert_int_equal(f->attached, 0);
	assert_int_equal(f->buffers, 0);
	core_done(&f->core);
	bs_core_free(f->core.stores);
	bufpool_done(&f->core.bufs);
	workers_free(f->workers);
	loop_free(f->loop);
	free(f);
	the_fake = NULL;
}

struct target *fake_target(struct fake *f, uint32_t tid, const char *name)
{
	struct err err = { .code = ERR_OK };
	struct target *t = NULL;

	if (target_new(&f->core, tid, name, NULL, &t, &err))
		fail_msg("target_new: %s %s", err_sentence(err.code), err.text);
	return t;
}

struct made {
	int told;
	struct lu *lu;
	struct err err;
};

static void lu_made(void *arg, struct lu *lu, const struct err *err)
{
	struct made *m = arg;

	assert_false(m->told);
	m->told = 1;
	m->lu = lu;
	if (err)
		m->err = *err;
}

static struct made make_lu(struct fake *f, struct target *t, const struct lu_conf *conf)
{
	struct made m = { .told = 0 };

	lu_new(t, conf, lu_made, &m);
	assert_false(m.told);
	assert_true(t_loop_until_set(f->loop, &m.told));
	return m;
}

struct lu *fake_lu(struct fake *f, struct target *t, const struct lu_conf *conf)
{
	struct made m = make_lu(f, t, conf);

	if (!m.lu)
		fail_msg("lu_new: %s %s", err_sentence(m.err.code), m.err.text);
	return m.lu;
}

enum err_code fake_lu_error(struct fake *f, struct target *t, const struct lu_conf *conf)
{
	struct made m = make_lu(f, t, conf);

	return m.lu ? ERR_OK : m.err.code;
}

struct lu *fake_disk(struct fake *f, struct target *t, uint64_t lun, uint64_t blocks)
{
	char path[32];
	struct lu_conf conf = { .lun = lun, .bstype = "mem", .path = path };

	snprintf(path, sizeof(path), "%llu", (unsigned long long)blocks * 512);
	return fake_lu(f, t, &conf);
}

struct nexus *fake_nexus(struct fake *f, struct target *t, const char *initiator)
{
	static const uint8_t isid[6] = { 0x80, 1, 2, 3, 4, 5 };
	static uint64_t sid;
	struct nexus *n = nexus_create(t, &fake_transport, initiator, isid, ++sid, 1, f);

	assert_non_null(n);
	return n;
}

void fake_nexus_end(struct fake *f, struct nexus *n)
{
	nexus_destroy(n, NULL, NULL);
	fake_settle(f);
}

void fake_clear_ua(struct nexus *n, uint64_t lun)
{
	struct itl *itl = nexus_itl(n, lun);

	assert_non_null(itl);
	itl->ua = 0;
}

/* --- commands ------------------------------------------------------------------------------- */

struct fake_cmd *fake_prepare(struct nexus *n, uint64_t lun, const void *cdb, unsigned int len)
{
	static uint64_t tag;
	struct fake_cmd *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	assert_true(len <= sizeof(c->cdb));
	c->f = the_fake;
	list_push_back(&the_fake->all, &c->link);
	memcpy(c->cdb, cdb, len);
	scsi_cmd_init(&c->cmd, n);
	c->cmd.tag = ++tag;
	lun_encode(c->cmd.lun, lun);
	c->cmd.cdb = c->cdb;
	c->cmd.cdb_len = (uint16_t)max_u32(len, 16); /* as iSCSI has it */
	c->cmd.attr = ATTR_SIMPLE;
	return c;
}

void fake_send(struct fake_cmd *c)
{
	target_submit(&c->cmd);
}

struct fake_cmd *fake_submit(struct nexus *n, uint64_t lun, uint8_t op, uint32_t lba, uint16_t len)
{
	uint8_t cdb[10] = { op };
	struct fake_cmd *c;

	if (op >= 0x20) {
		put_be32(cdb + 2, lba);
		put_be16(cdb + 7, len);
	}
	c = fake_prepare(n, lun, cdb, op >= 0x20 ? 10 : 6);
	if (op == FAKE_READ)
		c->cmd.in_edtl = len * 512u;
	if (op == FAKE_WRITE)
		c->cmd.out_edtl = len * 512u;
	fake_send(c);
	return c;
}

struct fake_cmd *fake_submit_attr(struct nexus *n, uint64_t lun, uint8_t op, enum task_attr attr)
{
	static const uint8_t cdb[10];
	struct fake_cmd *c = fake_prepare(n, lun, cdb, 10);

	c->cdb[0] = op;
	c->cmd.attr = attr;
	fake_send(c);
	return c;
}

struct fake_cmd *fake_run(struct nexus *n, uint64_t lun, const void *cdb, unsigned int len,
			  const void *out, uint32_t out_edtl, uint32_t in_edtl)
{
	struct fake_cmd *c = fake_prepare(n, lun, cdb, len);

	c->out = out;
	c->cmd.out_edtl = out_edtl;
	c->cmd.in_edtl = in_edtl;
	fake_send(c);
	for (int i = 0; i < 100 && !c->ended; i++)
		t_loop_turns(c->f->loop, 1);
	return c;
}

void fake_data(struct fake_cmd *c)
{
	assert_true(c->data_wanted);
	fetch(c);
}

void fake_finish(struct fake_cmd *c, enum scsi_result result)
{
	assert_true(c->running);
	c->running = false;
	scsi_cmd_complete(&c->cmd, result);
}

void fake_release(struct fake_cmd *c)
{
	assert_true(c->ended);
	release(c);
}

enum scsi_result fake_result(const struct fake_cmd *c)
{
	const struct scsi_result_info *i;

	if (!c->ended || c->aborted)
		return RES_PENDING;
	for (int r = 0; r < RES_COUNT; r++) {
		i = scsi_result_info((enum scsi_result)r);
		if (i->status == c->status &&
		    (i->status != SAM_CHECK_CONDITION ||
		     (i->key == c->key && i->asc == c->asc && i->ascq == c->ascq)))
			return (enum scsi_result)r;
	}
	fail_msg("status %02x sense %x/%02x/%02x", c->status, c->key, c->asc, c->ascq);
	return RES_PENDING;
}

enum scsi_result fake_result_known(const struct fake_cmd *c)
{
	enum scsi_result r = fake_result(c);

	if (r == RES_PENDING)
		fail_msg("the command %s", c->ended ? "ended without a status" : "has not ended");
	return r;
}

void fake_tmf(struct nexus *n, struct fake_tmf *t, enum tmf_function function, uint64_t lun,
	      uint64_t tag)
{
	memset(t, 0, sizeof(*t));
	t->tmf.nexus = n;
	t->tmf.function = (uint8_t)function;
	t->tmf.tag = tag;
	lun_encode(t->tmf.lun, lun);
	target_tmf(&t->tmf);
}
