/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VOLUME@HOST:PATH, and bsopts: logfile and loglevel as the earlier tgt knew them, and port.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bs_glfs/glfs_store.h"

#define PORT 24007
#define LOG_ERRORS 4
#define LOG_MAX 9

static int names_check(const char *opts, struct err *err)
{
	static const char *const words[] = { "logfile", "loglevel", "port" };

	while (opts && *opts) {
		size_t n = strcspn(opts, "=;");
		bool known = n == 0 && *opts == ';';

		for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
			known |= opts[n] == '=' && strlen(words[i]) == n && !memcmp(opts, words[i], n);
		if (!known)
			return err_set(err, ERR_INVALID_REQUEST, "bsopts %.*s: the store glfs knows logfile, "
				       "loglevel and port, each with =VALUE", (int)n, opts);
		opts += strcspn(opts, ";");
		opts += *opts == ';';
	}
	return 0;
}

static int number(const char *opts, const char *name, long max, long *value, struct err *err)
{
	bool found;
	char *text = bs_opt_get(opts, ';', name, &found), *end;
	int ret = 0;

	if (!text)
		return found ? -ENOMEM : 0;
	errno = 0;
	*value = strtol(text, &end, 10);
	if (errno || end == text || *end || *value < 0 || *value > max)
		ret = err_set(err, ERR_INVALID_REQUEST, "bsopts %s=%s: not a number from 0 to %ld", name, text,
			      max);
	free(text);
	return ret;
}

/* The host may be an IPv6 address in brackets. */
static int path_parse(struct glfs_conf *c, const char *path, struct err *err)
{
	const char *at = strchr(path, '@');
	const char *host = at ? at + 1 : NULL, *end = host;
	bool bracket = host && *host == '[';

	if (bracket)
		end = strchr(++host, ']');
	end = end ? strchr(end, ':') : NULL;
	if (!at || at == path || !end || end - bracket <= host || !end[1])
		return err_set(err, ERR_INVALID_REQUEST, "%s: write it as VOLUME@HOST:PATH", path);
	c->volume = strndup(path, (size_t)(at - path));
	c->host = strndup(host, (size_t)(end - bracket - host));
	c->path = strdup(end + 1);
	return c->volume && c->host && c->path ? 0 : -ENOMEM;
}

int glfs_conf_parse(struct glfs_conf *c, const struct bs_conf *conf, struct err *err)
{
	long level = LOG_ERRORS, port = PORT;
	bool found = false;
	int ret = names_check(conf->opts, err);

	if (!ret)
		ret = number(conf->opts, "loglevel", LOG_MAX, &level, err);
	if (!ret)
		ret = number(conf->opts, "port", UINT16_MAX, &port, err);
	c->loglevel = (int)level;
	c->port = (uint16_t)port;
	if (!ret) {
		c->logfile = bs_opt_get(conf->opts, ';', "logfile", &found);
		ret = found && !c->logfile ? -ENOMEM : path_parse(c, conf->path, err);
	}
	return ret;
}

void glfs_conf_free(struct glfs_conf *c)
{
	free(c->volume);
	free(c->host);
	free(c->path);
	free(c->logfile);
	memset(c, 0, sizeof(*c));
}
