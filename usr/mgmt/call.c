/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calling tgtd (call.h).
 */
#include "mgmt/call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mgmt/jsontext.h"
#include "mgmt/old_tgtd.h"
#include "mgmt/server.h"

#define NOT_CONNECTED                                                                              \
	"failed to send request hdr to tgt daemon, Transport endpoint is not connected"
#define GONE_STEP_US 20000
#define GONE_STEPS 500
#define SILENCE_MS 1000 /* then it is looked who listens */

static int not_connected(struct adm_fail *fail, const char *path, int error)
{
	const char *hint = error == EACCES || error == EPERM ? "try as root" : "is tgtd running?";

	adm_fail(fail, ADM_EXIT_NOTCONN, NOT_CONNECTED);
	snprintf(fail->code, sizeof(fail->code), "not-connected");
	snprintf(fail->detail, sizeof(fail->detail), "%s: %s; %s", path, strerror(error), hint);
	return -1;
}

int call_open(struct call *c, unsigned int control_port, struct adm_fail *fail)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct err err = { .code = ERR_OK };
	int error;

	c->fd = -1;
	if (mgmt_socket_path(addr.sun_path, sizeof(addr.sun_path), control_port, &err))
		return adm_fail_err(fail, &err);
	c->addr = addr;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd >= 0 && !connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	error = errno;
	call_close(c);
	return not_connected(fail, addr.sun_path, error);
}

void call_close(struct call *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	strbuf_free(&c->in);
}

/* A daemon that refuses us has closed its end already; its reason can be read all the same. */
static void send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static int closed(struct adm_fail *fail, bool partial)
{
	adm_fail(fail, ADM_EXIT_INVALID, partial ? "a partial response" : "tgtd closed the socket");
	snprintf(fail->code, sizeof(fail->code), "closed");
	return -1;
}

/* A request may take as long as it takes; who listens there is asked only once. */
static int check_who(struct call *c, struct adm_fail *fail)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	bool silent = !c->spoken && c->addr.sun_family && !poll(&p, 1, SILENCE_MS);

	c->spoken = true;
	if (!silent || !old_tgtd(&c->addr))
		return 0;
	adm_fail(fail, ADM_EXIT_INVALID, "the tgtd that runs is of the older STGT (1.0)");
	snprintf(fail->code, sizeof(fail->code), "other-protocol");
	snprintf(fail->detail, sizeof(fail->detail),
		 "%s: it does not understand this tgtadm; restart it with the new program, or use its own "
		 "tgtadm", c->addr.sun_path);
	return -1;
}

/* Reads until a newline is there; its position. */
static char *read_line(struct call *c, struct adm_fail *fail)
{
	char buf[65536];
	size_t looked = 0;
	char *end = NULL;

	if (check_who(c, fail))
		return NULL;
	while (!end) {
		ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			closed(fail, c->in.len);
			return NULL;
		}
		strbuf_add(&c->in, buf, (size_t)n);
		if (!strbuf_ok(&c->in)) {
			adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM });
			return NULL;
		}
		end = memchr(c->in.s + looked, '\n', c->in.len - looked);
		looked = c->in.len;
	}
	return end;
}

const char *call_line(struct call *c, const char *line, struct adm_fail *fail)
{
	char *end;

	strbuf_reset(&c->in);
	send_all(c->fd, line, strlen(line));
	end = read_line(c, fail);
	if (!end)
		return NULL;
	*end = '\0';
	if (c->debug)
		fprintf(stderr, "tgtadm: <- %s\n",
			strstr(c->in.s, "\"password\":") ? "(passwords)" : c->in.s);
	return c->in.s;
}

static const char *text_of(const json_t *error, const char *name)
{
	const char *s = json_string_value(json_object_get(error, name));

	return s ? s : "";
}

static int refused(const json_t *response, struct adm_fail *fail)
{
	const json_t *error = json_object_get(response, "error");
	const char *message = text_of(error, "message");

	adm_fail(fail, ADM_EXIT_INVALID, "%s",
		 *message ? message : "the response was not understood");
	snprintf(fail->code, sizeof(fail->code), "%s", text_of(error, "code"));
	snprintf(fail->detail, sizeof(fail->detail), "%s", text_of(error, "detail"));
	return -1;
}

static void show_request(const char *object, const char *verb, json_t *args)
{
	json_t *copy = json_copy(args);
	char *text;

	if (copy && json_object_get(copy, "password"))
		json_object_set_new(copy, "password", json_string("***"));
	text = copy ? json_dumps(copy, JSON_COMPACT) : NULL;
	fprintf(stderr, "tgtadm: -> %s %s %s\n", object, verb, text ? text : "");
	free(text);
	json_decref(copy);
}

int call_verb(struct call *c, const char *object, const char *verb, json_t *args, json_t **result,
	      struct adm_fail *fail)
{
	json_t *req = json_pack("{s:s s:s s:O*}", "object", object, "verb", verb, "args", args);
	char *line = jsontext_line(req);
	const char *text;
	json_t *response;
	int r = 0;

	json_decref(req);
	*result = NULL;
	if (!line)
		return adm_fail_err(fail, &(struct err){ .code = ERR_NOMEM });
	if (c->debug)
		show_request(object, verb, args);
	text = call_line(c, line, fail);
	free(line);
	if (!text)
		return -1;
	response = json_loads(text, 0, NULL);
	if (json_is_true(json_object_get(response, "ok")))
		*result = json_incref(json_object_get(response, "result"));
	else
		r = refused(response, fail);
	json_decref(response);
	return r;
}

int call_wait_gone(unsigned int control_port, struct adm_fail *fail)
{
	struct adm_fail ignored;
	struct call c = { .fd = -1 };
	unsigned int i;

	for (i = 0; i < GONE_STEPS; i++) {
		if (call_open(&c, control_port, &ignored))
			return 0;
		call_close(&c);
		usleep(GONE_STEP_US);
	}
	return adm_fail(fail, ADM_EXIT_INVALID, "tgtd was asked to end and still runs");
}
