/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of targets.conf: comments, continued lines, here-documents and includes.
 * What remains of a line goes to conf_line().
 *
 * A # begins a comment at the start of a line, after a blank and after the > of a block,
 * outside of quotes: so a password or a path may have one. Config::General took any that no
 * backslash preceded.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mgmt/conf_tree.h"

#define BLANKS " \t\r\f\v"

struct file {
	struct list link; /* first: conf_free() frees it by this */
	char name[];
};

struct reader {
	struct conf *c;
	const char *file;
	unsigned int line; /* the one that next() gave last */
	char *p, *end;
	unsigned int depth; /* of includes */
};

static int read_path(struct conf *c, const char *path, const char *from, unsigned int line,
		     unsigned int depth);

/* --- the text of a file ----------------------------------------------------------------------- */

static int slurp(struct conf *c, int fd, struct strbuf *out)
{
	char buf[16384];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		c->bytes += (size_t)n;
		if (c->bytes > CONF_BYTES_MAX)
			return -EFBIG;
		strbuf_add(out, buf, (size_t)n);
		if (!strbuf_ok(out))
			return -ENOMEM;
	}
	strbuf_add(out, "", 1);
	return strbuf_ok(out) ? 0 : -ENOMEM;
}

/* @top: the file that the administrator named; it may be a pipe or /dev/null. */
static int read_text(struct conf *c, const char *path, bool top, struct strbuf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (top ? 0 : O_NONBLOCK));
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (!top && !S_ISREG(st.st_mode) && strcmp(path, "/dev/null"))
		r = -EBADF;
	else
		r = slurp(c, fd, out);
	close(fd);
	return r;
}

/* --- lines ------------------------------------------------------------------------------------ */

static char *next(struct reader *r)
{
	char *s = r->p, *nl;

	if (s >= r->end)
		return NULL;
	nl = memchr(s, '\n', (size_t)(r->end - s));
	if (!nl)
		nl = r->end;
	*nl = '\0';
	r->p = nl + 1;
	r->line++;
	return s;
}

/* Whether there is a quote in @s without a backslash before it. */
static bool closes(const char *s)
{
	for (; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s == '"';
}

static void strip_comment(char *s)
{
	bool quoted = false, tag = s[strspn(s, BLANKS)] == '<';
	size_t i;

	for (i = 0; s[i]; i++) {
		bool word = !i || isspace((unsigned char)s[i - 1]) || (tag && s[i - 1] == '>');

		if (s[i] == '\\' && s[i + 1]) {
			i++;
		} else if (s[i] == '"') {
			quoted = !quoted && (word || s[i - 1] == '=' || s[i - 1] == '<') &&
				 closes(s + i + 1);
		} else if (s[i] == '#' && word && !quoted) {
			s[i] = '\0';
			return;
		}
	}
}

static char *trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	s[len] = '\0';
	return s;
}

/* A backslash at the end, and not two of them. */
static bool continued(char *s)
{
	size_t len = strlen(s);

	if (!len || s[len - 1] != '\\' || (len > 1 && s[len - 2] == '\\'))
		return false;
	s[len - 1] = '\0';
	return true;
}

/* The rest of a continued line, into @out. An empty line or the end of the file ends it. */
static int join(struct reader *r, const char *first, struct strbuf *out)
{
	bool more = true;
	char *s;

	strbuf_puts(out, first + strspn(first, BLANKS));
	while (more && (s = next(r)) != NULL) {
		strip_comment(s);
		more = continued(s);
		strbuf_puts(out, s + strspn(s, BLANKS));
	}
	return strbuf_ok(out) ? 0 : -ENOMEM;
}

/* --- here-documents --------------------------------------------------------------------------- */

/* "name <<END" or "name = <<END": the name, ended by NUL, and END; NULL for other lines. */
static char *heredoc(char *s, char **end)
{
	char *name = s + strspn(s, BLANKS), *p = name + strcspn(name, BLANKS "=");
	char *after = p + strspn(p, BLANKS);
	bool equals = *after == '=';

	if (equals)
		after += 1 + strspn(after + 1, BLANKS);
	if (p == name || *name == '<' || (after == p && !equals) || strncmp(after, "<<", 2))
		return NULL;
	*end = trim(after + 2);
	*p = '\0';
	return **end ? name : NULL;
}

