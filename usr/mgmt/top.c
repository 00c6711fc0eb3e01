/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tgtadm top (top.h): asks tgtd for its counters once an interval and shows what changed, on a
 * terminal in place, else one table after the other. Plain ANSI sequences, which every
 * terminal of today understands; the screen is as it was when it ends.
 */
#include "mgmt/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "mgmt/call.h"

#define ENTER_SCREEN "\033[?1049h\033[?25l\033[2J"
#define LEAVE_SCREEN "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"
#define REVERSE "\033[7m"
#define NORMAL "\033[0m"
#define BATCH_WIDTH 80
#define HEAD_LINES 4 /* summary, a blank line, the columns' names */
#define INTERVAL_MAX 3600

static const struct verb_arg args[] = {
	{ "interval", VERB_UINT, false, "seconds between two looks, default 1" },
	{ "count", VERB_UINT, false, "tables to show before it ends" },
	{ "once", VERB_BOOL, false, "one table, without a terminal" },
	{ "batch", VERB_BOOL, false, "one table after the other, without a terminal" },
	{ "view", VERB_STRING, false, "luns, targets or sessions; default luns" },
	{ "sort", VERB_STRING, false,
	  "name, reads, writes, read-bytes, write-bytes, mean, read-p99, write-p99, depth, errors" },
	{ .name = NULL },
};

const struct verb top_verb = {
	.object = "top", .verb = "", .args = args, .read_only = true,
	.help = "Shows what runs now, LUN by LUN, until q is pressed.",
};

struct screen {
	struct call call;
	struct top_opts opts;
	struct adm_fail *fail;
	json_t *before, *after; /* results of "system stat" */
	bool help, ended;
	size_t first;		/* row at the top */
	unsigned int columns, lines;
};

static volatile sig_atomic_t asked_stop, resized;
static struct termios saved; /* the terminal as it was */
static volatile sig_atomic_t raw;
static sigset_t waiting;     /* the signal mask while top waits */

/* At once, whatever tgtd does: but the terminal must be as it was. */
static void end_now(int signo)
{
	(void)signo;
	if (raw && write(STDOUT_FILENO, LEAVE_SCREEN, sizeof(LEAVE_SCREEN) - 1) > 0)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	_exit(0);
}

static void note(int signo)
{
	if (signo == SIGTSTP)
		asked_stop = 1;
	else
		resized = 1;
}

/* What is noted comes only while top waits, so that none is overlooked before it does. */
static void catch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP }, notes[] = { SIGTSTP, SIGCONT, SIGWINCH };
	sigset_t mask;
	size_t i;

	sigemptyset(&mask);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		sigaction(ends[i], &(struct sigaction){ .sa_handler = end_now }, NULL);
	for (i = 0; i < ARRAY_SIZE(notes); i++) {
		sigaction(notes[i], &(struct sigaction){ .sa_handler = note }, NULL);
		sigaddset(&mask, notes[i]);
	}
	sigprocmask(SIG_BLOCK, &mask, &waiting);
}

/* --- the terminal ------------------------------------------------------------------------------ */

static void put(const char *s)
{
	fputs(s, stdout);
}

static void measure(struct screen *s)
{
	struct winsize w = { .ws_col = 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || !w.ws_col || !w.ws_row)
		w = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	s->columns = w.ws_col;
	s->lines = w.ws_row;
}

static void enter(struct screen *s)
{
	struct termios t;

	if (!raw && !tcgetattr(STDIN_FILENO, &saved)) {
		t = saved;
		t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		t.c_cc[VMIN] = 0;
		t.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &t);
		raw = true;
	}
	put(ENTER_SCREEN);
	measure(s);
}

static void leave(void)
{
	put(LEAVE_SCREEN);
	fflush(stdout);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	raw = false;
}

/* Ctrl-Z: the shell gets its screen back until fg. */
static void stop_here(struct screen *s)
{
	asked_stop = 0;
	leave();
	raise(SIGSTOP);
	enter(s);
}

/* --- what is shown ----------------------------------------------------------------------------- */

static void put_help(struct strbuf *out)
{
	strbuf_puts(out, "\n"
		"  l t s     LUNs, targets, sessions\n"
		"  r w       sort by reads, by writes a second\n"
		"  R W       sort by bytes read, written a second\n"
		"  m p P     sort by mean latency, 99th percentile of reads, of writes\n"
		"  d e n     sort by depth of the queue, errors, name\n"
		"  j k       down, up; space and b: a page; g: to the top; or the arrows\n"
		"  + -       look less often, more often\n"
		"  h q       this help, end\n");
}

