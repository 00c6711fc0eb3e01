/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [POOL/[NAMESPACE/]]IMAGE[@SNAPSHOT], and bsopts, as the earlier tgt knew them and some more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bs_rbd/rbd.h"

static const char *const words[] = { "conf",    "id",	   "cluster", "key",	       "cephx_key",
				     "keyfile", "timeout", "lock",    "virsecretuuid", "cache" };

static int word(const char *opts, const char *name, char **value)
{
	bool found;
	char *v = bs_opt_get(opts, ';', name, &found);

	if (found && !v)
		return -ENOMEM;
	if (v) {
		free(*value);
		*value = v;
	}
	return 0;
}

/* Its name only: the value may be a key. */
static int names_check(const char *opts, struct err *err)
{
	while (opts && *opts) {
		size_t n = strcspn(opts, "=;");
		bool known = n == 0 && *opts == ';';

		for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
			known |= opts[n] == '=' && strlen(words[i]) == n && !memcmp(opts, words[i], n);
		if (!known)
			return err_set(err, ERR_INVALID_REQUEST, "bsopts %.*s: the store rbd knows conf, id, "
				       "cluster, keyfile, cephx_key, virsecretuuid, timeout, lock and "
				       "cache, each with =VALUE", (int)n, opts);
		opts += strcspn(opts, ";");
		opts += *opts == ';';
	}
	return 0;
}

static int image_parse(struct rbd_conf *c, const char *path, struct err *err)
{
	char *copy = strdup(path), *name = copy, *part[3] = { NULL }, *snap;
	unsigned int n = 0;

	if (!copy)
		return -ENOMEM;
	while ((part[n++] = strsep(&name, "/")) != NULL && n < 3 && name)
		;
	if (name)
		part[0] = (char *)"";
	snap = strchr(part[n - 1], '@');
	if (snap)
		*snap++ = '\0';
	c->pool = strdup(n > 1 ? part[0] : "rbd");
	c->space = n > 2 ? strdup(part[1]) : NULL;
	c->image = strdup(part[n - 1]);
	c->snap = snap ? strdup(snap) : NULL;
	free(copy);
	if (!c->pool || !c->image || (n > 2 && !c->space) || (snap && !c->snap))
		return -ENOMEM;
	if (!*c->pool || !*c->image || (c->snap && !*c->snap))
		return err_set(err, ERR_INVALID_REQUEST, "%s: write it as [POOL/[NAMESPACE/]]IMAGE[@SNAPSHOT]",
			       path);
	return 0;
}

/* libvirt keeps a secret's value in a file, in base64: for Ceph that is the key. */
static int libvirt_secret(struct rbd_conf *c, const char *opts)
{
	char *uuid = NULL;
	int ret = word(opts, "virsecretuuid", &uuid);

	if (ret || !uuid)
		return ret;
	if (asprintf(&c->keyfile, "/etc/libvirt/secrets/%s.base64", uuid) < 0) {
		c->keyfile = NULL;
		ret = -ENOMEM;
	}
	free(uuid);
	return ret;
}

static int timeout_parse(struct rbd_conf *c, const char *opts, struct err *err)
{
	char *text = NULL, *end;
	int ret = word(opts, "timeout", &text);

	c->timeout = 30;
	if (ret || !text)
		return ret;
	errno = 0;
	c->timeout = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || c->timeout > 86400)
		ret = err_set(err, ERR_INVALID_REQUEST, "bsopts timeout=%s: not a number from 0 to 86400", text);
	free(text);
	return ret;
}

static int choice(const char *opts, const char *name, const char *usual, const char *other, bool *value,
		  struct err *err)
{
	char *text = NULL;
	int ret = word(opts, name, &text);

	if (ret || !text)
		return ret;
	if (strcmp(text, usual) && strcmp(text, other))
		ret = err_set(err, ERR_INVALID_REQUEST, "bsopts %s=%s: write %s or %s", name, text, usual,
			      other);
	*value = !strcmp(text, other);
	free(text);
	return ret;
}

int rbd_conf_parse(struct rbd_conf *c, const struct bs_conf *conf, struct err *err)
{
	const struct {
		const char *name;
		char **value;
	} strings[] = {
		{ "conf", &c->conf },	{ "id", &c->id },	  { "cluster", &c->cluster },
		{ "key", &c->key },	{ "cephx_key", &c->key }, { "keyfile", &c->keyfile },
	};
	int ret = names_check(conf->opts, err);

	for (unsigned int i = 0; !ret && i < ARRAY_SIZE(strings); i++)
		ret = word(conf->opts, strings[i].name, strings[i].value);
	if (!ret && !c->keyfile)
		ret = libvirt_secret(c, conf->opts);
	if (!ret)
		ret = timeout_parse(c, conf->opts, err);
	if (!ret)
		ret = choice(conf->opts, "lock", "auto", "exclusive", &c->lock, err);
	if (!ret)
		ret = choice(conf->opts, "cache", "yes", "no", &c->nocache, err);
	c->nocache |= conf->sync || conf->direct;
	return ret ? ret : image_parse(c, conf->path, err);
}

void rbd_conf_free(struct rbd_conf *c)
{
	char *const strings[] = { c->pool, c->space,   c->image, c->snap,   c->conf,
				  c->id,   c->cluster, c->key,	 c->keyfile };

	if (c->key)
		explicit_bzero(c->key, strlen(c->key));
	for (unsigned int i = 0; i < ARRAY_SIZE(strings); i++)
		free(strings[i]);
	memset(c, 0, sizeof(*c));
}
