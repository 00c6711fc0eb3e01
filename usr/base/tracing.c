/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace points by name, and their lines.
 */
#include "base/tracing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define LINES_A_SECOND 2000

unsigned int trace_points_on;

static const char *const names[TRACE_POINTS] = {
	[TRACE_COMMANDS] = "commands",
	[TRACE_ERRORS] = "errors",
	[TRACE_TASK_MGMT] = "task-management",
	[TRACE_LOGIN] = "login",
};

/* False: this second has had its lines. */
static bool room(void)
{
	static time_t second;
	static unsigned int lines, dropped;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_sec != second) {
		if (dropped)
			log_notice("trace: %u lines left out", dropped);
		second = now.tv_sec;
		lines = dropped = 0;
	}
	if (lines < LINES_A_SECOND) {
		lines++;
		return true;
	}
	dropped++;
	return false;
}

void trace_write(enum trace_point p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!room())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_notice("trace %s: %s", names[p], text);
}

static int find(const char *name, size_t len, unsigned int *bits)
{
	if (len == 3 && !memcmp(name, "all", 3)) {
		*bits = (1u << TRACE_POINTS) - 1;
		return 0;
	}
	if (!len || (len == 3 && !memcmp(name, "off", 3)))
		return 0;
	for (unsigned int i = 0; i < TRACE_POINTS; i++) {
		if (strlen(names[i]) == len && !memcmp(names[i], name, len)) {
			*bits |= 1u << i;
			return 0;
		}
	}
	return -EINVAL;
}

int trace_parse(const char *list, unsigned int *bits, struct err *err)
{
	*bits = 0;
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");

		if (find(p, len, bits))
			return err_set(err, ERR_INVALID_REQUEST,
				       "there is no trace point '%.*s': commands, errors, "
				       "task-management and login are, all and off",
				       (int)len, p);
		p += len;
		if (!*p)
			return 0;
	}
}

int trace_set(const char *list, struct err *err)
{
	unsigned int bits;

	if (trace_parse(list, &bits, err))
		return -EINVAL;
	trace_points_on = bits;
	return 0;
}

void trace_format(unsigned int bits, struct strbuf *out)
{
	const char *comma = "";

	for (unsigned int i = 0; i < TRACE_POINTS; i++) {
		if (!(bits & 1u << i))
			continue;
		strbuf_printf(out, "%s%s", comma, names[i]);
		comma = ",";
	}
	if (!*comma)
		strbuf_puts(out, "off");
}

void trace_show(struct strbuf *out)
{
	trace_format(trace_points_on, out);
}
