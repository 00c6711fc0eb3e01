/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections to volumes: one for all stores whose options are the same, as each has some twenty
 * threads, and ending one takes seconds. Called on workers.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bs_glfs/glfs_store.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list volumes = LIST_INIT(volumes);

static char *name_of(const struct glfs_conf *c)
{
	char *name;

	if (asprintf(&name, "%s@%s:%u;%s;%d", c->volume, c->host, c->port, c->logfile ? c->logfile : "",
		     c->loglevel) < 0)
		return NULL;
	return name;
}

static void volume_free(struct glfs_volume *v)
{
	if (v->fs)
		glfs_fini(v->fs);
	free(v->name);
	free(v);
}

static int volume_connect(struct glfs_volume *v, const struct glfs_conf *c, struct err *err)
{
	int error = ENOMEM;

	errno = 0;
	v->fs = glfs_new(c->volume);
	if (v->fs && !glfs_set_logging(v->fs, c->logfile ? c->logfile : "/dev/null", c->loglevel) &&
	    !glfs_set_volfile_server(v->fs, "tcp", c->host, c->port)) {
		if (!glfs_init(v->fs))
			return 0;
		error = errno ? errno : ENOTCONN;
	}
	return err_set(err, ERR_INVALID_REQUEST, "Gluster: no connection to the volume %s at %s: %s",
		       c->volume, c->host, strerror(error));
}

static struct glfs_volume *volume_new(const struct glfs_conf *c, char *name, struct err *err)
{
	struct glfs_volume *v = calloc(1, sizeof(*v));

	if (!v) {
		free(name);
		return NULL;
	}
	v->name = name;
	if (volume_connect(v, c, err)) {
		volume_free(v);
		return NULL;
	}
	list_push_back(&volumes, &v->link);
	return v;
}

static struct glfs_volume *find(const char *name)
{
	struct glfs_volume *v;

	list_for_each(v, &volumes, link)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

struct glfs_volume *glfs_volume_get(const struct glfs_conf *c, struct err *err)
{
	char *name = name_of(c);
	struct glfs_volume *v;

	if (!name)
		return NULL;
	pthread_mutex_lock(&lock);
	v = find(name);
	if (v)
		free(name);
	else
		v = volume_new(c, name, err);
	if (v)
		v->users++;
	pthread_mutex_unlock(&lock);
	return v;
}

void glfs_volume_put(struct glfs_volume *v)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = --v->users == 0;
	if (last)
		list_del(&v->link);
	pthread_mutex_unlock(&lock);
	if (last)
		volume_free(v);
}
