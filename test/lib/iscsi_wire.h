/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initiator's end of a connection in tests: one target with a RAM disk as LUN 1,
 * the real TCP link over a socket pair, and PDUs made and read byte by byte. The
 * test steps the loop; nothing sleeps.
 */
#ifndef ISCSI_WIRE_H
#define ISCSI_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/loop.h"
#include "bs/bs.h"
#include "iscsi/iscsi_proto.h"
#include "target/core.h"
#include "target/target.h"

#define WIRE_TARGET "iqn.2026-11.org.example:wire"
#define WIRE_INITIATOR "iqn.2026-11.org.example:initiator"
#define WIRE_LUN_SIZE (16u << 20)

/* Everything on the target's side. */
struct wire {
	struct core core;
	struct target *target;
	unsigned int fds; /* open when it was made */
};

/* One connection, the initiator's end. */
struct wire_conn {
	struct wire *w;
	int fd;
	bool closed;		/* the target has closed it, and all that it sent was read */
	bool hdigest, ddigest;	/* from full feature phase on */
	bool bad_hdigest, bad_ddigest; /* of the next PDU is wrong */
	uint32_t cmd_sn, exp_stat_sn, itt;
	uint16_t tsih, cid;
	uint8_t isid[6];
	uint8_t *in;		/* bytes that came and were not yet taken */
	size_t have, cap;
	size_t chop;		/* > 0: send so many bytes at a time, a turn between */
};

/* One PDU that came. */
struct wire_pdu {
	union {
		uint8_t bhs[ISCSI_BHS_LEN];
		struct iscsi_scsi_rsp rsp;
		struct iscsi_data_in data_in;
		struct iscsi_r2t r2t;
		struct iscsi_tmf_rsp tmf;
		struct iscsi_login_rsp login;
		struct iscsi_text_rsp text;
		struct iscsi_logout_rsp logout;
		struct iscsi_nop_in nop;
		struct iscsi_async async;
		struct iscsi_reject reject;
	};
	uint32_t len;
	uint8_t *data; /* malloc'ed, NUL behind it; freed by the next wire_recv() into this PDU or wire_pdu_free() */
};

/* For cmocka: *state is a struct wire with everybody admitted. The teardown checks memory and descriptors. */
int wire_setup(void **state);
int wire_teardown(void **state);
/* Turns until nothing more happens at once. */
void wire_settle(struct wire *w);

void wire_open(struct wire_conn *c, struct wire *w);
/* Through a real socket, to @to: the target has seen it when this returns. */
void wire_dial(struct wire_conn *c, struct wire *w, const struct addr *to);
void wire_close(struct wire_conn *c);
void wire_send_bytes(struct wire_conn *c, const void *p, size_t n);
/* Header, padding and digests are added to @bhs and @data; DataSegmentLength is set. */
void wire_send(struct wire_conn *c, void *bhs, const void *data, uint32_t len);
/* The next PDU. False: none came, or the connection is closed. */
bool wire_recv(struct wire_conn *c, struct wire_pdu *pdu);
void wire_pdu_free(struct wire_pdu *pdu);

/* A Login Request of stage @csg to @nsg; text is "k=v\nk=v\n" with newlines for NULs. */
void wire_login_request(struct wire_conn *c, uint8_t flags, const char *text);
/* One-round login to the test target with extra operational keys ("k=v\n..."), checked. */
void wire_login(struct wire_conn *c, const char *keys);
/* The status of a login that is refused, or 0. */
uint16_t wire_login_status(struct wire_conn *c, uint8_t flags, const char *text);

/*
 * Logs in to a discovery session and asks SendTargets=All: what is told, with blanks for NULs. 0, or the
 * status of the login.
 */
uint16_t wire_discover(struct wire_conn *c, char *out, size_t size);

/* SCSI commands: fill and send the header with @data immediate; returns the ITT. */
uint32_t wire_cmd(struct wire_conn *c, const uint8_t *cdb, size_t cdb_len, uint8_t flags,
		  uint32_t edtl, const void *imm, uint32_t imm_len);
uint32_t wire_write10(struct wire_conn *c, uint32_t lba, uint16_t blocks, const void *data,
		      uint32_t imm_len, bool final);
uint32_t wire_read10(struct wire_conn *c, uint32_t lba, uint16_t blocks);
void wire_data_out(struct wire_conn *c, uint32_t itt, uint32_t ttt, uint32_t data_sn, uint32_t off,
		   const void *data, uint32_t len, bool final);
/* Waits for the status of @itt; data of Data-In goes to @in (may be NULL). Fails the test if none comes. */
uint8_t wire_status(struct wire_conn *c, uint32_t itt, void *in, uint32_t in_size);
/* TEST UNIT READY until the Unit Attentions are gone. */
void wire_clear_ua(struct wire_conn *c);

#endif
