/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a path and bsopts say: a URI of an NBD server, or the file of an image and its format. The
 * format is never guessed from what is in the file: that is written by initiators, and what looks
 * like another format could name files of this machine as its base.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bs_nbd/nbd.h"

static const char *const schemes[] = {
	"nbd://", "nbds://", "nbd+unix://", "nbds+unix://", "nbd+vsock://", "nbds+vsock://",
};

/* What qemu calls them. */
static const struct {
	const char *suffix, *format;
} formats[] = {
	{ "qcow2", "qcow2" }, { "qcow", "qcow" }, { "vmdk", "vmdk" }, { "vdi", "vdi" },
	{ "vhdx", "vhdx" },   { "vhd", "vpc" },	  { "vpc", "vpc" },   { "qed", "qed" },
	{ "luks", "luks" },   { "raw", "raw" },	  { "img", "raw" },
};

static bool is_uri(const char *path)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncasecmp(path, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

static const char *format_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (unsigned int i = 0; dot && !strchr(dot, '/') && i < ARRAY_SIZE(formats); i++)
		if (!strcasecmp(dot + 1, formats[i].suffix))
			return formats[i].format;
	return NULL;
}

/* A word of bsopts; *value stays when it is absent. */
static int word(const struct bs_conf *conf, const char *name, char **value)
{
	bool found;
	char *v = bs_opt_get(conf->opts, ';', name, &found);

	if (found && !v)
		return -ENOMEM;
	if (v)
		*value = v;
	return 0;
}

static int number(const struct bs_conf *conf, const char *name, uint64_t max, uint64_t *value,
		  struct err *err)
{
	char *text = NULL, *end;
	int ret = word(conf, name, &text);

	if (ret || !text)
		return ret;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *value > max)
		ret = err_set(err, ERR_INVALID_REQUEST, "bsopts %s=%s: not a number from 0 to %llu", name,
			      text, (unsigned long long)max);
	free(text);
	return ret;
}

/* One of two words; @value is true for the second, and stays when it is absent. */
static int either(const struct bs_conf *conf, const char *name, const char *no, const char *yes,
		  bool *value, struct err *err)
{
	char *text = NULL;
	int ret = word(conf, name, &text);

	if (ret || !text)
		return ret;
	if (strcmp(text, no) && strcmp(text, yes))
		ret = err_set(err, ERR_INVALID_REQUEST, "bsopts %s=%s: write %s or %s", name, text, no,
			      yes);
	*value = !strcmp(text, yes);
	free(text);
	return ret;
}

/* Misspelt ones would change what happens to data in silence. */
static int names_check(const char *opts, struct err *err)
{
	static const char *const names[] = { "connections", "timeout", "reconnect", "retry",
					     "unmap",	    "format",  "secret" };

	while (opts && *opts) {
		size_t n = strcspn(opts, "=;");
		bool known = n == 0 && *opts == ';';

		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
			known |= opts[n] == '=' && strlen(names[i]) == n && !memcmp(opts, names[i], n);
		if (!known)
			return err_set(err, ERR_INVALID_REQUEST, "bsopts %.*s: the store nbd knows connections, "
				       "timeout, reconnect, retry, unmap, format and secret, each with "
				       "=VALUE", (int)strcspn(opts, ";"), opts);
		opts += strcspn(opts, ";");
		opts += *opts == ';';
	}
	return 0;
}

static int image_parse(struct nbd_conf *c, const struct bs_conf *conf, const char *path,
		       struct err *err)
{
	const char *format = format_of(path);
	int ret = word(conf, "format", &c->format);

	if (!ret)
		ret = word(conf, "secret", &c->secret);
	c->image = strdup(path);
	if (!ret && !c->format && !format)
		return err_set(err, ERR_INVALID_REQUEST, "%s: neither the URI of an NBD server nor a name "
			       "that tells its format: say bsopts format=raw, or qcow2, ...", path);
	if (!ret && !c->format)
		c->format = strdup(format);
	return ret || !c->image || !c->format ? -ENOMEM : 0;
}

int nbd_conf_parse(struct nbd_conf *c, const struct bs_conf *conf, struct err *err)
{
	static const char prefix[] = "image:";
	uint64_t connections = 4, timeout = 30, reconnect = 20;
	bool image = !strncmp(conf->path, prefix, strlen(prefix));
	int ret = names_check(conf->opts, err);

	c->retry = true;
	if (!ret)
		ret = number(conf, "connections", NBD_CONNECTIONS_MAX, &connections, err);
	if (!ret)
		ret = number(conf, "timeout", 86400, &timeout, err);
	if (!ret)
		ret = number(conf, "reconnect", 86400, &reconnect, err);
	if (!ret)
		ret = either(conf, "retry", "no", "yes", &c->retry, err);
	if (!ret)
		ret = either(conf, "unmap", "zero", "trim", &c->trim, err);
	c->connections = connections ? (unsigned int)connections : 1;
	c->timeout_ns = timeout * NSEC_PER_SEC;
	c->reconnect_ns = reconnect * NSEC_PER_SEC;
	if (ret)
		return ret;
	if (image || !is_uri(conf->path))
		return image_parse(c, conf, conf->path + (image ? strlen(prefix) : 0), err);
	c->uri = strdup(conf->path);
	return c->uri ? 0 : -ENOMEM;
}

void nbd_conf_free(struct nbd_conf *c)
{
	free(c->uri);
	free(c->image);
	free(c->format);
	free(c->secret);
	memset(c, 0, sizeof(*c));
}
