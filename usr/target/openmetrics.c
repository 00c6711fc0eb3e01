/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenMetrics text, and the older one of Prometheus (openmetrics.h). All samples of a family stand
 * together, so that the targets are walked once for each, in the steps of verb_walk.h: the
 * memory is one step's, whatever their number.
 */
#include "target/openmetrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/verb.h"
#include "target/core.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/stats.h"
#include "target/stats_show.h"
#include "target/target.h"
#include "target/transport.h"
#include "target/verb_walk.h"

enum level { TARGET, LUN, SESSION, CONNECTION };
enum type { GAUGE, COUNTER, HISTOGRAM };

struct metrics {
	struct verb_call call;	/* only its text and context */
	struct verb_walk walk;
	struct strbuf labels;	/* of what is being told of: target="...",lun="1" */
	bool openmetrics, ended;
};

struct family {
	const char *name;	/* without _total */
	enum type type;
	enum level level;
	const char *help;
	/* One of them: from counters, those of a target being the sum over its LUNs, deleted ones
	   included; or from the object. */
	void (*io)(struct metrics *m, const struct io_stats *s);
	uint64_t (*of_target)(const struct target *t);
	uint64_t (*of_lu)(const struct lu *lu);
	uint64_t (*of_nexus)(const struct nexus *n);
	uint64_t (*of_conn)(const struct nexus_conn *c);
	void (*pdus)(struct metrics *m, const struct nexus_conn *c);
	void (*lines)(struct metrics *m, const struct target *t);
	bool seconds;		/* what is returned are ns */
};

static const struct family families[38];

static const struct family *family(const struct metrics *m)
{
	return &families[m->walk.round];
}

/* --- lines ------------------------------------------------------------------------------------- */

/* name="value", escaped. */
static void put_label(struct strbuf *out, const char *name, const char *value)
{
	if (out->len)
		strbuf_putc(out, ',');
	strbuf_puts(out, name);
	strbuf_puts(out, "=\"");
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			strbuf_putc(out, '\\');
		if (*value == '\n')
			strbuf_puts(out, "\\n");
		else
			strbuf_putc(out, *value);
	}
	strbuf_putc(out, '"');
}

static void put_seconds(struct strbuf *out, uint64_t ns)
{
	strbuf_printf(out, "%llu.%09llu", (unsigned long long)(ns / NSEC_PER_SEC),
		      (unsigned long long)(ns % NSEC_PER_SEC));
}

/* name{labels,more="value"} - and a blank. */
static void put_sample(struct metrics *m, const char *suffix, const char *more, const char *value)
{
	struct strbuf *out = &m->call.text;

	strbuf_puts(out, family(m)->name);
	strbuf_puts(out, suffix);
	strbuf_putc(out, '{');
	strbuf_add(out, strbuf_str(&m->labels), m->labels.len);
	if (more) {
		strbuf_puts(out, ",");
		strbuf_puts(out, more);
		strbuf_puts(out, "=\"");
		strbuf_puts(out, value);
		strbuf_puts(out, "\"");
	}
	strbuf_puts(out, "} ");
}

static const char *suffix_of(const struct family *f)
{
	return f->type == COUNTER ? "_total" : "";
}

static void put_value(struct metrics *m, const char *more, const char *value, uint64_t v)
{
	put_sample(m, suffix_of(family(m)), more, value);
	if (family(m)->seconds)
		put_seconds(&m->call.text, v);
	else
		strbuf_putu(&m->call.text, v);
	strbuf_putc(&m->call.text, '\n');
}

static void put_head(struct strbuf *out, bool openmetrics, const char *name, enum type type,
		     const char *help)
{
	static const char *const types[] = { "gauge", "counter", "histogram" };
	const char *suffix = !openmetrics && type == COUNTER ? "_total" : "";

	strbuf_printf(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix,
		      types[type]);
}

/* --- counters ---------------------------------------------------------------------------------- */

static void io_bytes(struct metrics *m, const struct io_stats *s)
{
	unsigned int i;

	for (i = 0; i < OPC_COUNT; i++)
		if (s->cls[i].cmds)
			put_value(m, "class", stat_class_names[i], s->cls[i].bytes);
}

/* From 16 us to 17 s: by powers of two for targets, of four where there are more to tell of. */
#define FIRST_LE 14
#define LAST_LE 34

static void put_bucket(struct metrics *m, const char *class, uint64_t le_ns, uint64_t count)
{
	struct strbuf *out = &m->call.text;

	put_sample(m, "_bucket", "class", class);
	out->len -= 2; /* the brace */
	strbuf_puts(out, ",le=\"");
	if (le_ns == UINT64_MAX)
		strbuf_puts(out, "+Inf");
	else
		put_seconds(out, le_ns);
	strbuf_puts(out, "\"} ");
	strbuf_putu(out, count);
	strbuf_putc(out, '\n');
}

