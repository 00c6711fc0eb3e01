/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of RFC 7143 chapter 13 as one table: rule, range, default, where it may
 * appear. Negotiation, tgtadm's target parameters and the session's show all read it.
 */
#ifndef ISCSI_KEYS_H
#define ISCSI_KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define DIGEST_NONE 1u
#define DIGEST_CRC32C 2u

/* TaskReporting (RFC 7143 13.23): each does what those before it do. */
enum { REPORTING_RFC3720, REPORTING_FENCE, REPORTING_FAST_ABORT };

/*
 * Operational values. For a target: what it accepts at most (digests: a set of bits).
 * For a connection: what holds.
 */
struct iscsi_params {
	uint32_t header_digest, data_digest;	/* DIGEST_* bits */
	uint32_t max_recv_dsl;	/* MaxRecvDataSegmentLength that we declare: bytes */
	uint32_t max_xmit_dsl;	/* the initiator's MaxRecvDataSegmentLength (for a target: upper bound) */
	uint32_t max_burst, first_burst;	/* bytes */
	uint32_t max_outstanding_r2t;
	uint32_t max_connections;
	uint32_t time2wait, time2retain;	/* seconds */
	uint32_t erl;
	uint32_t max_queue_cmd;	/* command window; local */
	uint32_t protocol_level; /* iSCSIProtocolLevel */
	uint32_t task_reporting; /* TaskReporting: REPORTING_* */
	uint32_t initial_r2t, immediate_data;	/* 0 or 1, as the following */
	uint32_t data_pdu_in_order, data_sequence_in_order;
};

/* A negotiation of one login, or of one text exchange in full feature phase. */
struct negotiation {
	const struct iscsi_params *ours;
	struct iscsi_params *result; /* the connection's; RFC defaults before */
	struct strbuf *out;	     /* answers */
	bool discovery;
	bool joins;		     /* a session that is there: only what is the connection's own */
	bool full_feature;	     /* only what may change later: MaxRecvDataSegmentLength */
	bool declared;		     /* our MaxRecvDataSegmentLength was sent */
	uint64_t seen;		     /* rows the initiator sent already: twice is an error */
	uint64_t asked;		     /* rows that we offered: the initiator's is the answer */
	uint32_t first_burst;	     /* offered and not yet answered; 0: none */
};

/* This target's defaults (not the RFC's). */
void params_defaults(struct iscsi_params *p);
/* The RFC's defaults: what holds before negotiation. */
void params_rfc_defaults(struct iscsi_params *p);
/* What holds before the negotiation of a further connection of a session with @s. */
void params_join(struct iscsi_params *p, const struct iscsi_params *s);
/* One key of a target by administrator. -ENOENT: no such key; ERR_INVALID_REQUEST with the legal range. */
int params_set(struct iscsi_params *p, const char *key, const char *value, struct err *err);
/* Adds "MaxRecvDataSegmentLength": "262144", ... in the order of the predecessor's show. */
void params_show(const struct iscsi_params *p, json_t *obj);
/* Of a session: adds those that are no parameters of a target. */
void params_show_agreed(const struct iscsi_params *p, json_t *obj);

/*
 * Answers one operational key. 0, -ENOENT (not in the table: the answer is NotUnderstood),
 * -EPROTO (twice, or not allowed now).
 */
int key_negotiate(struct negotiation *n, const char *key, char *value);
/* All keys of a request were given: answers what depends on others of them. */
void key_settle(struct negotiation *n);
/* The initiator's answer is Reject, NotUnderstood or Irrelevant. 0, or -EPROTO: we asked for it. */
int key_refused(const struct negotiation *n, const char *key);
/* What a target says of its own, once, in the operational stage. */
void key_declare(struct negotiation *n);
/*
 * The initiator has no more to say: offers the keys that it left at RFC defaults which the
 * administrator does not want. 0: nothing is open; 1: answers must come; -EPROTO: they did not.
 */
int key_demand(struct negotiation *n);
/* Whether the digests that would be in force are among those that the administrator allows. */
bool key_digests_allowed(const struct negotiation *n);

#endif
