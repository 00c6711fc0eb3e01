/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CHAP's hash functions, by libcrypto (chap_hash.h).
 */
#include "iscsi/chap_hash.h"

#include <stdio.h>
#include <string.h>

#ifdef WITH_CRYPTO
#include <openssl/err.h>
#include <openssl/evp.h>
#endif

#include "iscsi/text.h"

/* The strongest first. */
static const struct chap_alg algs[CHAP_ALGORITHMS] = {
	{ 8, 32, "SHA3-256" },
	{ 7, 32, "SHA256" },
	{ 6, 20, "SHA1" },
	{ 5, 16, "MD5" },
};

#ifdef WITH_CRYPTO
static bool hash(EVP_MD_CTX *ctx, const EVP_MD *md, uint8_t id, const char *secret,
		 const void *challenge, size_t len, uint8_t *out)
{
	return EVP_DigestInit_ex(ctx, md, NULL) && EVP_DigestUpdate(ctx, &id, 1) &&
	       EVP_DigestUpdate(ctx, secret, strlen(secret)) &&
	       EVP_DigestUpdate(ctx, challenge, len) && EVP_DigestFinal_ex(ctx, out, NULL);
}

bool chap_digest(const struct chap_alg *alg, uint8_t id, const char *secret, const void *challenge,
		 size_t len, uint8_t out[CHAP_DIGEST_MAX])
{
	const EVP_MD *(*const mds[CHAP_ALGORITHMS])(void) = { EVP_sha3_256, EVP_sha256, EVP_sha1,
							      EVP_md5 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && hash(ctx, mds[alg - algs](), id, secret, challenge, len, out);

	EVP_MD_CTX_free(ctx);
	if (!ok)
		ERR_clear_error();
	return ok;
}
#else
bool chap_digest(const struct chap_alg *alg, uint8_t id, const char *secret, const void *challenge,
		 size_t len, uint8_t out[CHAP_DIGEST_MAX])
{
	(void)alg, (void)id, (void)secret, (void)challenge, (void)len, (void)out;
	return false;
}
#endif

bool chap_digest_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	volatile uint8_t diff = 0;
	size_t i;

	for (i = 0; i < len; i++)
		diff |= a[i] ^ b[i];
	return !diff;
}

/* A policy of the machine (FIPS) shows only when a function is tried. */
static bool usable(const struct chap_alg *alg)
{
	uint8_t out[CHAP_DIGEST_MAX];

	return chap_digest(alg, 0, "", "", 0, out);
}

void chap_order_default(struct chap_order *o)
{
	size_t i;

	o->n = 0;
	for (i = 0; i < CHAP_ALGORITHMS; i++)
		if (usable(&algs[i]))
			o->algs[o->n++] = &algs[i];
}

static const struct chap_alg *by_name(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < CHAP_ALGORITHMS; i++)
		if (strlen(algs[i].name) == len && !strncmp(algs[i].name, name, len))
			return &algs[i];
	return NULL;
}

static bool has(const struct chap_order *o, const struct chap_alg *alg)
{
	unsigned int i;

	for (i = 0; i < o->n; i++)
		if (o->algs[i] == alg)
			return true;
	return false;
}

int chap_order_parse(struct chap_order *o, const char *text, struct err *err)
{
	struct chap_order order = { .n = 0 };

	if (!*text) {
		chap_order_default(o);
		return 0;
	}
	for (;;) {
		size_t len = strcspn(text, ",:");
		const struct chap_alg *alg = by_name(text, len);

		if (!alg || has(&order, alg))
			return err_set(err, ERR_INVALID_REQUEST,
				       "CHAP's algorithms are SHA3-256, SHA256, SHA1 and MD5, each at "
				       "most once, not '%.20s'", text);
		if (!usable(alg))
			return err_set(err, ERR_INVALID_REQUEST,
				       "the crypto library of this machine does not give %s",
				       alg->name);
		order.algs[order.n++] = alg;
		if (!text[len])
			break;
		text += len + 1;
	}
	*o = order;
	return 0;
}

void chap_order_format(const struct chap_order *o, char *out, size_t size)
{
	size_t len = 0;
	unsigned int i;

	if (size)
		*out = '\0';
	for (i = 0; i < o->n && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", i ? "," : "",
					o->algs[i]->name);
}

const struct chap_alg *chap_order_choose(const struct chap_order *o, char *list)
{
	const struct chap_alg *best = NULL;
	unsigned int i, rank = o->n;
	uint32_t number;
	char *word;

	while ((word = text_next(&list)))
		for (i = 0; text_number(word, &number) && i < rank; i++)
			if (o->algs[i]->number == number) {
				best = o->algs[i];
				rank = i;
			}
	return best;
}
