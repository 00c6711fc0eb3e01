/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Image files: what tgtimg makes and shows. Every device type has one struct img_type; the table
 * img_types lists them. img_create() is the frame of making: a file that is not there before and,
 * after a failure or an interruption, not after either, or keeps what it held. img_show() finds
 * out what a file is.
 */
#ifndef IMG_IMG_H
#define IMG_IMG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "img/progress.h"

#define IMG_BLOCK 512
#define IMG_HEAD (64 * KiB)

/* What of struct img_new a type takes and needs. */
enum { IMG_SIZE = 1, IMG_BARCODE = 2, IMG_ALLOC = 4 };

enum img_alloc {
	IMG_RESERVE, /* space is set aside, where the file system can; else as IMG_ZEROES */
	IMG_SPARSE,  /* space is taken when it is written */
	IMG_ZEROES,  /* every block is written */
};

struct img_new {
	const char *path;
	const char *media;   /* a word of the type; img_create() makes NULL its first */
	const char *barcode; /* NULL: not given */
	uint64_t size;	     /* bytes */
	unsigned int given;  /* IMG_SIZE, ...: what the administrator said */
	enum img_alloc alloc;
	bool force;	     /* replace a file that is there */
	bool (*stopped)(void); /* asked between two writes; true: give up with -EINTR */
	struct progress *progress;
	int fd;		     /* of the empty file that fill() fills */
};

struct img_file {
	const char *path;
	int fd;
	struct stat st;
	uint64_t size; /* of a device too */
	uint8_t head[IMG_HEAD];
	size_t head_len;
};

struct img_type {
	const char *name;	  /* --device-type */
	const char *const *media; /* --type, ended by NULL; first the default and what show says */
	const char *blank;	  /* what a new one is called when it is made */
	unsigned int takes, needs;
	/* 0, or -errno with @err: sense of what is asked for, before a file is made. May be NULL. */
	int (*check)(const struct img_new *n, struct err *err);
	int (*fill)(struct img_new *n, struct err *err);
	/* Is it such an image? The last type in the table takes what is left. */
	bool (*mine)(const struct img_file *f);
	/* Adds members to @obj. */
	int (*show)(const struct img_file *f, json_t *obj, struct err *err);
	/*
	 * Adds to @obj what it found; with @repair it puts right what it can. 0: good; 1: not; or
	 * -errno with @err. NULL: there is nothing that could be wrong.
	 */
	int (*verify)(int fd, bool repair, json_t *obj, struct err *err);
};

extern const struct img_type img_disk, img_cd, img_tape;
/* Ended by NULL, in the order in which they are asked for a file that is theirs. */
extern const struct img_type *const img_types[];

/* NULL: no such type. */
const struct img_type *img_type_find(const char *name);

/* 0, or -errno with @err. */
int img_create(const struct img_type *type, struct img_new *n, struct err *err);
/* @type NULL: found out. An object in @out, a new reference; 0, or -errno with @err. */
int img_show(const struct img_type *type, const char *path, json_t **out, struct err *err);

/* The same with verify(): 0, 1, or -errno. */
int img_check(const struct img_type *type, const char *path, bool repair, json_t **out,
	      struct err *err);

/* For fill(): makes n->fd a file of n->size bytes as n->alloc says. */
int img_fill_space(struct img_new *n, struct err *err);
/* "a GPT partition table" by the first bytes; NULL: not known. *@foreign: a format of its own. */
const char *img_contents(const struct img_file *f, bool *foreign);

#endif
