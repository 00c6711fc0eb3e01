/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport of test disks, and the running of commands on them.
 */
#include "dev_disk.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/iov.h"
#include "dev/dev_types.h"
#include "scsi/lun.h"
#include "t_loop.h"
#include "target/devtype.h"
#include "target/transport.h"

#define TEST_LUN 1

static unsigned int buffers; /* that the transport has handed out */

static struct shot *to_shot(struct scsi_cmd *cmd)
{
	return container_of(cmd, struct shot, cmd);
}

static void pieces_free(struct scsi_data *d)
{
	for (uint32_t i = 0; i < d->iovcnt; i++)
		free(d->iov[i].iov_base);
	free(d->iov);
	d->iov = NULL;
}

static int alloc_data(struct scsi_cmd *cmd, struct scsi_data *d, uint32_t len)
{
	uint32_t piece = to_shot(cmd)->d->scatter;

	if (!piece || piece > len)
		piece = len;
	d->iovcnt = (len + piece - 1) / piece;
	d->iov = calloc(d->iovcnt, sizeof(*d->iov));
	for (uint32_t i = 0; d->iov && i < d->iovcnt; i++) {
		d->iov[i].iov_len = min_u32(piece, len - i * piece);
		d->iov[i].iov_base = malloc(d->iov[i].iov_len);
		if (!d->iov[i].iov_base) {
			pieces_free(d);
			break;
		}
		memset(d->iov[i].iov_base, 0x5e, d->iov[i].iov_len);
	}
	if (!d->iov)
		return -1;
	d->len = len;
	buffers++;
	return 0;
}

static void free_data(struct scsi_cmd *cmd, struct scsi_data *d)
{
	(void)cmd;
	pieces_free(d);
	buffers--;
}

static void data_out(struct scsi_cmd *cmd)
{
	const struct shot *s = to_shot(cmd);

	assert_true(cmd->out_want <= s->out_len);
	iov_from_buf(cmd->out.iov, cmd->out.iovcnt, 0, s->out, cmd->out_want);
	target_data_arrived(cmd, RES_GOOD);
}

static void shot_end(struct shot *s)
{
	struct scsi_cmd *cmd = &s->cmd;

	assert_true(s->in_flight);
	s->in_flight = false;
	s->ended = true;
	s->status = cmd->status;
	s->in_res = cmd->in_res;
	s->out_res = cmd->out_res;
	s->in_len = cmd->in_len;
	memcpy(s->sense, cmd->sense, sizeof(s->sense));
	assert_true(cmd->in_len <= s->in_max);
	if (cmd->in_len && !s->aborted)
		iov_to_buf(cmd->in.iov, cmd->in.iovcnt, 0, s->in, cmd->in_len);
	scsi_cmd_release(cmd);
}

static void respond(struct scsi_cmd *cmd)
{
	shot_end(to_shot(cmd));
}

static void aborted(struct scsi_cmd *cmd)
{
	to_shot(cmd)->aborted = true;
	shot_end(to_shot(cmd));
}

/* A task management function of a test, told by a flag. */
struct tmf_shot {
	struct tmf tmf;
	int ended;
};

static void tmf_respond(struct tmf *tmf)
{
	container_of(tmf, struct tmf_shot, tmf)->ended = 1;
}

static int target_added(struct target *t, struct err *err)
{
	(void)t;
	(void)err;
	return 0;
}

static void target_removed(struct target *t)
{
	(void)t;
}

static void access_changed(struct target *t)
{
	(void)t;
}

static void nexus_kill(struct nexus *n, const char *why)
{
	(void)why;
	nexus_destroy(n, NULL, NULL);
}

static unsigned int port_name(const struct target *t, uint16_t port, char *out, unsigned int max)
{
	return (unsigned int)snprintf(out, max, "%s,t,0x%04x", t->name, port);
}

static bool same_host(const struct nexus *a, const struct nexus *b)
{
	return a->priv == b->priv;
}

static struct transport memory_transport = {
	.name = "memory",
	.state = TRANSPORT_READY,
	.protocol_id = 5,
	.target_added = target_added,
	.target_removed = target_removed,
	.access_changed = access_changed,
	.alloc_data = alloc_data,
	.free_data = free_data,
	.data_out = data_out,
	.respond = respond,
	.aborted = aborted,
	.tmf_respond = tmf_respond,
	.nexus_kill = nexus_kill,
	.port_name = port_name,
	.same_host = same_host,
};

