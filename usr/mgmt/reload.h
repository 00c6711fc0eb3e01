/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's configuration file: read, compared and applied as tgt-admin --update ALL does it,
 * by the same code, on a thread of its own that is a client of the management server. So the loop
 * goes on, and other clients are served meanwhile. Called by usr/tgtd.c.
 */
#ifndef MGMT_RELOAD_H
#define MGMT_RELOAD_H

#include <stdbool.h>

#include "base/loop.h"

struct mgmt_server;
struct reload;

struct reload_conf {
	struct loop *loop;
	struct mgmt_server *server;
	const char *path; /* absolute; borrowed */
	unsigned int control_port;
	/* The loads that were asked for are done. @ok: the last one had no error. */
	void (*done)(void *arg, bool ok);
	void *arg;
};

/* NULL: no memory. */
struct reload *reload_new(const struct reload_conf *conf);
/* Loads the file; when a load is under way already, once more after it. */
void reload_run(struct reload *r);
/*
 * Nothing more is changed but by the request that is under way. True: a load is under way, and
 * done() comes when its thread has seen it.
 */
bool reload_stop(struct reload *r);
bool reload_busy(const struct reload *r);
/* After mgmt_server_free(), and not while it is busy. @r may be NULL. */
void reload_free(struct reload *r);

#endif
