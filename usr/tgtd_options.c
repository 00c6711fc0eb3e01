/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's command line (tgtd_options.h), for tgtd.c.
 */
#include "tgtd_options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "modules.h"

#define EXIT_USAGE 22 /* EINVAL, as scripts of the predecessor expect */

static void usage(FILE *out)
{
	fputs("Usage: tgtd [OPTION]...\n"
	      "SCSI target daemon: serves files and block devices as SCSI devices.\n\n"
	      "  -f, --foreground          stay in the foreground, log to stderr\n"
	      "  -D, --nodaemonize         stay in the foreground, log to syslog\n"
	      "  -C, --control-port N      number of the management socket (default 0)\n"
	      "  -t, --nr_iothreads N      threads at most for calls that block (default 16)\n"
	      "  -p, --pid-file FILE       write the process id there\n"
	      "  -s, --state-dir DIR       where identity and state are kept (default /var/lib/tgt)\n"
	      "      --config FILE         targets to serve, see targets.conf(5); read again on SIGHUP\n"
	      "      --modules DIR         load stores from there (default " TGT_MODULEDIR ")\n"
	      "      --metrics ADDRESS     serve /metrics by HTTP on a loopback address or Unix socket\n"
	      "      --spin USEC           look for new commands so long before sleeping (default 0)\n"
	      "  -d, --debug 0|1           log more\n"
	      "      --iscsi OPT,...       options of the iSCSI driver:\n"
	      "                              portal=[ADDRESS][:PORT]  listen there; may be repeated\n"
	      "                              tag=N, interface=NAME    of the portal before it\n"
	      "                              dscp=, keepalive=, user_timeout=  of its sockets\n"
	      "                              nop_interval=SECONDS     ping idle initiators\n"
	      "                              nop_count=N              and drop them after N lost pings\n"
	      "                              logout_wait=SECONDS      to leave, when asked to\n"
	      "                              max_connections=, max_logins=, login_timeout=, connection_rate=,\n"
	      "                              login_rate=              what peers may cost\n"
	      "                              chap_algorithms=A:B:...  by preference\n"
	      "  -V, --version             print the version\n"
	      "  -h, --help                print this\n\n"
	      "TGT_IPC_SOCKET sets where the management socket is: the path before \".N\".\n"
	      "Targets are managed by tgtadm(8). See tgtd(8).\n",
	      out);
}

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "tgtd: %s: %s\n", what, why);
	exit(1);
}

static unsigned int parse_number(const char *text, const char *what, unsigned long max)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || v > max) {
		fprintf(stderr, "tgtd: %s is a number from 0 to %lu, not '%s'\n", what, max, text);
		exit(EXIT_USAGE);
	}
	return (unsigned int)v;
}

enum { OPT_SPIN = 256, OPT_CONFIG, OPT_METRICS, OPT_MODULES, OPT_LLD };

/* Options that every driver has under its own name: --iscsi, --iser, ... */
static void add_lld_options(struct option *opts, size_t *n)
{
	unsigned int i;

	for (i = 0; modules_transports[i]; i++)
		opts[(*n)++] = (struct option){ modules_transports[i]->name, required_argument,
						NULL, (int)(OPT_LLD + i) };
}

static void lld_option(struct tgtd_options *o, unsigned int i, const char *text)
{
	struct strbuf *sb = &o->lld_opts[i];

	if (sb->len)
		strbuf_putc(sb, ',');
	strbuf_puts(sb, text);
}

/* A daemon changes its directory. */
static void set_config(struct tgtd_options *o, const char *path)
{
	char dir[PATH_MAX] = "";
	struct strbuf full = STRBUF_INIT;

	if (*path != '/' && !getcwd(dir, sizeof(dir)))
		fail("the current directory", strerror(errno));
	strbuf_printf(&full, "%s%s%s", dir, *dir ? "/" : "", path);
	free(o->config);
	o->config = strdup(strbuf_str(&full));
	strbuf_free(&full);
	if (!o->config)
		fail(path, "out of memory");
}

void tgtd_options(struct tgtd_options *o, int argc, char **argv)
{
	static const struct option fixed[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "nodaemonize", no_argument, NULL, 'D' },
		{ "control-port", required_argument, NULL, 'C' },
		{ "nr_iothreads", required_argument, NULL, 't' },
		{ "pid-file", required_argument, NULL, 'p' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "debug", required_argument, NULL, 'd' },
		{ "config", required_argument, NULL, OPT_CONFIG },
		{ "modules", required_argument, NULL, OPT_MODULES },
		{ "metrics", required_argument, NULL, OPT_METRICS },
		{ "spin", required_argument, NULL, OPT_SPIN },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
	};
	struct option opts[ARRAY_SIZE(fixed) + TRANSPORT_MAX + 1] = { 0 };
	size_t n = ARRAY_SIZE(fixed);
	int c;

	memcpy(opts, fixed, sizeof(fixed));
	add_lld_options(opts, &n);
	o->threads = 16;
	o->module_dir = TGT_MODULEDIR;
	while ((c = getopt_long(argc, argv, "fDC:t:p:s:d:Vh", opts, NULL)) != -1) {
		switch (c) {
		case 'f': o->foreground = true; break;
		case 'D': o->nodaemonize = true; break;
		case 'C': o->control_port = parse_number(optarg, "--control-port", SHRT_MAX); break;
		case 't': o->threads = parse_number(optarg, "--nr_iothreads", 1024); break;
		case 'p': o->pid_file = optarg; break;
		case 's': o->state_dir = optarg; break;
		case 'd': o->debug = parse_number(optarg, "--debug", 1); break;
		case OPT_SPIN: o->spin_us = parse_number(optarg, "--spin", 10000); break;
		case OPT_METRICS: o->metrics = optarg; break;
		case OPT_MODULES: o->module_dir = optarg; break;
		case OPT_CONFIG: set_config(o, optarg); break;
		case 'V': puts(TGT_VERSION); exit(0);
		case 'h': usage(stdout); exit(0);
		case '?': fputs("Try 'tgtd --help' for more information.\n", stderr); exit(EXIT_USAGE);
		default: lld_option(o, (unsigned int)(c - OPT_LLD), optarg);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "tgtd: unexpected argument '%s'\n", argv[optind]);
		exit(EXIT_USAGE);
	}
	if (!o->threads)
		o->threads = 1;
}

void tgtd_options_free(struct tgtd_options *o)
{
	unsigned int i;

	for (i = 0; i < TRANSPORT_MAX; i++)
		strbuf_free(&o->lld_opts[i]);
	free(o->config);
}
