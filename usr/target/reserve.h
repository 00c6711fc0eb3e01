/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reservations of a logical unit: SPC-2 RESERVE/RELEASE, persistent ones (pr.h), and
 * the gate that every command passes.
 */
#ifndef TARGET_RESERVE_H
#define TARGET_RESERVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "scsi/opcode.h"
#include "scsi/result.h"

struct itl;
struct lu;
struct nexus;
struct pr_state;
struct scsi_cmd;

/* Embedded in the LU. */
struct reserve {
	struct nexus *holder;	/* SPC-2; NULL: none */
	uint8_t type;		/* enum pr_type: state->type, where the gate finds it; 0: none */
	uint32_t generation;	/* PRGENERATION; 0 at power on, whatever persists (SPC-4 6.15.2) */
	struct pr_state *state;	/* NULL: nothing is registered */
	struct list ops;	/* pr.c: PERSISTENT RESERVE OUTs; the first is under way */
	struct loop_call next_op; /* pr.c: starts the first of those that wait */
};

void reserve_init(struct lu *lu);
void reserve_done(struct lu *lu);

/* Whether reserve_check() has anything to say. */
static inline bool reserve_any(const struct reserve *r)
{
	return r->holder || r->type;
}
/* RES_GOOD or RES_RESERVATION_CONFLICT, by the row's class. */
enum scsi_result reserve_check(const struct scsi_cmd *cmd);
/* The same for handlers of RESV_SPECIAL rows, which are of one class or another by their fields. */
enum scsi_result reserve_check_as(const struct scsi_cmd *cmd, enum resv_class as);
/* For those who use the LU without a command to it. */
enum scsi_result reserve_check_itl(const struct itl *itl, enum resv_class as);
/* RESERVE: RES_GOOD or RES_RESERVATION_CONFLICT. */
enum scsi_result reserve_take(struct lu *lu, struct nexus *n);
/*
 * RELEASE: no error when it is not the holder's (SPC-2 7.17), but a conflict when anybody is
 * registered.
 */
enum scsi_result reserve_release(struct lu *lu, struct nexus *n);
/* Reset of the LU (@n NULL), or loss of nexus @n. Persistent ones stay (SPC-4 5.9.1). */
void reserve_reset(struct lu *lu, const struct nexus *n);
/* For show; NULL: no memory. Null in JSON when there is no reservation and nobody registered. */
json_t *reserve_to_json(const struct lu *lu);

#endif