static void put_histogram(struct metrics *m, const char *class, const struct stat_class *c)
{
	unsigned int k, i = 0, step = family(m)->level == TARGET ? 1 : 2;
	struct strbuf *out = &m->call.text;
	uint64_t below = 0;

	for (k = FIRST_LE; k <= LAST_LE; k += step) {
		for (; c->hist && i < latency_bucket(1ull << k); i++)
			below += c->hist[i];
		put_bucket(m, class, 1ull << k, below);
	}
	put_bucket(m, class, UINT64_MAX, c->cmds);
	put_sample(m, "_sum", "class", class);
	put_seconds(out, c->ns);
	strbuf_putc(out, '\n');
	put_sample(m, "_count", "class", class);
	strbuf_putu(out, c->cmds);
	strbuf_putc(out, '\n');
}

static void io_latency(struct metrics *m, const struct io_stats *s)
{
	unsigned int i;

	for (i = 0; i < OPC_COUNT; i++)
		if (s->cls[i].cmds)
			put_histogram(m, stat_class_names[i], &s->cls[i]);
}

static void io_status(struct metrics *m, const struct io_stats *s)
{
	unsigned int i;

	for (i = 0; i < STAT_STATUSES; i++)
		if (s->status[i])
			put_value(m, "status", stat_status_names[i], s->status[i]);
}

static void io_sense(struct metrics *m, const struct io_stats *s)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(s->key); i++)
		if (s->key[i] && stat_key_names[i])
			put_value(m, "key", stat_key_names[i], s->key[i]);
}

static void io_aborted(struct metrics *m, const struct io_stats *s)
{
	put_value(m, NULL, NULL, s->aborted);
}

/* --- of objects -------------------------------------------------------------------------------- */

static uint64_t target_up(const struct target *t) { return target_ready(t); }
static uint64_t target_sessions(const struct target *t) { return t->n_nexuses; }
static uint64_t target_luns(const struct target *t) { return t->n_lus; }
static uint64_t lu_in_flight(const struct lu *lu) { return lu->ts.n_tasks; }
static uint64_t lu_peak(const struct lu *lu) { return lu->ts.peak; }
static uint64_t lu_resets(const struct lu *lu) { return lu->resets; }
static uint64_t lu_size(const struct lu *lu) { return lu->blocks * lu->block_size; }
static uint64_t lu_up(const struct lu *lu) { return lu_medium_state(lu) == RES_GOOD; }
static uint64_t nexus_in_flight(const struct nexus *n) { return n->n_cmds; }
static uint64_t nexus_tmfs(const struct nexus *n) { return n->tmfs; }
static uint64_t conn_received(const struct nexus_conn *c) { return c->rx_bytes; }
static uint64_t conn_sent(const struct nexus_conn *c) { return c->tx_bytes; }
static uint64_t conn_in_flight(const struct nexus_conn *c) { return c->in_flight; }
static uint64_t conn_queued(const struct nexus_conn *c) { return c->queued_bytes; }

static void conn_pdus(struct metrics *m, const struct nexus_conn *c)
{
	put_value(m, "type", "command", c->cmd_pdus);
	put_value(m, "type", "response", c->rsp_pdus);
	put_value(m, "type", "data_out", c->data_out_pdus);
	put_value(m, "type", "data_in", c->data_in_pdus);
}

/* Before the first there is nothing to tell. */
static void conn_ping(struct metrics *m, const struct nexus_conn *c)
{
	if (c->rtt_ns)
		put_value(m, NULL, NULL, c->rtt_ns);
}

static void target_tmfs(struct metrics *m, const struct target *t)
{
	unsigned int i;

	for (i = 0; i < TMF_COUNT; i++)
		if (t->n_tmf[i])
			put_value(m, "function", stat_tmf_names[i], t->n_tmf[i]);
}

/* What every level counts. */
#define IO(prefix, at)                                                                             \
	{ prefix "_bytes", COUNTER, at, "Data moved by commands that succeeded", .io = io_bytes }, \
	{ prefix "_latency_seconds", HISTOGRAM, at, "Time from a command to its answer",           \
	  .io = io_latency },                                                                      \
	{ prefix "_status", COUNTER, at, "Commands that ended with another status than GOOD",      \
	  .io = io_status },                                                                       \
	{ prefix "_sense", COUNTER, at, "Commands with CHECK CONDITION by sense key",              \
	  .io = io_sense },                                                                        \
	{ prefix "_aborted", COUNTER, at, "Commands taken away without a status",                  \
	  .io = io_aborted }

