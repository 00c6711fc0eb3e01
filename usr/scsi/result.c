/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table behind enum scsi_result. target/cmd reads it to end a command,
 * REQUEST SENSE and the logs to name one.
 */
#include "scsi/result.h"

static const struct scsi_result_info infos[RES_COUNT] = {
#define X(name, st, sk, asc, ascq, text) [RES_##name] = { #name, st, sk, asc, ascq, text },
	SCSI_RESULTS(X)
#undef X
};

const struct scsi_result_info *scsi_result_info(enum scsi_result r)
{
	return &infos[r];
}
