/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The turn: one epoll_wait, the descriptors it named, due timers, then the
 * phases. Timers are in timer.c, signals in loop_signal.c. Everything in the
 * daemon is called from here.
 */
#include <errno.h>
#include <limits.h>
#include <linux/time_types.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/loop_priv.h"

static uint64_t clock_ns(const struct loop *loop)
{
	struct timespec ts;

	if (loop->frozen)
		return loop->now;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void clock_read(struct loop *loop)
{
	loop->now = loop->late = clock_ns(loop);
}

/* Puts new slots on the free list. */
static int slots_grow(struct loop *loop)
{
	uint32_t n = loop->n_slots ? loop->n_slots * 2 : 64;
	struct loop_slot *slots = realloc(loop->slots, n * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	loop->slots = slots;
	for (uint32_t i = loop->n_slots; i < n; i++)
		slots[i] = (struct loop_slot){ .next_free = i + 1 < n ? i + 2 : 0 };
	loop->free_slot = loop->n_slots + 1;
	loop->n_slots = n;
	return 0;
}

static int ctl(struct loop_fd *lf, int op)
{
	uint64_t gen = lf->loop->slots[lf->slot].gen;
	struct epoll_event ev = { .events = lf->events, .data.u64 = gen << 32 | lf->slot };

	return epoll_ctl(lf->loop->epfd, op, lf->fd, &ev) < 0 ? -errno : 0;
}

static void slot_release(struct loop_fd *lf)
{
	struct loop *loop = lf->loop;
	struct loop_slot *slot = &loop->slots[lf->slot];

	slot->lf = NULL;
	slot->gen++;
	slot->next_free = loop->free_slot;
	loop->free_slot = lf->slot + 1;
	loop->n_fds--;
	lf->loop = NULL;
}

int loop_fd_add(struct loop *loop, struct loop_fd *lf, int fd, uint32_t events,
		void (*ready)(struct loop_fd *lf, uint32_t events))
{
	int ret;

	assert(!lf->loop);
	if (!loop->free_slot && slots_grow(loop) < 0)
		return -ENOMEM;
	lf->loop = loop;
	lf->fd = fd;
	lf->events = events;
	lf->ready = ready;
	lf->slot = loop->free_slot - 1;
	loop->free_slot = loop->slots[lf->slot].next_free;
	loop->slots[lf->slot].lf = lf;
	loop->n_fds++;
	ret = ctl(lf, EPOLL_CTL_ADD);
	if (ret < 0)
		slot_release(lf);
	return ret;
}

int loop_fd_mod(struct loop_fd *lf, uint32_t events)
{
	uint32_t old = lf->events;
	int ret;

	if (events == old)
		return 0;
	lf->events = events;
	ret = ctl(lf, EPOLL_CTL_MOD);
	if (ret < 0)
		lf->events = old;
	return ret;
}

void loop_fd_del(struct loop_fd *lf)
{
	if (!lf->loop)
		return;
	ctl(lf, EPOLL_CTL_DEL);
	slot_release(lf);
}

/*
 * Events are dropped when the source was removed, or stopped waiting for them,
 * after they were fetched.
 */
static void dispatch(struct loop *loop, int n)
{
	for (int i = 0; i < n; i++) {
		uint64_t id = loop->events[i].data.u64;
		struct loop_slot *slot = &loop->slots[(uint32_t)id];
		struct loop_fd *lf = slot->lf;
		uint32_t events = loop->events[i].events;

		if (!lf || slot->gen != (uint32_t)(id >> 32))
			continue;
		events &= lf->events | EPOLLERR | EPOLLHUP;
		if (events)
			lf->ready(lf, events);
	}
}

void loop_call_init(struct loop_call *c, enum loop_phase phase, void (*run)(struct loop_call *c))
{
	list_init(&c->link);
	c->phase = phase;
	c->run = run;
}

void loop_call_queue(struct loop *loop, struct loop_call *c)
{
	if (!list_linked(&c->link))
		list_push_back(&loop->calls[c->phase], &c->link);
}

void loop_call_cancel(struct loop_call *c)
{
	if (c->link.next)
		list_del(&c->link);
}

static bool calls_queued(const struct loop *loop)
{
	for (int p = 0; p < LOOP_PHASES; p++)
		if (!list_empty(&loop->calls[p]))
			return true;
	return false;
}

/* The batch is a list of its own, so what is queued meanwhile waits, and cancelling works. */
static void run_phase(struct loop *loop, enum loop_phase phase)
{
	struct list batch, *link;

	list_init(&batch);
	list_splice_back(&batch, &loop->calls[phase]);
	while ((link = list_pop(&batch))) {
		struct loop_call *c = list_entry(link, struct loop_call, link);

		c->run(c);
	}
}

/* How long this turn may sleep. The clock is read once more when there is a timer to sleep for. */
static uint64_t sleep_ns(struct loop *loop, uint64_t max_ns)
{
	uint64_t due;

	if (!max_ns || loop->stopped || calls_queued(loop))
		return 0;
	due = loop_timers_first(loop);
	if (due == UINT64_MAX)
		return max_ns;
	clock_read(loop);
	return due <= loop->now ? 0 : min_u64(max_ns, due - loop->now);
}

/* Whole milliseconds, rounded up: a timer that is woken for too early would spin. */
static int wait_ms(struct loop *loop, uint64_t ns)
{
	int ms = -1;

	if (ns != UINT64_MAX)
		ms = (int)min_u64(ns / NSEC_PER_MSEC + !!(ns % NSEC_PER_MSEC), INT_MAX);
	return epoll_wait(loop->epfd, loop->events, LOOP_MAX_EVENTS, ms);
}

static int wait_events(struct loop *loop, uint64_t ns)
{
#ifdef SYS_epoll_pwait2
	if (ns && ns != UINT64_MAX && !loop->no_pwait2) {
		struct __kernel_timespec ts = { (long long)(ns / NSEC_PER_SEC),
						(long long)(ns % NSEC_PER_SEC) };
		int n = (int)syscall(SYS_epoll_pwait2, loop->epfd, loop->events, LOOP_MAX_EVENTS,
				     &ts, NULL, (size_t)0);

		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		loop->no_pwait2 = true; /* before Linux 5.11, or a seccomp filter */
	}
#endif
	return wait_ms(loop, ns);
}

int loop_turn(struct loop *loop, uint64_t max_ns)
{
	uint64_t ns;
	int n;

	assert(!loop->in_turn);
	ns = sleep_ns(loop, max_ns);
	n = loop_spin(loop, ns);
	if (!n)
		n = wait_events(loop, ns);
	if (n < 0 && errno != EINTR)
		return -errno;
	loop->in_turn = true;
	loop->spin.worked = n > 0;
	clock_read(loop);
	dispatch(loop, n);
	loop_timers_expire(loop);
	if (!list_empty(&loop->calls[LOOP_COMPLETE]))
		loop->late = clock_ns(loop);
	for (int p = 0; p < LOOP_PHASES; p++)
		run_phase(loop, (enum loop_phase)p);
	loop->in_turn = false;
	return 0;
}

int loop_run(struct loop *loop)
{
	int ret = 0;

	while (!loop->stopped && !ret)
		ret = loop_turn(loop, UINT64_MAX);
	loop->stopped = false;
	return ret;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_wake(struct loop *loop)
{
	uint64_t one = 1;

	/* It fails only when the counter is full, and then the loop wakes as well. */
	if (write(loop->wake.fd, &one, sizeof(one)) < 0)
		return;
}

static void wake_ready(struct loop_fd *lf, uint32_t events)
{
	uint64_t count;

	(void)events;
	if (read(lf->fd, &count, sizeof(count)) < 0)
		return;
}

bool loop_worked(const struct loop *loop)
{
	return loop->spin.worked;
}

uint64_t loop_now(const struct loop *loop)
{
	return loop->now;
}

uint64_t loop_now_late(const struct loop *loop)
{
	return loop->late;
}

void loop_clock_advance(struct loop *loop, uint64_t ns)
{
	loop->frozen = true;
	loop->now += ns;
	loop->late = loop->now;
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int fd = -1, ret;

	if (!loop)
		return NULL;
	for (int p = 0; p < LOOP_PHASES; p++)
		list_init(&loop->calls[p]);
	clock_read(loop);
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd < 0)
		goto fail;
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		goto fail;
	ret = loop_fd_add(loop, &loop->wake, fd, EPOLLIN, wake_ready);
	if (!ret)
		return loop;
	errno = -ret;
fail:
	ret = errno;
	if (fd >= 0)
		close(fd);
	if (loop->epfd >= 0)
		close(loop->epfd);
	free(loop->slots);
	free(loop);
	errno = ret;
	return NULL;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	loop_signals_free(loop);
	loop_fd_del(&loop->wake);
	assert(!loop->in_turn && !loop->n_fds && !loop->n_heap && !calls_queued(loop));
	close(loop->wake.fd);
	close(loop->epfd);
	free(loop->slots);
	free(loop->heap);
	free(loop);
}
