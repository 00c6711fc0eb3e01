/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter "trace": one line for each request that ended, to a file (appended),
 * or to the log when FILE is empty.
 *
 *	trace:FILE:PATH
 *
 *	SECONDS OPERATION OFFSET LENGTH FLAGS RESULT MICROSECONDS
 *
 * Times are of the loop's clock, which moves once a turn. Lines are gathered and
 * written by a worker, so that a slow disk under FILE slows nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "bs/bs_types.h"
#include "bs/filter.h"

#define GATHER_MAX (4 * MiB) /* lines beyond it are left out while the file is slow */

struct trace {
	struct filter filter;
	int fd;		       /* -1: the log */
	struct strbuf lines;   /* gathered on the loop */
	struct strbuf writing; /* the job's while it runs */
	struct job job;
	bool job_runs;
	struct loop_call flush;
	uint64_t left_out;
};

static struct trace *to_trace(struct bs *bs)
{
	return container_of(bs, struct trace, filter.bs);
}

static void lines_write(int fd, struct strbuf *sb)
{
	size_t done = 0;
	ssize_t n;

	while (done < sb->len) {
		n = write(fd, sb->s + done, sb->len - done);
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	strbuf_reset(sb);
}

static void write_run(struct job *job)
{
	struct trace *t = container_of(job, struct trace, job);

	lines_write(t->fd, &t->writing);
}

static void write_ran(struct job *job)
{
	struct trace *t = container_of(job, struct trace, job);

	t->job_runs = false;
	if (t->lines.len && !t->filter.bs.closing)
		loop_call_queue(t->filter.bs.loop, &t->flush);
	bs_release(&t->filter.bs);
}

static void trace_flush(struct loop_call *c)
{
	struct trace *t = container_of(c, struct trace, flush);
	struct strbuf swap = t->writing;

	if (t->job_runs)
		return;
	t->writing = t->lines;
	t->lines = swap;
	t->job_runs = true;
	bs_hold(&t->filter.bs);
	worker_submit(t->filter.bs.workers, &t->job);
}

static void line_add(struct trace *t, const char *line, size_t len)
{
	if (t->lines.len + len > GATHER_MAX) {
		t->left_out++;
		return;
	}
	if (t->left_out) {
		strbuf_printf(&t->lines, "# %" PRIu64 " lines left out\n", t->left_out);
		t->left_out = 0;
	}
	strbuf_add(&t->lines, line, len);
	if (!strbuf_ok(&t->lines)) {
		strbuf_reset(&t->lines);
		t->left_out++;
	}
	loop_call_queue(t->filter.bs.loop, &t->flush);
}

static void traced(struct filter_req *fr)
{
	const struct bs_req *req = &fr->req;
	struct trace *t = to_trace(fr->parent->bs);
	uint64_t now = loop_now(t->filter.bs.loop), us = now / 1000;
	uint64_t took = (now - fr->started_ns) / 1000;
	char line[160], flags[4] = "-";
	int n = 0;

	if (req->flags & BS_REQ_FUA)
		flags[n++] = 'F';
	if (req->flags & BS_REQ_DPO)
		flags[n++] = 'D';
	if (req->flags & BS_REQ_MAY_UNMAP)
		flags[n++] = 'U';
	n = snprintf(line, sizeof(line),
		     "%" PRIu64 ".%06" PRIu64 " %s %" PRIu64 " %" PRIu64 " %s %d %" PRIu64 "\n",
		     us / 1000000, us % 1000000, filter_op_name(req->op), req->offset, req->len,
		     flags, req->result, took);
	if (t->fd < 0)
		log_info("trace %s: %.*s", t->filter.bs.path, n - 1, line);
	else
		line_add(t, line, (size_t)n);
	filter_finish(fr);
}

static void trace_submit(struct bs_req *req)
{
	filter_forward(req, traced);
}

static int trace_open(struct bs *bs, const struct bs_conf *conf, struct err *err)
{
	struct trace *t = to_trace(bs);

	t->fd = -1;
	if (*conf->path) {
		t->fd = open(conf->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
		if (t->fd < 0) {
			int ret = -errno;

			err_set(err, ERR_INVALID_REQUEST, "trace file %s: %s", conf->path,
				strerror(-ret));
			return ret;
		}
	}
	t->job.run = write_run;
	t->job.done = write_ran;
	loop_call_init(&t->flush, LOOP_REAP, trace_flush);
	filter_init(&t->filter);
	return 0;
}

static void trace_detach(struct bs *bs)
{
	loop_call_cancel(&to_trace(bs)->flush);
}

static void trace_close(struct bs *bs)
{
	struct trace *t = to_trace(bs);

	if (t->fd >= 0) {
		lines_write(t->fd, &t->lines);
		close(t->fd);
	}
	strbuf_free(&t->lines);
	strbuf_free(&t->writing);
	filter_done(&t->filter);
}

const struct bs_type bs_trace_type = {
	.name = "trace",
	.abi_size = sizeof(struct bs_type),
	.size = sizeof(struct trace),
	.flag_sync = true,
	.flag_direct = true,
	.filter = true,
	.open = trace_open,
	.detach = trace_detach,
	.close = trace_close,
	.submit = trace_submit,
};
