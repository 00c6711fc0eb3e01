/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of iSNSP: attributes written and read, messages cut into PDUs and put together
 * again. Nothing here knows of sockets; every byte that comes is checked here.
 */
#ifndef ISCSI_ISNS_MSG_H
#define ISCSI_ISNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/strbuf.h"
#include "iscsi/isns_proto.h"

/* What a message from the server may have: all initiators that share a domain with a target. */
#define ISNS_MESSAGE_MAX (16 * MiB)

/* --- writing: into a payload, whose failure is the strbuf's ----------------------------------- */

/* @len 0: no value, which asks for one in queries and means none in registrations. */
void isns_put(struct strbuf *out, uint32_t tag, const void *value, size_t len);
void isns_put_u32(struct strbuf *out, uint32_t tag, uint32_t value);
/* 5.2.3: with its NUL. */
void isns_put_str(struct strbuf *out, uint32_t tag, const char *value);
/* 6.3.1: 16 bytes; IPv4 is mapped. */
void isns_put_ip(struct strbuf *out, uint32_t tag, const struct addr *addr);
/* The whole message in PDUs behind what @out has. @flags: who sends, and ISNS_FLAG_REPLACE. */
void isns_put_message(struct strbuf *out, uint16_t function, uint16_t flags, uint16_t xid,
		      const void *payload, size_t len);

/* --- reading ---------------------------------------------------------------------------------- */

struct isns_attr {
	uint32_t tag, len;
	const uint8_t *value; /* in the message; padding is not counted */
};

struct isns_reader {
	const uint8_t *p;
	size_t left;
	bool broken; /* it ended within an attribute, or a length is not possible */
};

struct isns_reader isns_reader(const void *payload, size_t len);
/* False: no more, or broken. */
bool isns_next(struct isns_reader *r, struct isns_attr *attr);
/* The status of a response, which comes first. False: there is none. */
bool isns_read_status(struct isns_reader *r, uint32_t *status);
/* False: no number of four bytes. */
bool isns_attr_u32(const struct isns_attr *attr, uint32_t *out);
/* A name in @out of @size bytes. False: empty, too long, with control characters or a NUL within. */
bool isns_attr_str(const struct isns_attr *attr, char *out, size_t size);

/* A message that has come whole. */
struct isns_message {
	uint16_t function, flags, xid;
	const uint8_t *payload;
	size_t len;
};

/* Puts PDUs of one stream together. Zeroed; freed with isns_rx_free(). */
struct isns_rx {
	struct strbuf in;   /* bytes as they came */
	struct strbuf body; /* payloads of the message's PDUs so far */
	bool inside;	    /* a message has begun */
	uint16_t function, xid, sequence;
	bool done; /* the message in @body was given out */
};

void isns_rx_free(struct isns_rx *rx);
/* 0 or -ENOMEM. */
int isns_rx_push(struct isns_rx *rx, const void *data, size_t len);
/*
 * 1: @msg is valid until the next call; 0: bytes are missing; -EPROTO: what came is no iSNSP, or is
 * more than is taken, and @why says so; -ENOMEM. After an error the stream is lost.
 */
int isns_rx_next(struct isns_rx *rx, struct isns_message *msg, const char **why);

#endif
