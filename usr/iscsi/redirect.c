/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Redirection (redirect.h). The program gets the target's name and the initiator's
 * address as arguments, as it always did, and more in its environment; nothing that a peer
 * sends goes through a shell. While it runs the login waits.
 */
#include "iscsi/redirect.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/child.h"
#include "base/log.h"
#include "iscsi/conn.h"
#include "iscsi/iscsi.h"
#include "iscsi/login.h"
#include "iscsi/login_priv.h"
#include "iscsi/text.h"
#include "target/core.h"
#include "target/target.h"

#define CALLBACK_MAX 1023 /* bytes of program and arguments */
#define CALLBACK_WORDS 16
#define TIMEOUT_NS (5 * NSEC_PER_SEC) /* less than a login may take */

/* --- parameters ------------------------------------------------------------------------------- */

void redirect_init(struct redirect *r)
{
	*r = (struct redirect){ .port = ISCSI_PORT };
}

void redirect_free(struct redirect *r)
{
	free(r->addr);
	free(r->callback);
}

/* "" takes it away. */
static int set_text(char **field, const char *value, struct err *err)
{
	char *copy = *value ? strdup(value) : NULL;

	if (*value && !copy)
		return err_set(err, ERR_NOMEM, "%s", "");
	free(*field);
	*field = copy;
	return 0;
}

/* Of what it may consist is a name or an address; a scope has no meaning elsewhere. */
static bool host_ok(const char *host, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)host[i]) && !strchr(".-:_", host[i]))
			return false;
	return len && len <= REDIRECT_HOST_MAX;
}

/* With or without the brackets of IPv6, which are taken off. */
static bool take_host(char *out, const char *host, size_t len)
{
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (!host_ok(host, len))
		return false;
	memcpy(out, host, len);
	out[len] = '\0';
	return true;
}

static int set_address(struct redirect *r, const char *value, struct err *err)
{
	char host[REDIRECT_HOST_MAX + 1] = "";

	if (*value && !take_host(host, value, strlen(value)))
		return err_set(err, ERR_INVALID_REQUEST,
			       "RedirectAddress is an address or a host's name, not '%.80s'", value);
	return set_text(&r->addr, value, err);
}

static bool port_ok(const char *value, uint16_t *port)
{
	uint32_t v;

	if (!text_number(value, &v) || !v || v > UINT16_MAX)
		return false;
	*port = (uint16_t)v;
	return true;
}

static int set_port(struct redirect *r, const char *value, struct err *err)
{
	return port_ok(value, &r->port) ? 0 :
	       err_set(err, ERR_INVALID_REQUEST, "RedirectPort is a number from 1 to 65535");
}

static int set_reason(struct redirect *r, const char *value, struct err *err)
{
	bool permanent = !strcmp(value, "Permanent");

	if (!permanent && strcmp(value, "Temporary"))
		return err_set(err, ERR_INVALID_REQUEST, "RedirectReason is Temporary or Permanent");
	r->permanent = permanent;
	return 0;
}

static unsigned int count_words(const char *text)
{
	unsigned int n = 0;

	while (*(text += strspn(text, " \t"))) {
		text += strcspn(text, " \t");
		n++;
	}
	return n;
}

static int set_callback(struct redirect *r, const char *value, struct err *err)
{
	if (*value && *value != '/')
		return err_set(err, ERR_INVALID_REQUEST,
			       "RedirectCallback is the path of a program from the root, with its "
			       "arguments, not '%.80s'", value);
	if (strlen(value) > CALLBACK_MAX || count_words(value) > CALLBACK_WORDS)
		return err_set(err, ERR_INVALID_REQUEST,
			       "RedirectCallback has at most %d bytes and %d words", CALLBACK_MAX,
			       CALLBACK_WORDS);
	return set_text(&r->callback, value, err);
}

static const struct {
	const char *name;
	int (*set)(struct redirect *r, const char *value, struct err *err);
} parameters[] = {
	{ "RedirectAddress", set_address },
	{ "RedirectPort", set_port },
	{ "RedirectReason", set_reason },
	{ "RedirectCallback", set_callback },
};

int redirect_set(struct redirect *r, const char *name, const char *value, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		if (!strcmp(parameters[i].name, name))
			return parameters[i].set(r, value, err);
	return -ENOENT;
}

json_t *redirect_show(const struct redirect *r)
{
	json_t *obj;

	if (!r->addr && !r->callback && r->port == ISCSI_PORT && !r->permanent)
		return NULL;
	obj = json_pack("{s:i s:s}", "port", r->port, "reason",
			r->permanent ? "Permanent" : "Temporary");
	if (r->addr)
		json_object_set_new(obj, "address", json_string(r->addr));
	if (r->callback)
		json_object_set_new(obj, "callback", json_string(r->callback));
	return obj;
}

/* --- the answer ------------------------------------------------------------------------------- */

static bool reason_ok(const char *value, bool *permanent)
{
	if (strcasecmp(value, "Temporary") && strcasecmp(value, "Permanent"))
		return false;
	*permanent = !strcasecmp(value, "Permanent");
	return true;
}

bool redirect_parse(struct redirect_answer *out, const char *text, size_t len)
{
	char copy[CHILD_OUT_MAX + 1], *reason, *port;

	*out = (struct redirect_answer){ .port = ISCSI_PORT };
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (!len)
		return true;
	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	reason = strrchr(copy, ':');
	if (!reason)
		return false;
	*reason++ = '\0';
	port = strrchr(copy, ':');
	if (!port)
		return false;
	*port++ = '\0';
	return reason_ok(reason, &out->permanent) && port_ok(port, &out->port) &&
	       take_host(out->host, copy, strlen(copy));
}

