/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store "sg": a SCSI device of this machine, by its node /dev/sgN. It has no bytes of its
 * own to give: PASS hands a command on and brings back what the device answered. The
 * kernel's generic driver takes commands by write(), which can wait for a place in the
 * adapter's queue and so is done by a thread, a batch at a time, and tells of their end
 * by read(), which the loop does. Used by the device type "pt".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "bs/bs_types.h"
#include "bs/sg.h"

#define SG_VERSION_MIN 30000 /* the interface of struct sg_io_hdr */
#ifndef SG_SCSI_RESET_NO_ESCALATE
#define SG_SCSI_RESET_NO_ESCALATE 0x100 /* Linux 4.0; else the next larger thing is reset, too */
#endif
#define TIMEOUT_MAX 1000000U
#define SENSE_MAX 252U	     /* SPC-4 4.5.1 */

static struct sg *to_sg(struct bs *bs)
{
	return container_of(bs, struct sg, bs);
}

/* --- answers */

/* Of the adapter and the kernel (SCSI_HOST_BYTES), where there is none of the device. */
static const struct {
	uint16_t host_status;
	int error;
} host_errors[] = {
	{ 0x01, ENODEV },     /* NO_CONNECT */
	{ 0x02, EAGAIN },     /* BUS_BUSY */
	{ 0x03, ETIMEDOUT },  /* TIME_OUT */
	{ 0x04, ENODEV },     /* BAD_TARGET */
	{ 0x05, ECANCELED },  /* ABORT */
	{ 0x08, ECANCELED },  /* RESET */
	{ 0x0b, EAGAIN },     /* SOFT_ERROR */
	{ 0x0c, EAGAIN },     /* IMM_RETRY */
	{ 0x0d, EAGAIN },     /* REQUEUE */
	{ 0x0e, ENOLINK },    /* TRANSPORT_DISRUPTED */
	{ 0x0f, ENOLINK },    /* TRANSPORT_FAILFAST */
	{ 0x14, ENODEV },     /* TRANSPORT_MARGINAL */
};

#define DRIVER_MASK 0x0f
#define DRIVER_TIMED_OUT 0x06

int sg_error(const struct sg_io_hdr *hdr)
{
	if (hdr->status)
		return 0;
	if ((hdr->driver_status & DRIVER_MASK) == DRIVER_TIMED_OUT)
		return -ETIMEDOUT;
	if (!hdr->host_status)
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(host_errors); i++)
		if (host_errors[i].host_status == hdr->host_status)
			return -host_errors[i].error;
	return -EIO;
}

static void slot_end(struct sg *sg, struct sg_slot *slot, int result)
{
	struct bs_req *req = slot->req;

	slot->req = NULL;
	list_push_back(&sg->free, &slot->link);
	bs_complete_now(req, result);
}

static void answered(struct sg *sg, const struct sg_io_hdr *hdr)
{
	struct sg_slot *slot = hdr->usr_ptr;
	struct bs_pass *pass = slot->req->pass;
	uint32_t resid = hdr->resid > 0 ? (uint32_t)hdr->resid : 0;

	pass->status = hdr->status;
	pass->sense_len = hdr->sb_len_wr;
	pass->moved = (uint32_t)slot->req->len - min_u32(resid, (uint32_t)slot->req->len);
	list_del(&slot->link);
	slot_end(sg, slot, sg_error(hdr));
}

static void kick(struct sg *sg)
{
	loop_call_queue(sg->bs.loop, &sg->call);
}

/* All that is known of what was handed over: nothing. Its memory is not the kernel's any more. */
static void device_gone(struct sg *sg)
{
	struct list *l;

	log_err("%s: the device is gone", sg->bs.path);
	sg->gone = true;
	loop_fd_del(&sg->lf);
	while ((l = list_pop(&sg->in_kernel)) != NULL)
		slot_end(sg, list_entry(l, struct sg_slot, link), -ENODEV);
}

/* Not while a batch is being written: its slots are the thread's. */
static void read_answers(struct sg *sg)
{
	struct sg_io_hdr hdr;
	ssize_t n;

	while (!sg->gone) {
		memset(&hdr, 0, sizeof(hdr));
		hdr.interface_id = 'S';
		hdr.pack_id = -1;
		n = read(sg->fd, &hdr, sizeof(hdr));
		/* An error of the command's own is told by read() too, with its header filled in. */
		if (n < 0 && (errno == EAGAIN || !hdr.usr_ptr)) {
			if (errno != EAGAIN && errno != EINTR)
				device_gone(sg);
			if (errno != EINTR)
				break;
			continue;
		}
		answered(sg, &hdr);
	}
	if (sg->hung_up && !sg->gone)
		device_gone(sg);
	kick(sg);
}

