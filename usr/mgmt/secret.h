/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets that come from files and from standard input, so that they need not stand on
 * command lines and in configurations.
 */
#ifndef MGMT_SECRET_H
#define MGMT_SECRET_H

#include <stdbool.h>

#include "base/err.h"

#define SECRET_MAX 255 /* bytes */

/*
 * The one line of @path, without its end; "-" is standard input. @plain: it must be a file, as
 * anything else could make who asks wait. 0, or -EINVAL with @err, which does not show what it read.
 */
int secret_read(const char *path, bool plain, char out[SECRET_MAX + 1], struct err *err);
/* Overwrites an argument of the command line, which others see in the list of processes. */
void secret_hide(char *argument);
/* Whether somebody besides the owner and the group may read this file. */
bool secret_is_public(const char *path);

#endif
