/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Token buckets and the commands that wait for them (qos.h). What is limited, and by how much,
 * is qos_set.c's.
 */
#include "target/qos.h"

#include <string.h>

#include "target/cmd.h"
#include "target/cmd_priv.h"
#include "target/lu.h"
#include "target/nexus.h"
#include "target/qos_priv.h"
#include "target/taskset.h"

/* The rates that count a command, as bits; 0: it costs nothing. */
static unsigned int rates_of(const struct scsi_cmd *cmd)
{
	static const unsigned int by_class[OPC_COUNT] = {
		[OPC_READ] = 1u << QOS_IOPS | 1u << QOS_IOPS_RD | 1u << QOS_BPS | 1u << QOS_BPS_RD,
		[OPC_VERIFY] = 1u << QOS_IOPS | 1u << QOS_IOPS_RD,
		[OPC_WRITE] = 1u << QOS_IOPS | 1u << QOS_IOPS_WR | 1u << QOS_BPS | 1u << QOS_BPS_WR,
		[OPC_UNMAP] = 1u << QOS_IOPS | 1u << QOS_IOPS_WR,
	};

	return by_class[cmd->op->cls];
}

static uint64_t bytes_of(const struct scsi_cmd *cmd)
{
	return cmd->op->cls == OPC_READ ? min_u64(cmd->in_cdb, cmd->in_edtl) : cmd->out_want;
}

#define FOREVER_NS (UINT64_MAX / 4)

/* @rate is QOS_RATE_MAX at most: no overflow. */
static uint64_t duration(uint64_t units, uint64_t rate)
{
	uint64_t s = units / rate;

	if (s >= FOREVER_NS / NSEC_PER_SEC)
		return FOREVER_NS;
	return s * NSEC_PER_SEC + units % rate * NSEC_PER_SEC / rate;
}

static uint64_t cost_ns(const struct qos *q, unsigned int rate, const struct scsi_cmd *cmd)
{
	return duration(rate >= QOS_BPS ? bytes_of(cmd) : 1, q->conf.rate[rate]);
}

/* How long until it may go; 0: now. */
static uint64_t due_in(const struct qos *q, unsigned int rates)
{
	uint64_t now = loop_now(q->loop), wait = 0;
	unsigned int i;

	for (i = 0; i < QOS_RATES; i++) {
		uint64_t from = now + q->burst_ns[i];

		if (rates & 1u << i && q->conf.rate[i] && q->full_ns[i] > from)
			wait = max_u64(wait, q->full_ns[i] - from);
	}
	return wait;
}

static void pay(struct qos *q, unsigned int rates, const struct scsi_cmd *cmd)
{
	uint64_t now = loop_now(q->loop);
	unsigned int i;

	for (i = 0; i < QOS_RATES; i++)
		if (rates & 1u << i && q->conf.rate[i])
			q->full_ns[i] = max_u64(q->full_ns[i], now) + cost_ns(q, i, cmd);
}

static bool limits(const struct qos *q, unsigned int rates)
{
	unsigned int i;

	for (i = 0; i < QOS_RATES; i++)
		if (rates & 1u << i && q->conf.rate[i])
			return true;
	return false;
}

static void expired(struct loop_timer *t)
{
	qos_run(container_of(t, struct qos, timer));
}

static void sleep_until_due(struct qos *q)
{
	struct scsi_cmd *head;

	if (list_empty(&q->waiting) || loop_timer_armed(&q->timer))
		return;
	head = list_first(&q->waiting, struct scsi_cmd, range_link);
	/* Without a timer: better early than never. */
	if (loop_timer_set(q->loop, &q->timer, due_in(q, rates_of(head)), expired))
		while (!list_empty(&q->waiting))
			qos_let_go(q);
}

