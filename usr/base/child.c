/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes (child.h). Its end is seen by the end of its output and then by
 * waitpid(), asked again after a moment: a SIGCHLD that any thread may get is worth less. Whoever was
 * killed is reported at once and waited for behind the scenes.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MIN_NS NSEC_PER_MSEC
#define POLL_MAX_NS (100 * NSEC_PER_MSEC)

struct child {
	struct list link;
	struct child_conf conf;
	struct job job;		/* starts it */
	bool starting;		/* the job is not done */
	bool abandoned;		/* nobody waits for it, not even we */
	int error;		/* of the start */
	pid_t pid;		/* 0: none, or waited for */
	int out_fd;		/* the child's end of the pipe */
	struct loop_fd in;	/* ours; fd -1 when closed */
	struct loop_timer deadline, poll;
	uint64_t poll_ns;
	size_t len;
	char out[CHILD_OUT_MAX + 2]; /* one more than it may, and a NUL */
};

static struct list children = LIST_INIT(children);
static unsigned int n_children;

void child_free_words(char **words)
{
	size_t i;

	for (i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static void close_in(struct child *c)
{
	loop_fd_del(&c->in);
	if (c->in.fd >= 0)
		close(c->in.fd);
	c->in.fd = -1;
}

static void child_free(struct child *c)
{
	close_in(c);
	if (c->out_fd >= 0)
		close(c->out_fd);
	loop_timer_cancel(&c->deadline);
	loop_timer_cancel(&c->poll);
	list_del(&c->link);
	n_children--;
	child_free_words(c->conf.argv);
	child_free_words(c->conf.envp);
	free(c);
}

/* Tells its owner, who then knows nothing of it any more. */
static void tell(struct child *c, const char *failure)
{
	struct child_end end = { .failure = failure, .out = c->out, .len = c->len };
	void (*done)(void *arg, const struct child_end *end) = c->conf.done;

	c->conf.done = NULL;
	loop_timer_cancel(&c->deadline);
	if (done)
		done(c->conf.arg, &end);
}

/* --- the end ---------------------------------------------------------------------------------- */

static void poll_end(struct loop_timer *t);

static void poll_again(struct child *c)
{
	c->poll_ns = min_u64(c->poll_ns ? c->poll_ns * 2 : POLL_MIN_NS, POLL_MAX_NS);
	/* Without memory for the timer it stays a zombie, as the deadline will tell its owner. */
	loop_timer_set(c->conf.loop, &c->poll, c->poll_ns, poll_end);
}

static void tell_status(struct child *c, int status)
{
	char text[64];

	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		tell(c, NULL);
		return;
	}
	if (WIFEXITED(status))
		snprintf(text, sizeof(text), "ended with status %d", WEXITSTATUS(status));
	else
		snprintf(text, sizeof(text), "was ended by signal %d", WTERMSIG(status));
	tell(c, text);
}

static void look(struct child *c)
{
	int status = 0;
	pid_t pid = waitpid(c->pid, &status, WNOHANG);

	if (!pid || (pid < 0 && errno == EINTR)) {
		poll_again(c);
		return;
	}
	c->pid = 0;
	if (pid < 0)
		tell(c, "was waited for by somebody else");
	else
		tell_status(c, status);
	child_free(c);
}

static void poll_end(struct loop_timer *t)
{
	look(container_of(t, struct child, poll));
}

/* With all that it has started. While it is being started, the worker has it. */
static void kill_it(struct child *c)
{
	if (c->starting)
		return;
	close_in(c);
	if (c->pid) {
		kill(-c->pid, SIGKILL);
		if (!loop_timer_armed(&c->poll))
			poll_again(c);
	}
}

static void too_long(struct loop_timer *t)
{
	struct child *c = container_of(t, struct child, deadline);

	kill_it(c);
	tell(c, "took too long");
}

static void readable(struct loop_fd *lf, uint32_t events)
{
	struct child *c = container_of(lf, struct child, in);
	ssize_t n = read(c->in.fd, c->out + c->len, CHILD_OUT_MAX + 1 - c->len);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		c->len += (size_t)n;
		c->out[c->len] = '\0';
		if (c->len <= CHILD_OUT_MAX)
			return;
		kill_it(c);
		tell(c, "said too much");
		return;
	}
	close_in(c);
	look(c);
}

/* --- the start -------------------------------------------------------------------------------- */

static int spawn(struct child *c, posix_spawn_file_actions_t *fa, posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
				       POSIX_SPAWN_SETPGROUP);
	r = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(fa, c->out_fd, 1);
#if CHILD_CLOSES_ALL
	/* All of ours are closed on exec; those of libraries may not be. */
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(fa, 3);
#endif
	if (!r)
		r = posix_spawn(&c->pid, c->conf.argv[0], fa, attr, c->conf.argv, c->conf.envp);
	if (r)
		c->pid = 0;
	return r;
}

/* On a worker thread. */
static void start(struct job *job)
{
	struct child *c = container_of(job, struct child, job);
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;

	c->error = posix_spawn_file_actions_init(&fa);
	if (c->error)
		return;
	c->error = posix_spawnattr_init(&attr);
	if (!c->error) {
		c->error = spawn(c, &fa, &attr);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&fa);
}

static void fail_start(struct child *c)
{
	char text[160];

	snprintf(text, sizeof(text), "can't be started: %s", strerror(c->error));
	tell(c, text);
	child_free(c);
}

static void started(struct job *job)
{
	struct child *c = container_of(job, struct child, job);

	c->starting = false;
	close(c->out_fd);
	c->out_fd = -1;
	if (c->abandoned) {
		if (c->pid)
			kill(-c->pid, SIGKILL);
		child_free(c);
	} else if (!c->pid) {
		fail_start(c);
	} else if (!c->conf.done) {
		kill_it(c);
	} else if (loop_fd_add(c->conf.loop, &c->in, c->in.fd, EPOLLIN, readable)) {
		kill_it(c);
		tell(c, "can't be listened to: out of memory");
	}
}

static bool open_pipe(struct child *c)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return false;
	c->in.fd = fds[0];
	c->out_fd = fds[1];
	return !fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

struct child *child_run(const struct child_conf *conf)
{
	struct child *c = n_children < CHILDREN_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		child_free_words(conf->argv);
		child_free_words(conf->envp);
		return NULL;
	}
	c->conf = *conf;
	c->in.fd = c->out_fd = -1;
	c->job = (struct job){ .run = start, .done = started };
	list_push_back(&children, &c->link);
	n_children++;
	if (!open_pipe(c) ||
	    loop_timer_set(conf->loop, &c->deadline, conf->timeout_ns, too_long)) {
		child_free(c);
		return NULL;
	}
	c->starting = true;
	worker_submit(conf->workers, &c->job);
	return c;
}

void child_cancel(struct child *c)
{
	c->conf.done = NULL;
	loop_timer_cancel(&c->deadline);
	kill_it(c);
}

void child_cancel_all(void)
{
	struct child *c, *tmp;

	list_for_each_safe(c, tmp, &children, link) {
		child_cancel(c);
		c->abandoned = true;
		if (!c->starting)
			child_free(c);
	}
}