static const struct family families[38] = {
	{ "tgt_target_up", GAUGE, TARGET, "Whether the target admits sessions",
	  .of_target = target_up },
	{ "tgt_target_sessions", GAUGE, TARGET, "Sessions", .of_target = target_sessions },
	{ "tgt_target_luns", GAUGE, TARGET, "Logical units", .of_target = target_luns },
	{ "tgt_target_task_management", COUNTER, TARGET, "Task management functions that came",
	  .lines = target_tmfs },
	IO("tgt_target", TARGET),
	{ "tgt_lun_up", GAUGE, LUN, "Whether the medium can be used", .of_lu = lu_up },
	{ "tgt_lun_size_bytes", GAUGE, LUN, "Size of the medium", .of_lu = lu_size },
	{ "tgt_lun_in_flight", GAUGE, LUN, "Commands under way", .of_lu = lu_in_flight },
	{ "tgt_lun_in_flight_peak", GAUGE, LUN, "The most commands that were under way at once",
	  .of_lu = lu_peak },
	{ "tgt_lun_oldest_seconds", GAUGE, LUN, "How long the oldest command has been under way",
	  .of_lu = stats_oldest, .seconds = true },
	{ "tgt_lun_resets", COUNTER, LUN, "Resets of the LUN or its target", .of_lu = lu_resets },
	IO("tgt_lun", LUN),
	{ "tgt_session_in_flight", GAUGE, SESSION, "Commands under way",
	  .of_nexus = nexus_in_flight },
	{ "tgt_session_task_management", COUNTER, SESSION, "Task management functions that came",
	  .of_nexus = nexus_tmfs },
	IO("tgt_session", SESSION),
	{ "tgt_connection_received_bytes", COUNTER, CONNECTION, "Bytes that came, headers included",
	  .of_conn = conn_received },
	{ "tgt_connection_sent_bytes", COUNTER, CONNECTION, "Bytes that were sent, headers included",
	  .of_conn = conn_sent },
	{ "tgt_connection_pdus", COUNTER, CONNECTION, "PDUs of the I/O", .pdus = conn_pdus },
	{ "tgt_connection_ping_seconds", GAUGE, CONNECTION, "How long the last ping took",
	  .pdus = conn_ping, .seconds = true },
	{ "tgt_connection_in_flight", GAUGE, CONNECTION, "Commands under way",
	  .of_conn = conn_in_flight },
	{ "tgt_connection_queued_bytes", GAUGE, CONNECTION, "Waiting for the peer to read",
	  .of_conn = conn_queued },
	IO("tgt_connection", CONNECTION),
};

/* --- the walk ---------------------------------------------------------------------------------- */

/* What a step may make: so many bytes are worth one object. */
#define BYTES_OF_ONE 1024

static struct metrics *of(struct verb_walk *w)
{
	return container_of(w, struct metrics, walk);
}

static void label_target(struct metrics *m, const struct target *t)
{
	strbuf_reset(&m->labels);
	put_label(&m->labels, "target", t->name);
}

/* Weight of what was written since the text had @before bytes; -ENOMEM. */
static int written(const struct metrics *m, size_t before)
{
	if (!strbuf_ok(&m->labels) || !strbuf_ok(&m->call.text))
		return -ENOMEM;
	return 1 + (int)((m->call.text.len - before) / BYTES_OF_ONE);
}

static int on_target(struct verb_walk *w, const struct target *t)
{
	struct metrics *m = of(w);
	const struct family *f = family(m);
	size_t before = m->call.text.len;

	stats_done(&w->sum);
	w->sum = (struct io_stats){ .aborted = 0 };
	label_target(m, t);
	if (f->of_target)
		put_value(m, NULL, NULL, f->of_target(t));
	if (f->lines)
		f->lines(m, t);
	return written(m, before);
}

static void label_nexus(struct metrics *m, const struct nexus *n)
{
	char sid[24];

	snprintf(sid, sizeof(sid), "%llu", (unsigned long long)n->sid);
	label_target(m, n->target);
	put_label(&m->labels, "initiator", n->initiator);
	put_label(&m->labels, "session", sid);
}

static void on_conn(void *arg, const struct nexus_conn *c)
{
	struct metrics *m = arg;
	const struct family *f = family(m);
	size_t of_nexus = m->labels.len;
	char cid[24];

	snprintf(cid, sizeof(cid), "%llu", (unsigned long long)c->id);
	put_label(&m->labels, "connection", cid);
	put_label(&m->labels, "address", c->address);
	if (f->of_conn)
		put_value(m, NULL, NULL, f->of_conn(c));
	else if (f->pdus)
		f->pdus(m, c);
	else
		f->io(m, c->io);
	m->labels.len = of_nexus;
}

