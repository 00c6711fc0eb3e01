/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of operational keys (keys.h) and the rules that answer them (RFC 7143 6.2).
 */
#include "iscsi/keys.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "iscsi/text.h"

enum kind {
	KIND_AND,	 /* boolean: Yes when both say so */
	KIND_OR,	 /* boolean: Yes when one says so */
	KIND_MIN,
	KIND_MAX,
	KIND_FIRST,	 /* FirstBurstLength: as KIND_MIN, and no more than MaxBurstLength */
	KIND_DIGEST,	 /* list: the first of the initiator's that we accept */
	KIND_RECV,	 /* MaxRecvDataSegmentLength: each side declares its own */
	KIND_LOCAL,	 /* never on the wire */
	KIND_NO,	 /* markers, gone since RFC 7143: always No */
	KIND_REJECT,	 /* ... and their intervals */
	KIND_REPORTING,	 /* list of words: the first of the initiator's that we know */
};

#define NORMAL_ONLY 1u /* Irrelevant in discovery sessions */
#define NO_SHOW 2u     /* no parameter of a target */
#define LEADING 4u     /* of the session: only its first login negotiates it */
#define SESSION (NORMAL_ONLY | LEADING)

struct key {
	const char *name;
	enum kind kind;
	uint32_t min, max;
	size_t field; /* in struct iscsi_params */
	uint32_t ours, rfc; /* defaults */
	unsigned int flags;
};

#define FIELD(f) offsetof(struct iscsi_params, f)

/* In the order of the predecessor's show. */
static const struct key keys[] = {
	{ "MaxRecvDataSegmentLength", KIND_RECV, 512, 16777215, FIELD(max_recv_dsl), 262144, 8192, 0 },
	{ "MaxXmitDataSegmentLength", KIND_LOCAL, 512, 16777215, FIELD(max_xmit_dsl), 1048576, 8192, 0 },
	{ "HeaderDigest", KIND_DIGEST, 0, 0, FIELD(header_digest), DIGEST_NONE | DIGEST_CRC32C,
	  DIGEST_NONE, 0 },
	{ "DataDigest", KIND_DIGEST, 0, 0, FIELD(data_digest), DIGEST_NONE | DIGEST_CRC32C,
	  DIGEST_NONE, 0 },
	{ "InitialR2T", KIND_OR, 0, 1, FIELD(initial_r2t), 0, 1, SESSION },
	{ "MaxOutstandingR2T", KIND_MIN, 1, 65535, FIELD(max_outstanding_r2t), 8, 1, SESSION },
	{ "ImmediateData", KIND_AND, 0, 1, FIELD(immediate_data), 1, 1, SESSION },
	{ "FirstBurstLength", KIND_FIRST, 512, 16777215, FIELD(first_burst), 1048576, 65536, SESSION },
	{ "MaxBurstLength", KIND_MIN, 512, 16777215, FIELD(max_burst), 16776192, 262144, SESSION },
	{ "DataPDUInOrder", KIND_OR, 0, 1, FIELD(data_pdu_in_order), 1, 1, SESSION },
	{ "DataSequenceInOrder", KIND_OR, 0, 1, FIELD(data_sequence_in_order), 1, 1, SESSION },
	{ "ErrorRecoveryLevel", KIND_MIN, 0, 2, FIELD(erl), 0, 0, LEADING },
	{ "IFMarker", KIND_NO, 0, 0, 0, 0, 0, NO_SHOW },
	{ "OFMarker", KIND_NO, 0, 0, 0, 0, 0, NO_SHOW },
	{ "DefaultTime2Wait", KIND_MAX, 0, 3600, FIELD(time2wait), 2, 2, LEADING },
	{ "DefaultTime2Retain", KIND_MIN, 0, 3600, FIELD(time2retain), 20, 20, LEADING },
	{ "OFMarkInt", KIND_REJECT, 0, 0, 0, 0, 0, NO_SHOW },
	{ "IFMarkInt", KIND_REJECT, 0, 0, 0, 0, 0, NO_SHOW },
	{ "MaxConnections", KIND_MIN, 1, 65535, FIELD(max_connections), 1, 1, SESSION },
	{ "iSCSIProtocolLevel", KIND_MIN, 0, 31, FIELD(protocol_level), 2, 1, SESSION | NO_SHOW },
	{ "TaskReporting", KIND_REPORTING, 0, 0, FIELD(task_reporting), REPORTING_RFC3720,
	  REPORTING_RFC3720, SESSION | NO_SHOW },
	{ "MaxQueueCmd", KIND_LOCAL, 1, 1024, FIELD(max_queue_cmd), 128, 128, 0 },
};
static_assert(ARRAY_SIZE(keys) <= 64, "bits of negotiation.seen");

