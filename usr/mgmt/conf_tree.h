/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * targets.conf as a tree of directives and blocks, and the notes about it. Syntax is
 * that of Perl's Config::General with Apache's includes, as the predecessor's files
 * are written in; doc/man/targets.conf.5 tells it. What a directive means is
 * conf_model.c's.
 */
#ifndef MGMT_CONF_TREE_H
#define MGMT_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/strbuf.h"
#include "base/util.h"

/* Bounds for hostile files; a configuration of 10,000 LUNs is far below all. */
#define CONF_BYTES_MAX (64u << 20) /* of all files together */
#define CONF_NODES_MAX 1000000u
#define CONF_FILES_MAX 4096u
#define CONF_INCLUDE_DEPTH 16
#define CONF_BLOCK_DEPTH 8
#define CONF_NOTES_MAX 50 /* printed; the rest is counted */

/* "FILE:LINE: error: sentence" and the like, a line each. */
struct conf_notes {
	struct strbuf text;
	unsigned int errors, warnings;
};

/* A directive, "name value", or a block, "<name value> ... </name>". Owner: its parent. */
struct conf_node {
	struct list link;
	struct list children;	/* of a block, in the order of the file */
	struct hash_node hash;	/* conf->blocks, of a block */
	struct conf_node *parent;
	char *value;		/* NULL: none was given */
	const char *file;	/* borrowed from the conf */
	unsigned int line;
	bool block;
	char name[];
};

struct conf {
	struct conf_node *root;
	struct conf_node *at;	  /* where the next line goes */
	struct hash_table blocks; /* by parent, name and value: the same block again is continued */
	struct list files;	  /* names of what was read */
	unsigned int n_nodes, n_files, depth;
	size_t bytes;
	struct conf_notes *notes; /* borrowed */
};

void conf_note(struct conf_notes *notes, bool error, const char *file, unsigned int line,
	       const char *fmt, ...) printf_like(5, 6);
#define conf_error(notes, node, ...) conf_note(notes, true, (node)->file, (node)->line, __VA_ARGS__)
#define conf_warn(notes, node, ...) conf_note(notes, false, (node)->file, (node)->line, __VA_ARGS__)

/* 0 or -ENOMEM. */
int conf_init(struct conf *c, struct conf_notes *notes);
void conf_free(struct conf *c);
/* Reads @path and what it includes. 0, or -EINVAL with notes that tell every error. */
int conf_read(struct conf *c, const char *path);

/* The children named @name by their values, a block before a line; @n of them. Owned by the caller. */
const struct conf_node **conf_sorted(const struct conf_node *block, const char *name, size_t *n);

/* For conf_read.c. A line without comment and continuation, trimmed; changed in place. */
int conf_line(struct conf *c, char *text, const char *file, unsigned int line);
/* A directive with a value that stands as it is; @value may be NULL. NULL: noted. */
struct conf_node *conf_add(struct conf *c, const char *name, const char *value, bool block,
			   const char *file, unsigned int line);
/* Takes the quotes off that are around the whole of it. */
void conf_unquote(char *s);
/* Takes the backslash off before $ \ " and #. */
void conf_unescape(char *s);

#endif
