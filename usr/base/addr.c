/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing, writing and matching of Internet addresses. Numeric only: looking a
 * name up would block the loop.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
	      "the port of a wildcard is kept where both families keep it");

static int bad(struct err *err, const char *what, const char *text, const char *why)
{
	return err_set(err, ERR_INVALID_REQUEST, "%s \"%.100s\": %s", what, text, why);
}

/* Digits up to @max; -1 for anything else. */
static long parse_number(const char *s, long max)
{
	long v = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (*s - '0');
		if (v > max)
			return -1;
	}
	return v;
}

static uint32_t parse_scope(const char *s)
{
	long n = parse_number(s, INT32_MAX);

	return n > 0 ? (uint32_t)n : if_nametoindex(s);
}

/*
 * Splits "[host]rest", "v6" or "host<sep>rest" (IPv4 only holds no ':'). @rest is what
 * follows the separator, NULL without one. @host is a copy.
 */
static bool split(const char *text, char sep, char *host, size_t cap, const char **rest)
{
	const char *end;
	size_t len;

	*rest = NULL;
	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || end == text || (end[1] && end[1] != sep))
			return false;
		*rest = end[1] ? end + 2 : NULL;
	} else {
		end = strchr(text, sep);
		if (end && sep == ':' && strchr(end + 1, ':'))
			end = NULL; /* IPv6 without brackets */
		*rest = end ? end + 1 : NULL;
		end = end ? end : text + strlen(text);
	}
	len = (size_t)(end - text);
	if (len >= cap)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return true;
}

static bool parse_host(struct addr *a, char *host)
{
	char *scope;

	if (!*host) {
		a->sa.sa_family = AF_UNSPEC;
		a->len = sizeof(a->in6);
		return true;
	}
	if (inet_pton(AF_INET, host, &a->in4.sin_addr) == 1) {
		a->sa.sa_family = AF_INET;
		a->len = sizeof(a->in4);
		return true;
	}
	scope = strchr(host, '%');
	if (scope)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) != 1)
		return false;
	a->sa.sa_family = AF_INET6;
	a->len = sizeof(a->in6);
	if (scope)
		a->in6.sin6_scope_id = parse_scope(scope);
	return !scope || a->in6.sin6_scope_id;
}

int addr_parse(struct addr *a, const char *text, uint16_t default_port, struct err *err)
{
	static const char form[] =
		"not a numeric address; write 192.0.2.1, 192.0.2.1:3260, [2001:db8::1]:3260 or "
		":3260";
	long port = default_port;
	char host[ADDR_STRLEN];
	const char *rest;

	memset(a, 0, sizeof(*a));
	if (!split(text, ':', host, sizeof(host), &rest))
		return bad(err, "address", text, form);
	if (rest)
		port = parse_number(rest, UINT16_MAX);
	if (port < 0)
		return bad(err, "address", text, "the port must be a number up to 65535");
	if (!parse_host(a, host))
		return bad(err, "address", text, form);
	if (*text == '[' && a->sa.sa_family != AF_INET6)
		return bad(err, "address", text, "brackets are for IPv6 addresses");
	a->in6.sin6_port = htons((uint16_t)port);
	return 0;
}

uint16_t addr_port(const struct addr *a)
{
	return ntohs(a->in6.sin6_port);
}

/* The four bytes of an IPv4 or IPv4-mapped address, or NULL. */
static const uint8_t *as_v4(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return (const uint8_t *)&a->in4.sin_addr;
	if (a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return a->in6.sin6_addr.s6_addr + 12;
	return NULL;
}

const char *addr_format_host(const struct addr *a, char *out)
{
	const uint8_t *v4 = as_v4(a);
	size_t len;

	out[0] = '\0';
	if (v4) {
		inet_ntop(AF_INET, v4, out, ADDR_STRLEN);
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, out, ADDR_STRLEN);
		len = strlen(out);
		if (a->in6.sin6_scope_id)
			snprintf(out + len, ADDR_STRLEN - len, "%%%u", a->in6.sin6_scope_id);
	}
	return out;
}

const char *addr_format(const struct addr *a, char *out)
{
	bool brackets = a->sa.sa_family == AF_INET6 && !as_v4(a);
	char host[ADDR_STRLEN];

	addr_format_host(a, host);
	snprintf(out, ADDR_STRLEN, brackets ? "[%.70s]:%u" : "%.70s:%u", host, addr_port(a));
	return out;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family || addr_port(a) != addr_port(b))
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
	if (a->sa.sa_family == AF_INET6)
		return !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) &&
		       a->in6.sin6_scope_id == b->in6.sin6_scope_id;
	return true;
}

bool addr_is_wildcard(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in4.sin_addr.s_addr == htonl(INADDR_ANY);
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
	return true;
}

static void clear_host_bits(struct addr_mask *m)
{
	for (unsigned int bit = m->prefix; bit < 8 * sizeof(m->bytes); bit++)
		m->bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
}

/* ::ffff:10.0.0.0/104 means 10.0.0.0/8, which is what peers are compared as. */
static void unmap(struct addr_mask *m)
{
	struct in6_addr in6;

	memcpy(&in6, m->bytes, sizeof(in6));
	if (m->family != AF_INET6 || m->prefix < 96 || !IN6_IS_ADDR_V4MAPPED(&in6))
		return;
	m->family = AF_INET;
	m->prefix -= 96;
	memset(m->bytes, 0, sizeof(m->bytes));
	memcpy(m->bytes, in6.s6_addr + 12, 4);
}

int addr_mask_parse(struct addr_mask *m, const char *text, struct err *err)
{
	static const char form[] =
		"write ALL, an address (192.0.2.1, 2001:db8::1) or a network (192.0.2.0/24)";
	char host[ADDR_STRLEN];
	const char *rest;
	long prefix;

	memset(m, 0, sizeof(*m));
	if (!strcasecmp(text, "ALL")) {
		m->all = true;
		return 0;
	}
	if (!split(text, '/', host, sizeof(host), &rest))
		return bad(err, "initiator address", text, form);
	if (inet_pton(AF_INET, host, m->bytes) == 1)
		m->family = AF_INET;
	else if (inet_pton(AF_INET6, host, m->bytes) == 1)
		m->family = AF_INET6;
	else
		return bad(err, "initiator address", text, form);
	prefix = m->family == AF_INET ? 32 : 128;
	if (rest)
		prefix = parse_number(rest, prefix);
	if (prefix < 0)
		return bad(err, "initiator address", text,
			   "the prefix is at most /32 for IPv4 and /128 for IPv6");
	m->prefix = (uint8_t)prefix;
	unmap(m);
	clear_host_bits(m);
	return 0;
}

static bool prefix_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	return !memcmp(a, b, whole) && (!rest || !((a[whole] ^ b[whole]) >> (8 - rest)));
}

bool addr_mask_match(const struct addr_mask *m, const struct addr *a)
{
	const uint8_t *v4 = as_v4(a);

	if (m->all)
		return true;
	if (v4)
		return (m->family == AF_INET && prefix_equal(m->bytes, v4, m->prefix)) ||
		       (m->family == AF_INET6 && !m->prefix && a->sa.sa_family == AF_INET6);
	return a->sa.sa_family == AF_INET6 && m->family == AF_INET6 &&
	       prefix_equal(m->bytes, a->in6.sin6_addr.s6_addr, m->prefix);
}
