/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics' HTTP server (metrics_http.h). Of RFC 9112 what a scraper needs: GET and HEAD, a
 * chunked body, one request a connection. What metrics are is the source's.
 */
#include "mgmt/metrics_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/list.h"
#include "base/log.h"

#define DEFAULT_PORT 9260
#define ACCEPT_PAUSE_NS (100 * NSEC_PER_MSEC) /* when descriptors have run out */

struct metrics_http {
	struct loop *loop;
	struct metrics_source source;
	struct loop_fd fd;
	struct loop_timer pause;
	struct list clients;
	unsigned int n_clients;
	struct sockaddr_un path; /* sun_path[0] 0: none to unlink */
};

/* Owner: itself; it ends when it is answered, or when its patience does. */
struct client {
	struct list link;
	struct metrics_http *s;
	struct loop_fd fd;
	struct loop_call more;	 /* the next piece, outside of any callback */
	struct loop_timer patience;
	struct strbuf in, out;
	size_t sent;		 /* of @out */
	void *walk;		 /* NULL: nothing (more) to be made */
	uint64_t since_ns;	 /* it came */
	bool answering, chunked;
};

static void client_free(struct client *c)
{
	if (c->walk)
		c->s->source.end(c->walk);
	loop_call_cancel(&c->more);
	loop_timer_cancel(&c->patience);
	loop_fd_del(&c->fd);
	close(c->fd.fd);
	list_del(&c->link);
	c->s->n_clients--;
	strbuf_free(&c->in);
	strbuf_free(&c->out);
	free(c);
}

static void impatient(struct loop_timer *t)
{
	client_free(container_of(t, struct client, patience));
}

static void progress(struct client *c)
{
	if (loop_now(c->s->loop) - c->since_ns > METRICS_TOTAL_NS)
		return;
	loop_timer_set(c->s->loop, &c->patience, METRICS_PATIENCE_NS, impatient);
}

/* --- the answer -------------------------------------------------------------------------------- */

/* Puts what follows in @out's place, framed. @len 0: the body's end. */
static void chunk(struct client *c, const char *data, size_t len)
{
	if (c->chunked)
		strbuf_printf(&c->out, "%zx\r\n", len);
	strbuf_add(&c->out, data, len);
	if (c->chunked)
		strbuf_puts(&c->out, "\r\n");
}

/* The next piece. False: no memory, and the client is to see that its body is not whole. */
static bool make_piece(struct client *c)
{
	struct strbuf piece = STRBUF_INIT;
	int r = c->s->source.next(c->walk, &piece);

	strbuf_reset(&c->out);
	c->sent = 0;
	/* An empty chunk would be the end. */
	if (piece.len)
		chunk(c, piece.s, piece.len);
	if (!r) {
		chunk(c, "", 0);
		c->s->source.end(c->walk);
		c->walk = NULL;
	}
	strbuf_free(&piece);
	return r >= 0 && strbuf_ok(&c->out);
}

/* One piece, one send a turn. */
static void go_on(struct client *c)
{
	ssize_t n = 0;

	if (c->sent == c->out.len && c->walk && !make_piece(c)) {
		client_free(c);
		return;
	}
	if (c->sent < c->out.len)
		n = send(c->fd.fd, c->out.s + c->sent, c->out.len - c->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		client_free(c);
		return;
	}
	if (n > 0) {
		c->sent += (size_t)n;
		progress(c);
	}
	if (c->sent < c->out.len) {
		loop_fd_mod(&c->fd, EPOLLOUT);
	} else if (c->walk) {
		loop_fd_mod(&c->fd, 0);
		loop_call_queue(c->s->loop, &c->more);
	} else {
		/* The end of what we send, then wait for the client's: a close at once could lose data. */
		shutdown(c->fd.fd, SHUT_WR);
		loop_fd_mod(&c->fd, EPOLLIN);
	}
}

static void more(struct loop_call *call)
{
	go_on(container_of(call, struct client, more));
}

static void answer_plain(struct client *c, const char *status, const char *headers, const char *body)
{
	c->answering = true;
	strbuf_printf(&c->out,
		      "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
		      "Connection: close\r\n%s\r\n%s",
		      status, strlen(body), headers, body);
	if (!strbuf_ok(&c->out)) {
		client_free(c);
		return;
	}
	go_on(c);
}

