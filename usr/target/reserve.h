/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reservations of a logical unit: SPC-2 RESERVE/RELEASE, and the place where
 * persistent reservations join; the gate that every command passes.
 */
#ifndef TARGET_RESERVE_H
#define TARGET_RESERVE_H

#include <stdbool.h>

#include "scsi/result.h"

struct lu;
struct nexus;
struct scsi_cmd;

/* Embedded in the LU. */
struct reserve {
	struct nexus *holder; /* SPC-2; NULL: none */
};

/* RES_GOOD or RES_RESERVATION_CONFLICT, by the row's class. */
enum scsi_result reserve_check(const struct scsi_cmd *cmd);
/* RESERVE: RES_GOOD or RES_RESERVATION_CONFLICT. */
enum scsi_result reserve_take(struct lu *lu, struct nexus *n);
/* RELEASE: always RES_GOOD (SPC-2 7.17: not the holder's is no error). */
enum scsi_result reserve_release(struct lu *lu, struct nexus *n);
/* Reset of the LU (@n NULL), or loss of nexus @n. */
void reserve_reset(struct lu *lu, const struct nexus *n);

#endif
