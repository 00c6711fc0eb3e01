/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: options, start, signals, stop. Everything that lives as long as the
 * process is made and ended here, in that order and its reverse.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/notify.h"
#include "base/protect.h"
#include "base/strbuf.h"
#include "base/worker.h"
#include "bs/bs_module.h"
#include "iscsi/iscsi.h"
#include "iscsi/portal.h"
#include "mgmt/metrics_http.h"
#include "mgmt/reload.h"
#include "mgmt/server.h"
#include "modules.h"
#include "target/core.h"
#include "target/openmetrics.h"
#include "target/target.h"
#include "target/transport.h"
#include "tgtd_options.h"

#define STOP_TIMEOUT_NS (10 * NSEC_PER_SEC) /* and what initiators have to leave */

/* The process. Its parts are valid from start_*() to stop_*(). */
static struct {
	struct tgtd_options opt;
	struct core core;
	struct mgmt_server *mgmt;
	struct metrics_http *metrics; /* NULL: not asked for */
	struct reload *reload; /* NULL: without --config */
	struct loop_timer watchdog, stop_timer;
	struct loop_call step;
	unsigned int stopping_parts;
	bool stopping;
	bool serving; /* start-up is complete */
	bool failed;  /* it is not, and will not be */
	int ready_fd; /* daemonized: the parent waits for a byte here; else -1 */
} d = { .ready_fd = -1 };

static void die(const char *fmt, ...) printf_like(1, 2) __attribute__((noreturn));
static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("tgtd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/*
 * The parent returns from here only to exit: with 0 once the child serves, else with its
 * failure. So "tgtd && tgtadm ..." needs no sleep in between.
 */
static void daemonize(void)
{
	int fds[2], null;
	char status = 1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid) {
		close(fds[1]);
		while (read(fds[0], &status, 1) < 0 && errno == EINTR)
			;
		_exit(status);
	}
	close(fds[0]);
	d.ready_fd = fds[1];
	setsid();
	if (chdir("/"))
		die("chdir: %s", strerror(errno));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		/* stderr follows once start-up can no longer fail. */
		close(null);
	}
}

static void tell_parent(void)
{
	int null;

	if (d.ready_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 2);
		close(null);
	}
	if (write(d.ready_fd, "", 1) != 1)
		log_warn("can't tell the parent process: %s", strerror(errno));
	close(d.ready_fd);
	d.ready_fd = -1;
}

static void write_pid_file(void)
{
	FILE *f;

	if (!d.opt.pid_file)
		return;
	f = fopen(d.opt.pid_file, "we");
	if (!f || fprintf(f, "%d\n", (int)getpid()) < 0 || fclose(f))
		die("can't write the pid file %s: %s", d.opt.pid_file, strerror(errno));
}

/* Root keeps state below /var/lib; others where the XDG rules say. */
static const char *state_dir(char *buf, size_t size)
{
	const char *home = getenv("HOME"), *xdg = getenv("XDG_STATE_HOME");

	if (d.opt.state_dir)
		snprintf(buf, size, "%s", d.opt.state_dir);
	else if (!geteuid())
		snprintf(buf, size, "/var/lib/tgt");
	else if (xdg && *xdg)
		snprintf(buf, size, "%s/tgt", xdg);
	else
		snprintf(buf, size, "%s/.local/state/tgt", home && *home ? home : "/tmp");
	return buf;
}

/*
 * Data buffers may take a quarter of the memory, at most 4 GiB; from half of that on, command
 * windows close.
 */
static void init_buffers(struct bufpool *bufs)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	uint64_t hard = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page / 4 : 256 * MiB;

	hard = min_u64(max_u64(hard, 64 * MiB), 4 * GiB);
	bufpool_init(bufs, hard / 2, hard);
}

static void shutdown_asked(struct core *core);

static void start_core(void)
{
	struct core *core = &d.core;
	static char dir[PATH_MAX - 16]; /* core->state_dir */
	char id_file[PATH_MAX];
	unsigned int i;

	core->loop = loop_new();
	if (!core->loop)
		die("can't make an event loop: %s", strerror(errno));
	loop_set_spin(core->loop, d.opt.spin_us * 1000ull);
	core->workers = workers_new(core->loop, d.opt.threads);
	if (!core->workers)
		die("out of memory");
	core->stores = bs_core_new(core->loop, core->workers, modules_stores);
	if (!core->stores)
		die("out of memory");
	bs_modules_load(core->stores, d.opt.module_dir);
	for (i = 0; modules_transports[i]; i++)
		modules_transports[i]->index = i;
	init_buffers(&core->bufs);
	core->transports = modules_transports;
	core->dev_types = modules_dev_types;
	core->shutdown = shutdown_asked;
	core->state_dir = state_dir(dir, sizeof(dir));
	snprintf(id_file, sizeof(id_file), "%s/machine-id", dir);
	if (core_init(core, id_file))
		die("can't read or make a machine id in %s: use --state-dir to name a directory "
		    "that can be written", dir);
}

