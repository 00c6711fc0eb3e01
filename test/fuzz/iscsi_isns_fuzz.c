/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an iSNS server, or who says to be one, may send: bytes in pieces of any size, of which the
 * first byte of the input tells. Messages that come out of them are read in all ways that there
 * are, and written again: what is read then is the same.
 */
#include "fuzz.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns_client.h"
#include "iscsi/isns_msg.h"
#include "target/core.h"

static void read_all(struct isns_reader r)
{
	struct isns_attr attr;
	char name[224];
	uint32_t v;

	while (isns_next(&r, &attr)) {
		isns_attr_u32(&attr, &v);
		if (isns_attr_str(&attr, name, sizeof(name)))
			fuzz_check(*name && strlen(name) <= attr.len);
	}
	fuzz_check(!r.left);
}

static void again(const struct isns_message *msg)
{
	struct isns_rx rx = { .inside = false };
	struct strbuf out = STRBUF_INIT;
	struct isns_message other;
	const char *why;

	isns_put_message(&out, msg->function, ISNS_FLAG_CLIENT, msg->xid, msg->payload, msg->len);
	fuzz_check(!isns_rx_push(&rx, out.s, out.len));
	fuzz_check(isns_rx_next(&rx, &other, &why) == 1);
	fuzz_check(other.function == msg->function && other.xid == msg->xid &&
		   other.len == msg->len && !memcmp(other.payload, msg->payload, msg->len));
	isns_rx_free(&rx);
	strbuf_free(&out);
}

static void look(const struct isns_message *msg)
{
	struct isns_reader r = isns_reader(msg->payload, msg->len);
	struct isns_link nowhere = { .connecting = false };
	uint32_t status;

	read_all(r);
	if (isns_read_status(&r, &status))
		read_all(r);
	again(msg);
	isns_notify_message(&nowhere, msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct core core;
	struct isns_rx rx = { .inside = false };
	size_t piece = size ? data[0] + 1 : 1, n;
	struct isns_message msg;
	const char *why;
	int r = 0;

	iscsi.core = &core;
	if (!isns.port)
		isns.port = ISNS_PORT;
	if (!isns.objects.nodes.next)
		isns_objects_init(&isns.objects);
	memcpy(isns.eid, "e", 2);
	for (data++; size > 1 && r >= 0; data += n, size -= n) {
		n = piece < size - 1 ? piece : size - 1;
		fuzz_check(!isns_rx_push(&rx, data, n));
		while ((r = isns_rx_next(&rx, &msg, &why)) == 1)
			look(&msg);
		fuzz_check(r <= 0 && !!why == (r < 0));
	}
	isns_rx_free(&rx);
	return 0;
}
