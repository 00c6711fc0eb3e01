/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accounts in targets.conf: "incominguser NAME PASSWORD" and its kin, or a block whose password may
 * stand in a file of its own. No message shows a password.
 */
#include <errno.h>
#include <string.h>

#include "mgmt/conf_model.h"
#include "mgmt/diff_state.h"
#include "mgmt/secret.h"

#define SECRET_MIN 12 /* bytes; RFC 7143 9.2.1: 96 bits */
#define BLANKS " \t"

/* What a directive says. */
struct said {
	char user[SECRET_MAX + 1], password[SECRET_MAX + 1];
};

static int take(struct conf_notes *notes, const struct conf_node *n, const char *what, char *to,
		const char *from, size_t len)
{
	if (!len || len > SECRET_MAX) {
		conf_error(notes, n, "expected a %s of 1 to %d bytes after %s", what, SECRET_MAX,
			   n->name);
		return -EINVAL;
	}
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

/* Where a quote ends the name and, after blanks, another begins the password; or NULL. */
static const char *quotes_between(const char *v)
{
	const char *q = v;

	while ((q = strchr(q, '"')) != NULL) {
		size_t blanks = strspn(q + 1, BLANKS);

		if (blanks && q[1 + blanks] == '"')
			return q;
		q++;
	}
	return NULL;
}

/*
 * NAME PASSWORD, each of them perhaps in quotes. When both are, conf_unquote() has taken the
 * first and the last quote for a pair, and off. (The predecessor left this to the shell.)
 */
static int take_line(struct conf_notes *notes, const struct conf_node *n, struct said *s)
{
	const char *v = n->value ? n->value : "", *pw, *end = NULL;
	size_t len;

	if (*v == '"')
		end = strchr(++v, '"');
	else
		end = quotes_between(v);
	len = end ? (size_t)(end - v) : strcspn(v, BLANKS);
	pw = v + len + !!end;
	pw += strspn(pw, BLANKS);
	if (take(notes, n, "name", s->user, v, len))
		return -EINVAL;
	len = strlen(pw);
	if (end && v == n->value) /* both: the last quote has gone */
		return take(notes, n, "password", s->password, pw + 1, len - 1);
	if (len > 1 && *pw == '"' && pw[len - 1] == '"')
		return take(notes, n, "password", s->password, pw + 1, len - 2);
	return take(notes, n, "password", s->password, pw, len);
}

static int take_file(struct conf_notes *notes, const struct conf_node *n, struct said *s)
{
	struct err err = { .code = ERR_OK };

	if (*n->value != '/') {
		conf_error(notes, n, "%s is a path from the root, not '%s'", n->name, n->value);
		return -EINVAL;
	}
	if (secret_read(n->value, true, s->password, &err)) {
		conf_error(notes, n, "%s", err.text);
		return -EINVAL;
	}
	if (secret_is_public(n->value))
		conf_warn(notes, n, "everybody can read %s: chmod 600", n->value);
	return 0;
}

/* <incominguser NAME> with a password, or a password-file. */
static int take_block(struct conf_notes *notes, const struct conf_node *block, struct said *s)
{
	const struct conf_node *n;
	int r = take(notes, block, "name", s->user, block->value ? block->value : "",
		     block->value ? strlen(block->value) : 0);
	bool file;

	*s->password = '\0';
	list_for_each(n, &block->children, link) {
		file = !strcmp(n->name, "password-file");
		if (n->block || !n->value || (!file && strcmp(n->name, "password"))) {
			conf_error(notes, n, "expected password PASSWORD or password-file FILE in a "
					     "block of %s", block->name);
			r = -EINVAL;
		} else if (*s->password) {
			conf_error(notes, n, "a second password for %s", s->user);
			r = -EINVAL;
		} else if (file ? take_file(notes, n, s) :
				  take(notes, n, "password", s->password, n->value,
				       strlen(n->value))) {
			r = -EINVAL;
		}
	}
	if (!r && !*s->password) {
		conf_error(notes, block, "expected password PASSWORD or password-file FILE in the "
					 "block of %s", s->user);
		r = -EINVAL;
	}
	return r;
}

static int check_password(struct conf_notes *notes, const struct conf_node *n,
			  const struct said *s)
{
	if (!strcmp(s->password, CONF_NO_PASSWORD)) {
		conf_error(notes, n, "%s: put the password of '%s' in the place of %s", n->name,
			   s->user, CONF_NO_PASSWORD);
		return -EINVAL;
	}
	if (strlen(s->password) < SECRET_MIN)
		conf_warn(notes, n, "the password of '%s' has less than %d bytes, which RFC 7143 "
				    "wants and some initiators demand", s->user, SECRET_MIN);
	if (!n->block && secret_is_public(n->file))
		conf_warn(notes, n, "a password in a file that everybody can read: chmod 600");
	return 0;
}

/* An account has one password, wherever it is used. */
static int add_account(struct conf_notes *notes, const struct conf_node *n, const struct said *s,
		       json_t *accounts)
{
	const json_t *old = json_object_get(accounts, s->user);
	json_t *account;

	if (old && strcmp(diff_str(old, "password"), s->password)) {
		conf_error(notes, n, "'%s' has another password at %s: an account has one", s->user,
			   diff_str(old, "where"));
		return -EINVAL;
	}
	if (old)
		return 0;
	account = json_pack("{s:s s:o}", "password", s->password, "where",
			    json_sprintf("%s:%u", n->file, n->line));
	if (account && !json_object_set_new(accounts, s->user, account))
		return check_password(notes, n, s);
	conf_error(notes, n, "a name or password that is no UTF-8 text, or out of memory");
	return -EINVAL;
}

static int bind(struct conf_notes *notes, const struct conf_node *n, const char *user, bool outgoing,
		json_t *list)
{
	const json_t *b;
	size_t i;

	json_array_foreach(list, i, b) {
		if (json_is_true(json_object_get(b, "outgoing")) != outgoing)
			continue;
		if (!outgoing && strcmp(diff_str(b, "user"), user))
			continue;
		conf_warn(notes, n, outgoing ? "a second outgoing account, %s: not used" :
					       "'%s' is given twice", user);
		return 0;
	}
	return json_array_append_new(list, json_pack("{s:s s:b s:o}", "user", user, "outgoing",
						     outgoing, "where",
						     json_sprintf("%s:%u", n->file, n->line)));
}

int conf_account(struct conf_notes *notes, const struct conf_node *n, bool outgoing,
		 json_t *accounts, json_t *list)
{
	struct said s;
	int r = n->block ? take_block(notes, n, &s) : take_line(notes, n, &s);

	if (!r)
		r = add_account(notes, n, &s, accounts);
	if (!r)
		r = bind(notes, n, s.user, outgoing, list);
	explicit_bzero(&s, sizeof(s));
	return r;
}
