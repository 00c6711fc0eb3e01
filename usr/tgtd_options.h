/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's command line.
 */
#ifndef TGTD_OPTIONS_H
#define TGTD_OPTIONS_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "target/transport.h"

struct tgtd_options {
	bool foreground, nodaemonize;
	unsigned int control_port;
	unsigned int threads;
	unsigned int spin_us;
	const char *pid_file;
	const char *state_dir;
	const char *module_dir;
	char *config;
	const char *metrics;
	unsigned int debug;
	struct strbuf lld_opts[TRANSPORT_MAX]; /* k=v,... by transport */
};

/* Exits when there is something wrong with them, or only help or version was asked for. */
void tgtd_options(struct tgtd_options *o, int argc, char **argv);
void tgtd_options_free(struct tgtd_options *o);

#endif