static struct transport *const transports[] = { &memory_transport, NULL };
static const struct dev_type *const dev_types[] = { &dev_controller, &dev_disk, &dev_tape, &dev_changer, &dev_wlun, NULL };

struct created {
	struct lu *lu;
	struct err *err;
	int ended;
};

static void lu_created(void *arg, struct lu *lu, const struct err *err)
{
	struct created *c = arg;

	c->lu = lu;
	if (!lu)
		*c->err = *err;
	c->ended = 1;
}

static struct nexus *initiator(struct disk *d, const char *name, uint8_t id)
{
	uint8_t isid[6] = { 0x80, 0, 0, 0, 0, id };
	struct nexus *n = nexus_create(d->target, &memory_transport, name, isid, id, 1, NULL);

	assert_non_null(n);
	return n;
}

struct nexus *disk_login(struct disk *d, struct target *t, const char *name, void *host)
{
	static uint8_t id = 10;
	uint8_t isid[6] = { 0x80, 0, 0, 0, 0, ++id };
	struct nexus *n = nexus_create(t ? t : d->target, &memory_transport, name, isid, id, 1, host);

	assert_non_null(n);
	return n;
}

static void core_start(struct disk *d)
{
	struct err err = { .code = ERR_OK };
	char id[96];

	assert_int_equal(box_setup(&d->box_state), 0);
	d->box = d->box_state;
	d->core.loop = d->box->loop;
	d->core.workers = d->box->workers;
	d->core.stores = d->box->core;
	d->core.transports = transports;
	d->core.dev_types = dev_types;
	bufpool_init(&d->core.bufs, 64 * MiB, 128 * MiB);
	snprintf(id, sizeof(id), "%s/machine-id", d->box->dir);
	assert_int_equal(core_init(&d->core, id), 0);
	assert_int_equal(target_new(&d->core, 1, "iqn.2026-01.test:disk", "memory", &d->target,
				    &err), 0);
}

static struct lu *lu_make_conf(struct disk *d, struct target *t, const struct lu_conf *conf,
			       struct err *err)
{
	struct created c = { .err = err };

	lu_new(t, conf, lu_created, &c);
	assert_true(t_loop_until_set(d->core.loop, &c.ended));
	return c.lu;
}

static void lu_make(struct disk *d, struct err *err)
{
	struct lu_conf conf = { .lun = TEST_LUN, .dev_type = "disk", .path = *d->path ? d->path : NULL,
				.bstype = d->bstype, .block_size = d->block_size };

	d->lu = lu_make_conf(d, d->target, &conf, err);
}

struct lu *disk_add_lu(struct disk *d, struct target *t, uint64_t lun, const char *bstype,
		       const char *path, uint32_t block_size)
{
	struct lu_conf conf = { .lun = lun, .dev_type = "disk", .path = path,
				.bstype = bstype ? bstype : "mem", .block_size = block_size };
	struct err err = { .code = ERR_OK };
	struct lu *lu = lu_make_conf(d, t ? t : d->target, &conf, &err);

	if (!lu)
		fail_msg("%s: %s", err_sentence(err.code), err.text);
	return lu;
}

struct lu *disk_add_dev(struct disk *d, const char *dev_type, uint64_t lun, const char *bstype,
			const char *path)
{
	struct lu_conf conf = { .lun = lun, .dev_type = dev_type, .path = path, .bstype = bstype };
	struct err err = { .code = ERR_OK };
	struct lu *lu = lu_make_conf(d, d->target, &conf, &err);

	if (!lu)
		fail_msg("%s: %s", err_sentence(err.code), err.text);
	d->lun = lun;
	return lu;
}

struct target *disk_add_target(struct disk *d, uint32_t tid)
{
	struct err err = { .code = ERR_OK };
	struct target *t;
	char name[64];

	snprintf(name, sizeof(name), "iqn.2026-01.test:other-%u", tid);
	assert_int_equal(target_new(&d->core, tid, name, "memory", &t, &err), 0);
	return t;
}

struct disk *disk_try(const char *bstype, const char *path, uint32_t block_size, struct err *err)
{
	struct disk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->lun = TEST_LUN;
	d->block_size = block_size;
	snprintf(d->bstype, sizeof(d->bstype), "%s", bstype ? bstype : "mem");
	snprintf(d->path, sizeof(d->path), "%s", path ? path : "");
	core_start(d);
	lu_make(d, err);
	d->a = initiator(d, "iqn.2026-01.test:a", 1);
	d->b = initiator(d, "iqn.2026-01.test:b", 2);
	if (d->lu) {
		disk_clear_ua(d);
		return d;
	}
	disk_free(d);
	return NULL;
}

