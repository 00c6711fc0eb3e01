/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages, one write(2) each. A reader that stands still costs a message, not
 * the daemon: what can't be written soon is dropped and counted. What is no
 * printable ASCII is escaped, as texts may hold what peers sent.
 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/strbuf.h"

#define LINE_MAX_LEN 2048 /* below PIPE_BUF, so a writable pipe takes it at once */
#define PATIENCE_MS 100	  /* for a reader that has not failed before */
#define LIMIT_BURST 10
#define LIMIT_WINDOW_NS (10 * NSEC_PER_SEC)

enum style { STYLE_TERMINAL, STYLE_JOURNAL, STYLE_SYSLOG };

/* RFC 5424 section 6.2.1; facility 3 is "system daemons". */
static const struct {
	int severity;
	const char *name;
} levels[] = {
	[LOG_LVL_ERROR] = { 3, "error" },   [LOG_LVL_WARN] = { 4, "warning" },
	[LOG_LVL_NOTICE] = { 5, "notice" }, [LOG_LVL_INFO] = { 6, "info" },
	[LOG_LVL_DEBUG] = { 7, "debug" },
};

enum log_level log_level_now = LOG_LVL_NOTICE;

static enum style style;
static int out_fd = STDERR_FILENO;
static char out_ident[32] = "tgt";
static unsigned int lost; /* atomic: messages dropped since the last that went out */

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream that goes to the journal. */
static bool stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return env && sscanf(env, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
}

static int syslog_connect(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void log_open(enum log_sink sink, const char *ident)
{
	snprintf(out_ident, sizeof(out_ident), "%s", ident);
	if (style == STYLE_SYSLOG && out_fd >= 0)
		close(out_fd);
	out_fd = STDERR_FILENO;
	style = stderr_is_journal() ? STYLE_JOURNAL : STYLE_TERMINAL;
	if (sink == LOG_TO_SYSLOG) {
		style = STYLE_SYSLOG;
		out_fd = syslog_connect();
	}
}

void log_set_level(enum log_level level)
{
	log_level_now = level;
}

enum log_level log_get_level(void)
{
	return log_level_now;
}

static void put_prefix(struct strbuf *sb, enum log_level level)
{
	struct timespec ts;
	struct tm tm;
	char when[32];

	if (style == STYLE_JOURNAL) {
		strbuf_printf(sb, "<%d>", levels[level].severity);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	if (style == STYLE_SYSLOG) {
		/* RFC 3164 section 4.1, which every /dev/log understands. */
		strftime(when, sizeof(when), "%b %e %T", &tm);
		strbuf_printf(sb, "<%d>%s %s[%d]: ", 3 << 3 | levels[level].severity, when,
			      out_ident, (int)getpid());
		return;
	}
	strftime(when, sizeof(when), "%F %T", &tm);
	strbuf_printf(sb, "%s.%03d %s: %s: ", when, (int)(ts.tv_nsec / 1000000), out_ident,
		      levels[level].name);
}

static void put_escaped(struct strbuf *sb, const char *s)
{
	size_t room = sb->cap - sizeof("...\n");
	size_t len = strlen(s);

	while (len && s[len - 1] == '\n')
		len--;
	for (; len; s++, len--) {
		unsigned char c = (unsigned char)*s;

		if (sb->len + sizeof("\\xff") > room) {
			strbuf_puts(sb, "...");
			return;
		}
		if (c >= ' ' && c < 0x7f)
			strbuf_putc(sb, (char)c);
		else
			strbuf_printf(sb, "\\x%02x", c);
	}
}

/* False when the line did not go out. */
static bool emit(const char *line, size_t len, int patience_ms)
{
	struct pollfd pfd = { .fd = out_fd, .events = POLLOUT };

	/* Without a reader (POLLERR), write() would raise SIGPIPE. */
	if (style != STYLE_SYSLOG)
		return poll(&pfd, 1, patience_ms) == 1 && pfd.revents == POLLOUT &&
		       write(out_fd, line, len) >= 0;
	if (out_fd >= 0 && write(out_fd, line, len) >= 0)
		return true;
	if (out_fd >= 0 && errno == EAGAIN)
		return false;
	/* The syslog daemon came, or came again. */
	if (out_fd >= 0)
		close(out_fd);
	out_fd = syslog_connect();
	return out_fd >= 0 && write(out_fd, line, len) >= 0;
}

static bool write_line(enum log_level level, const char *text, int patience_ms)
{
	char line[LINE_MAX_LEN];
	struct strbuf sb = strbuf_fixed(line, sizeof(line));

	put_prefix(&sb, level);
	put_escaped(&sb, text);
	if (style != STYLE_SYSLOG)
		strbuf_putc(&sb, '\n');
	return emit(sb.s, sb.len, patience_ms);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	unsigned int before = __atomic_load_n(&lost, __ATOMIC_RELAXED);
	int saved_errno = errno;
	char text[LINE_MAX_LEN], note[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!write_line(level, text, before ? 0 : PATIENCE_MS)) {
		__atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
	} else if (before) {
		snprintf(note, sizeof(note), "%u messages could not be written", before);
		if (write_line(LOG_LVL_WARN, note, 0))
			__atomic_fetch_sub(&lost, before, __ATOMIC_RELAXED);
	}
	errno = saved_errno;
}

bool log_limit_ok(struct log_limit *limit)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	now = (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	if (!limit->window_start_ns || now - limit->window_start_ns >= LIMIT_WINDOW_NS) {
		if (limit->dropped)
			log_write(LOG_LVL_WARN, "%u messages like the next one were left out",
				  limit->dropped);
		*limit = (struct log_limit){ .window_start_ns = now };
	}
	if (limit->count < LIMIT_BURST) {
		limit->count++;
		return true;
	}
	limit->dropped++;
	return false;
}
