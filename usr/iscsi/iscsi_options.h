/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of tgtd's option --iscsi.
 */
#ifndef ISCSI_ISCSI_OPTIONS_H
#define ISCSI_ISCSI_OPTIONS_H

#include "base/err.h"

/*
 * name=value,name=value,... : opens the portals that it names, or, when it names none and no sockets
 * were passed in, one at every address. 0, or negative with @err.
 */
int iscsi_options(const char *text, struct err *err);

#endif