/* Takes the indent of the line with END off the others, as far as they have it. */
static void add_unindented(struct strbuf *out, const struct strbuf *doc, const char *indent,
			   size_t n)
{
	const char *p = strbuf_str(doc), *nl;

	for (; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		if (n && !strncmp(p, indent, n))
			p += n;
		strbuf_add(out, p, (size_t)(nl + 1 - p));
	}
}

static int read_heredoc(struct reader *r, const char *name, const char *end)
{
	struct strbuf doc = STRBUF_INIT, out = STRBUF_INIT;
	unsigned int line = r->line;
	size_t indent, len = strlen(end);
	int ret = -EINVAL;
	char *s, *value;

	while ((s = next(r)) != NULL) {
		indent = strspn(s, BLANKS);
		if (!strncmp(s + indent, end, len) && !*trim(s + indent + len))
			break;
		strbuf_puts(&doc, s);
		strbuf_putc(&doc, '\n');
	}
	if (!s) {
		conf_note(r->c->notes, true, r->file, line,
			  "expected '%s' on a line of its own, to end the value of %s", end, name);
	} else {
		add_unindented(&out, &doc, s, indent);
		strbuf_putc(&out, '\0');
		value = strbuf_ok(&out) ? trim(out.s) : NULL;
		if (value) {
			conf_unquote(value);
			conf_unescape(value);
			ret = conf_add(r->c, name, value, false, r->file, line) ? 0 : -EINVAL;
		} else {
			conf_note(r->c->notes, true, r->file, line, "out of memory");
		}
	}
	strbuf_free(&doc);
	strbuf_free(&out);
	return ret;
}

/* --- includes --------------------------------------------------------------------------------- */

/* What is included by "include X" or "IncludeOptional X"; NULL for other lines. */
static char *include_path(char *s, bool *optional)
{
	size_t n = strcspn(s, " \t\"'");
	char *path;

	*optional = n == 15 && !strncasecmp(s, "includeoptional", n);
	if (!*optional && (n != 7 || strncasecmp(s, "include", n)))
		return NULL;
	path = trim(s + n);
	n = strlen(path);
	if (n > 1 && (*path == '"' || *path == '\'') && path[n - 1] == *path) {
		path[n - 1] = '\0';
		path++;
	}
	return *path ? path : NULL;
}

/* An extension of glibc, as Perl's; elsewhere braces are what they are. */
#ifndef GLOB_BRACE
#define GLOB_BRACE 0
#endif

static int read_globbed(struct reader *r, const char *pattern)
{
	struct stat st;
	glob_t g;
	int ret = 0, rc = glob(pattern, GLOB_BRACE, NULL, &g);
	size_t i;

	if (rc == GLOB_NOMATCH)
		return 0;
	if (rc) {
		conf_note(r->c->notes, true, r->file, r->line, "can't expand '%s'", pattern);
		return -EINVAL;
	}
	for (i = 0; i < g.gl_pathc; i++)
		if (!stat(g.gl_pathv[i], &st) && S_ISREG(st.st_mode))
			ret |= read_path(r->c, g.gl_pathv[i], r->file, r->line, r->depth + 1);
	globfree(&g);
	return ret ? -EINVAL : 0;
}

static int include(struct reader *r, const char *path, bool optional)
{
	struct stat st;

	if (strpbrk(path, "*?[{\\"))
		return read_globbed(r, path);
	if (optional && stat(path, &st) && errno == ENOENT)
		return 0;
	return read_path(r->c, path, r->file, r->line, r->depth + 1);
}

/* --- files ------------------------------------------------------------------------------------ */

/* One that is continued is a directive or a block: it begins no here-document, nor includes. */
static int read_long_line(struct reader *r, char *s)
{
	struct strbuf text = STRBUF_INIT;
	unsigned int line = r->line;
	int ret = 0;

	if (join(r, s, &text)) {
		conf_note(r->c->notes, true, r->file, line, "out of memory");
		ret = -EINVAL;
	} else {
		s = text.len ? trim(text.s) : NULL;
		if (s && *s)
			ret = conf_line(r->c, s, r->file, line);
	}
	strbuf_free(&text);
	return ret;
}

static int read_line(struct reader *r, char *s)
{
	bool optional;
	char *name, *end;

	strip_comment(s);
	if (continued(s))
		return read_long_line(r, s);
	name = heredoc(s, &end);
	if (name)
		return read_heredoc(r, name, end);
	s = trim(s);
	name = include_path(s, &optional);
	if (name)
		return include(r, name, optional);
	return *s ? conf_line(r->c, s, r->file, r->line) : 0;
}

