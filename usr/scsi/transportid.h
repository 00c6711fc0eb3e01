/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TransportIDs: names of initiator ports on the wire (SPC-4 7.6.4), as
 * persistent reservations take and tell them.
 */
#ifndef SCSI_TRANSPORTID_H
#define SCSI_TRANSPORTID_H

#include <stdbool.h>
#include <stdint.h>

#define TRANSPORTID_MAX 248 /* of an iSCSI name of 223 bytes with its ISID */
#define TRANSPORTID_TEXT_MAX 512
#define TRANSPORTID_ISCSI 5 /* PROTOCOL IDENTIFIER, SPC-4 table 361 */

/* One, in the only spelling that this target writes: equal names are equal bytes. */
struct transportid {
	uint16_t len;
	uint8_t bytes[TRANSPORTID_MAX];
};

/*
 * Of an iSCSI initiator port (SPC-4 7.6.4.6, TPID FORMAT 01b); @isid NULL: of all ports of the
 * initiator (00b). The name is folded to lower case (RFC 3722); one longer than RFC 7143 allows
 * is cut.
 */
void transportid_iscsi(struct transportid *id, const char *name, const uint8_t isid[6]);
/*
 * Reads the TransportID at @p, where @have bytes follow. Returns the bytes it takes, or 0 when it
 * is none or is cut off.
 */
unsigned int transportid_parse(struct transportid *id, const uint8_t *p, unsigned int have);
/* PROTOCOL IDENTIFIER */
uint8_t transportid_protocol(const struct transportid *id);
/* An iSCSI initiator without a port: it stands for each of its ports. */
bool transportid_any_port(const struct transportid *id);
/* @port is one of the iSCSI initiator @any. */
bool transportid_port_of(const struct transportid *port, const struct transportid *any);
bool transportid_equal(const struct transportid *a, const struct transportid *b);
/* Printable, at most TRANSPORTID_TEXT_MAX bytes: the iSCSI name and ISID, or hexadecimal. */
void transportid_text(const struct transportid *id, char *out);

#endif