static bool is_bool(const struct key *k)
{
	return k->kind == KIND_AND || k->kind == KIND_OR;
}

static uint32_t *field(struct iscsi_params *p, const struct key *k)
{
	return (uint32_t *)((char *)p + k->field);
}

static uint32_t value_of(const struct iscsi_params *p, const struct key *k)
{
	return *(const uint32_t *)((const char *)p + k->field);
}

static bool has_field(const struct key *k)
{
	return k->kind != KIND_NO && k->kind != KIND_REJECT;
}

void params_defaults(struct iscsi_params *p)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (has_field(&keys[i]))
			*field(p, &keys[i]) = keys[i].ours;
}

void params_rfc_defaults(struct iscsi_params *p)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (has_field(&keys[i]))
			*field(p, &keys[i]) = keys[i].rfc;
}

void params_join(struct iscsi_params *p, const struct iscsi_params *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].flags & LEADING)
			*field(p, &keys[i]) = value_of(s, &keys[i]);
}

static const struct key *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* "Yes", "No": -1 for anything else. */
static int yes_no(const char *value)
{
	return !strcmp(value, "Yes") ? 1 : !strcmp(value, "No") ? 0 : -1;
}

static const char *const reporting_names[] = {
	[REPORTING_RFC3720] = "RFC3720",
	[REPORTING_FENCE] = "ResponseFence",
	[REPORTING_FAST_ABORT] = "FastAbort",
};

/* --- administration --------------------------------------------------------------------------- */

static const char *const digest_names[] = {
	[DIGEST_NONE] = "None",
	[DIGEST_CRC32C] = "CRC32C",
	[DIGEST_NONE | DIGEST_CRC32C] = "None,CRC32C",
};

static int set_digest(const struct key *k, uint32_t *f, const char *value, struct err *err)
{
	size_t i;

	for (i = 1; i < ARRAY_SIZE(digest_names); i++) {
		if (strcmp(value, digest_names[i]))
			continue;
		*f = (uint32_t)i;
		return 0;
	}
	if (strcmp(value, "CRC32C,None"))
		return err_set(err, ERR_INVALID_REQUEST, "%s is None, CRC32C or None,CRC32C",
			       k->name);
	*f = DIGEST_NONE | DIGEST_CRC32C;
	return 0;
}

static int set_bool(const struct key *k, uint32_t *f, const char *value, struct err *err)
{
	int v = yes_no(value);

	if (v < 0)
		return err_set(err, ERR_INVALID_REQUEST, "%s is Yes or No", k->name);
	*f = (uint32_t)v;
	return 0;
}

/* The predecessor took these, RFC 7143 has them no more: said, and not used. */
static int set_marker(const struct key *k, const char *value, struct err *err)
{
	uint32_t v;

	if (k->kind == KIND_NO ? yes_no(value) < 0 : !text_number(value, &v))
		return err_set(err, ERR_INVALID_REQUEST, "%s is %s", k->name,
			       k->kind == KIND_NO ? "Yes or No" : "a number");
	log_info("%s is not used: iSCSI has no markers since RFC 7143", k->name);
	return 0;
}

int params_set(struct iscsi_params *p, const char *name, const char *value, struct err *err)
{
	const struct key *k = find(name);
	uint32_t v;

	if (!k)
		return -ENOENT;
	if (k->kind == KIND_NO || k->kind == KIND_REJECT)
		return set_marker(k, value, err);
	if (k->kind == KIND_REPORTING)
		return err_set(err, ERR_INVALID_REQUEST, "%s can't be set", name);
	if (k->kind == KIND_DIGEST)
		return set_digest(k, field(p, k), value, err);
	if (is_bool(k))
		return set_bool(k, field(p, k), value, err);
	if (!text_number(value, &v) || v < k->min || v > k->max)
		return err_set(err, ERR_INVALID_REQUEST, "%s is a number from %u to %u", name,
			       k->min, k->max);
	*field(p, k) = v;
	return 0;
}

