/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3), or nothing.
 */
#include "base/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef WITH_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

static void tell(const char *state)
{
#ifdef WITH_SYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

void notify_ready(void)
{
	tell("READY=1");
}

/* Type=notify-reload matches the time against that of its own request. */
void notify_reloading(void)
{
	struct timespec ts;
	char state[80];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000);
	tell(state);
}

void notify_stopping(void)
{
	tell("STOPPING=1");
}

void notify_status(const char *fmt, ...)
{
	char state[512] = "STATUS=";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(state + 7, sizeof(state) - 7, fmt, ap);
	va_end(ap);
	for (char *p = state; *p; p++)
		if (*p == '\n')
			*p = ' ';
	tell(state);
}

uint64_t notify_watchdog_ns(void)
{
	uint64_t us = 0;

#ifdef WITH_SYSTEMD
	if (sd_watchdog_enabled(0, &us) <= 0)
		us = 0;
#endif
	return us * 1000;
}

void notify_watchdog(void)
{
	tell("WATCHDOG=1");
}

int notify_listen_fds(int *first_fd, char ***names)
{
	*names = NULL;
#ifdef WITH_SYSTEMD
	*first_fd = SD_LISTEN_FDS_START;
	return sd_listen_fds_with_names(0, names);
#else
	*first_fd = 3;
	return 0;
#endif
}

void notify_free_names(char **names)
{
	for (char **p = names; p && *p; p++)
		free(*p);
	free(names);
}
