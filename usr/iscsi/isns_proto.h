/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSNSP as RFC 4171 writes it: the header of a PDU, functions, status codes and attribute
 * tags, as far as a target needs them.
 */
#ifndef ISCSI_ISNS_PROTO_H
#define ISCSI_ISNS_PROTO_H

#include "base/bytes.h"

#define ISNS_PORT 3205
#define ISNS_VERSION 1
#define ISNS_PDU_MAX 65532 /* 5.1.3: bytes of payload, a multiple of 4 */

/* 5.1. The payload follows. */
struct isns_hdr {
	struct be16 version;
	struct be16 function;
	struct be16 length; /* of the payload */
	struct be16 flags;
	struct be16 xid;
	struct be16 sequence; /* from 0 in each message */
};

/* 5.1.4 */
enum isns_flag {
	ISNS_FLAG_CLIENT = 0x8000, /* the sender is a client */
	ISNS_FLAG_SERVER = 0x4000,
	ISNS_FLAG_AUTH = 0x2000, /* an authentication block follows */
	ISNS_FLAG_REPLACE = 0x1000,
	ISNS_FLAG_LAST = 0x0800,
	ISNS_FLAG_FIRST = 0x0400,
};

/* 4.1.3: functions; a response has the same with the first bit set. */
enum isns_function {
	ISNS_DEV_ATTR_REG = 0x0001,
	ISNS_DEV_ATTR_QRY = 0x0002,
	ISNS_DEV_DEREG = 0x0004,
	ISNS_SCN_REG = 0x0005,
	ISNS_SCN = 0x0008,
	ISNS_ESI = 0x000d,
	ISNS_HEARTBEAT = 0x000e,
	ISNS_RESPONSE = 0x8000,
};

/* 5.4 */
enum isns_status {
	ISNS_OK = 0,
	ISNS_UNKNOWN_ERROR = 1,
	ISNS_FORMAT_ERROR = 2,
	ISNS_INVALID_REGISTRATION = 3,
	ISNS_INVALID_QUERY = 5,
	ISNS_SOURCE_UNKNOWN = 6,
	ISNS_SOURCE_ABSENT = 7,
	ISNS_SOURCE_UNAUTHORIZED = 8,
	ISNS_NO_SUCH_ENTRY = 9,
	ISNS_VERSION_UNSUPPORTED = 10,
	ISNS_INTERNAL_ERROR = 11,
	ISNS_BUSY = 12,
	ISNS_OPTION_UNKNOWN = 13,
	ISNS_INVALID_UPDATE = 14,
	ISNS_MESSAGE_UNSUPPORTED = 15,
	ISNS_SCN_EVENT_REJECTED = 16,
	ISNS_SCN_REG_REJECTED = 17,
	ISNS_ATTR_UNSUPPORTED = 18,
	ISNS_ESI_UNAVAILABLE = 21,
	ISNS_INVALID_DEREG = 22,
	ISNS_FEATURE_UNSUPPORTED = 23,
};

/* 6.1: a tag, the length of the value, the value padded to 4. */
enum isns_tag {
	ISNS_DELIMITER = 0,
	ISNS_EID = 1,
	ISNS_ENTITY_PROTOCOL = 2,
	ISNS_TIMESTAMP = 4,
	ISNS_REG_PERIOD = 6, /* seconds */
	ISNS_PORTAL_IP = 16,
	ISNS_PORTAL_PORT = 17,
	ISNS_ESI_INTERVAL = 19, /* seconds */
	ISNS_ESI_PORT = 20,
	ISNS_SCN_PORT = 23,
	ISNS_NODE_NAME = 32,
	ISNS_NODE_TYPE = 33,
	ISNS_NODE_ALIAS = 34,
	ISNS_SCN_BITMAP = 35,
	ISNS_PG_NAME = 48,
	ISNS_PG_IP = 49,
	ISNS_PG_PORT = 50,
	ISNS_PG_TAG = 51,
};

#define ISNS_PROTOCOL_ISCSI 2 /* 6.2.2 */

/* 6.4.2: a node may be several. */
enum isns_node_type {
	ISNS_NODE_TARGET = 1,
	ISNS_NODE_INITIATOR = 2,
	ISNS_NODE_CONTROL = 4,
};

/* 6.4.4: what notifications are asked for, and what one tells of. */
enum isns_scn {
	ISNS_SCN_MEMBER_ADDED = 0x01, /* of management registrations only */
	ISNS_SCN_MEMBER_REMOVED = 0x02,
	ISNS_SCN_UPDATED = 0x04,
	ISNS_SCN_ADDED = 0x08,
	ISNS_SCN_REMOVED = 0x10,
	ISNS_SCN_MANAGEMENT = 0x20,
	ISNS_SCN_TARGETS = 0x40, /* and self only */
	ISNS_SCN_INITIATORS = 0x80,
};

#endif
