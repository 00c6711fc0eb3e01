/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections to clusters: one for all stores whose options are the same, as each has some fifteen
 * threads. Called on workers, which connecting may keep waiting.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "bs_rbd/rbd.h"

/* How long the monitors may take to answer the first time. */
#define CONNECT_SECONDS "10"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list clusters = LIST_INIT(clusters);

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static char *name_of(const struct rbd_conf *c)
{
	struct strbuf sb = STRBUF_INIT;
	char *name;

	strbuf_printf(&sb, "%s;%s;%s;%llu;%d", c->conf ? c->conf : "", c->id ? c->id : "",
		      c->cluster ? c->cluster : "", (unsigned long long)c->timeout, c->nocache);
	name = strbuf_ok(&sb) ? strdup(strbuf_str(&sb)) : NULL;
	strbuf_free(&sb);
	return name;
}

static void cluster_free(struct rbd_cluster *cl)
{
	if (cl->rados)
		rados_shutdown(cl->rados);
	if (cl->secret)
		explicit_bzero(cl->secret, strlen(cl->secret));
	free(cl->secret);
	free(cl->name);
	free(cl);
}

static int failed(const char *what, int ret, struct err *err)
{
	return err_set(err, ERR_INVALID_REQUEST, "Ceph: %s: %s", what, strerror(-ret));
}

static int set_timeouts(rados_t r, uint64_t seconds)
{
	char text[24];
	int ret = rados_conf_set(r, "client_mount_timeout", CONNECT_SECONDS);

	snprintf(text, sizeof(text), "%llu", (unsigned long long)seconds);
	if (!ret)
		ret = rados_conf_set(r, "rados_osd_op_timeout", text);
	if (!ret)
		ret = rados_conf_set(r, "rados_mon_op_timeout", text);
	return ret;
}

/* Without conf= the usual files are read, if they are there: options may be in the environment. */
static int read_conf(rados_t r, const struct rbd_conf *c, struct err *err)
{
	int ret = rados_conf_read_file(r, c->conf);

	if (ret && (c->conf || ret != -ENOENT))
		return failed(c->conf ? c->conf : "its configuration", ret, err);
	rados_conf_parse_env(r, NULL);
	return 0;
}

static int cluster_connect(struct rbd_cluster *cl, const struct rbd_conf *c, struct err *err)
{
	char client[256];
	int ret;

	snprintf(client, sizeof(client), "client.%s", c->id ? c->id : "admin");
	ret = rados_create2(&cl->rados, c->cluster ? c->cluster : "ceph", client, 0);
	if (ret) {
		cl->rados = NULL;
		return failed(client, ret, err);
	}
	ret = read_conf(cl->rados, c, err);
	if (ret)
		return ret;
	ret = set_timeouts(cl->rados, c->timeout);
	if (!ret && c->nocache)
		ret = rados_conf_set(cl->rados, "rbd_cache", "false");
	if (!ret && c->key)
		ret = rados_conf_set(cl->rados, "key", c->key);
	else if (!ret && c->keyfile)
		ret = rados_conf_set(cl->rados, "keyfile", c->keyfile);
	if (!ret)
		ret = rados_connect(cl->rados);
	return ret ? failed("no connection to the cluster", ret, err) : 0;
}

static struct rbd_cluster *cluster_new(const struct rbd_conf *c, char *name, struct err *err)
{
	struct rbd_cluster *cl = calloc(1, sizeof(*cl));
	const char *secret = c->key ? c->key : c->keyfile;

	if (!cl) {
		free(name);
		return NULL;
	}
	cl->name = name;
	cl->secret = secret ? strdup(secret) : NULL;
	if ((secret && !cl->secret) || cluster_connect(cl, c, err)) {
		cluster_free(cl);
		return NULL;
	}
	list_push_back(&clusters, &cl->link);
	return cl;
}

static struct rbd_cluster *find(const char *name, const char *secret)
{
	struct rbd_cluster *cl;

	list_for_each(cl, &clusters, link)
		if (same(cl->name, name) && same(cl->secret, secret))
			return cl;
	return NULL;
}

struct rbd_cluster *rbd_cluster_get(const struct rbd_conf *c, struct err *err)
{
	char *name = name_of(c);
	struct rbd_cluster *cl;

	if (!name)
		return NULL;
	pthread_mutex_lock(&lock);
	cl = find(name, c->key ? c->key : c->keyfile);
	if (cl)
		free(name);
	else
		cl = cluster_new(c, name, err);
	if (cl)
		cl->users++;
	pthread_mutex_unlock(&lock);
	return cl;
}

void rbd_cluster_put(struct rbd_cluster *cl)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = --cl->users == 0;
	if (last)
		list_del(&cl->link);
	pthread_mutex_unlock(&lock);
	if (last)
		cluster_free(cl);
}
