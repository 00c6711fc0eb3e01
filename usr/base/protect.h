/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lets the process go on when memory is short: others may be waiting for it to
 * free theirs. For main(), before any thread is started.
 */
#ifndef BASE_PROTECT_H
#define BASE_PROTECT_H

/*
 * Each as far as the process has the right to: spared by the OOM killer, memory locked as it is
 * touched, allocations of the kernel on its behalf never wait for write-back, as many descriptors as
 * there may be. Logs at level debug what was not granted. Never fails.
 */
void protect_process(void);

#endif
