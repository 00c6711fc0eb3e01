/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stat verbs of the daemon, targets and logical units, and half of that of sessions.
 * Told in pieces (verb_walk.h); what a target adds up is added while its logical units
 * pass. Called through the rows in target_verbtab.c.
 */
#include <errno.h>

#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/stats.h"
#include "target/stats_show.h"
#include "target/target.h"
#include "target/target_verbs.h"
#include "target/verb_walk.h"

static void put_lu(struct strbuf *out, const struct lu *lu)
{
	stats_put_num(out, "lun", lu->lun);
	stats_put_num(out, "in_flight", lu->ts.n_tasks);
	stats_put_num(out, "peak", lu->ts.peak);
	stats_put_num(out, "oldest_ns", stats_oldest(lu));
	stats_put_num(out, "resets", lu->resets);
	stats_put(out, &lu->stats);
}

/* How much a step should take one with so many sessions for. */
#define WEIGHT(rows) (1 + (rows) / 8)

/* @sid 0: of all sessions. How many there are. */
static int put_itls(struct strbuf *out, const struct lu *lu, uint64_t sid)
{
	const struct itl *itl;
	int n = 0;

	list_for_each(itl, &lu->itls, lu_link) {
		if (!sid || itl->nexus->sid == sid)
			stats_put_itl(out, itl);
		n++;
	}
	return n;
}

static int stat_lu(struct verb_walk *w, const struct lu *lu)
{
	struct strbuf *out = &w->call->text;
	int n;

	stats_add(&w->sum, &lu->stats);
	w->in_flight += lu->ts.n_tasks;
	strbuf_puts(out, w->lus++ ? ",{" : "{");
	put_lu(out, lu);
	strbuf_puts(out, ",\"nexuses\":[");
	n = put_itls(out, lu, 0);
	strbuf_puts(out, "]}");
	return WEIGHT(n);
}

/* The object is left open, for its nexuses, LUNs and sums. */
static int stat_target(struct verb_walk *w, const struct target *t)
{
	struct strbuf *out = &w->call->text;

	strbuf_printf(out, "%s{\"tid\":%u,\"name\":", w->rows++ ? "," : "", t->tid);
	if (verb_put(w->call, "", json_string(t->name)))
		return -ENOMEM;
	stats_put_counts(out, "tmf", stat_tmf_names, t->n_tmf, TMF_COUNT);
	stats_add(&w->sum, &t->past);
	w->in_flight = 0;
	w->lus = 0;
	strbuf_puts(out, ",\"nexuses\":[");
	return 1;
}

static int stat_nexus(struct verb_walk *w, const struct nexus *n)
{
	struct strbuf *out = &w->call->text;
	struct io_stats sum = stats_of_nexus(n);
	int r;

	strbuf_puts(out, w->lus++ ? ",{" : "{");
	stats_put_num(out, "sid", n->sid);
	r = verb_put(w->call, ",\"initiator\":", json_string(n->initiator));
	stats_put_num(out, "in_flight", n->n_cmds);
	stats_put_num(out, "tmfs", n->tmfs);
	stats_put(out, &sum);
	stats_done(&sum);
	strbuf_putc(out, '}');
	return r ? r : 1;
}

static void stat_lus(struct verb_walk *w)
{
	strbuf_puts(&w->call->text, "],\"luns\":[");
	w->lus = 0;
}

static void stat_target_end(struct verb_walk *w)
{
	struct strbuf *out = &w->call->text;

	strbuf_putc(out, ']');
	stats_put_num(out, "in_flight", w->in_flight);
	stats_put(out, &w->sum);
	strbuf_putc(out, '}');
	stats_done(&w->sum);
	w->sum = (struct io_stats){ .aborted = 0 };
}

static bool stat_end(struct verb_walk *w)
{
	if (!w->one)
		strbuf_puts(&w->call->text, "]}");
	return false;
}

static const struct verb_walk_ops stat_ops = {
	.target = stat_target,
	.nexus = stat_nexus,
	.lus = stat_lus,
	.lu = stat_lu,
	.target_end = stat_target_end,
	.end = stat_end,
};

int target_verb_stat(struct verb_call *call)
{
	struct target *t = verb_target(call);

	return t ? verb_walk(call, &stat_ops, t) : -EINVAL;
}

int system_stat(struct verb_call *call)
{
	const struct core *core = call->context;
	struct strbuf *out = &call->text;

	strbuf_putc(out, '{');
	stats_put_num(out, "time_ns", loop_now(core->loop));
	stats_put_num(out, "buffers_used", core->bufs.used);
	stats_put_num(out, "buffers_idle", core->bufs.idle);
	stats_put_num(out, "buffers_limit", core->bufs.hard);
	stats_put_num(out, "jobs", core->workers ? workers_pending(core->workers) : 0);
	strbuf_puts(out, ",\"targets\":[");
	return verb_walk(call, &stat_ops, NULL);
}

int lu_verb_stat(struct verb_call *call)
{
	const struct lu *lu = verb_lu(call);
	struct strbuf *out = &call->text;

	if (!lu)
		return -EINVAL;
	strbuf_putc(out, '{');
	stats_put_num(out, "tid", lu->target->tid);
	put_lu(out, lu);
	strbuf_puts(out, ",\"nexuses\":[");
	put_itls(out, lu, verb_uint(call, "sid", 0));
	strbuf_puts(out, "]}");
	return strbuf_ok(out) ? 0 : err_set(&call->err, ERR_NOMEM, "%s", "");
}

/* --- of one session -------------------------------------------------------------------------- */

static int session_lu(struct verb_walk *w, const struct lu *lu)
{
	return WEIGHT(put_itls(&w->call->text, lu, verb_uint(w->call, "sid", 0)));
}

static bool session_end(struct verb_walk *w)
{
	strbuf_puts(&w->call->text, "]}");
	return false;
}

int stats_nexus_luns(struct verb_call *call, const struct nexus *n)
{
	static const struct verb_walk_ops ops = { .lu = session_lu, .end = session_end };

	strbuf_puts(&call->text, ",\"luns\":[");
	return verb_walk(call, &ops, n->target);
}