struct disk *disk_new(const char *bstype, const char *path, uint32_t block_size)
{
	struct err err = { .code = ERR_OK };
	struct disk *d = disk_try(bstype, path, block_size, &err);

	if (!d)
		fail_msg("%s: %s", err_sentence(err.code), err.text);
	return d;
}

static void set_flag(void *arg)
{
	*(int *)arg = 1;
}

void disk_logout(struct disk *d, struct nexus *n)
{
	int gone = 0;

	nexus_destroy(n, set_flag, &gone);
	assert_true(t_loop_until_set(d->core.loop, &gone));
}

static void dir_remove(const char *path)
{
	struct dirent *e;
	DIR *dir = opendir(path);
	char name[512];

	while (dir && (e = readdir(dir)) != NULL) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (unlink(name))
			dir_remove(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

void disk_free(struct disk *d)
{
	struct err err = { .code = ERR_OK };
	int gone_a = 0, gone_b = 0;
	struct target *t;

	nexus_destroy(d->a, set_flag, &gone_a);
	nexus_destroy(d->b, set_flag, &gone_b);
	assert_true(t_loop_until_set(d->core.loop, &gone_a));
	assert_true(t_loop_until_set(d->core.loop, &gone_b));
	while ((t = target_next(&d->core, NULL)) != NULL) {
		int gone = 0;

		assert_int_equal(target_delete(t, true, set_flag, &gone, &err), 0);
		assert_true(t_loop_until_set(d->core.loop, &gone));
	}
	assert_int_equal(buffers, 0);
	assert_int_equal(d->core.bufs.used, 0);
	if (*d->state_dir)
		dir_remove(d->state_dir);
	core_done(&d->core);
	bufpool_done(&d->core.bufs);
	assert_int_equal(box_teardown(&d->box_state), 0);
	free(d);
}

void disk_persistent(struct disk *d)
{
	strcpy(d->state_dir, "/tmp/tgt-disk-XXXXXX");
	assert_non_null(mkdtemp(d->state_dir));
	d->core.state_dir = d->state_dir;
}

void disk_restart(struct disk *d, const char *path)
{
	struct err err = { .code = ERR_OK };
	int gone = 0;

	assert_int_equal(lu_delete(d->lu, true, set_flag, &gone, &err), 0);
	assert_true(t_loop_until_set(d->core.loop, &gone));
	if (path)
		snprintf(d->path, sizeof(d->path), "%s", path);
	lu_make(d, &err);
	if (!d->lu)
		fail_msg("%s: %s", err_sentence(err.code), err.text);
	disk_clear_ua(d);
}

void disk_set(struct disk *d, const char *name, const char *value)
{
	struct err err = { .code = ERR_OK };

	assert_int_equal(lu_set(d->lu, name, value, &err), 0);
	disk_clear_ua(d);
}

void disk_clear_ua(struct disk *d)
{
	struct nexus *both[2] = { d->a, d->b };

	for (int i = 0; i < 2; i++) {
		struct itl *itl = nexus_itl(both[i], d->lun);

		assert_non_null(itl);
		itl->ua = 0;
	}
}

void cdb6(uint8_t *cdb, uint8_t op, uint32_t lba, uint8_t len)
{
	memset(cdb, 0, 32);
	put_be24(cdb + 1, lba);
	cdb[0] = op;
	cdb[4] = len;
}

void cdb10(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len)
{
	memset(cdb, 0, 32);
	cdb[0] = op;
	cdb[1] = flags;
	put_be32(cdb + 2, (uint32_t)lba);
	put_be16(cdb + 7, (uint16_t)len);
}

void cdb12(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len)
{
	memset(cdb, 0, 32);
	cdb[0] = op;
	cdb[1] = flags;
	put_be32(cdb + 2, (uint32_t)lba);
	put_be32(cdb + 6, len);
}

void cdb16(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len)
{
	memset(cdb, 0, 32);
	cdb[0] = op;
	cdb[1] = flags;
	put_be64(cdb + 2, lba);
	put_be32(cdb + 10, len);
}

void cdb32(uint8_t *cdb, uint8_t sa, uint8_t flags, uint64_t lba, uint32_t len)
{
	memset(cdb, 0, 32);
	cdb[0] = 0x7f;
	cdb[7] = 32 - 8;
	cdb[9] = sa;
	cdb[10] = flags;
	put_be64(cdb + 12, lba);
	put_be32(cdb + 28, len);
}

void cdb_any(uint8_t *cdb, uint8_t op, uint8_t flags, uint64_t lba, uint32_t len)
{
	switch (op >> 5) {
	case 0:
		cdb6(cdb, op, (uint32_t)lba, (uint8_t)len);
		break;
	case 4:
		cdb16(cdb, op, flags, lba, len);
		break;
	case 3: /* the disk has been told to have them */
		cdb32(cdb, op & 0x1f, flags, lba, len);
		break;
	case 5:
		cdb12(cdb, op, flags, lba, len);
		break;
	default:
		cdb10(cdb, op, flags, lba, len);
	}
}

void shot_start(struct disk *d, struct shot *s, struct nexus *n)
{
	scsi_cmd_init(&s->cmd, n);
	s->d = d;
	s->in_flight = true;
	s->ended = s->aborted = false;
	s->cmd.tag = ++d->next_tag;
	s->cmd.cdb = s->cdb;
	s->cmd.cdb_len = s->cdb[0] == 0x7f ? 32 : 16;
	s->cmd.attr = ATTR_SIMPLE;
	s->cmd.out_edtl = s->out_len;
	s->cmd.in_edtl = s->in_max;
	lun_encode(s->cmd.lun, d->lun);
	target_submit(&s->cmd);
}

static bool has_ended(void *arg)
{
	return ((struct shot *)arg)->ended;
}

void shot_wait(struct shot *s)
{
	assert_true(t_loop_until(s->d->core.loop, has_ended, s));
}

enum scsi_result shot_result(const struct shot *s)
{
	for (int r = 0; r < RES_COUNT; r++) {
		const struct scsi_result_info *i = scsi_result_info((enum scsi_result)r);

		if (i->status != s->status)
			continue;
		if (s->status != SAM_CHECK_CONDITION ||
		    ((s->sense[2] & 15) == i->key && s->sense[12] == i->asc && s->sense[13] == i->ascq))
			return (enum scsi_result)r;
	}
	return RES_COUNT;
}

uint64_t shot_info(const struct shot *s)
{
	assert_int_equal(s->sense[0] & 0x80, 0x80);
	return get_be32(s->sense + 3);
}

int shot_field(const struct shot *s)
{
	if (!(s->sense[15] & 0x80))
		return -1;
	return get_be16(s->sense + 16) << 8 | (s->sense[15] & 0x08 ? s->sense[15] & 7 : 0xff);
}

void shot_abort(struct shot *s)
{
	struct tmf_shot t = { .tmf = { .nexus = s->cmd.nexus, .function = TMF_ABORT_TASK,
				       .tag = s->cmd.tag } };

	list_init(&t.tmf.link);
	lun_encode(t.tmf.lun, TEST_LUN);
	target_tmf(&t.tmf);
	assert_true(t_loop_until_set(s->d->core.loop, &t.ended));
	assert_int_equal(t.tmf.response, TMF_RSP_COMPLETE);
}

enum scsi_result disk_run(struct disk *d, struct shot *s, const uint8_t *cdb, const void *out,
			  uint32_t out_len, void *in, uint32_t in_max)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->cdb, cdb, sizeof(s->cdb));
	s->out = out;
	s->out_len = out_len;
	s->in = in;
	s->in_max = in_max;
	shot_start(d, s, d->a);
	shot_wait(s);
	return shot_result(s);
}

void disk_read(struct disk *d, uint64_t lba, uint32_t blocks, void *buf)
{
	uint32_t len = blocks << d->lu->block_shift;
	struct shot s;
	uint8_t cdb[32];

	cdb16(cdb, 0x88, 0, lba, blocks);
	assert_int_equal(disk_run(d, &s, cdb, NULL, 0, buf, len), RES_GOOD);
	assert_int_equal(s.in_len, len);
}

void disk_write(struct disk *d, uint64_t lba, uint32_t blocks, const void *buf)
{
	struct shot s;
	uint8_t cdb[32];

	cdb16(cdb, 0x8a, 0, lba, blocks);
	assert_int_equal(disk_run(d, &s, cdb, buf, blocks << d->lu->block_shift, NULL, 0), RES_GOOD);
}