void params_show(const struct iscsi_params *p, json_t *obj)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct key *k = &keys[i];
		uint32_t v = has_field(k) ? value_of(p, k) : 0;

		if (k->flags & NO_SHOW)
			continue;
		if (k->kind == KIND_DIGEST)
			json_object_set_new(obj, k->name, json_string(digest_names[v & 3]));
		else if (is_bool(k))
			json_object_set_new(obj, k->name, json_string(v ? "Yes" : "No"));
		else
			json_object_set_new(obj, k->name, json_sprintf("%u", v));
	}
}

void params_show_agreed(const struct iscsi_params *p, json_t *obj)
{
	json_object_set_new(obj, "iSCSIProtocolLevel", json_sprintf("%u", p->protocol_level));
	json_object_set_new(obj, "TaskReporting", json_string(reporting_names[p->task_reporting]));
}

/* --- negotiation ------------------------------------------------------------------------------ */

void key_declare(struct negotiation *n)
{
	if (n->declared)
		return;
	n->declared = true;
	text_put_number(n->out, "MaxRecvDataSegmentLength", n->ours->max_recv_dsl);
}

static void answer_bool(struct negotiation *n, const struct key *k, const char *value)
{
	int theirs = yes_no(value);
	uint32_t ours = value_of(n->ours, k), v;

	if (theirs < 0) {
		text_put(n->out, k->name, "Reject");
		return;
	}
	v = k->kind == KIND_AND ? ours & (uint32_t)theirs : ours | (uint32_t)theirs;
	*field(n->result, k) = v;
	text_put(n->out, k->name, v ? "Yes" : "No");
}

/* MIN and MAX rules (6.2.2). */
static void answer_number(struct negotiation *n, const struct key *k, const char *value)
{
	uint32_t ours = value_of(n->ours, k), v;

	if (!text_number(value, &v) || v < k->min || v > k->max) {
		text_put(n->out, k->name, "Reject");
		return;
	}
	v = k->kind == KIND_MIN ? min_u32(v, ours) : max_u32(v, ours);
	*field(n->result, k) = v;
	text_put_number(n->out, k->name, v);
}

/*
 * RFC 7143 13.14: never longer than MaxBurstLength, irrelevant when nothing comes unsolicited; the
 * keys that decide it may come after it.
 */
static void answer_first_burst(struct negotiation *n, const struct key *k, const char *value)
{
	uint32_t v;

	if (!text_number(value, &v) || v < k->min || v > k->max)
		text_put(n->out, k->name, "Reject");
	else
		n->first_burst = v;
}

void key_settle(struct negotiation *n)
{
	uint32_t v = min_u32(n->first_burst, min_u32(n->ours->first_burst, n->result->max_burst));

	if (!n->first_burst)
		return;
	n->first_burst = 0;
	if (n->result->initial_r2t && !n->result->immediate_data) {
		text_put(n->out, "FirstBurstLength", "Irrelevant");
		return;
	}
	n->result->first_burst = v;
	text_put_number(n->out, "FirstBurstLength", v);
}

/* 0: neither of them. */
static uint32_t digest_bit(const char *word)
{
	return !strcmp(word, "None") ? DIGEST_NONE : !strcmp(word, "CRC32C") ? DIGEST_CRC32C : 0;
}

static void answer_digest(struct negotiation *n, const struct key *k, char *value)
{
	uint32_t ours = value_of(n->ours, k);
	char *word;

	while ((word = text_next(&value))) {
		uint32_t v = digest_bit(word);

		if (!(v & ours))
			continue;
		*field(n->result, k) = v;
		text_put(n->out, k->name, word);
		return;
	}
	text_put(n->out, k->name, "Reject");
}

/* RFC 7143 13.12: the initiator says what it takes; the answer says what we take. */
static void answer_recv(struct negotiation *n, const struct key *k, const char *value)
{
	uint32_t v;

	if (!text_number(value, &v) || v < k->min || v > k->max) {
		text_put(n->out, k->name, "Reject");
		return;
	}
	n->result->max_xmit_dsl = min_u32(v, n->ours->max_xmit_dsl);
	key_declare(n);
}

/* RFC 7143 13.23 */
static void answer_reporting(struct negotiation *n, const struct key *k, char *value)
{
	uint32_t i;
	char *word;

	while ((word = text_next(&value)))
		for (i = 0; i < ARRAY_SIZE(reporting_names); i++) {
			if (strcmp(word, reporting_names[i]))
				continue;
			*field(n->result, k) = i;
			text_put(n->out, k->name, word);
			return;
		}
	text_put(n->out, k->name, "Reject");
}

