/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon tells the service manager, and the sockets it is given by it.
 * Without systemd, in the build or at run time, all of it does nothing.
 */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdint.h>

#include "base/util.h"

/* Start-up, or a reload, is complete. */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* One line for "systemctl status". */
void notify_status(const char *fmt, ...) printf_like(1, 2);
/* How often the manager wants to hear notify_watchdog(), at the latest; 0: never. */
uint64_t notify_watchdog_ns(void);
void notify_watchdog(void);
/*
 * Sockets that the manager opened: their number, from descriptor @first_fd on, close-on-exec set.
 * @names: one a socket (FileDescriptorName=) and a NULL; the caller's, for notify_free_names().
 * Either pointer is set even when there are none. -errno on failure.
 */
int notify_listen_fds(int *first_fd, char ***names);
void notify_free_names(char **names);

#endif
