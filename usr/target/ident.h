/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identity of logical units that the administrator gave none.
 */
#ifndef TARGET_IDENT_H
#define TARGET_IDENT_H

struct lu;

/* All of lu->id; lu->target, ->lun and ->dev are set. */
void ident_init(struct lu *lu);
/* scsi_id or scsi_sn was set: makes the designators follow them. */
void ident_derive(struct lu *lu);

#endif
