/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of portals (portal_sock.h). Called by portal.c.
 */
#include "iscsi/portal_sock.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/dscp.h"
#include "base/log.h"
#include "base/util.h"
#include "iscsi/text.h"

#define BACKLOG 1024
/* Limits of the kernel: net/ipv4/tcp.c. */
#define KEEP_SECONDS_MAX 32767
#define KEEP_COUNT_MAX 127
#define USER_TIMEOUT_MAX 86400

/* --- words ------------------------------------------------------------------------------------ */

const char *const portal_sock_names[PORTAL_SOCK_OPTIONS] = { "dscp", "keepalive", "user-timeout" };

static int parse_dscp(struct portal_sock *ps, const char *value, struct err *err)
{
	if (!dscp_parse(value, &ps->dscp))
		return err_set(err, ERR_INVALID_REQUEST,
			       "dscp is a number from 0 to 63 or a class (cs0 to cs7, af11 to af43, ef), "
			       "not '%.40s'", value);
	return 0;
}

static int parse_keepalive(struct portal_sock *ps, const char *value, struct err *err)
{
	uint32_t v[3] = { 0 };
	char text[32], *save, *tok;
	unsigned int n = 0;

	snprintf(text, sizeof(text), "%s", value);
	for (tok = strtok_r(text, ":", &save); tok; tok = strtok_r(NULL, ":", &save), n++)
		if (n == 3 || !text_number(tok, &v[n]))
			n = 3;
	if (!n || n > 3 || strlen(value) >= sizeof(text) || v[0] > KEEP_SECONDS_MAX ||
	    v[1] > KEEP_SECONDS_MAX || v[2] > KEEP_COUNT_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "keepalive is IDLE[:INTERVAL[:COUNT]], in seconds up to %u and probes "
			       "up to %u, not '%.40s'", KEEP_SECONDS_MAX, KEEP_COUNT_MAX, value);
	ps->keep_idle = v[0];
	ps->keep_interval = v[1];
	ps->keep_count = v[2];
	return 0;
}

static int parse_user_timeout(struct portal_sock *ps, const char *value, struct err *err)
{
	uint32_t v;

	if (!text_number(value, &v) || v > USER_TIMEOUT_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "user_timeout is a number of seconds from 0 to %u, not '%.40s'",
			       USER_TIMEOUT_MAX, value);
	ps->user_timeout_s = v;
	return 0;
}

/* Its number; PORTAL_SOCK_OPTIONS: none. --iscsi writes it with an underscore. */
static unsigned int option(const char *name)
{
	unsigned int i;

	if (!strcmp(name, "user_timeout"))
		name = "user-timeout";
	for (i = 0; i < PORTAL_SOCK_OPTIONS && strcmp(name, portal_sock_names[i]); i++)
		;
	return i;
}

int portal_sock_set(struct portal_sock *ps, const char *name, const char *value, struct err *err)
{
	static int (*const parse[PORTAL_SOCK_OPTIONS])(struct portal_sock *, const char *,
						       struct err *) = {
		parse_dscp, parse_keepalive, parse_user_timeout,
	};
	unsigned int i = option(name);

	if (i == PORTAL_SOCK_OPTIONS)
		return -ENOENT;
	if (parse[i](ps, value, err))
		return -EINVAL;
	ps->own |= (uint8_t)(1u << i);
	return 0;
}

int portal_sock_update(struct portal_sock *ps, const struct portal_sock *all, const char *name,
		       const char *value, struct err *err)
{
	struct portal_sock was = *ps;
	unsigned int i = option(name);

	if (i == PORTAL_SOCK_OPTIONS || strcmp(value, "default"))
		return portal_sock_set(ps, name, value, err);
	*ps = *all;
	ps->own = was.own & (uint8_t)~(1u << i);
	if (i != 0)
		ps->dscp = was.dscp;
	if (i != 1) {
		ps->keep_idle = was.keep_idle;
		ps->keep_interval = was.keep_interval;
		ps->keep_count = was.keep_count;
	}
	if (i != 2)
		ps->user_timeout_s = was.user_timeout_s;
	return 0;
}

void portal_sock_show(const struct portal_sock *ps, json_t *obj)
{
	json_t *own = json_array();
	unsigned int i;

	if (ps->dscp)
		json_object_set_new(obj, "dscp", json_integer(ps->dscp));
	if (ps->keep_idle || ps->keep_interval || ps->keep_count)
		json_object_set_new(obj, "keepalive",
				    json_sprintf("%u:%u:%u", ps->keep_idle, ps->keep_interval,
						 ps->keep_count));
	if (ps->user_timeout_s)
		json_object_set_new(obj, "user_timeout", json_integer(ps->user_timeout_s));
	for (i = 0; i < PORTAL_SOCK_OPTIONS; i++)
		if (ps->own & 1u << i)
			json_array_append_new(own, json_string(portal_sock_names[i]));
	json_object_set_new(obj, "own", own);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static void set(int fd, int level, int name, const char *what, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		log_warn("portal: %s=%d: %s", what, value, strerror(errno));
}

static void settle(int fd, int name, uint32_t *value)
{
	socklen_t len = sizeof(int);
	int v;

	if (!*value && fd >= 0 && !getsockopt(fd, IPPROTO_TCP, name, &v, &len) && v > 0)
		*value = (uint32_t)v;
}

void portal_sock_settle(struct portal_sock *ps)
{
	int fresh = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	settle(fresh, TCP_KEEPIDLE, &ps->keep_idle);
	settle(fresh, TCP_KEEPINTVL, &ps->keep_interval);
	settle(fresh, TCP_KEEPCNT, &ps->keep_count);
	if (fresh >= 0)
		close(fresh);
}

static void set_keep(int fd, int name, const char *what, uint32_t value)
{
	if (value)
		set(fd, IPPROTO_TCP, name, what, (int)value);
}

void portal_sock_usual(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY", 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, "keepalive", 1);
}

void portal_sock_apply(const struct portal_sock *ps, int fd, const struct addr *local)
{
	int tos = ps->dscp << 2; /* the two bits below are ECN's (RFC 3168) */

	portal_sock_usual(fd);
	set_keep(fd, TCP_KEEPIDLE, "keepalive idle", ps->keep_idle);
	set_keep(fd, TCP_KEEPINTVL, "keepalive interval", ps->keep_interval);
	set_keep(fd, TCP_KEEPCNT, "keepalive count", ps->keep_count);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, "user_timeout", (int)(ps->user_timeout_s * 1000));
	/* A socket of both families has both. */
	set(fd, IPPROTO_IP, IP_TOS, "dscp", tos);
	if (local->sa.sa_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_TCLASS, "dscp", tos);
}

static int refused(const struct addr *addr, const char *interface, struct err *err)
{
	char text[ADDR_STRLEN];

	return err_set(err, ERR_INVALID_REQUEST, "can't listen on %s%s%s: %s",
		       addr_format(addr, text), *interface ? " of " : "", interface, strerror(errno));
}

static int prepare(int fd, const struct addr *addr, const char *interface,
		   const struct portal_sock *ps)
{
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (addr->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (*interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
				     (socklen_t)strlen(interface)))
		return -1;
	portal_sock_apply(ps, fd, addr);
	return bind(fd, &addr->sa, addr->len) || listen(fd, BACKLOG) ? -1 : 0;
}

int portal_sock_listen(const struct addr *addr, const char *interface,
		       const struct portal_sock *ps, struct err *err)
{
	int fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return refused(addr, interface, err);
	if (!prepare(fd, addr, interface, ps))
		return fd;
	refused(addr, interface, err);
	close(fd);
	return -EINVAL;
}
