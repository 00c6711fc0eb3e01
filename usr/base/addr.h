/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Internet addresses as administrators write them: 192.0.2.1, [2001:db8::1]:3260,
 * 10.0.0.0/8, ALL; and as peers show them.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

#define ADDR_STRLEN 80 /* "[v6%scope]:port" and the NUL */

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		struct sockaddr_storage ss;
	};
	socklen_t len;
};

/*
 * A network, a single address (full prefix) or everybody. As host bits are cleared, masks that
 * mean the same are the same bytes.
 */
struct addr_mask {
	bool all;
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t prefix; /* bits */
	uint8_t bytes[16];
};

/*
 * "addr", "addr:port", "[v6]", "[v6]:port", ":port", "" (wildcard: family AF_UNSPEC).
 * Numeric only. @default_port in host order. 0, or -EINVAL with @err set.
 */
int addr_parse(struct addr *a, const char *text, uint16_t default_port, struct err *err);
/* "1.2.3.4:3260" or "[::1]:3260"; IPv4-mapped IPv6 is written as IPv4. @out: ADDR_STRLEN bytes. */
const char *addr_format(const struct addr *a, char *out);
/* The same without port and brackets. */
const char *addr_format_host(const struct addr *a, char *out);
uint16_t addr_port(const struct addr *a);
/* Same family, address and port. */
bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_is_wildcard(const struct addr *a);

/*
 * "ALL", "10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "[2001:db8::]/32". Host bits that are
 * set are ignored, as the matching ignores them. 0, or -EINVAL with @err set.
 */
int addr_mask_parse(struct addr_mask *m, const char *text, struct err *err);
/* IPv4-mapped IPv6 peers match IPv4 masks. */
bool addr_mask_match(const struct addr_mask *m, const struct addr *a);

#endif
