/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI command on its way: filled by a transport, gated and queued by the
 * target, executed by a device type, given back to the transport. Exactly one
 * end: scsi_cmd_complete() -> transport->respond(), or transport->aborted().
 */
#ifndef TARGET_CMD_H
#define TARGET_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/list.h"
#include "base/loop.h"
#include "bs/bs.h"
#include "scsi/opcode.h"
#include "scsi/sense.h"

struct io_stats;
struct nexus;
struct itl;
struct lu;
struct tmf;

/* A data buffer of a command. Allocated and freed by transport->alloc_data / free_data. */
struct scsi_data {
	struct iovec *iov; /* NULL: none; points to @one unless the transport scattered it */
	uint32_t iovcnt;
	uint32_t len;	   /* bytes allocated */
	struct iovec one;
	void *priv;	   /* the transport's */
};

/* SAM-5 5.4: over- and underflow, as iSCSI reports them (RFC 7143 11.4.5). */
struct scsi_residual {
	uint32_t count;
	bool over, under;
};

enum cmd_state {
	CMD_NEW,	/* the transport's */
	CMD_THROTTLED,	/* over a limit (qos.h): not in its task set yet */
	CMD_DORMANT,	/* in the task set, waiting for its turn */
	CMD_ENABLED,	/* its turn has come: at the gates */
	CMD_DATA,	/* waiting for data-out */
	CMD_RUNNING,	/* in its handler or the store */
	CMD_DONE,	/* respond() or aborted() was called; the transport's again */
};

/*
 * Embedded in the transport's task; borrowed by the target from target_submit()
 * to respond()/aborted().
 */
struct scsi_cmd {
	/* Filled by the transport before target_submit(). */
	struct nexus *nexus;
	struct io_stats *io;	/* where it is counted: the path's, or as it is the nexus' */
	uint64_t tag;		/* unique among the nexus' commands */
	uint8_t lun[SCSI_LUN_LEN];
	const uint8_t *cdb;	/* contiguous, valid until the command's end */
	uint16_t cdb_len;	/* bytes there; at least 6 */
	uint8_t attr;		/* enum task_attr */
	uint8_t priority;	/* SAM-5 8.7; 0: none */
	uint32_t out_edtl;	/* bytes the initiator is prepared to send */
	uint32_t in_edtl;	/* bytes the initiator is prepared to take */

	/* Set by target_submit(). */
	struct lu *lu;		/* NULL: no such LUN. Valid until respond() or aborted() returns */
	struct itl *itl;	/* NULL: no such LUN. Likewise */
	const struct opcode *op; /* NULL: ended before its row was found */
	uint64_t lba, blocks;	/* of the row's fields; READ(6)'s 0 blocks are already 256 */
	uint64_t out_cdb, in_cdb;  /* bytes the CDB asks for */
	uint32_t out_want;	/* data-out bytes to be fetched: min(out_edtl, out_cdb); if that is
				   less than out_cdb, handlers write what whole blocks there are */
	uint64_t start_ns;	/* loop_now() at submission */

	struct scsi_data out, in;
	uint32_t in_len;	/* bytes of @in that the handler made; cut to in_edtl at the end */

	/* The end, for respond(). */
	uint8_t status;
	uint8_t sense_len;
	struct scsi_residual out_res, in_res;

	/* The target's. */
	struct list nexus_link;	/* nexus->cmds */
	struct list lu_link;	/* lu->ts.enabled, .dormant or .throttled */
	uint64_t seq;		/* order of arrival, over all targets */
	enum cmd_state state;
	uint8_t order;		/* queued as ATTR_SIMPLE, _ORDERED or _HEAD_OF_QUEUE */
	bool bypass;		/* OP_IMPLICIT_HOQ: neither waits nor is waited for */
	bool aborted;		/* a TMF or the nexus' end took it; no status will be sent */
	bool abort_status;	/* ... but TASK ABORTED is, because of TAS (SPC-4 7.5.8) */
	bool preempted;		/* a PREEMPT AND ABORT waits for its end */
	bool data_asked;	/* transport->data_out was called and has not ended */
	bool data_done;		/* all of out_want has arrived */
	struct sense_extra extra; /* what a handler adds to its sense triple */