static void of_session(struct metrics *m, const struct nexus *n)
{
	struct io_stats sum;

	if (family(m)->of_nexus) {
		put_value(m, NULL, NULL, family(m)->of_nexus(n));
		return;
	}
	sum = stats_of_nexus(n);
	family(m)->io(m, &sum);
	stats_done(&sum);
}

static int on_nexus(struct verb_walk *w, const struct nexus *n)
{
	struct metrics *m = of(w);
	enum level level = family(m)->level;
	size_t before = m->call.text.len;

	if (level != SESSION && level != CONNECTION)
		return 0;
	label_nexus(m, n);
	if (level == SESSION)
		of_session(m, n);
	else if (n->transport->nexus_conns)
		n->transport->nexus_conns(n, on_conn, m);
	return written(m, before);
}

static int on_lu(struct verb_walk *w, const struct lu *lu)
{
	struct metrics *m = of(w);
	const struct family *f = family(m);
	size_t before = m->call.text.len;
	char lun[24];

	if (f->level == TARGET && f->io)
		stats_add(&w->sum, &lu->stats);
	if (f->level != LUN)
		return 0;
	snprintf(lun, sizeof(lun), "%llu", (unsigned long long)lu->lun);
	label_target(m, lu->target);
	put_label(&m->labels, "lun", lun);
	if (f->of_lu)
		put_value(m, NULL, NULL, f->of_lu(lu));
	else
		f->io(m, &lu->stats);
	return written(m, before);
}

static void on_target_end(struct verb_walk *w)
{
	struct metrics *m = of(w);
	const struct target *t = target_by_tid(m->call.context, w->tid);

	if (!t || family(m)->level != TARGET || !family(m)->io)
		return;
	stats_add(&w->sum, &t->past);
	label_target(m, t);
	family(m)->io(m, &w->sum);
}

static void head_of(struct metrics *m, const struct family *f)
{
	put_head(&m->call.text, m->openmetrics, f->name, f->type, f->help);
}

static bool on_end(struct verb_walk *w)
{
	struct metrics *m = of(w);

	if (w->round + 1 < ARRAY_SIZE(families)) {
		head_of(m, family(m) + 1);
		return true;
	}
	if (m->openmetrics)
		strbuf_puts(&m->call.text, "# EOF\n");
	return false;
}

static void put_process(struct metrics *m, const struct core *core)
{
	struct strbuf *out = &m->call.text;

	put_head(out, m->openmetrics, "tgt_build_info", GAUGE, "The version that runs");
	strbuf_puts(out, "tgt_build_info{version=\"" TGT_VERSION "\"} 1\n");
	put_head(out, m->openmetrics, "tgt_buffers_bytes", GAUGE, "Data buffers in use and kept");
	strbuf_puts(out, "tgt_buffers_bytes{state=\"used\"} ");
	strbuf_putu(out, core->bufs.used);
	strbuf_puts(out, "\ntgt_buffers_bytes{state=\"idle\"} ");
	strbuf_putu(out, core->bufs.idle);
	strbuf_putc(out, '\n');
	put_head(out, m->openmetrics, "tgt_buffers_limit_bytes", GAUGE, "Data buffers at most");
	strbuf_puts(out, "tgt_buffers_limit_bytes ");
	strbuf_putu(out, core->bufs.hard);
	strbuf_putc(out, '\n');
	put_head(out, m->openmetrics, "tgt_jobs", GAUGE, "Calls that wait on a thread of their own");
	strbuf_puts(out, "tgt_jobs ");
	strbuf_putu(out, core->workers ? workers_pending(core->workers) : 0);
	strbuf_putc(out, '\n');
}

static void *begin(void *context, bool openmetrics)
{
	static const struct verb_walk_ops ops = {
		.target = on_target,
		.nexus = on_nexus,
		.lu = on_lu,
		.target_end = on_target_end,
		.end = on_end,
	};
	struct metrics *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->openmetrics = openmetrics;
	m->call.context = context;
	m->walk.call = &m->call;
	m->walk.ops = &ops;
	put_process(m, context);
	head_of(m, families);
	return m;
}

static int next(void *walk, struct strbuf *out)
{
	struct metrics *m = walk;
	int r = verb_walk_step(&m->walk);

	if (r != 0 && r != -EINPROGRESS)
		return r;
	strbuf_add(out, strbuf_str(&m->call.text), m->call.text.len);
	strbuf_reset(&m->call.text);
	if (!strbuf_ok(out))
		return -ENOMEM;
	return r == -EINPROGRESS;
}

static void end(void *walk)
{
	struct metrics *m = walk;

	stats_done(&m->walk.sum);
	strbuf_free(&m->call.text);
	strbuf_free(&m->labels);
	free(m);
}

struct metrics_source target_metrics(struct core *core)
{
	return (struct metrics_source){ .context = core, .begin = begin, .next = next, .end = end };
}