static void answer(struct negotiation *n, const struct key *k, char *value)
{
	switch (k->kind) {
	case KIND_AND:
	case KIND_OR:
		answer_bool(n, k, value);
		break;
	case KIND_MIN:
	case KIND_MAX:
		answer_number(n, k, value);
		break;
	case KIND_FIRST:
		answer_first_burst(n, k, value);
		break;
	case KIND_DIGEST:
		answer_digest(n, k, value);
		break;
	case KIND_RECV:
		answer_recv(n, k, value);
		break;
	case KIND_NO:
		text_put(n->out, k->name, "No");
		break;
	case KIND_REPORTING:
		answer_reporting(n, k, value);
		break;
	default:
		text_put(n->out, k->name, "Reject");
		break;
	}
}

/* --- what we ask for -------------------------------------------------------------------------- */

static uint64_t bit_of(const struct key *k)
{
	return 1ull << (k - keys);
}

/* Whether what holds without a word about @k is more than the administrator allows. */
static bool unwanted(const struct negotiation *n, const struct key *k)
{
	uint32_t ours, now;

	if (!has_field(k) || (n->discovery && (k->flags & NORMAL_ONLY)) ||
	    (n->joins && (k->flags & LEADING)))
		return false;
	ours = value_of(n->ours, k);
	now = value_of(n->result, k);
	switch (k->kind) {
	case KIND_AND:
	case KIND_MIN:
		return now > ours;
	case KIND_OR:
	case KIND_MAX:
		return now < ours;
	case KIND_FIRST:
		return now > ours && !(n->result->initial_r2t && !n->ours->immediate_data);
	case KIND_DIGEST:
		return !(now & ours);
	default:
		return false;
	}
}

static void offer(struct negotiation *n, const struct key *k)
{
	uint32_t ours = value_of(n->ours, k);

	n->asked |= bit_of(k);
	if (k->kind == KIND_DIGEST)
		text_put(n->out, k->name, digest_names[ours]);
	else if (is_bool(k))
		text_put(n->out, k->name, ours ? "Yes" : "No");
	else
		text_put_number(n->out, k->name, ours);
}

int key_demand(struct negotiation *n)
{
	uint64_t before = n->asked;
	size_t i;

	if (before & ~n->seen)
		return -EPROTO;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!(n->seen & bit_of(&keys[i])) && unwanted(n, &keys[i]))
			offer(n, &keys[i]);
	return n->asked != before;
}

/* RFC 7143 6.2: a value that the rule makes of our offer; anything else is no answer to it. */
static int take_answer(struct negotiation *n, const struct key *k, const char *value)
{
	uint32_t *f = field(n->result, k), before = *f;

	if (k->kind == KIND_DIGEST)
		*f = digest_bit(value);
	else if (is_bool(k))
		*f = yes_no(value) == 1 ? 1 : yes_no(value) == 0 ? 0 : before;
	else if (!text_number(value, f) || *f < k->min || *f > k->max)
		*f = before;
	return unwanted(n, k) ? -EPROTO : 0;
}

int key_refused(const struct negotiation *n, const char *name)
{
	const struct key *k = find(name);

	return k && (n->asked & bit_of(k)) ? -EPROTO : 0;
}

bool key_digests_allowed(const struct negotiation *n)
{
	return (n->result->header_digest & n->ours->header_digest) &&
	       (n->result->data_digest & n->ours->data_digest);
}

/* --- one key of a request --------------------------------------------------------------------- */

int key_negotiate(struct negotiation *n, const char *name, char *value)
{
	const struct key *k = find(name);
	uint64_t bit;

	if (!k || k->kind == KIND_LOCAL) {
		text_put(n->out, name, "NotUnderstood");
		return -ENOENT;
	}
	bit = bit_of(k);
	if ((n->seen & bit) || (n->joins && (k->flags & LEADING)))
		return -EPROTO;
	n->seen |= bit;
	if (n->asked & bit)
		return take_answer(n, k, value);
	if (n->full_feature && k->kind != KIND_RECV) {
		text_put(n->out, name, "Reject");
		return 0;
	}
	if (n->discovery && (k->flags & NORMAL_ONLY))
		text_put(n->out, name, "Irrelevant");
	else
		answer(n, k, value);
	return 0;
}
