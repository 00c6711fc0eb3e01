/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters as JSON text (stats_show.h). Written by hand: thousands of numbers as a tree of
 * values would cost ten times as much, on the loop.
 */
#include "target/stats_show.h"

#include "target/cmd.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/stats.h"
#include "target/target.h"

static void put_comma(struct strbuf *out)
{
	char last = out->len ? out->s[out->len - 1] : '{';

	if (last != '{' && last != '[')
		strbuf_putc(out, ',');
}

static void put_name(struct strbuf *out, const char *name)
{
	put_comma(out);
	strbuf_putc(out, '"');
	strbuf_puts(out, name);
	strbuf_puts(out, "\":");
}

void stats_put_num(struct strbuf *out, const char *name, uint64_t v)
{
	put_name(out, name);
	strbuf_putu(out, v);
}

/* [below, count] of each bucket that is not empty; below: null for the last. */
static void put_hist(struct strbuf *out, const uint64_t *hist)
{
	unsigned int i;

	put_name(out, "hist");
	strbuf_putc(out, '[');
	for (i = 0; hist && i < LATENCY_BUCKETS; i++) {
		if (!hist[i])
			continue;
		put_comma(out);
		strbuf_putc(out, '[');
		if (i + 1 < LATENCY_BUCKETS)
			strbuf_putu(out, latency_above(i));
		else
			strbuf_puts(out, "null");
		strbuf_putc(out, ',');
		strbuf_putu(out, hist[i]);
		strbuf_putc(out, ']');
	}
	strbuf_putc(out, ']');
}

static void put_class(struct strbuf *out, const char *name, const struct stat_class *c)
{
	put_name(out, name);
	strbuf_putc(out, '{');
	stats_put_num(out, "cmds", c->cmds);
	stats_put_num(out, "bytes", c->bytes);
	stats_put_num(out, "ns", c->ns);
	stats_put_num(out, "p50_ns", stats_quantile(c->hist, 500));
	stats_put_num(out, "p90_ns", stats_quantile(c->hist, 900));
	stats_put_num(out, "p99_ns", stats_quantile(c->hist, 990));
	stats_put_num(out, "p999_ns", stats_quantile(c->hist, 999));
	put_hist(out, c->hist);
	strbuf_putc(out, '}');
}

/* Those of @n numbers that are not 0, by name. */
void stats_put_counts(struct strbuf *out, const char *name, const char *const *names,
		      const uint64_t *v, unsigned int n)
{
	unsigned int i;

	put_name(out, name);
	strbuf_putc(out, '{');
	for (i = 0; i < n; i++)
		if (v[i] && names[i])
			stats_put_num(out, names[i], v[i]);
	strbuf_putc(out, '}');
}

void stats_put(struct strbuf *out, const struct io_stats *s)
{
	unsigned int i;

	put_name(out, "io");
	strbuf_putc(out, '{');
	for (i = 0; i < OPC_COUNT; i++)
		if (s->cls[i].cmds)
			put_class(out, stat_class_names[i], &s->cls[i]);
	strbuf_putc(out, '}');
	stats_put_counts(out, "status", stat_status_names, s->status, STAT_STATUSES);
	stats_put_counts(out, "sense", stat_key_names, s->key, ARRAY_SIZE(s->key));
	stats_put_num(out, "aborted", s->aborted);
}

struct io_stats stats_of_nexus(const struct nexus *n)
{
	struct io_stats sum = { .aborted = 0 };
	const struct stat_path *p;

	stats_add(&sum, &n->past);
	list_for_each(p, &n->paths, link)
		stats_add(&sum, &p->io);
	return sum;
}

uint64_t stats_oldest(const struct lu *lu)
{
	const struct list *l = &lu->ts.enabled;

	if (list_empty(l))
		l = &lu->ts.dormant;
	if (list_empty(l))
		return 0;
	return loop_now(lu->target->core->loop) -
	       list_first(l, struct scsi_cmd, lu_link)->start_ns;
}

void stats_put_itl(struct strbuf *out, const struct itl *itl)
{
	const struct itl_stats *s = &itl->stats;

	put_comma(out);
	strbuf_putc(out, '{');
	stats_put_num(out, "tid", itl->nexus->target->tid);
	stats_put_num(out, "lun", itl->lu->lun);
	stats_put_num(out, "sid", itl->nexus->sid);
	stats_put_num(out, "rd_subm_bytes", s->rd_subm_bytes);
	stats_put_num(out, "rd_subm_cmds", s->rd_subm_cmds);
	stats_put_num(out, "rd_done_bytes", s->rd_done_bytes);
	stats_put_num(out, "rd_done_cmds", s->rd_done_cmds);
	stats_put_num(out, "wr_subm_bytes", s->wr_subm_bytes);
	stats_put_num(out, "wr_subm_cmds", s->wr_subm_cmds);
	stats_put_num(out, "wr_done_bytes", s->wr_done_bytes);
	stats_put_num(out, "wr_done_cmds", s->wr_done_cmds);
	stats_put_num(out, "errs", s->errs);
	strbuf_putc(out, '}');
}
