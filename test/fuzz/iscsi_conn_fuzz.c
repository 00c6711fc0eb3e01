/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target at its port: three connections that send raw bytes, log in as they should or
 * nearly, and send PDUs with the numbers right or wrong, in any order, with their ends anywhere.
 */
#include "fuzz.h"
#include "iscsi_wire.h"
#include "t_loop.h"

#define CONNS 3
#define MOST 96 /* steps of an input */
#define DATA 1024

static const char *const logins[] = {
	"InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\nAuthMethod=None\n",
	"InitiatorName=" WIRE_INITIATOR "\nSessionType=Discovery\nAuthMethod=None\n",
	"InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET
	"\nAuthMethod=None\nInitialR2T=No\nImmediateData=Yes\nMaxOutstandingR2T=8\nMaxBurstLength=4096\nFirstBurstLength=1024\n",
	"InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET
	"\nAuthMethod=None\nHeaderDigest=CRC32C\nDataDigest=CRC32C\nMaxConnections=4\nErrorRecoveryLevel=2\n"
	"TaskReporting=ResponseFence\n",
	"InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET
	"\nAuthMethod=None\nDataPDUInOrder=No\nDataSequenceInOrder=No\niSCSIProtocolLevel=2\nTaskReporting=FastAbort\n",
	"InitiatorName=" WIRE_INITIATOR "\nTargetName=" WIRE_TARGET "\nAuthMethod=CHAP,None\n",
};

struct peer {
	struct wire_conn c;
	bool open;
};

static void peer_open(struct peer *p, struct wire *w, struct fuzz *f)
{
	if (p->open)
		return;
	wire_open(&p->c, w);
	p->open = true;
	p->c.isid[1] = fuzz_byte(f) & 1;
	p->c.cid = fuzz_byte(f) & 3;
}

static void peer_close(struct peer *p)
{
	if (p->open)
		wire_close(&p->c);
	p->open = false;
}

static void read_all(struct peer *p)
{
	struct wire_pdu pdu = { .data = NULL };
	bool hdigest = p->c.hdigest, ddigest = p->c.ddigest;

	/* What was agreed is not followed here: the answers' digests are not looked at. */
	p->c.hdigest = p->c.ddigest = false;
	while (wire_recv(&p->c, &pdu)) {
		if ((pdu.bhs[0] & 0x3f) == ISCSI_OP_LOGIN_RSP && !pdu.login.status_class)
			p->c.tsih = be16_get(pdu.login.tsih);
		if ((pdu.bhs[0] & 0x3f) == ISCSI_OP_LOGIN_RSP)
			p->c.exp_stat_sn = be32_get(pdu.login.stat_sn) + 1;
	}
	wire_pdu_free(&pdu);
	p->c.hdigest = hdigest;
	p->c.ddigest = ddigest;
}

static void log_in(struct peer *p, struct fuzz *f)
{
	uint8_t how = fuzz_byte(f);

	/* From the operational stage to the full feature phase, or what the input says. */
	wire_login_request(&p->c, how & 0x80 ? fuzz_byte(f) : 0x87, logins[how % ARRAY_SIZE(logins)]);
	read_all(p);
	p->c.hdigest = p->c.ddigest = how % ARRAY_SIZE(logins) == 3;
}

static void raw(struct peer *p, struct fuzz *f)
{
	uint8_t bytes[256], n = fuzz_byte(f);

	fuzz_copy(f, bytes, n);
	wire_send_bytes(&p->c, bytes, n);
}

/* A PDU whose CmdSN is right, but for what the input adds to it. */
static void pdu(struct peer *p, struct fuzz *f)
{
	uint8_t how = fuzz_byte(f), data[DATA];
	uint32_t len = how & 1 ? fuzz_u16(f) % DATA : 0;
	union {
		uint8_t bytes[ISCSI_BHS_LEN];
		struct iscsi_scsi_cmd cmd;
	} h;

	fuzz_copy(f, h.bytes, sizeof(h.bytes));
	h.cmd.ahs_words = how & 2 ? h.cmd.ahs_words & 3 : 0;
	if (!(how & 4)) {
		be32_put(&h.cmd.cmd_sn, p->c.cmd_sn + (how & 8 ? 1 : 0));
		if (!(h.cmd.opcode & ISCSI_IMMEDIATE))
			p->c.cmd_sn++;
	}
	if (how & 16)
		memset(h.cmd.lun, 0, sizeof(h.cmd.lun));
	if (how & 16)
		h.cmd.lun[1] = 1;
	fuzz_copy(f, data, len);
	wire_send(&p->c, h.bytes, data, len);
}

static void step(struct wire *w, struct peer *peers, struct fuzz *f)
{
	uint8_t what = fuzz_byte(f);
	struct peer *p = &peers[what % CONNS];

	peer_open(p, w, f);
	switch (what / CONNS % 8) {
	case 0:
		raw(p, f);
		break;
	case 1:
		log_in(p, f);
		break;
	case 2:
		read_all(p);
		break;
	case 3:
		peer_close(p);
		break;
	case 4:
		loop_clock_advance(w->core.loop, fuzz_byte(f) * NSEC_PER_SEC / 4);
		wire_settle(w);
		break;
	default:
		pdu(p, f);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer peers[CONNS] = { { .open = false } };
	struct fuzz f = { data, size };
	void *state = NULL;

	fuzz_check(wire_setup(&state) == 0);
	for (unsigned int n = 0; f.left && n < MOST; n++)
		step(state, peers, &f);
	for (unsigned int i = 0; i < CONNS; i++)
		peer_close(&peers[i]);
	fuzz_check(wire_teardown(&state) == 0);
	return 0;
}