static void put_rows(const struct screen *s, const struct top_table *t, struct strbuf *out)
{
	size_t i, room = s->lines > HEAD_LINES ? s->lines - HEAD_LINES : 1;

	for (i = s->first; i < t->n && i < s->first + room; i++)
		top_line(&t->rows[i], s->opts.view, s->columns, out);
}

/* Line by line, so that what a longer frame left behind goes. */
static void paint(const struct screen *s, const char *text)
{
	unsigned int line = 0;
	const char *end;

	put(HOME);
	for (; *text && line < s->lines; text = end + 1, line++) {
		end = strchrnul(text, '\n');
		put(line == HEAD_LINES - 1 ? REVERSE : "");
		fwrite(text, 1, min_u64((uint64_t)(end - text), s->columns), stdout);
		put(NORMAL CLEAR_LINE);
		put(line + 1 < s->lines && end[0] && end[1] ? "\n" : "");
		if (!*end)
			break;
	}
	put(CLEAR_REST);
	fflush(stdout);
}

static int draw(struct screen *s)
{
	struct strbuf out = STRBUF_INIT;
	struct top_table t;

	if (top_rates(s->before, s->after, s->opts.view, s->opts.sort, &t))
		return adm_fail_err(s->fail, &(struct err){ .code = ERR_NOMEM });
	if (s->first >= t.n)
		s->first = t.n ? t.n - 1 : 0;
	top_summary(&t, &s->opts, s->columns, &out);
	strbuf_putc(&out, '\n');
	top_head(&s->opts, s->columns, &out);
	if (s->help)
		put_help(&out);
	else
		put_rows(s, &t, &out);
	if (out.len)
		out.s[--out.len] = '\0';
	paint(s, strbuf_str(&out));
	strbuf_free(&out);
	top_free(&t);
	return 0;
}

static int print_table(struct screen *s)
{
	struct strbuf out = STRBUF_INIT;
	struct top_table t;
	json_t *rows;
	size_t i;

	if (top_rates(s->before, s->after, s->opts.view, s->opts.sort, &t))
		return adm_fail_err(s->fail, &(struct err){ .code = ERR_NOMEM });
	if (s->opts.json) {
		rows = top_json(&t, s->opts.view);
		json_dumpf(rows, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
		json_decref(rows);
		putchar('\n');
	} else {
		top_summary(&t, &s->opts, s->columns, &out);
		top_head(&s->opts, s->columns, &out);
		for (i = 0; i < t.n; i++)
			top_line(&t.rows[i], s->opts.view, s->columns, &out);
		if (s->opts.count != 1)
			strbuf_putc(&out, '\n');
		put(strbuf_str(&out));
		strbuf_free(&out);
	}
	top_free(&t);
	s->ended = fflush(stdout) || ferror(stdout);
	return 0;
}

/* --- keys -------------------------------------------------------------------------------------- */

static void page(struct screen *s, long rows)
{
	if (rows < 0 && s->first < (size_t)-rows)
		s->first = 0;
	else
		s->first += (size_t)rows;
}

/* Arrows and their like: ESC [ A ... */
static void escape(struct screen *s, const char *seq)
{
	long whole = s->lines > HEAD_LINES ? (long)(s->lines - HEAD_LINES) : 1;

	if (!strncmp(seq, "[A", 2))
		page(s, -1);
	else if (!strncmp(seq, "[B", 2))
		page(s, 1);
	else if (!strncmp(seq, "[5~", 3))
		page(s, -whole);
	else if (!strncmp(seq, "[6~", 3))
		page(s, whole);
}

static void key(struct screen *s, char c)
{
	static const char views[] = "lts", sorts[] = "nrwRWmpPde";
	long whole = s->lines > HEAD_LINES ? (long)(s->lines - HEAD_LINES) : 1;
	const char *at;

	s->help = c == 'h' || c == '?' ? !s->help : false;
	if (c && (at = strchr(views, c)))
		s->opts.view = (enum top_view)(at - views);
	else if (c && (at = strchr(sorts, c)))
		s->opts.sort = (enum top_column)(at - sorts);
	switch (c) {
	case 'q': s->ended = true; break;
	case 'j': page(s, 1); break;
	case 'k': page(s, -1); break;
	case ' ': page(s, whole); break;
	case 'b': page(s, -whole); break;
	case 'g': s->first = 0; break;
	case '+': s->opts.interval += s->opts.interval < INTERVAL_MAX; break;
	case '-': s->opts.interval -= s->opts.interval > 1; break;
	default: break;
	}
}

static void read_keys(struct screen *s)
{
	char buf[64];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf) - 1), i;

	/* The terminal has gone. */
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		s->ended = true;
	if (n <= 0)
		return;
	buf[n] = '\0';
	for (i = 0; i < n && buf[i] != '\033'; i++)
		key(s, buf[i]);
	if (i < n)
		escape(s, buf + i + 1);
}