static int read_lines(struct reader *r)
{
	struct conf_node *outer = r->c->at;
	unsigned int depth = r->c->depth;
	int ret = 0;
	char *s;

	while ((s = next(r)) != NULL) {
		if (read_line(r, s))
			ret = -EINVAL;
		if (r->c->notes->errors > CONF_NOTES_MAX)
			break;
	}
	if (r->c->at != outer && r->c->depth >= depth) {
		conf_note(r->c->notes, true, r->file, r->line,
			  "expected </%s> before the end of the file, for the block at line %u",
			  r->c->at->name, r->c->at->line);
		ret = -EINVAL;
	} else if (r->c->at != outer) {
		conf_note(r->c->notes, true, r->file, r->line,
			  "the file ends a block that it did not begin");
		ret = -EINVAL;
	}
	r->c->at = outer;
	r->c->depth = depth;
	return ret;
}

static const char *reason(int err)
{
	switch (err) {
	case -EFBIG: return "the files are too large: more than 64 MiB in all";
	case -EBADF: return "expected a file or a directory";
	default: return strerror(-err);
	}
}

static struct file *find_file(struct conf *c, const char *path)
{
	struct file *f;

	list_for_each(f, &c->files, link)
		if (!strcmp(f->name, path))
			return f;
	return NULL;
}

static struct file *add_file(struct conf *c, const char *path)
{
	size_t len = strlen(path) + 1;
	struct file *f = c->n_files < CONF_FILES_MAX ? calloc(1, sizeof(*f) + len) : NULL;

	if (!f)
		return NULL;
	memcpy(f->name, path, len);
	list_init(&f->link);
	list_push_back(&c->files, &f->link);
	c->n_files++;
	return f;
}

/* In the order of the names' bytes; hidden files too, as the predecessor did. */
static int read_dir(struct conf *c, const char *path, const char *from, unsigned int line,
		    unsigned int depth)
{
	struct dirent **list;
	int i, ret = 0, n = scandir(path, &list, NULL, alphasort);
	struct strbuf name = STRBUF_INIT;
	struct stat st;

	if (n < 0) {
		conf_note(c->notes, true, from, line, "%s: %s", path, strerror(errno));
		return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		strbuf_reset(&name);
		strbuf_printf(&name, "%s/%s", path, list[i]->d_name);
		if (strbuf_ok(&name) && !stat(name.s, &st) && S_ISREG(st.st_mode))
			ret |= read_path(c, name.s, from, line, depth + 1);
		free(list[i]);
	}
	free(list);
	strbuf_free(&name);
	return ret ? -EINVAL : 0;
}

static int read_file(struct conf *c, struct file *f, const char *from, unsigned int line,
		     unsigned int depth)
{
	struct strbuf text = STRBUF_INIT;
	struct reader r = { .c = c, .file = f->name, .depth = depth };
	int ret = read_text(c, f->name, !depth, &text);

	if (ret) {
		conf_note(c->notes, true, from, line, "%s: %s", f->name, reason(ret));
	} else if (strlen(text.s) + 1 != text.len) {
		conf_note(c->notes, true, f->name, 1, "a NUL byte: this is no text file");
		ret = -EINVAL;
	} else {
		r.p = text.s + (strncmp(text.s, "\xef\xbb\xbf", 3) ? 0 : 3);
		r.end = text.s + text.len - 1;
		ret = read_lines(&r);
	}
	strbuf_free(&text);
	return ret ? -EINVAL : 0;
}

static int read_path(struct conf *c, const char *path, const char *from, unsigned int line,
		     unsigned int depth)
{
	struct file *f = find_file(c, path);
	struct stat st;

	if (depth > CONF_INCLUDE_DEPTH) {
		conf_note(c->notes, true, from, line, "includes are nested deeper than %d",
			  CONF_INCLUDE_DEPTH);
		return -EINVAL;
	}
	if (f) {
		conf_note(c->notes, false, from, line, "%s was read already", path);
		return 0;
	}
	if (depth && !stat(path, &st) && S_ISDIR(st.st_mode))
		return read_dir(c, path, from, line, depth);
	f = add_file(c, path);
	if (!f) {
		conf_note(c->notes, true, from, line, "more than %u files, or out of memory",
			  CONF_FILES_MAX);
		return -EINVAL;
	}
	return read_file(c, f, from, line, depth);
}

int conf_read(struct conf *c, const char *path)
{
	return read_path(c, path, path, 0, 0);
}
