/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes of targets.conf and what a line makes of them. conf_read.c calls
 * conf_line() for every line of every file.
 */
#include "mgmt/conf_tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void conf_note(struct conf_notes *notes, bool error, const char *file, unsigned int line,
	       const char *fmt, ...)
{
	va_list ap;

	*(error ? &notes->errors : &notes->warnings) += 1;
	if (notes->errors + notes->warnings > CONF_NOTES_MAX)
		return;
	strbuf_printf(&notes->text, "%s:%u: %s: ", file, line, error ? "error" : "warning");
	va_start(ap, fmt);
	strbuf_vprintf(&notes->text, fmt, ap);
	va_end(ap);
	strbuf_putc(&notes->text, '\n');
}

static struct conf_node *node_new(const char *name, const char *value)
{
	size_t len = strlen(name) + 1;
	struct conf_node *n = calloc(1, sizeof(*n) + len);

	if (!n)
		return NULL;
	list_init(&n->link);
	list_init(&n->children);
	memcpy(n->name, name, len);
	n->value = value ? strdup(value) : NULL;
	if (value && !n->value) {
		free(n);
		return NULL;
	}
	return n;
}

static void node_free(struct conf_node *n)
{
	struct list *link;

	while ((link = list_pop(&n->children)) != NULL)
		node_free(list_entry(link, struct conf_node, link));
	free(n->value);
	free(n);
}

int conf_init(struct conf *c, struct conf_notes *notes)
{
	memset(c, 0, sizeof(*c));
	list_init(&c->files);
	c->notes = notes;
	c->root = c->at = node_new("", NULL);
	if (!c->root)
		return -ENOMEM;
	c->root->block = true;
	return 0;
}

static uint32_t block_hash(const struct conf_node *parent, const char *name, const char *value)
{
	return hash_u64((uintptr_t)parent) ^ hash_str(name) ^ (value ? hash_str(value) * 31 : 0);
}

static bool same_value(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* The block that is written again is continued (MergeDuplicateBlocks). */
static struct conf_node *block_find(struct conf *c, const char *name, const char *value)
{
	struct hash_node *h = hash_first(&c->blocks, block_hash(c->at, name, value));

	for (; h; h = hash_next(h)) {
		struct conf_node *n = container_of(h, struct conf_node, hash);

		if (n->parent == c->at && !strcmp(n->name, name) && same_value(n->value, value))
			return n;
	}
	return NULL;
}

struct conf_node *conf_add(struct conf *c, const char *name, const char *value, bool block,
			   const char *file, unsigned int line)
{
	struct conf_node *n;

	if (++c->n_nodes > CONF_NODES_MAX) {
		conf_note(c->notes, true, file, line, "more than %u directives", CONF_NODES_MAX);
		return NULL;
	}
	n = node_new(name, value);
	if (n && block && hash_insert(&c->blocks, &n->hash, block_hash(c->at, name, value))) {
		node_free(n);
		n = NULL;
	}
	if (!n) {
		conf_note(c->notes, true, file, line, "out of memory");
		return NULL;
	}
	n->parent = c->at;
	n->block = block;
	n->file = file;
	n->line = line;
	list_push_back(&c->at->children, &n->link);
	return n;
}

static int by_value(const void *a, const void *b)
{
	const struct conf_node *x = *(const struct conf_node *const *)a;
	const struct conf_node *y = *(const struct conf_node *const *)b;
	int d = strcmp(x->value ? x->value : "", y->value ? y->value : "");

	return d ? d : (int)y->block - (int)x->block;
}

const struct conf_node **conf_sorted(const struct conf_node *block, const char *name, size_t *n)
{
	const struct conf_node *child, **all;
	size_t count = 0, i = 0;

	list_for_each(child, &block->children, link)
		count += !strcmp(child->name, name);
	all = calloc(count + 1, sizeof(*all));
	if (!all)
		return NULL;
	list_for_each(child, &block->children, link)
		if (!strcmp(child->name, name))
			all[i++] = child;
	qsort(all, count, sizeof(*all), by_value);
	*n = count;
	return all;
}

void conf_unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] && strchr("$\\\"#", s[1]))
			s++;
		*to++ = *s;
	}
	*to = '\0';
}

void conf_unquote(char *s)
{
	size_t len = strlen(s);

	if (*s != '"' || s[len - 1] != '"')
		return;
	s[len - 1] = '\0';
	memmove(s, s + 1, len - (len > 1));
}