/* --- the turn ---------------------------------------------------------------------------------- */

static int look(struct screen *s)
{
	json_t *now;

	if (call_verb(&s->call, "system", "stat", NULL, &now, s->fail))
		return -1;
	json_decref(s->before);
	s->before = s->after;
	s->after = now;
	return 0;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Until @due; draws again whenever a key or the terminal asks for it. */
static int wait_until(struct screen *s, long long due)
{
	struct pollfd p = { .fd = s->opts.batch ? -1 : STDIN_FILENO, .events = POLLIN };
	int r = 0;

	while (!r && !s->ended) {
		long long left = due - now_ms();
		struct timespec ts = { left / 1000, left % 1000 * 1000000 };
		int n;

		if (left <= 0)
			return 0;
		n = ppoll(&p, 1, &ts, &waiting);
		if (n > 0)
			read_keys(s);
		if (s->opts.batch)
			continue;
		if (asked_stop)
			stop_here(s);
		if (resized)
			measure(s);
		if ((n > 0 || resized) && s->before && !s->ended)
			r = draw(s);
		resized = 0;
	}
	return r;
}

static int turns(struct screen *s)
{
	unsigned int shown = 0;
	int r = look(s);

	while (!r && !s->ended) {
		r = wait_until(s, now_ms() + s->opts.interval * 1000LL);
		if (r || s->ended)
			break;
		r = look(s);
		if (!r)
			r = s->opts.batch ? print_table(s) : draw(s);
		if (s->opts.count && ++shown == s->opts.count)
			break;
	}
	return r;
}

/* --- the command line -------------------------------------------------------------------------- */

static json_int_t uint_arg(const json_t *given, const char *name, json_int_t dflt)
{
	json_t *v = json_object_get(given, name);

	return v ? json_integer_value(v) : dflt;
}

static int word_arg(const json_t *given, const char *name, const char *const *words, int n, int dflt,
		    struct adm_fail *fail)
{
	const char *text = json_string_value(json_object_get(given, name));
	int i = text ? top_find(words, n, text) : dflt;

	if (i < 0)
		adm_fail(fail, ADM_EXIT_INVALID, "top: there is no --%s '%s': see `tgtadm top --help'",
			 name, text);
	return i;
}

static int read_args(const json_t *given, struct top_opts *o, struct adm_fail *fail)
{
	json_int_t interval = uint_arg(given, "interval", 1), count = uint_arg(given, "count", 0);
	bool once = json_is_true(json_object_get(given, "once"));
	int view = word_arg(given, "view", top_view_names, TOP_VIEWS, TOP_LUNS, fail);
	int sort = view < 0 ? -1 : word_arg(given, "sort", top_column_names, TOP_COLUMNS, TOP_READS,
					    fail);

	if (view < 0 || sort < 0)
		return -1;
	if (interval < 1 || interval > INTERVAL_MAX || count > INT32_MAX)
		return adm_fail(fail, ADM_EXIT_INVALID, "top: --interval is a number from 1 to %d",
				INTERVAL_MAX);
	o->view = (enum top_view)view;
	o->sort = (enum top_column)sort;
	o->interval = (unsigned int)interval;
	o->count = once ? 1 : (unsigned int)count;
	o->batch = once || json_is_true(json_object_get(given, "batch")) || o->json ||
		   !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO);
	return 0;
}

int top_run(const json_t *given, const struct adm_request *req, struct adm_fail *fail)
{
	struct screen s = {
		.opts = { .control_port = req->control_port, .json = req->json },
		.call = { .debug = req->debug },
		.fail = fail,
		.columns = BATCH_WIDTH,
	};
	int r = read_args(given, &s.opts, fail);

	if (r || call_open(&s.call, s.opts.control_port, fail))
		return fail->exit_code;
	catch_signals();
	if (!s.opts.batch)
		enter(&s);
	r = turns(&s);
	if (!s.opts.batch)
		leave();
	call_close(&s.call);
	json_decref(s.before);
	json_decref(s.after);
	return r ? fail->exit_code : 0;
}
