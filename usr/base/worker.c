/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads: one queue under one mutex, one list of what is done, and an
 * eventfd that brings the loop to it. The jobs themselves are touched by one
 * thread at a time; the mutex hands them over.
 */
#include "base/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define IDLE_NS (30 * NSEC_PER_SEC)

struct workers {
	struct loop_fd lf;	/* the eventfd */
	unsigned int pending;	/* loop thread only */
	unsigned int max;
	uint64_t idle_ns;

	pthread_mutex_t lock;	/* guards what follows */
	pthread_cond_t work;	/* a job was queued, or stop */
	pthread_cond_t finished;/* told while draining: a job is done */
	struct list queue, done;
	struct list ended;	/* threads to be joined */
	unsigned int queued, threads, idle;
	bool stop, draining;
};

/* Owner: itself while it runs, then workers.ended. */
struct thread {
	struct list link;
	pthread_t id;
	struct workers *w;
};

/* With the lock held; the loop joins threads and calls done() when it sees it. */
static void notify_loop(struct workers *w)
{
	uint64_t one = 1;

	if (write(w->lf.fd, &one, sizeof(one)) < 0)
		return; /* only when the counter is full: the loop is on its way */
}

static void job_done(struct workers *w, struct job *job)
{
	if (list_empty(&w->done))
		notify_loop(w);
	list_push_back(&w->done, &job->link);
	if (w->draining)
		pthread_cond_signal(&w->finished);
}

/* With the lock held. NULL: nothing came for the idle time, or stop. */
static struct job *job_wait(struct workers *w)
{
	struct timespec until;
	uint64_t ns;
	struct list *link;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = (uint64_t)until.tv_nsec + w->idle_ns;
	until.tv_sec += (time_t)(ns / NSEC_PER_SEC);
	until.tv_nsec = (long)(ns % NSEC_PER_SEC);
	while (list_empty(&w->queue) && !w->stop && ret != ETIMEDOUT) {
		w->idle++;
		ret = pthread_cond_timedwait(&w->work, &w->lock, &until);
		w->idle--;
	}
	link = list_pop(&w->queue);
	if (!link)
		return NULL;
	w->queued--;
	return list_entry(link, struct job, link);
}

static void *thread_main(void *arg)
{
	struct thread *th = arg;
	struct workers *w = th->w;
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while ((job = job_wait(w))) {
		pthread_mutex_unlock(&w->lock);
		job->run(job);
		pthread_mutex_lock(&w->lock);
		job_done(w, job);
	}
	w->threads--;
	list_push_back(&w->ended, &th->link);
	notify_loop(w);
	if (w->draining)
		pthread_cond_signal(&w->finished);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* With the lock held. Signals are the loop's: a thread inherits a mask that blocks all. */
static bool thread_start(struct workers *w)
{
	struct thread *th = calloc(1, sizeof(*th));
	sigset_t all, old;
	int ret;

	if (!th)
		return false;
	th->w = w;
	list_init(&th->link);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&th->id, NULL, thread_main, th);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret) {
		free(th);
		return false;
	}
	w->threads++;
	return true;
}

static void threads_join(struct list *ended)
{
	struct list *link;

	while ((link = list_pop(ended))) {
		struct thread *th = list_entry(link, struct thread, link);

		pthread_join(th->id, NULL);
		free(th);
	}
}

/* On the loop: joins what ended and calls every done(). */
static void collect(struct workers *w)
{
	struct list done, ended, *link;

	list_init(&done);
	list_init(&ended);
	pthread_mutex_lock(&w->lock);
	list_splice_back(&done, &w->done);
	list_splice_back(&ended, &w->ended);
	pthread_mutex_unlock(&w->lock);
	threads_join(&ended);
	while ((link = list_pop(&done))) {
		struct job *job = list_entry(link, struct job, link);

		w->pending--;
		job->done(job);
	}
}

static void done_ready(struct loop_fd *lf, uint32_t events)
{
	struct workers *w = container_of(lf, struct workers, lf);
	uint64_t count;

	(void)events;
	if (read(lf->fd, &count, sizeof(count)) < 0)
		return;
	collect(w);
}

void worker_submit(struct workers *w, struct job *job)
{
	bool inline_run = false;

	w->pending++;
	pthread_mutex_lock(&w->lock);
	if (w->queued >= w->idle && w->threads < w->max)
		inline_run = !thread_start(w) && !w->threads;
	if (!inline_run) {
		list_push_back(&w->queue, &job->link);
		w->queued++;
		pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	if (!inline_run)
		return;
	job->run(job);
	pthread_mutex_lock(&w->lock);
	job_done(w, job);
	pthread_mutex_unlock(&w->lock);
}

unsigned int workers_pending(const struct workers *w)
{
	return w->pending;
}

unsigned int workers_threads(struct workers *w)
{
	unsigned int n;

	pthread_mutex_lock(&w->lock);
	n = w->threads;
	pthread_mutex_unlock(&w->lock);
	return n;
}

void workers_set_idle(struct workers *w, uint64_t ns)
{
	pthread_mutex_lock(&w->lock);
	w->idle_ns = ns;
	pthread_mutex_unlock(&w->lock);
}

struct workers *workers_new(struct loop *loop, unsigned int max_threads)
{
	struct workers *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int fd, ret;

	if (!w)
		return NULL;
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ret = fd < 0 ? -errno : loop_fd_add(loop, &w->lf, fd, EPOLLIN, done_ready);
	if (ret < 0) {
		if (fd >= 0)
			close(fd);
		free(w);
		errno = -ret;
		return NULL;
	}
	w->max = max_threads ? max_threads : 1;
	w->idle_ns = IDLE_NS;
	list_init(&w->queue);
	list_init(&w->done);
	list_init(&w->ended);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &attr);
	pthread_cond_init(&w->finished, &attr);
	pthread_condattr_destroy(&attr);
	return w;
}

/* Waits until something can be collected. */
static void wait_finished(struct workers *w, bool stop)
{
	pthread_mutex_lock(&w->lock);
	w->draining = true;
	if (stop) {
		w->stop = true;
		pthread_cond_broadcast(&w->work);
	}
	while (list_empty(&w->done) && (w->pending || w->threads))
		pthread_cond_wait(&w->finished, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	/* A done() may submit more. */
	while (w->pending) {
		wait_finished(w, false);
		collect(w);
	}
	wait_finished(w, true);
	collect(w);
	loop_fd_del(&w->lf);
	close(w->lf.fd);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->finished);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
