/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One at a time: whoever makes a daemon's state what a file says, tgt-admin or the daemon itself,
 * must not find it changed by another meanwhile.
 */
#ifndef MGMT_APPLY_LOCK_H
#define MGMT_APPLY_LOCK_H

#include <stdbool.h>

/*
 * Waits for it; @waiting, which may be NULL, is called once before. A descriptor to close, or -1
 * where no lock file can be had: then there is none.
 */
int apply_lock(unsigned int control_port, void (*waiting)(void));

#endif
