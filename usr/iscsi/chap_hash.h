/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash functions of CHAP (RFC 7143 12.1.3; numbers: IANA, PPP Authentication
 * Algorithms). What the crypto library does not give, MD5 under FIPS, is not there.
 */
#ifndef ISCSI_CHAP_HASH_H
#define ISCSI_CHAP_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CHAP_DIGEST_MAX 32u
#define CHAP_ALGORITHMS 4

struct chap_alg {
	uint8_t number;	  /* in CHAP_A */
	uint8_t len;	  /* of the digest: bytes */
	const char *name; /* as open-iscsi's chap_algs spells it */
};

/* Algorithms by preference; empty: none may be used. */
struct chap_order {
	const struct chap_alg *algs[CHAP_ALGORITHMS];
	unsigned int n;
};

/* All that the library gives, the strongest first. */
void chap_order_default(struct chap_order *o);
/*
 * "SHA256,SHA1"; a colon separates as well as a comma, and "" is the default. ERR_INVALID_REQUEST
 * for an unknown name, one that comes twice, and one that the library does not give.
 */
int chap_order_parse(struct chap_order *o, const char *text, struct err *err);
/* "SHA256,SHA1" into @out. */
void chap_order_format(const struct chap_order *o, char *out, size_t size);
/* The first of @o that the initiator's CHAP_A list has, or NULL. Cuts @list. */
const struct chap_alg *chap_order_choose(const struct chap_order *o, char *list);

/*
 * RFC 1994 4.1: the hash of identifier, secret and challenge, alg->len bytes in @out. False: the
 * library refused.
 */
bool chap_digest(const struct chap_alg *alg, uint8_t id, const char *secret, const void *challenge,
		 size_t len, uint8_t out[CHAP_DIGEST_MAX]);
/* Whether two digests are the same, in a time that does not tell where they differ. */
bool chap_digest_equal(const uint8_t *a, const uint8_t *b, size_t len);

#endif