/* At least one driver must run. */
static void start_transports(void)
{
	bool any = false;
	unsigned int i;

	for (i = 0; modules_transports[i]; i++) {
		struct transport *tr = modules_transports[i];
		struct strbuf *opts = &d.opt.lld_opts[i];
		struct err err = { .code = ERR_OK };

		if (tr->start(&d.core, opts->len ? strbuf_str(opts) : NULL, &err)) {
			tr->state = TRANSPORT_ERROR;
			fprintf(stderr, "tgtd: driver %s: %s\n", tr->name,
				err.text[0] ? err.text : err_sentence(err.code));
			/* Asked for by option and not to be had: that is the administrator's to know. */
			if (opts->len)
				exit(1);
			continue;
		}
		tr->state = TRANSPORT_READY;
		any = true;
	}
	if (!any)
		die("no driver could be started");
}

static void take_inherited_sockets(int *mgmt_fd)
{
	char **names = NULL;
	int first = 0, n, i;

	iscsi_init(&d.core);
	n = notify_listen_fds(&first, &names);
	for (i = 0; i < n; i++) {
		struct err err = { .code = ERR_OK };

		if (names && names[i] && !strcmp(names[i], "control"))
			*mgmt_fd = first + i;
		else if (portal_adopt(first + i, 1, &err))
			die("passed socket %d: %s", first + i, err.text);
	}
	notify_free_names(names);
}

static void start_mgmt(int fd)
{
	struct err err = { .code = ERR_OK };
	char path[PATH_MAX];
	struct mgmt_conf conf = {
		.loop = d.core.loop,
		.path = path,
		.fd = fd,
		.tables = modules_verb_tables,
		.context = &d.core,
	};

	if (mgmt_socket_path(path, sizeof(path), d.opt.control_port, &err))
		die("%s", err.text);
	d.mgmt = mgmt_server_new(&conf, &err);
	if (!d.mgmt)
		die("%s", err.text[0] ? err.text : err_sentence(err.code));
}

static void start_metrics(void)
{
	struct metrics_source source = target_metrics(&d.core);
	struct err err = { .code = ERR_OK };

	if (!d.opt.metrics)
		return;
	d.metrics = metrics_http_new(d.core.loop, d.opt.metrics, &source, &err);
	if (!d.metrics)
		die("--metrics: %s", err.text[0] ? err.text : err_sentence(err.code));
}

/* --- ready -------------------------------------------------------------------------------------- */

static void serve(void)
{
	d.serving = true;
	portal_hold(false);
	/* Until here the one who started it was told why it does not start. */
	if (!d.opt.foreground)
		log_open(LOG_TO_SYSLOG, "tgtd");
	log_notice("tgtd %s is ready", TGT_VERSION);
	notify_status("serving");
	notify_ready();
	tell_parent();
}

static void part_stopped(void *arg);
static void stop(void);

/* At start an error ends the process; later the old state stays, and the manager is told so. */
static void config_loaded(void *arg, bool ok)
{
	(void)arg;
	if (d.stopping) {
		part_stopped(NULL);
	} else if (d.serving) {
		notify_status(ok ? "serving" : "serving; %s was not loaded: see the log",
			      d.opt.config);
		notify_ready();
	} else if (ok) {
		serve();
	} else {
		d.failed = true;
		stop();
	}
}

static void on_hangup(struct loop *loop, int signo, void *arg)
{
	(void)loop;
	(void)signo;
	(void)arg;
	if (!d.reload) {
		log_notice("SIGHUP: there is nothing to read without --config");
		return;
	}
	log_notice("loading %s", d.opt.config);
	if (d.serving)
		notify_reloading();
	reload_run(d.reload);
}

/* Before targets and portals are there, nobody is let in; with a file, not before it is loaded. */
static void start_serving(void)
{
	struct reload_conf conf = {
		.loop = d.core.loop,
		.server = d.mgmt,
		.path = d.opt.config,
		.control_port = d.opt.control_port,
		.done = config_loaded,
	};

	loop_signal(d.core.loop, SIGHUP, on_hangup, NULL);
	if (!d.opt.config) {
		serve();
		return;
	}
	d.reload = reload_new(&conf);
	if (!d.reload)
		die("out of memory");
	notify_status("loading %s", d.opt.config);
	reload_run(d.reload);
}

