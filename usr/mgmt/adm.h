/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one command line of tgtadm asks for, and what went wrong with it: the words
 * between the parsers (classic_opts, words), the call and usr/tgtadm.c.
 */
#ifndef MGMT_ADM_H
#define MGMT_ADM_H

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/util.h"
#include "base/verb.h"

/* Exit codes that scripts know from the predecessor. */
#define ADM_EXIT_WORD 1		     /* unknown mode or operation */
#define ADM_EXIT_INVALID EINVAL	     /* 22: refused, by tgtd or before it was asked */
#define ADM_EXIT_NOTCONN ENOTCONN    /* 107: there is no tgtd */
#define ADM_CONTROL_PORT_MAX 32767

enum adm_form { ADM_VERB, ADM_BATCH, ADM_TOP, ADM_HELP, ADM_VERSION };

struct adm_request {
	enum adm_form form;
	const char *object, *verb; /* in words; for ADM_HELP what help is asked about, or NULL */
	json_t *args;		   /* owned; NULL unless ADM_VERB or ADM_TOP */
	const char *lld;	   /* must be a driver that is ready; NULL: not said */
	unsigned int control_port;
	bool json, debug;
};

/* "tgtadm: @message", and a second line with @detail unless that is empty. */
struct adm_fail {
	int exit_code;
	char code[32];	    /* for --json: a name of base/err, "not-connected" or "closed" */
	char message[512];
	char detail[1024];
	bool bare;	    /* classic: @message is printed without "tgtadm: " */
	bool hint;	    /* followed by "Try `tgtadm --help' ..." */
};

/* Sets @f and returns -1, so that "return adm_fail(...)" is the usual form. */
int adm_fail(struct adm_fail *f, int exit_code, const char *fmt, ...) printf_like(3, 4);
/* The same with an error of base: sentence and detail. */
int adm_fail_err(struct adm_fail *f, const struct err *err);

void adm_request_free(struct adm_request *req);

/* "tgt" -> "target"; NULL for a word that names no object of ours. */
const char *adm_object(const char *name);
/* strtoull base 0 for @text, no sign and nothing after it. 0, -EINVAL, or -ERANGE above @max. */
int adm_number(const char *text, unsigned long long max, unsigned long long *out);

#endif