	/*
	 * RES_DEVICE: how the device ended it, whose sense data is in @sense already; out_cdb is then what
	 * it took of the data.
	 */
	struct {
		uint8_t status, sense_len;
	} device;

	/* The device type's while the command runs; zero when run() is called. */
	/*
	 * Set while the command waits for something other than its store, else NULL. Whoever sets
	 * @aborted on a CMD_RUNNING command then calls it, each time. It ends the wait:
	 * scsi_cmd_complete() follows from the loop, never inside. A command without it ends by itself
	 * when the store is done with it; later steps see @aborted.
	 */
	void (*cancel)(struct scsi_cmd *cmd);
	/* dev/io: the step that follows a request; as opcode.run, RES_PENDING or the completion. */
	enum scsi_result (*io_done)(struct scsi_cmd *cmd, int err);
	/* dev/range: the step that follows when the range is free. */
	enum scsi_result (*range_got)(struct scsi_cmd *cmd);
	struct list range_link;	/* in lu->ranges: waiting for, or holding, a range; before it runs,
				   qos.c's, as are dev_ptr and dev_priv */
	uint64_t range_first, range_count;
	uint8_t range_mode;	/* enum range_mode */
	uint32_t dev_len;	/* of dev_ptr */
	void *dev_ptr;		/* dev/io: scratch memory of a multi-step command */
	struct iovec dev_iov;	/* dev/io: describes a part of it */
	uint64_t dev_priv[6];	/* state of a multi-step command */

	/* From here on nothing is reset by scsi_cmd_init(), which runs for every command. */
	uint8_t sense[SCSI_SENSE_MAX];
	struct bs_req bsr;
};

/* Makes the command new; it must not be under way. Call before filling. */
void scsi_cmd_init(struct scsi_cmd *cmd, struct nexus *nexus);

/*
 * The command is complete in header and CDB; immediate data may still be on its way.
 * On return either the command has already ended (respond() was called; state is
 * CMD_DONE) or cmd->out is there for data-out, if any is wanted. It may also end later
 * without ever asking for its data, when it was dormant and is refused in its turn.
 */
void target_submit(struct scsi_cmd *cmd);

/*
 * Ends transport->data_out(): all out_want bytes are in cmd->out (@result RES_GOOD), or
 * the transport failed to get them (a RES_ of ABORTED COMMAND).
 */
void target_data_arrived(struct scsi_cmd *cmd, enum scsi_result result);

/* The transport is done with a command that was responded or aborted: frees its buffers. */
void scsi_cmd_release(struct scsi_cmd *cmd);

/* For device types: the end of a command whose run() returned RES_PENDING, aborted or not. */
void scsi_cmd_complete(struct scsi_cmd *cmd, enum scsi_result result);

/*
 * Data-in buffer of at least @len bytes, not zeroed. RES_GOOD, or RES_BUSY when
 * memory is short. The handler then sets cmd->in_len.
 */
enum scsi_result scsi_cmd_alloc_in(struct scsi_cmd *cmd, uint32_t len);
/*
 * The usual end of a command that answers with parameter data: allocates, copies
 * min(@len, what the CDB asks for) bytes, sets in_len. Rows without a length field get
 * all of @len. Returns RES_GOOD or RES_BUSY.
 */
enum scsi_result scsi_cmd_reply(struct scsi_cmd *cmd, const void *data, uint32_t len);
/* A flat copy of data-out that arrived: bytes copied (less than @len when there are fewer). */
uint32_t scsi_cmd_param(const struct scsi_cmd *cmd, uint32_t off, void *buf, uint32_t len);
/* The whole data-out as one piece of memory when it is contiguous, else NULL. */
const uint8_t *scsi_cmd_out_flat(const struct scsi_cmd *cmd);

/* ILLEGAL REQUEST with a field pointer; @bit -1: none. Returns RES_INVALID_FIELD_CDB / _PARAM. */
enum scsi_result scsi_bad_cdb(struct scsi_cmd *cmd, uint16_t byte, int bit);
enum scsi_result scsi_bad_param(struct scsi_cmd *cmd, uint16_t byte, int bit);
/* @result with the INFORMATION field set. */
enum scsi_result scsi_fail_at(struct scsi_cmd *cmd, enum scsi_result result, uint64_t info);

#endif