/* Whoever is sent to where he is stays: a redirection would have no end. */
static bool is_here(const struct iscsi_login *l, const struct redirect_answer *to)
{
	char here[ADDR_STRLEN];

	return !strcasecmp(addr_format_host(&l->conn->local, here), to->host) &&
	       addr_port(&l->conn->local) == to->port;
}

static enum iscsi_login_status go(struct iscsi_login *l, const struct redirect_answer *to)
{
	char value[REDIRECT_HOST_MAX + 16];

	if (!*to->host || is_here(l, to))
		return LOGIN_OK;
	snprintf(value, sizeof(value), strchr(to->host, ':') ? "[%s]:%u" : "%s:%u", to->host,
		 to->port);
	text_put(&l->out, "TargetAddress", value);
	return to->permanent ? LOGIN_MOVED_PERMANENTLY : LOGIN_MOVED_TEMPORARILY;
}

/* --- the program ------------------------------------------------------------------------------ */

static bool add_word(char **words, unsigned int *n, const char *word)
{
	words[*n] = word ? strdup(word) : NULL;
	return words[*n] && ++*n;
}

/* Program and arguments, the target's name and the initiator's address. NULL: no memory. */
static char **make_argv(const struct iscsi_login *l)
{
	char **argv = calloc(CALLBACK_WORDS + 3, sizeof(*argv));
	char *copy = strdup(l->target->redirect.callback), *save, *word;
	char peer[ADDR_STRLEN];
	unsigned int n = 0;
	bool ok = argv && copy;

	for (word = ok ? strtok_r(copy, " \t", &save) : NULL; word && ok;
	     word = strtok_r(NULL, " \t", &save))
		ok = add_word(argv, &n, word);
	free(copy);
	if (ok && add_word(argv, &n, l->target->t->name) &&
	    add_word(argv, &n, addr_format_host(&l->conn->peer, peer)))
		return argv;
	child_free_words(argv);
	return NULL;
}

static bool add_variable(char **words, unsigned int *n, const char *name, const char *value)
{
	if (asprintf(&words[*n], "%s=%s", name, value) < 0) {
		words[*n] = NULL;
		return false;
	}
	return ++*n;
}

/* Nothing of our own. A name that is none of iSCSI's is not passed on. */
static char **make_env(const struct iscsi_login *l)
{
	char **env = calloc(8, sizeof(*env));
	char peer[ADDR_STRLEN], local[ADDR_STRLEN];
	unsigned int n = 0;

	if (env && add_variable(env, &n, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin") &&
	    add_variable(env, &n, "LC_ALL", "C") &&
	    add_variable(env, &n, "TGT_TARGET", l->target->t->name) &&
	    add_variable(env, &n, "TGT_INITIATOR", name_fault(l->initiator) ? "" : l->initiator) &&
	    add_variable(env, &n, "TGT_INITIATOR_ADDRESS",
			 addr_format_host(&l->conn->peer, peer)) &&
	    add_variable(env, &n, "TGT_PORTAL", addr_format(&l->conn->local, local)))
		return env;
	child_free_words(env);
	return NULL;
}

static void complain(const struct iscsi_login *l, const char *what)
{
	const char *program = l->target->redirect.callback;

	log_limited(LOG_LVL_ERROR, "RedirectCallback of %s: %s %s; the login of %s is put off",
		    l->target->t->name, program ? program : "the program", what, l->initiator);
}

/* What it says after a failure counts for nothing. */
static void answered(void *arg, const struct child_end *end)
{
	struct iscsi_login *l = arg;
	struct redirect_answer to;

	l->asking = NULL;
	if (!end->failure && redirect_parse(&to, end->out, end->len)) {
		login_redirected(l, go(l, &to));
		return;
	}
	complain(l, end->failure ? end->failure :
		 "did not print address:port:Temporary, address:port:Permanent or nothing");
	login_redirected(l, LOGIN_UNAVAILABLE);
}

/* An initiator comes again after "service unavailable" (11.13.5). */
static enum iscsi_login_status ask(struct iscsi_login *l)
{
	struct child_conf conf = {
		.loop = iscsi.core->loop,
		.workers = iscsi.core->workers,
		.argv = make_argv(l),
		.envp = make_env(l),
		.timeout_ns = TIMEOUT_NS,
		.done = answered,
		.arg = l,
	};

	if (conf.argv && conf.envp) {
		l->asking = child_run(&conf);
	} else {
		child_free_words(conf.argv);
		child_free_words(conf.envp);
	}
	if (l->asking)
		return LOGIN_OK;
	complain(l, "can't be started: too many run already, or memory is short");
	return LOGIN_UNAVAILABLE;
}

enum iscsi_login_status redirect_decide(struct iscsi_login *l)
{
	const struct redirect *r = l->target ? &l->target->redirect : NULL;
	struct redirect_answer to;

	/* A connection belongs where its session is. */
	if (!r || l->tsih)
		return LOGIN_OK;
	if (r->callback)
		return ask(l);
	to = (struct redirect_answer){ .port = r->port, .permanent = r->permanent };
	if (r->addr)
		take_host(to.host, r->addr, strlen(r->addr));
	return go(l, &to);
}

void redirect_forget(struct iscsi_login *l)
{
	if (l->asking)
		child_cancel(l->asking);
	l->asking = NULL;
}
