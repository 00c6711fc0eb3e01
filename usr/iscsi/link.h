/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between TCP and iSER (RFC 7145): how PDUs and data move. The rest of
 * the iSCSI code has no idea which one it is.
 */
#ifndef ISCSI_LINK_H
#define ISCSI_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct iscsi_conn;
struct iscsi_pdu;
struct iscsi_task;
struct scsi_cmd;
struct scsi_data;

struct iscsi_link {
	const char *name; /* "tcp" */
	bool rdma;	  /* negotiates the iSER keys; read by keys.c only */
	/* Queue; everything queued leaves at the end of the turn. */
	void (*send)(struct iscsi_conn *conn, struct iscsi_pdu *pdu);
	/* All data-in of @task and its status. */
	void (*send_response)(struct iscsi_task *task);
	/* Get @len bytes from @off of the task's data-out; ends in iscsi_data_received(). TCP: an R2T. */
	void (*request_data)(struct iscsi_task *task, uint32_t off, uint32_t len);
	int (*alloc_data)(struct scsi_cmd *cmd, struct scsi_data *d, uint32_t len);
	void (*free_data)(struct scsi_cmd *cmd, struct scsi_data *d);
	/* The last login response is sent: digests and lengths as negotiated from now on. */
	void (*full_feature)(struct iscsi_conn *conn);
	/* Stop or go on reading: back pressure. */
	void (*pause_rx)(struct iscsi_conn *conn, bool pause);
	/* Closes the socket now; what is queued is dropped, its sent() called. */
	void (*close)(struct iscsi_conn *conn);
};

extern const struct iscsi_link tcp_link;

#endif
