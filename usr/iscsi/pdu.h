/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PDU that goes out: header, data by reference, and what to do when its last
 * byte has left. Embedded in a task for its status, or from the connection
 * driver's pool. Sequence numbers and digests are filled in when it is queued.
 */
#ifndef ISCSI_PDU_H
#define ISCSI_PDU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/list.h"
#include "iscsi/iscsi_proto.h"

struct iscsi_conn;

#define PDU_IOV 2 /* data pieces kept inline; commands use one */

struct iscsi_pdu {
	struct list link;		/* conn->tx.queue */
	struct iscsi_conn *conn;
	union {
		struct iscsi_bhs bhs;
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
		uint8_t bytes[ISCSI_BHS_LEN];
	};
	uint8_t header_digest[ISCSI_DIGEST_LEN]; /* directly behind the header: sent in one piece */
	uint8_t tail[8];		/* padding and data digest */
	uint8_t tail_len;
	bool has_digest;		/* header_digest is sent */
	bool kept;			/* on conn->unacked */
	bool status;			/* takes a StatSN: response, not R2T or Data-In without S */
	uint32_t data_len;		/* bytes of the data segment without padding */
	const struct iovec *data;	/* borrowed until sent(); or &one */
	unsigned int data_cnt;
	struct iovec one[PDU_IOV];
	void *owned;			/* malloc'ed data, freed with the PDU; may be NULL */
	/* Last byte handed to the socket, or the connection is gone. Frees or reuses the PDU. */
	void (*sent)(struct iscsi_pdu *pdu);
	void *arg;
};

/* From the pool, header zeroed, sent = pdu_free. NULL: no memory. */
struct iscsi_pdu *pdu_new(struct iscsi_conn *conn, enum iscsi_opcode op);
void pdu_free(struct iscsi_pdu *pdu);
/* An embedded one. */
void pdu_init(struct iscsi_pdu *pdu, struct iscsi_conn *conn, enum iscsi_opcode op,
	      void (*sent)(struct iscsi_pdu *pdu));
/* Data segment of one piece; takes over @owned (malloc'ed, may be NULL). */
void pdu_set_data(struct iscsi_pdu *pdu, const void *data, uint32_t len, void *owned);
/*
 * Fills StatSN, ExpCmdSN, MaxCmdSN, digests; hands it to the link. It leaves in this turn; or, after
 * the connection's last PDU, not at all: then sent() is called at once.
 */
void pdu_send(struct iscsi_pdu *pdu);
/* One that was sent before: as it was, but for ExpCmdSN and MaxCmdSN (RFC 7143 11.16). */
void pdu_send_again(struct iscsi_pdu *pdu);

#endif