static void answer_metrics(struct client *c, bool head, bool openmetrics)
{
	c->answering = true;
	strbuf_printf(&c->out,
		      "HTTP/1.1 200 OK\r\nContent-Type: %s; charset=utf-8\r\n%s"
		      "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
		      openmetrics ? "application/openmetrics-text; version=1.0.0" :
				    "text/plain; version=0.0.4",
		      c->chunked ? "Transfer-Encoding: chunked\r\n" : "");
	c->walk = head ? NULL : c->s->source.begin(c->s->source.context, openmetrics);
	if ((!head && !c->walk) || !strbuf_ok(&c->out)) {
		client_free(c);
		return;
	}
	go_on(c);
}

/* --- the request ------------------------------------------------------------------------------- */

/* A header's value up to the line's end, or NULL. @head ends with an empty line. */
static const char *header(const char *head, const char *name, size_t *len)
{
	size_t n = strlen(name);
	const char *line = head;

	while ((line = strchr(line, '\n')) != NULL) {
		line++;
		if (strncasecmp(line, name, n) || line[n] != ':')
			continue;
		*len = strcspn(line + n + 1, "\r\n");
		return line + n + 1;
	}
	return NULL;
}

static bool accepts_openmetrics(const char *head)
{
	static const char type[] = "application/openmetrics-text";
	size_t len = 0, i;
	const char *v = header(head, "Accept", &len);

	for (i = 0; v && i + sizeof(type) - 1 <= len; i++)
		if (!strncasecmp(v + i, type, sizeof(type) - 1))
			return true;
	return false;
}

static void request(struct client *c)
{
	char method[8] = "", path[64] = "", version[12] = "";
	bool get, head;

	if (sscanf(c->in.s, "%7[A-Z] %63[^ \r\n] HTTP/%11[0-9.]", method, path, version) != 3 ||
	    strncmp(version, "1.", 2)) {
		answer_plain(c, "400 Bad Request", "", "not a request of HTTP/1\n");
		return;
	}
	get = !strcmp(method, "GET");
	head = !strcmp(method, "HEAD");
	c->chunked = strcmp(version, "1.0");
	path[strcspn(path, "?")] = '\0';
	if (!get && !head)
		answer_plain(c, "405 Method Not Allowed", "Allow: GET, HEAD\r\n",
			     "only GET and HEAD are understood\n");
	else if (strcmp(path, "/metrics"))
		answer_plain(c, "404 Not Found", "", head ? "" : "the metrics are at /metrics\n");
	else
		answer_metrics(c, head, accepts_openmetrics(c->in.s));
}

static void read_some(struct client *c)
{
	char buf[4096];
	ssize_t n = recv(c->fd.fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* An answered client ends, and what it still sends is of no interest. */
	if (n <= 0 || memchr(buf, '\0', (size_t)n)) {
		client_free(c);
		return;
	}
	if (c->answering)
		return;
	strbuf_add(&c->in, buf, (size_t)n);
	if (!strbuf_ok(&c->in))
		client_free(c);
	else if (strstr(c->in.s, "\r\n\r\n") || strstr(c->in.s, "\n\n"))
		request(c);
	else if (c->in.len > METRICS_REQUEST_MAX)
		answer_plain(c, "431 Request Header Fields Too Large", "", "the request is too long\n");
}

static void ready(struct loop_fd *lf, uint32_t events)
{
	struct client *c = container_of(lf, struct client, fd);

	if (events & EPOLLIN)
		read_some(c);
	else if (events & (EPOLLERR | EPOLLHUP))
		client_free(c);
	else
		go_on(c);
}

/* --- the server -------------------------------------------------------------------------------- */

static void client_new(struct metrics_http *s, int fd)
{
	struct client *c = s->n_clients < METRICS_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c || loop_fd_add(s->loop, &c->fd, fd, EPOLLIN, ready)) {
		log_limited(LOG_LVL_WARN, "metrics: a client was turned away: %s",
			    s->n_clients < METRICS_CLIENTS_MAX ? "no memory" : "there are too many");
		free(c);
		close(fd);
		return;
	}
	c->s = s;
	c->fd.fd = fd;
	c->since_ns = loop_now(s->loop);
	loop_call_init(&c->more, LOOP_REAP, more);
	list_push_back(&s->clients, &c->link);
	s->n_clients++;
	if (loop_timer_set(s->loop, &c->patience, METRICS_PATIENCE_NS, impatient))
		client_free(c);
}

