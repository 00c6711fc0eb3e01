/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as events: blocked for the process and read from a signalfd, so that
 * handlers are ordinary calls on the loop.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/loop_priv.h"

struct loop_signals {
	struct loop_fd lf;
	sigset_t mask;
	struct {
		void (*fn)(struct loop *loop, int signo, void *arg);
		void *arg;
	} handler[_NSIG];
};

static void signals_ready(struct loop_fd *lf, uint32_t events)
{
	struct loop_signals *s = container_of(lf, struct loop_signals, lf);
	struct signalfd_siginfo info;

	(void)events;
	if (read(lf->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo < _NSIG && s->handler[info.ssi_signo].fn)
		s->handler[info.ssi_signo].fn(lf->loop, (int)info.ssi_signo,
					      s->handler[info.ssi_signo].arg);
}

static int signals_new(struct loop *loop)
{
	struct loop_signals *s = calloc(1, sizeof(*s));
	int fd, ret;

	if (!s)
		return -ENOMEM;
	sigemptyset(&s->mask);
	fd = signalfd(-1, &s->mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		goto fail;
	}
	ret = loop_fd_add(loop, &s->lf, fd, EPOLLIN, signals_ready);
	if (ret < 0) {
		close(fd);
		goto fail;
	}
	loop->signals = s;
	return 0;
fail:
	free(s);
	return ret;
}

int loop_signal(struct loop *loop, int signo, void (*fn)(struct loop *loop, int signo, void *arg),
		void *arg)
{
	struct loop_signals *s;
	sigset_t mask, one;
	int ret;

	if (signo <= 0 || signo >= _NSIG)
		return -EINVAL;
	if (!loop->signals) {
		ret = signals_new(loop);
		if (ret < 0)
			return ret;
	}
	s = loop->signals;
	mask = s->mask;
	sigaddset(&mask, signo);
	sigemptyset(&one);
	sigaddset(&one, signo);
	ret = pthread_sigmask(SIG_BLOCK, &one, NULL);
	if (ret)
		return -ret;
	if (signalfd(s->lf.fd, &mask, 0) < 0)
		return -errno;
	s->mask = mask;
	s->handler[signo].fn = fn;
	s->handler[signo].arg = arg;
	return 0;
}

void loop_signals_free(struct loop *loop)
{
	struct loop_signals *s = loop->signals;

	if (!s)
		return;
	loop_fd_del(&s->lf);
	close(s->lf.fd);
	free(s);
	loop->signals = NULL;
}
