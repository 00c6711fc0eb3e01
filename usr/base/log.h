/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging to stderr, the journal (stderr with <N> prefixes) or syslog. Never a
 * secret. A message that a peer can provoke at will goes through log_limited().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_NOTICE, LOG_LVL_INFO, LOG_LVL_DEBUG };
enum log_sink { LOG_TO_STDERR, LOG_TO_SYSLOG };

/*
 * At most ten messages in ten seconds; the next one that passes is preceded by a line that says
 * how many were left out. Zeroed; loop thread only.
 */
struct log_limit {
	uint64_t window_start_ns;
	unsigned int count, dropped;
};

/* Chooses the sink; on stderr, priority prefixes are written when JOURNAL_STREAM says so. */
void log_open(enum log_sink sink, const char *ident);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
void log_write(enum log_level level, const char *fmt, ...) printf_like(2, 3);
bool log_limit_ok(struct log_limit *limit);

extern enum log_level log_level_now; /* read by the macros only */

#define log_at(level, ...)                                                                         \
	do {                                                                                       \
		if (unlikely((level) <= log_level_now))                                            \
			log_write(level, __VA_ARGS__);                                             \
	} while (0)
#define log_err(...) log_at(LOG_LVL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LVL_WARN, __VA_ARGS__)
#define log_notice(...) log_at(LOG_LVL_NOTICE, __VA_ARGS__)
#define log_info(...) log_at(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LVL_DEBUG, __VA_ARGS__)

/* One place in the code, at most ten messages in ten seconds. */
#define log_limited(level, ...)                                                                    \
	do {                                                                                       \
		static struct log_limit limit_;                                                    \
		if (unlikely((level) <= log_level_now) && log_limit_ok(&limit_))                   \
			log_write(level, __VA_ARGS__);                                             \
	} while (0)

#endif