static void pause_over(struct loop_timer *t)
{
	loop_fd_mod(&container_of(t, struct metrics_http, pause)->fd, EPOLLIN);
}

static void knock(struct loop_fd *lf, uint32_t events)
{
	struct metrics_http *s = container_of(lf, struct metrics_http, fd);
	int fd = accept4(lf->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0) {
		client_new(s, fd);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		log_limited(LOG_LVL_ERROR, "metrics: accept: %s", strerror(errno));
		if (!loop_timer_set(s->loop, &s->pause, ACCEPT_PAUSE_NS, pause_over))
			loop_fd_mod(lf, 0);
	}
}

/* A socket that a daemon which crashed has left; anything else is left alone. */
static int clear_way(const struct sockaddr_un *a, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive = fd >= 0 && !connect(fd, (const struct sockaddr *)a, sizeof(*a));
	struct stat st;

	if (fd >= 0)
		close(fd);
	if (alive)
		return err_set(err, ERR_INVALID_REQUEST, "somebody listens on %s already", a->sun_path);
	if (!lstat(a->sun_path, &st) && S_ISSOCK(st.st_mode))
		unlink(a->sun_path);
	return 0;
}

static int listen_unix(struct metrics_http *s, const char *path, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t old;
	int r;

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(err, ERR_INVALID_REQUEST, "the path %s is too long for a socket", path);
	strcpy(a.sun_path, path);
	if (clear_way(&a, err))
		return -EINVAL;
	s->fd.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Names of initiators are nobody's business but the group's. */
	old = umask(0117);
	r = s->fd.fd < 0 ? -1 : bind(s->fd.fd, (struct sockaddr *)&a, sizeof(a));
	umask(old);
	if (r || listen(s->fd.fd, METRICS_CLIENTS_MAX))
		return err_set(err, ERR_UNKNOWN, "can't listen on %s: %s", path, strerror(errno));
	s->path = a;
	return 0;
}

static bool is_loopback(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

static int listen_inet(struct metrics_http *s, const char *where, struct err *err)
{
	struct addr a;
	int one = 1, r = addr_parse(&a, where, DEFAULT_PORT, err);
	char text[ADDR_STRLEN];
	uint16_t port;

	if (r)
		return r;
	if (addr_is_wildcard(&a) && a.sa.sa_family == AF_UNSPEC) {
		port = addr_port(&a);
		snprintf(text, sizeof(text), "127.0.0.1:%u", port ? port : DEFAULT_PORT);
		r = addr_parse(&a, text, DEFAULT_PORT, err);
	}
	if (r)
		return r;
	if (!is_loopback(&a))
		return err_set(err, ERR_INVALID_REQUEST,
			       "%s is no loopback address: nobody would be asked who he is; put a proxy "
			       "before it", where);
	s->fd.fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd.fd < 0 ||
	    setsockopt(s->fd.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(s->fd.fd, &a.sa, a.len) || listen(s->fd.fd, METRICS_CLIENTS_MAX))
		return err_set(err, ERR_UNKNOWN, "can't listen on %s: %s", addr_format(&a, text),
			       strerror(errno));
	return 0;
}

struct metrics_http *metrics_http_new(struct loop *loop, const char *where,
				      const struct metrics_source *source, struct err *err)
{
	struct metrics_http *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		err_set(err, ERR_NOMEM, "%s", "");
		return NULL;
	}
	s->loop = loop;
	s->source = *source;
	s->fd.fd = -1;
	list_init(&s->clients);
	if (!strncmp(where, "unix:", 5))
		r = listen_unix(s, where + 5, err);
	else if (*where == '/')
		r = listen_unix(s, where, err);
	else
		r = listen_inet(s, where, err);
	if (!r) {
		r = loop_fd_add(loop, &s->fd, s->fd.fd, EPOLLIN, knock);
		if (r)
			err_set(err, ERR_UNKNOWN, "epoll: %s", strerror(-r));
	}
	if (!r)
		return s;
	metrics_http_free(s);
	return NULL;
}

void metrics_http_free(struct metrics_http *s)
{
	struct client *c, *tmp;

	if (!s)
		return;
	list_for_each_safe(c, tmp, &s->clients, link)
		client_free(c);
	loop_timer_cancel(&s->pause);
	loop_fd_del(&s->fd);
	if (s->fd.fd >= 0)
		close(s->fd.fd);
	if (s->path.sun_path[0])
		unlink(s->path.sun_path);
	free(s);
}
