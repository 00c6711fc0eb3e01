/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the daemon's configuration file (reload.h). The thread touches only its struct load;
 * what it has to say is logged when it is done.
 */
#include "mgmt/reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "base/worker.h"
#include "mgmt/apply_lock.h"
#include "mgmt/apply_plan.h"
#include "mgmt/call.h"
#include "mgmt/conf_model.h"
#include "mgmt/diff_plan.h"
#include "mgmt/diff_state.h"
#include "mgmt/server.h"

/* One load; the thread's from worker_submit() to done(). */
struct load {
	struct job job;
	struct reload *r;
	const char *path;
	unsigned int control_port;
	struct call call;
	struct strbuf said; /* lines, each after the digit of its level */
	pthread_t loop;	    /* the thread that must not wait for itself */
	unsigned int changes;
	bool first; /* none was loaded before */
	bool ok;
};

struct reload {
	struct reload_conf conf;
	struct workers *workers; /* one thread: the stores' may all be busy, waiting for this one */
	struct load load;
	bool running, again, stopped, loaded;
};

/* --- on the thread ---------------------------------------------------------------------------- */

static void say(struct load *l, enum log_level level, const char *text)
{
	strbuf_printf(&l->said, "%u%s\n", (unsigned int)level, text);
}

/* Each note is a line: FILE:LINE: error: ... */
static void say_notes(struct load *l, const struct conf_notes *notes)
{
	const char *p = strbuf_str(&notes->text), *nl;
	struct strbuf line = STRBUF_INIT;

	for (; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		strbuf_reset(&line);
		strbuf_add(&line, p, (size_t)(nl - p));
		strbuf_putc(&line, '\0');
		say(l, strstr(strbuf_str(&line), ": warning: ") ? LOG_LVL_WARN : LOG_LVL_ERROR,
		    strbuf_str(&line));
	}
	strbuf_free(&line);
}

static void on_step(void *arg, enum apply_event event, const char *text)
{
	/* At start all there is is new. */
	const enum log_level levels[] = {
		[APPLY_DONE] = ((struct load *)arg)->first ? LOG_LVL_DEBUG : LOG_LVL_INFO,
		[APPLY_LEFT] = LOG_LVL_WARN,
		[APPLY_ERROR] = LOG_LVL_ERROR, [APPLY_UNDONE] = LOG_LVL_ERROR,
		[APPLY_COMMAND] = LOG_LVL_DEBUG,
	};
	struct load *l = arg;

	if (event == APPLY_DONE)
		l->changes++;
	say(l, levels[event], text);
}

static void failed(struct load *l, const struct adm_fail *fail)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_printf(&text, "%s: %s%s%s", l->path, fail->message, *fail->detail ? ": " : "",
		      fail->detail);
	say(l, LOG_LVL_ERROR, strbuf_str(&text));
	strbuf_free(&text);
}

static bool apply(struct load *l, const json_t *wanted)
{
	static const struct diff_opts all = { .force = false };
	struct apply_opts opts = { .event = on_step, .arg = l };
	struct adm_fail fail = { .exit_code = 0 };
	json_t *running = apply_running(&l->call, &fail);
	json_t *steps = running ? diff_plan(running, wanted, &all) : NULL;
	bool ok;

	opts.ignore_errors = conf_is_yes(diff_str(wanted, "ignore-errors"));
	if (!running)
		failed(l, &fail);
	ok = steps && !apply_plan(&l->call, steps, running, &opts);
	json_decref(steps);
	json_decref(running);
	return ok;
}

static void load_run(struct job *job)
{
	struct load *l = container_of(job, struct load, job);
	struct conf_notes notes = { .text = STRBUF_INIT };
	json_t *wanted;
	int lock;

	if (pthread_equal(pthread_self(), l->loop)) {
		say(l, LOG_LVL_ERROR, "no thread could be started for it");
		return;
	}
	lock = apply_lock(l->control_port, NULL);
	wanted = conf_load(l->path, &notes);
	say_notes(l, &notes);
	strbuf_free(&notes.text);
	l->ok = wanted && apply(l, wanted);
	json_decref(wanted);
	if (lock >= 0)
		close(lock);
}

/* --- on the loop ------------------------------------------------------------------------------ */

static void log_said(const struct load *l)
{
	const char *p = strbuf_str(&l->said), *nl;

	for (; (nl = strchr(p, '\n')) != NULL; p = nl + 1)
		log_at((enum log_level)(*p - '0'), "%.*s", (int)(nl - p - 1), p + 1);
}

static void load_begin(struct reload *r);

static void load_done(struct job *job)
{
	struct load *l = container_of(job, struct load, job);
	struct reload *r = l->r;

	call_close(&l->call);
	log_said(l);
	strbuf_free(&l->said);
	r->running = false;
	r->loaded |= l->ok;
	if (l->ok)
		log_notice("%s is loaded: %u changes", l->path, l->changes);
	else
		log_err("%s is not loaded", l->path);
	if (r->again && !r->stopped)
		load_begin(r);
	else
		r->conf.done(r->conf.arg, l->ok);
}

static void load_begin(struct reload *r)
{
	struct load *l = &r->load;

	r->again = false;
	r->running = true;
	*l = (struct load){
		.job = { .run = load_run, .done = load_done },
		.r = r,
		.path = r->conf.path,
		.control_port = r->conf.control_port,
		.first = !r->loaded,
		.loop = pthread_self(),
	};
	list_init(&l->job.link);
	l->call.fd = mgmt_server_connect(r->conf.server);
	worker_submit(r->workers, &l->job);
}

struct reload *reload_new(const struct reload_conf *conf)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (r) {
		r->conf = *conf;
		r->workers = workers_new(conf->loop, 1);
	}
	if (r && r->workers)
		return r;
	free(r);
	return NULL;
}

void reload_run(struct reload *r)
{
	if (r->running)
		r->again = true;
	else if (!r->stopped)
		load_begin(r);
}

bool reload_stop(struct reload *r)
{
	r->stopped = true;
	if (r->running && r->load.call.fd >= 0)
		shutdown(r->load.call.fd, SHUT_RDWR);
	return r->running;
}

bool reload_busy(const struct reload *r)
{
	return r->running;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	workers_free(r->workers);
	free(r);
}
