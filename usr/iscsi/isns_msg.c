/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes and PDUs of iSNSP (isns_msg.h), RFC 4171 5.1 and 6.1.
 */
#include "iscsi/isns_msg.h"

#include <errno.h>
#include <string.h>

#define ALIGN4(n) (((n) + 3) & ~(size_t)3)

/* --- writing ---------------------------------------------------------------------------------- */

void isns_put(struct strbuf *out, uint32_t tag, const void *value, size_t len)
{
	static const uint8_t zero[4];
	uint8_t head[8];

	put_be32(head, tag);
	put_be32(head + 4, (uint32_t)ALIGN4(len));
	strbuf_add(out, head, sizeof(head));
	strbuf_add(out, value, len);
	/* 5.1.3 and 6.1: the length of a padded value counts the padding. */
	strbuf_add(out, zero, ALIGN4(len) - len);
}

void isns_put_u32(struct strbuf *out, uint32_t tag, uint32_t value)
{
	uint8_t b[4];

	put_be32(b, value);
	isns_put(out, tag, b, sizeof(b));
}

void isns_put_str(struct strbuf *out, uint32_t tag, const char *value)
{
	isns_put(out, tag, value, strlen(value) + 1);
}

void isns_put_ip(struct strbuf *out, uint32_t tag, const struct addr *addr)
{
	uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };

	if (addr->sa.sa_family == AF_INET)
		memcpy(ip + 12, &addr->in4.sin_addr, 4);
	else
		memcpy(ip, &addr->in6.sin6_addr, sizeof(ip));
	isns_put(out, tag, ip, sizeof(ip));
}

void isns_put_message(struct strbuf *out, uint16_t function, uint16_t flags, uint16_t xid,
		      const void *payload, size_t len)
{
	const uint8_t *p = payload;
	uint16_t sequence = 0;
	struct isns_hdr hdr;
	size_t n;

	be16_put(&hdr.version, ISNS_VERSION);
	be16_put(&hdr.function, function);
	be16_put(&hdr.xid, xid);
	do {
		n = len < ISNS_PDU_MAX ? len : ISNS_PDU_MAX;
		be16_put(&hdr.length, (uint16_t)n);
		be16_put(&hdr.sequence, sequence);
		be16_put(&hdr.flags, (uint16_t)(flags | (sequence ? 0 : ISNS_FLAG_FIRST) |
						(n == len ? ISNS_FLAG_LAST : 0)));
		strbuf_add(out, &hdr, sizeof(hdr));
		strbuf_add(out, p, n);
		p += n;
		len -= n;
		sequence++;
	} while (len);
}

/* --- attributes ------------------------------------------------------------------------------- */

struct isns_reader isns_reader(const void *payload, size_t len)
{
	return (struct isns_reader){ .p = payload, .left = len };
}

static const uint8_t *take(struct isns_reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > r->left) {
		r->broken = true;
		r->left = 0;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

bool isns_next(struct isns_reader *r, struct isns_attr *attr)
{
	const uint8_t *head;

	if (!r->left)
		return false;
	head = take(r, 8);
	if (!head)
		return false;
	attr->tag = get_be32(head);
	attr->len = get_be32(head + 4);
	/* 6.1: the length is a multiple of 4. */
	if (attr->len % 4 || attr->len > r->left) {
		r->broken = true;
		r->left = 0;
		return false;
	}
	attr->value = take(r, attr->len);
	return true;
}

bool isns_read_status(struct isns_reader *r, uint32_t *status)
{
	const uint8_t *p = take(r, 4);

	if (p)
		*status = get_be32(p);
	return p;
}

bool isns_attr_u32(const struct isns_attr *attr, uint32_t *out)
{
	if (attr->len != 4)
		return false;
	*out = get_be32(attr->value);
	return true;
}

bool isns_attr_str(const struct isns_attr *attr, char *out, size_t size)
{
	size_t len = attr->len, i;

	while (len && !attr->value[len - 1])
		len--;
	if (!len || len >= size)
		return false;
	for (i = 0; i < len; i++)
		if (attr->value[i] < ' ' || attr->value[i] == 0x7f)
			return false;
	memcpy(out, attr->value, len);
	out[len] = '\0';
	return true;
}

/* --- PDUs ------------------------------------------------------------------------------------- */

void isns_rx_free(struct isns_rx *rx)
{
	strbuf_free(&rx->in);
	strbuf_free(&rx->body);
	*rx = (struct isns_rx){ .inside = false };
}

int isns_rx_push(struct isns_rx *rx, const void *data, size_t len)
{
	strbuf_add(&rx->in, data, len);
	return strbuf_ok(&rx->in) ? 0 : -ENOMEM;
}

static const char *hdr_fault(const struct isns_rx *rx, const struct isns_hdr *hdr)
{
	uint16_t flags = be16_get(hdr->flags);

	if (be16_get(hdr->version) != ISNS_VERSION)
		return "a version that is not 1";
	/* 5.1.3 */
	if (be16_get(hdr->length) % 4)
		return "a PDU whose length is no multiple of 4";
	/* Nobody asked for blocks of 5.5, so there is nothing to check them with. */
	if (flags & ISNS_FLAG_AUTH)
		return "an authentication block";
	if (!(flags & ISNS_FLAG_FIRST) != rx->inside)
		return rx->inside ? "a message within a message" : "a message without its beginning";
	if (!rx->inside)
		return be16_get(hdr->sequence) ? "a first PDU whose sequence number is not 0" : NULL;
	if (be16_get(hdr->function) != rx->function || be16_get(hdr->xid) != rx->xid)
		return "a PDU of another message within a message";
	if (be16_get(hdr->sequence) != rx->sequence)
		return "PDUs of a message out of order";
	return NULL;
}

/* 1 when the message is whole. */
static int add_pdu(struct isns_rx *rx, const struct isns_hdr *hdr, const char **why)
{
	size_t len = be16_get(hdr->length);

	*why = hdr_fault(rx, hdr);
	if (!*why && len > ISNS_MESSAGE_MAX - rx->body.len)
		*why = "a message of more than 16 MiB";
	if (*why)
		return -EPROTO;
	rx->inside = true;
	rx->function = be16_get(hdr->function);
	rx->xid = be16_get(hdr->xid);
	rx->sequence = (uint16_t)(be16_get(hdr->sequence) + 1);
	strbuf_add(&rx->body, rx->in.s + sizeof(*hdr), len);
	if (!strbuf_ok(&rx->body))
		return -ENOMEM;
	rx->inside = !(be16_get(hdr->flags) & ISNS_FLAG_LAST);
	return !rx->inside;
}

int isns_rx_next(struct isns_rx *rx, struct isns_message *msg, const char **why)
{
	struct isns_hdr hdr;
	int r = 0;

	*why = NULL;
	if (rx->done)
		strbuf_reset(&rx->body);
	rx->done = false;
	while (!r && rx->in.len >= sizeof(hdr)) {
		memcpy(&hdr, rx->in.s, sizeof(hdr));
		if (rx->in.len - sizeof(hdr) < be16_get(hdr.length))
			break;
		r = add_pdu(rx, &hdr, why);
		strbuf_consume(&rx->in, sizeof(hdr) + be16_get(hdr.length));
	}
	if (r <= 0)
		return r;
	rx->done = true;
	*msg = (struct isns_message){
		.function = rx->function,
		.flags = be16_get(hdr.flags),
		.xid = rx->xid,
		.payload = (const uint8_t *)strbuf_str(&rx->body),
		.len = rx->body.len,
	};
	return 1;
}
