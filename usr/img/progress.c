/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line on the terminal (progress.h).
 */
#include "img/progress.h"

#include <time.h>
#include <unistd.h>

#include "base/size.h"
#include "base/util.h"

#define FIRST_NS (500 * NSEC_PER_MSEC) /* what is done sooner needs no line */
#define REDRAW_NS (100 * NSEC_PER_MSEC)
#define BAR 16
#define LONGEST_S (1000.0 * 3600)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

void progress_start(struct progress *p, FILE *out)
{
	p->out = isatty(fileno(out)) ? out : NULL;
	p->start_ns = p->out ? now_ns() : 0;
	p->drawn_ns = 0;
}

void progress_line(char line[PROGRESS_COLUMNS], uint64_t done, uint64_t total, uint64_t ns)
{
	double part = total ? (double)done / (double)total : 1;
	double seconds = (double)ns / NSEC_PER_SEC;
	double speed = seconds > 0 ? (double)done / seconds : 0;
	double wait = speed > 0 ? (double)(total - done) / speed + 0.5 : LONGEST_S;
	uint64_t left = wait < LONGEST_S ? (uint64_t)wait : 0;
	char have[SIZE_STRLEN], of[SIZE_STRLEN], each[SIZE_STRLEN], bar[BAR + 1];

	for (int i = 0; i < BAR; i++)
		bar[i] = i < (int)(part * BAR) ? '#' : '.';
	bar[BAR] = '\0';
	/* Hours have no limit, and the line has: who waits for years sees dashes. */
	if (wait < LONGEST_S)
		snprintf(line, PROGRESS_COLUMNS, "%s %3d %%  %s of %s  %s/s  %u:%02u:%02u left", bar,
			 (int)(part * 100), size_format(done, have), size_format(total, of),
			 size_format((uint64_t)speed, each), (unsigned int)(left / 3600),
			 (unsigned int)(left / 60 % 60), (unsigned int)(left % 60));
	else
		snprintf(line, PROGRESS_COLUMNS, "%s %3d %%  %s of %s  -:--:-- left", bar,
			 (int)(part * 100), size_format(done, have), size_format(total, of));
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
	uint64_t now = p->out ? now_ns() : 0;
	char line[PROGRESS_COLUMNS];

	if (!p->out || now - p->start_ns < FIRST_NS || now - p->drawn_ns < REDRAW_NS)
		return;
	p->drawn_ns = now;
	progress_line(line, done, total, now - p->start_ns);
	/* ECMA-48 EL: what the line before had more is erased. */
	fprintf(p->out, "\r%s\033[K", line);
	fflush(p->out);
}

void progress_end(struct progress *p)
{
	if (!p->out || !p->drawn_ns)
		return;
	fputs("\r\033[K", p->out);
	fflush(p->out);
	p->drawn_ns = 0;
}
