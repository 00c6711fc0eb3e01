/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initiator's part of CHAP, step by step, over iscsi_wire.h: what the target sent is
 * kept, and the answers to it are made.
 */
#ifndef ISCSI_CHAP_H
#define ISCSI_CHAP_H

#include "iscsi/account.h"
#include "iscsi/chap_hash.h"
#include "iscsi/iscsi.h"
#include "iscsi_wire.h"

#define CHAP_NAMES "InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\n"
#define CHAP_SECRET "the initiator's secret"
#define CHAP_OUT_SECRET "the target's own secret"
/* Login Request flags of the security stage. */
#define CHAP_TO_FULL 0x83
#define CHAP_TO_OPERATIONAL 0x81
#define CHAP_HEX(bytes) (3 + 2 * (bytes))

/* What the target sent, and what is made of it. */
struct chap_exchange {
	struct wire_conn c;
	struct wire_pdu pdu; /* the last response */
	const struct chap_alg *alg;
	uint8_t id, challenge[1024];
	int len;
};

/* For cmocka: wire_setup(), and the target has the account joe, CHAP_SECRET. */
int chap_setup(void **state);
struct iscsi_target *chap_target(struct wire *w);
/* Binds an account, which is made when there is none of this name. */
void chap_add_account(struct account_set *set, const char *name, const char *secret, bool out);
/* The value of @key in the response, or NULL. */
const char *chap_value(const struct wire_pdu *pdu, const char *key);
/* Sends a Login Request; the status of its response. */
uint16_t chap_request(struct chap_exchange *x, uint8_t flags, const char *text);
/* Connects and goes on until the target's challenge; @list: CHAP_A. */
void chap_challenged(struct chap_exchange *x, struct wire *w, const char *names, const char *list);
/* "CHAP_R=0x..." */
const char *chap_answer(const struct chap_exchange *x, const char *secret);
/* Sends name, response and @more keys; the status. */
uint16_t chap_respond(struct chap_exchange *x, const char *user, const char *secret,
		      const char *more);
/* A whole login; the status that it ends with. */
uint16_t chap_try(struct wire *w, const char *names, const char *user, const char *secret);
void chap_finish(struct chap_exchange *x);
/* Exit status of a test program whose tests can't run here, or -1. */
int chap_skipped(void);

#endif
