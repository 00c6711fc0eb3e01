/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management server (server.h): accepts, reads lines, writes responses. One
 * request of a client at a time; a client that does not read its responses is not
 * read from either.
 */
#include "mgmt/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "mgmt/dispatch.h"

struct mgmt_server {
	struct loop *loop;
	const struct verb_table *tables;
	void *context;
	struct loop_fd fd;
	int lock_fd;
	bool unlink_socket;
	struct sockaddr_un addr;
	struct list clients;
	unsigned int n_clients;
};

struct client {
	struct list link;	/* server->clients */
	struct mgmt_server *server; /* NULL: the server is gone, or the client is */
	struct loop *loop;
	struct loop_fd fd;
	struct loop_call next;	/* runs the next request, outside of any callback */
	struct strbuf in, out;
	bool admin, busy, eof;
	struct mgmt_request req;
};

static void client_free(struct client *c)
{
	loop_call_cancel(&c->next);
	strbuf_free(&c->in);
	strbuf_free(&c->out);
	free(c);
}

/* The socket goes now; the memory with the request that is still under way. */
static void client_close(struct client *c)
{
	if (c->fd.fd >= 0) {
		loop_fd_del(&c->fd);
		close(c->fd.fd);
		c->fd.fd = -1;
		list_del(&c->link);
		c->server->n_clients--;
		c->server = NULL;
	}
	if (!c->busy)
		client_free(c);
}

static void client_interest(struct client *c)
{
	uint32_t events = 0;

	if (c->out.len)
		events |= EPOLLOUT;
	else if (!c->busy && !c->eof)
		events |= EPOLLIN;
	loop_fd_mod(&c->fd, events);
}

/* False: the client is gone. */
static bool client_write(struct client *c)
{
	while (c->out.len) {
		ssize_t n = send(c->fd.fd, c->out.s, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			client_close(c);
			return false;
		}
		strbuf_consume(&c->out, (size_t)n);
	}
	return true;
}

static void request_finished(struct mgmt_request *req)
{
	struct client *c = req->owner;
	char *line = c->server ? mgmt_response(req) : NULL;

	mgmt_request_done(req);
	c->busy = false;
	if (!line) {
		client_close(c);
		return;
	}
	strbuf_puts(&c->out, line);
	free(line);
	loop_call_queue(c->loop, &c->next);
}

static void client_next(struct loop_call *call)
{
	struct client *c = container_of(call, struct client, next);
	char *end, *line;
	size_t len;

	if (!client_write(c))
		return;
	end = c->out.len || c->busy || !c->in.len ? NULL : memchr(c->in.s, '\n', c->in.len);
	if (!end) {
		if (c->eof && !c->busy && !c->out.len)
			client_close(c);
		else
			client_interest(c);
		return;
	}
	len = (size_t)(end - c->in.s);
	line = strndup(c->in.s, len);
	strbuf_consume(&c->in, len + 1);
	if (!line) {
		client_close(c);
		return;
	}
	c->busy = true;
	client_interest(c);
	c->req.owner = c;
	c->req.finished = request_finished;
	mgmt_request_run(&c->req, c->server->tables, c->server->context, c->admin, line, len);
	free(line);
}

static void client_read(struct client *c)
{
	char buf[65536];
	ssize_t n = recv(c->fd.fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_close(c);
		return;
	}
	if (!n)
		c->eof = true;
	strbuf_add(&c->in, buf, (size_t)n);
	if (!strbuf_ok(&c->in) || c->in.len > MGMT_LINE_MAX) {
		log_warn("management: a request of more than %u bytes was dropped", MGMT_LINE_MAX);
		client_close(c);
		return;
	}
	loop_call_queue(c->loop, &c->next);
}

static void client_ready(struct loop_fd *lf, uint32_t events)
{
	struct client *c = container_of(lf, struct client, fd);

	if (events & EPOLLOUT)
		loop_call_queue(c->loop, &c->next);
	else if ((events & (EPOLLERR | EPOLLHUP)) && (c->busy || c->eof))
		client_close(c);
	else
		client_read(c);
}

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
	struct mgmt_request req = { .call.err = { .code = ERR_INVALID_REQUEST } };
	char *line;

	snprintf(req.call.err.text, sizeof(req.call.err.text), "%s", detail);
	line = mgmt_response(&req);
	if (line && send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("management: refusal not sent: %s", strerror(errno));
	free(line);
	close(fd);
}

static void client_new(struct mgmt_server *s, int fd)
{
	struct client *c;
	uid_t uid = 0;

	if (!peer_allowed(fd, &uid)) {
		log_limited(LOG_LVL_WARN, "management: user %u was refused", (unsigned int)uid);
		refuse(fd, "permission denied: only root and the user that runs tgtd may do this");
		return;
	}
	if (s->n_clients >= MGMT_CLIENTS_MAX) {
		refuse(fd, "too many management clients at once: try again");
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c || loop_fd_add(s->loop, &c->fd, fd, EPOLLIN, client_ready)) {
		free(c);
		close(fd);
		return;
	}
	c->server = s;
	c->loop = s->loop;
	c->admin = true;
	loop_call_init(&c->next, LOOP_REAP, client_next);
	list_push_back(&s->clients, &c->link);
	s->n_clients++;
}

static void server_ready(struct loop_fd *lf, uint32_t events)
{
	struct mgmt_server *s = container_of(lf, struct mgmt_server, fd);
	int fd = accept4(lf->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0)
		client_new(s, fd);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		log_limited(LOG_LVL_ERROR, "management: accept: %s", strerror(errno));
}

int mgmt_socket_path(char *out, size_t size, unsigned int control_port, struct err *err)
{
	const char *base = getenv("TGT_IPC_SOCKET");
	int n = snprintf(out, size, "%s.%u", base && *base ? base : "/var/run/tgtd/socket",
			 control_port);

	if (n < 0 || (size_t)n >= size || (size_t)n >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		err_set(err, ERR_INVALID_REQUEST, "the socket path in TGT_IPC_SOCKET is too long");
		return -ENAMETOOLONG;
	}
	return 0;
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
	int r;

	if (!s) {
		err_set(err, ERR_NOMEM, "%s", "");
		return NULL;
	}
	s->loop = conf->loop;
	s->tables = conf->tables;
	s->context = conf->context;
	s->fd.fd = conf->fd;
	s->lock_fd = -1;
	list_init(&s->clients);
	make_default_dir(conf->path);
	r = take_lock(s, conf->path, err);
	if (!r && conf->fd < 0)
		r = listen_at(s, conf->path, err);
	if (!r) {
		r = loop_fd_add(s->loop, &s->fd, s->fd.fd, EPOLLIN, server_ready);
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
	struct client *c, *tmp;

	list_for_each_safe(c, tmp, &s->clients, link)
		client_close(c);
	loop_fd_del(&s->fd);
	if (s->fd.fd >= 0)
		close(s->fd.fd);
	if (s->unlink_socket)
		unlink(s->addr.sun_path);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s);
}