static char *trim(char *s)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	for (len = strlen(s); len && isspace((unsigned char)s[len - 1]); len--)
		;
	s[len] = '\0';
	return s;
}

/* The length of "..." at the beginning, 0: none, or an empty one, or no blank follows. */
static size_t quoted_word(const char *s)
{
	size_t n = *s == '"' ? strcspn(s + 1, "\"") : 0;

	if (!n || s[n + 1] != '"' || (s[n + 2] && !isspace((unsigned char)s[n + 2])))
		return 0;
	return n + 2;
}

/* Cuts @s into a word, which is returned, and the rest, *@rest; each may be quoted as a whole. */
static char *split_block(char *s, char **rest)
{
	size_t n = quoted_word(s), all;

	if (!n)
		while (s[n] && !isspace((unsigned char)s[n]))
			n++;
	*rest = s + n;
	if (**rest) {
		**rest = '\0';
		*rest = trim(*rest + 1);
	}
	if (quoted_word(s))
		conf_unquote(s);
	all = quoted_word(*rest);
	if (all && !(*rest)[all])
		conf_unquote(*rest);
	return s;
}

/* @s: what stands between < and >. */
static int block_open(struct conf *c, char *s, const char *file, unsigned int line)
{
	char *value, *name = split_block(trim(s), &value);
	struct conf_node *n;

	if (!*name) {
		conf_note(c->notes, true, file, line, "expected <name> or <name value>");
		return -EINVAL;
	}
	conf_unescape(value);
	if (++c->depth > CONF_BLOCK_DEPTH) {
		conf_note(c->notes, true, file, line, "blocks are nested deeper than %d",
			  CONF_BLOCK_DEPTH);
		return -EINVAL;
	}
	n = block_find(c, name, *value ? value : NULL);
	if (!n)
		n = conf_add(c, name, *value ? value : NULL, true, file, line);
	if (!n)
		return -EINVAL;
	c->at = n;
	return 0;
}

/* The predecessor took any name for the end of the innermost block: that stays, with a word. */
static int block_close(struct conf *c, char *name, const char *file, unsigned int line)
{
	name = trim(name);
	if (c->at == c->root) {
		conf_note(c->notes, true, file, line,
			  "</%s> ends no block: expected <%s ...> before", name, name);
		return -EINVAL;
	}
	if (strcasecmp(name, c->at->name))
		conf_note(c->notes, false, file, line, "expected </%s>, for the block at line %u",
			  c->at->name, c->at->line);
	c->at = c->at->parent;
	c->depth--;
	return 0;
}

/* "name value" or "name = value" or "name=value". */
static int directive(struct conf *c, char *s, const char *file, unsigned int line)
{
	size_t n = strcspn(s, " \t\r\f\v=");
	char *value = s + n + strspn(s + n, " \t\r\f\v");

	if (*value == '=')
		value += 1 + strspn(value + 1, " \t\r\f\v");
	else if (!*value)
		value = NULL;
	if (!n) {
		conf_note(c->notes, true, file, line, "expected a directive before '='");
		return -EINVAL;
	}
	s[n] = '\0';
	if (value) {
		conf_unquote(value);
		conf_unescape(value);
	}
	return conf_add(c, s, value, false, file, line) ? 0 : -EINVAL;
}

int conf_line(struct conf *c, char *s, const char *file, unsigned int line)
{
	size_t len = strlen(s);
	bool empty_block;

	if (s[0] != '<')
		return directive(c, s, file, line);
	if (len < 3 || s[len - 1] != '>' || !strcmp(s, "</>")) {
		conf_note(c->notes, true, file, line,
			  "expected <name>, <name value> or </name> on a line of its own");
		return -EINVAL;
	}
	s[--len] = '\0';
	if (s[1] == '/')
		return block_close(c, s + 2, file, line);
	empty_block = s[len - 1] == '/';
	if (empty_block)
		s[len - 1] = '\0';
	if (block_open(c, s + 1, file, line))
		return -EINVAL;
	if (empty_block) {
		c->at = c->at->parent;
		c->depth--;
	}
	return 0;
}

void conf_free(struct conf *c)
{
	struct list *link;

	if (c->root)
		node_free(c->root);
	c->root = NULL;
	hash_free(&c->blocks);
	while ((link = list_pop(&c->files)) != NULL)
		free(link); /* the link is the first member: conf_read.c */
}
