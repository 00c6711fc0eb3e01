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

#define DIGEST_NONE 1u
#define DIGEST_CRC32C 2u

/*
 * Operational values. For a target: what it offers and accepts (digests: a set of
 * bits, first choice per digest_prefer_crc). For a session: what was agreed.
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
	bool initial_r2t, immediate_data;
	bool data_pdu_in_order, data_sequence_in_order;
	bool task_reporting_fast;
};

/* This target's defaults (not the RFC's). */
void params_defaults(struct iscsi_params *p);
/* The RFC's defaults: what holds before negotiation. */
void params_rfc_defaults(struct iscsi_params *p);
/* One key of a target by administrator. -ENOENT: no such key; ERR_INVALID_REQUEST with the legal range. */
int params_set(struct iscsi_params *p, const char *key, const char *value, struct err *err);
/* Adds "MaxBurstLength": "262144", ... in the order of the predecessor's show. */
void params_show(const struct iscsi_params *p, json_t *obj);

#endif