static void ready(struct loop_fd *lf, uint32_t events)
{
	struct sg *sg = container_of(lf, struct sg, lf);

	sg->hung_up |= events & EPOLLHUP;
	if (sg->writing)
		sg->unread = true;
	else
		read_answers(sg);
}

/* --- commands */

static void slot_fill(const struct sg *sg, struct sg_slot *slot, struct bs_req *req)
{
	static const int dirs[] = { [BS_PASS_NO_DATA] = SG_DXFER_NONE,
				    [BS_PASS_IN] = SG_DXFER_FROM_DEV,
				    [BS_PASS_OUT] = SG_DXFER_TO_DEV };
	struct bs_pass *pass = req->pass;

	slot->req = req;
	slot->error = 0;
	slot->hdr = (struct sg_io_hdr){
		.interface_id = 'S',
		.dxfer_direction = dirs[pass->dir],
		.cmd_len = pass->words_len,
		.cmdp = (unsigned char *)(uintptr_t)pass->words,
		.mx_sb_len = (unsigned char)min_u32(pass->sense_max, SENSE_MAX),
		.sbp = pass->sense,
		.timeout = sg->timeout_ms ? sg->timeout_ms : pass->timeout_ms,
		.usr_ptr = slot,
	};
	if (pass->dir == BS_PASS_NO_DATA)
		return;
	slot->hdr.dxfer_len = (unsigned int)req->len;
	slot->hdr.iovec_count = req->iovcnt > 1 ? (unsigned short)req->iovcnt : 0;
	slot->hdr.dxferp = req->iovcnt > 1 ? (void *)(uintptr_t)req->iov : req->iov[0].iov_base;
}

/* On a thread. */
static void write_run(struct job *job)
{
	struct sg *sg = container_of(job, struct sg, write_job);
	struct sg_slot *slot;

	list_for_each(slot, &sg->batch, link) {
		ssize_t n;

		do {
			n = write(sg->fd, &slot->hdr, sizeof(slot->hdr));
		} while (n < 0 && errno == EINTR);
		slot->error = n >= 0 ? 0 : errno == EDOM ? EAGAIN : errno;
	}
}

static void write_done(struct job *job)
{
	struct sg *sg = container_of(job, struct sg, write_job);
	struct list batch, *l;

	sg->writing = false;
	list_init(&batch);
	list_splice_back(&batch, &sg->batch);
	while ((l = list_pop(&batch)) != NULL) {
		struct sg_slot *slot = list_entry(l, struct sg_slot, link);

		if (slot->error)
			slot_end(sg, slot, -slot->error);
		else
			list_push_back(&sg->in_kernel, &slot->link);
	}
	if (sg->unread) {
		sg->unread = false;
		read_answers(sg);
	}
	kick(sg);
}

/* --- reset */

static void reset_run(struct job *job)
{
	struct sg *sg = container_of(job, struct sg, reset_job);
	int how = SG_SCSI_RESET_DEVICE | SG_SCSI_RESET_NO_ESCALATE;

	sg->reset_error = ioctl(sg->fd, SG_SCSI_RESET, &how) ? errno : 0;
}

static void reset_done(struct job *job)
{
	struct sg *sg = container_of(job, struct sg, reset_job);
	struct bs_req *req = sg->reset;

	sg->reset = NULL;
	if (sg->reset_error)
		log_warn("%s: the device was not reset: %s", sg->bs.path,
			 strerror(sg->reset_error));
	kick(sg);
	bs_complete_now(req, -sg->reset_error);
}

/* --- the order of both */

/* As many as there is room for; true: a batch is there. */
static bool take_batch(struct sg *sg)
{
	struct list *l;

	while (!list_empty(&sg->free) && (l = list_pop(&sg->waiting)) != NULL) {
		struct sg_slot *slot = list_entry(list_pop(&sg->free), struct sg_slot, link);

		slot_fill(sg, slot, list_entry(l, struct bs_req, link));
		list_push_back(&sg->batch, &slot->link);
	}
	return !list_empty(&sg->batch);
}

static void refuse_waiting(struct sg *sg)
{
	struct list *l;

	while ((l = list_pop(&sg->waiting)) != NULL)
		bs_complete_now(list_entry(l, struct bs_req, link), -ENODEV);
	while ((l = list_pop(&sg->resets)) != NULL)
		bs_complete_now(list_entry(l, struct bs_req, link), -ENODEV);
}

static void start_job(struct sg *sg, struct job *job, void (*run)(struct job *job),
		      void (*done)(struct job *job))
{
	list_init(&job->link);
	job->run = run;
	job->done = done;
	worker_submit(sg->jobs ? sg->jobs : sg->bs.workers, job);
}

