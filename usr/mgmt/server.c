/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management server (server.h): the lock, the socket, who is let in. What then
 * happens to a client is peer.c's.
 */
#include "mgmt/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "mgmt/dispatch.h"
#include "mgmt/peer.h"

#define ACCEPT_PAUSE_NS (100 * NSEC_PER_MSEC) /* when descriptors have run out */

struct mgmt_server {
	struct peer_env env;
	unsigned int n_peers;
	struct loop_fd fd;
	struct loop_timer pause;
	int lock_fd;
	bool unlink_socket;
	struct sockaddr_un addr;
};

/* Root and our own user may change things; nobody else is served. */
static bool peer_allowed(int fd, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	*uid = cred.uid;
	return cred.uid == 0 || cred.uid == geteuid();
}

static void refuse(int fd, const char *detail)
{
	struct mgmt_request req = { .call.err = { .code = ERR_OK } };
	char *line;

	err_set(&req.call.err, ERR_INVALID_REQUEST, "%s", detail);
	line = mgmt_response(&req);
	if (line && send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("management: refusal not sent: %s", strerror(errno));
	free(line);
	close(fd);
}

static void peer_closed(struct peer_env *env)
{
	container_of(env, struct mgmt_server, env)->n_peers--;
}

static void client_new(struct mgmt_server *s, int fd)
{
	uid_t uid = (uid_t)-1;
	int r;

	if (!peer_allowed(fd, &uid)) {
		log_limited(LOG_LVL_WARN, "management: user %u was refused", (unsigned int)uid);
		refuse(fd, "permission denied: only root and the user that runs tgtd may do this");
		return;
	}
	if (s->n_peers >= MGMT_CLIENTS_MAX) {
		refuse(fd, "too many management clients at once: try again");
		return;
	}
	r = peer_new(&s->env, fd, true);
	if (!r) {
		s->n_peers++;
		return;
	}
	log_limited(LOG_LVL_ERROR, "management: a client was turned away: %s", strerror(-r));
	close(fd);
}

int mgmt_server_connect(struct mgmt_server *s)
{
	int fds[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -1;
	r = peer_new(&s->env, fds[0], true);
	if (!r) {
		s->n_peers++;
		return fds[1];
	}
	close(fds[0]);
	close(fds[1]);
	errno = -r;
	return -1;
}

static void pause_over(struct loop_timer *t)
{
	loop_fd_mod(&container_of(t, struct mgmt_server, pause)->fd, EPOLLIN);
}

static void server_ready(struct loop_fd *lf, uint32_t events)
{
	struct mgmt_server *s = container_of(lf, struct mgmt_server, fd);
	int fd = accept4(lf->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0) {
		client_new(s, fd);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		log_limited(LOG_LVL_ERROR, "management: accept: %s", strerror(errno));
		/* The client stays in the queue: without a pause the loop would spin. */
		if (!loop_timer_set(s->env.loop, &s->pause, ACCEPT_PAUSE_NS, pause_over))
			loop_fd_mod(lf, 0);
	}
}

static int take_lock(struct mgmt_server *s, const char *path, struct err *err)
{
	char lock[sizeof(s->addr.sun_path) + 8];

	snprintf(lock, sizeof(lock), "%s.lock", path);
	s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return err_set(err, ERR_UNKNOWN, "can't open %s: %s", lock, strerror(errno));
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB))
		return err_set(err, ERR_UNKNOWN,
			       "another tgtd is using %s: choose another --control-port, or stop it",
			       path);
	return 0;
}

/* /var/run/tgtd is made when it is the default; another place must exist. */
static void make_default_dir(const char *path)
{
	if (!strncmp(path, "/var/run/tgtd/", 14) && mkdir("/var/run/tgtd", 0755) && errno != EEXIST)
		log_warn("can't make /var/run/tgtd: %s", strerror(errno));
}

static int listen_at(struct mgmt_server *s, const char *path, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old;
	int r;

	if (fd < 0)
		return err_set(err, ERR_UNKNOWN, "socket: %s", strerror(errno));
	s->fd.fd = fd;
	s->addr.sun_family = AF_UNIX;
	memcpy(s->addr.sun_path, path, strlen(path) + 1);
	if (unlink(path) && errno != ENOENT)
		return err_set(err, ERR_UNKNOWN, "can't remove the stale socket %s: %s", path,
			       strerror(errno));
	old = umask(0177);
	r = bind(fd, (struct sockaddr *)&s->addr, sizeof(s->addr));
	umask(old);
	if (r || listen(fd, 128))
		return err_set(err, ERR_UNKNOWN, "can't listen on %s: %s", path, strerror(errno));
	s->unlink_socket = true;
	return 0;
}

struct mgmt_server *mgmt_server_new(const struct mgmt_conf *conf, struct err *err)
{
	struct mgmt_server *s = calloc(1, sizeof(*s));
	int r = -ENAMETOOLONG;

	if (!s) {
		err_set(err, ERR_NOMEM, "%s", "");
		return NULL;
	}
	s->env = (struct peer_env){
		.loop = conf->loop,
		.tables = conf->tables,
		.context = conf->context,
		.closed = peer_closed,
	};
	peer_env_init(&s->env);
	s->fd.fd = conf->fd;
	s->lock_fd = -1;
	make_default_dir(conf->path);
	if (strlen(conf->path) < sizeof(s->addr.sun_path))
		r = take_lock(s, conf->path, err);
	else
		err_set(err, ERR_INVALID_REQUEST, "the socket path %s is too long", conf->path);
	if (!r && conf->fd < 0)
		r = listen_at(s, conf->path, err);
	if (!r) {
		r = loop_fd_add(s->env.loop, &s->fd, s->fd.fd, EPOLLIN, server_ready);
		if (r)
			err_set(err, ERR_UNKNOWN, "epoll: %s", strerror(-r));
	}
	if (!r)
		return s;
	mgmt_server_free(s);
	return NULL;
}

void mgmt_server_free(struct mgmt_server *s)
{
	struct peer *p, *tmp;

	list_for_each_safe(p, tmp, &s->env.peers, link)
		peer_close(p);
	peer_env_done(&s->env);
	loop_timer_cancel(&s->pause);
	loop_fd_del(&s->fd);
	if (s->fd.fd >= 0)
		close(s->fd.fd);
	if (s->unlink_socket)
		unlink(s->addr.sun_path);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s);
}
