/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a session sends and receives, as a pcapng file that Wireshark reads: bytes of the
 * connections in made-up TCP segments. Switched on and off at run time; off, it costs a
 * branch a receipt. Begins at the first PDU that begins, so that all that it shows can be read.
 */
#ifndef ISCSI_CAPTURE_H
#define ISCSI_CAPTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct iscsi_conn;
struct iscsi_session;
struct verb_call;

enum capture_dir { CAPTURE_IN, CAPTURE_OUT };

/* Embedded in the connection. */
struct capture_conn {
	bool wanted;	  /* the session is being captured */
	bool begun[2];	  /* by direction: a PDU boundary was seen */
	uint32_t seq[2];  /* TCP sequence numbers, from 1 */
};

/*
 * The first @n bytes of @iov were received, or sent. @boundary: they begin with a header. Call
 * when conn->capture.wanted.
 */
void capture_bytes(struct iscsi_conn *conn, enum capture_dir dir, bool boundary,
		   const struct iovec *iov, unsigned int cnt, size_t n);
/* A connection joins its session, which may be captured. */
void capture_join(struct iscsi_conn *conn);
/* The session ends: the file is complete soon. */
void capture_end(struct iscsi_session *s);
/* For session show: path, bytes, packets, dropped; NULL when nothing is captured. */
json_t *capture_show(const struct iscsi_session *s);

int session_verb_capture(struct verb_call *call);
int session_verb_capture_end(struct verb_call *call);

#endif