static void enqueue(struct qos *q, struct scsi_cmd *cmd)
{
	if (cmd->order == ATTR_HEAD_OF_QUEUE)
		list_push_front(&q->waiting, &cmd->range_link);
	else
		list_push_back(&q->waiting, &cmd->range_link);
	cmd->dev_ptr = q;
	cmd->dev_priv[0] = loop_now(q->loop);
	q->n_waiting++;
	q->n_ordered += cmd->order == ATTR_ORDERED;
	q->delayed++;
	if (cmd->state != CMD_THROTTLED)
		taskset_throttle(cmd);
	sleep_until_due(q);
}

static void dequeue(struct qos *q, struct scsi_cmd *cmd)
{
	list_del(&cmd->range_link);
	q->n_waiting--;
	q->n_ordered -= cmd->order == ATTR_ORDERED;
	q->delayed_ns += loop_now(q->loop) - cmd->dev_priv[0];
	cmd->dev_ptr = NULL;
	cmd->dev_priv[0] = 0;
}

/*
 * Behind others that wait goes what is limited too, and what must keep its place (SAM-5 8.6.3);
 * the rest, which costs nothing, goes past: TEST UNIT READY must not time out behind reads.
 */
static bool waits(struct qos *q, struct scsi_cmd *cmd)
{
	unsigned int rates = rates_of(cmd);

	if (limits(q, rates)) {
		if (list_empty(&q->waiting) && !due_in(q, rates)) {
			pay(q, rates, cmd);
			return false;
		}
	} else if (!q->n_waiting || (cmd->order != ATTR_ORDERED && !q->n_ordered)) {
		return false;
	}
	enqueue(q, cmd);
	return true;
}

bool qos_wait(struct scsi_cmd *cmd)
{
	struct qos *of_nexus = cmd->nexus->qos, *of_lu = cmd->lu->qos;

	if (cmd->op->flags & OP_IMPLICIT_HOQ)
		return false;
	cmd->order = taskset_order(cmd->attr);
	return (of_nexus && waits(of_nexus, cmd)) || (of_lu && waits(of_lu, cmd));
}

void qos_forget(struct scsi_cmd *cmd)
{
	dequeue(cmd->dev_ptr, cmd);
}

void qos_let_go(struct qos *q)
{
	struct scsi_cmd *cmd = list_first(&q->waiting, struct scsi_cmd, range_link);
	struct qos *of_lu = cmd->lu->qos;

	dequeue(q, cmd);
	pay(q, rates_of(cmd), cmd);
	/* The initiator's limit comes first, then the logical unit's. */
	if (of_lu && of_lu != q && waits(of_lu, cmd))
		return;
	taskset_unthrottle(cmd);
	cmd_enter(cmd);
}

void qos_run(struct qos *q)
{
	while (!list_empty(&q->waiting) &&
	       !due_in(q, rates_of(list_first(&q->waiting, struct scsi_cmd, range_link))))
		qos_let_go(q);
	sleep_until_due(q);
}

/* As long as less than the burst is owed, the next may go: so it is what may go at once. */
static uint64_t burst_ns(const struct qos_conf *c, unsigned int rate)
{
	uint64_t burst = c->burst[rate >= QOS_BPS];

	return burst ? duration(burst - 1, c->rate[rate]) : NSEC_PER_SEC / 10;
}

void qos_configure(struct qos *q, const struct qos_conf *conf)
{
	unsigned int i;

	q->conf = *conf;
	for (i = 0; i < QOS_RATES; i++) {
		q->burst_ns[i] = conf->rate[i] ? burst_ns(conf, i) : 0;
		/* What was used up under another limit does not count. */
		q->full_ns[i] = 0;
	}
	loop_timer_cancel(&q->timer);
	qos_run(q);
}

void qos_init(struct qos *q, struct loop *loop)
{
	memset(q, 0, sizeof(*q));
	q->loop = loop;
	list_init(&q->waiting);
}

void qos_done(struct qos *q)
{
	assert(list_empty(&q->waiting));
	loop_timer_cancel(&q->timer);
}

bool qos_active(const struct qos *q)
{
	return q && (q->n_waiting || limits(q, ~0u));
}
