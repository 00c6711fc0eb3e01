/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSCSI names (RFC 7143 4.2.7, RFC 3721, RFC 3722) in the letters that names of
 * this target may have: ASCII letters, digits, '.', '-' and ':'.
 */
#ifndef SCSI_NAMES_H
#define SCSI_NAMES_H

#include <stdbool.h>

#define SCSI_NAME_MAX 223 /* bytes, RFC 7143 4.2.7.1 */

/* Why @name can't be a target's name, as the end of a sentence; NULL: it can. */
const char *name_fault(const char *name);
/* RFC 3722 maps letters to lower case before names are compared. */
bool name_equal(const char *a, const char *b);
/* Lower case into @out, which has room for SCSI_NAME_MAX + 1 bytes; longer names are cut. */
void name_fold(char *out, const char *name);
/* The same comparison, with '*' (any letters) and '?' (any one) in @pattern. */
bool name_match(const char *pattern, const char *name);

#endif