/* --- stopping ------------------------------------------------------------------------------------- */

static void part_stopped(void *arg)
{
	(void)arg;
	if (!--d.stopping_parts)
		loop_stop(d.core.loop);
}

static void delete_targets(void)
{
	struct target *t = target_next(&d.core, NULL), *next;

	for (; t; t = next) {
		next = target_next(&d.core, t);
		d.stopping_parts++;
		if (target_delete(t, true, part_stopped, NULL, NULL))
			d.stopping_parts--;
	}
}

/* Sessions have been told and are gone: now the targets, whose stores flush and close. */
static void transports_stopped(void *arg)
{
	(void)arg;
	delete_targets();
	part_stopped(NULL);
}

static void stop_too_late(struct loop_timer *t)
{
	(void)t;
	log_warn("a session or a store did not end in time: leaving all the same");
	loop_stop(d.core.loop);
}

static void stop(void)
{
	struct transport *const *tr;

	if (d.stopping)
		return;
	d.stopping = true;
	log_notice("stopping");
	notify_stopping();
	loop_timer_set(d.core.loop, &d.stop_timer,
		       STOP_TIMEOUT_NS + iscsi.logout_wait_s * NSEC_PER_SEC, stop_too_late);
	d.stopping_parts = 1;
	if (d.reload && reload_stop(d.reload))
		d.stopping_parts++;
	for (tr = modules_transports; *tr; tr++) {
		if ((*tr)->state != TRANSPORT_READY)
			continue;
		(*tr)->state = TRANSPORT_STOPPED;
		d.stopping_parts++;
		(*tr)->stop(&d.core, transports_stopped, NULL);
	}
	part_stopped(NULL);
}

static void stop_step(struct loop_call *c)
{
	(void)c;
	stop();
}

/* tgtadm --mode sys --op delete: after the response is on its way. */
static void shutdown_asked(struct core *core)
{
	loop_call_queue(core->loop, &d.step);
}

static void on_signal(struct loop *loop, int signo, void *arg)
{
	(void)loop;
	(void)arg;
	log_info("got signal %d", signo);
	stop();
}

static void on_watchdog(struct loop_timer *t)
{
	notify_watchdog();
	loop_timer_set(d.core.loop, t, notify_watchdog_ns() / 2, on_watchdog);
}

static void finish(void)
{
	bs_modules_stop(d.core.stores);
	metrics_http_free(d.metrics);
	mgmt_server_free(d.mgmt);
	loop_timer_cancel(&d.stop_timer);
	loop_timer_cancel(&d.watchdog);
	loop_call_cancel(&d.step);
	if (d.opt.pid_file)
		unlink(d.opt.pid_file);
	/* Something hangs: its memory is in use, so the process ends with it. */
	if (target_next(&d.core, NULL) || (d.reload && reload_busy(d.reload)))
		_exit(d.failed);
	reload_free(d.reload);
	core_done(&d.core);
	bufpool_done(&d.core.bufs);
	workers_free(d.core.workers);
	bs_core_free(d.core.stores);
	loop_free(d.core.loop);
	tgtd_options_free(&d.opt);
}

int main(int argc, char **argv)
{
	int mgmt_fd = -1, r;

	tgtd_options(&d.opt, argc, argv);
	log_open(LOG_TO_STDERR, "tgtd");
	log_set_level(d.opt.debug ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	signal(SIGPIPE, SIG_IGN);
	if (!d.opt.foreground && !d.opt.nodaemonize)
		daemonize();
	protect_process();
	start_core();
	loop_call_init(&d.step, LOOP_REAP, stop_step);
	take_inherited_sockets(&mgmt_fd);
	start_mgmt(mgmt_fd);
	start_metrics();
	portal_hold(true);
	start_transports();
	loop_signal(d.core.loop, SIGTERM, on_signal, NULL);
	loop_signal(d.core.loop, SIGINT, on_signal, NULL);
	write_pid_file();
	if (notify_watchdog_ns())
		on_watchdog(&d.watchdog);
	start_serving();
	r = loop_run(d.core.loop);
	if (r)
		log_err("the event loop failed: %s", strerror(-r));
	finish();
	return r || d.failed ? 1 : 0;
}