/* A reset waits for no command, not even for one that hangs in write(); what comes after waits for it. */
static void work(struct loop_call *c)
{
	struct sg *sg = container_of(c, struct sg, call);
	struct list *l;

	if (sg->gone) {
		refuse_waiting(sg);
		return;
	}
	if (!sg->jobs)
		sg->jobs = workers_new(sg->bs.loop, 2);
	if (!sg->reset && (l = list_pop(&sg->resets)) != NULL) {
		sg->reset = list_entry(l, struct bs_req, link);
		start_job(sg, &sg->reset_job, reset_run, reset_done);
	}
	if (!sg->writing && !sg->reset && take_batch(sg)) {
		sg->writing = true;
		start_job(sg, &sg->write_job, write_run, write_done);
	}
}

/* What the device has not seen yet need not reach it before it is reset, and must not after. */
static void cancel_waiting(struct sg *sg)
{
	struct list *l;

	while ((l = list_pop(&sg->waiting)) != NULL)
		bs_complete(list_entry(l, struct bs_req, link), -ECANCELED);
}

static void sg_submit(struct bs_req *req)
{
	struct sg *sg = to_sg(req->bs);

	if (req->pass->reset)
		cancel_waiting(sg);
	list_push_back(req->pass->reset ? &sg->resets : &sg->waiting, &req->link);
	kick(sg);
}

/* --- opening and closing */

/* bsopts timeout=SECONDS */
static int timeout_opt(struct sg *sg, const char *opts, struct err *err)
{
	bool found;
	char *text = bs_opt_get(opts, ';', "timeout", &found), *end = NULL;
	unsigned long seconds = text ? strtoul(text, &end, 10) : 0;
	bool bad = text && (*end || end == text || *text == '-' || !seconds || seconds > TIMEOUT_MAX);

	free(text);
	if (found && !text)
		return err_set(err, ERR_NOMEM, "out of memory");
	if (bad)
		return err_set(err, ERR_INVALID_REQUEST, "bsopts timeout= is a number of seconds, "
			       "from 1 to %u", TIMEOUT_MAX);
	sg->timeout_ms = (uint32_t)seconds * 1000;
	return 0;
}

static int sg_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct sg *sg = to_sg(bs);
	char path[SG_PATH_MAX];
	int version = 0, max = 0, ret = timeout_opt(sg, conf->opts, err);

	if (!ret)
		ret = sg_find(conf->path, path, err);
	if (ret)
		return ret;
	sg->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (sg->fd < 0) {
		ret = -errno;
		err_set(err, ERR_INVALID_REQUEST, "cannot open %s: %s", path, strerror(-ret));
		return ret;
	}
	if (ioctl(sg->fd, SG_GET_VERSION_NUM, &version) || version < SG_VERSION_MIN) {
		close(sg->fd);
		return err_set(err, ERR_INVALID_REQUEST, "%s is no SCSI generic device", path);
	}
	bs->pass_max = !ioctl(sg->fd, BLKSECTGET, &max) && max > 0 ? (uint32_t)max : 128 * KiB;
	bs->align = 1;
	bs->cap[BS_PASS] = BS_CAP_NATIVE;
	list_init(&sg->free);
	list_init(&sg->waiting);
	list_init(&sg->resets);
	list_init(&sg->batch);
	list_init(&sg->in_kernel);
	for (unsigned int i = 0; i < SG_SLOTS; i++)
		list_push_back(&sg->free, &sg->slots[i].link);
	return 0;
}

static int sg_attach(struct bs *bs, struct err *err)
{
	struct sg *sg = to_sg(bs);
	int ret = loop_fd_add(bs->loop, &sg->lf, sg->fd, EPOLLIN | EPOLLET, ready);

	loop_call_init(&sg->call, LOOP_SUBMIT, work);
	return ret ? err_set(err, ERR_NOMEM, "%s: %s", bs->path, strerror(-ret)) : 0;
}

static void sg_detach(struct bs *bs)
{
	struct sg *sg = to_sg(bs);

	loop_call_cancel(&sg->call);
	loop_fd_del(&sg->lf);
	workers_free(sg->jobs);
	sg->jobs = NULL;
}

static void sg_close(struct bs *bs)
{
	close(to_sg(bs)->fd);
}

const struct bs_type bs_sg_type = {
	.name = "sg",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct sg),
	.needs_path = true,
	.open = sg_open,
	.attach = sg_attach,
	.detach = sg_detach,
	.close = sg_close,
	.submit = sg_submit,
};
