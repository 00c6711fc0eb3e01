/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of the management socket: connect, one line out, one line back.
 * Blocks; only for tgtadm and its like.
 */
#ifndef MGMT_CALL_H
#define MGMT_CALL_H

#include <jansson.h>
#include <stddef.h>
#include <sys/un.h>

#include "base/strbuf.h"
#include "mgmt/adm.h"

struct call {
	int fd; /* -1: not connected */
	struct strbuf in;
	bool debug; /* lines are shown on stderr, without secrets */
	bool spoken; /* it has answered once, so it is ours */
	struct sockaddr_un addr; /* call_open()'s; family 0: connected otherwise */
};

/* 0, or -1 with @fail: exit code 107 and the sentence that scripts look for. */
int call_open(struct call *c, unsigned int control_port, struct adm_fail *fail);
void call_close(struct call *c);
/*
 * Sends @line, with its newline, and waits for the response, whose text (without newline)
 * is borrowed until the next call. NULL with @fail when the daemon closes the socket, or is of the
 * older STGT, which would never answer.
 */
const char *call_line(struct call *c, const char *line, struct adm_fail *fail);
/*
 * Runs a verb. 0: *@result is a new reference, or NULL when there is nothing to tell. -1: @fail
 * says what the daemon said.
 */
int call_verb(struct call *c, const char *object, const char *verb, json_t *args, json_t **result,
	      struct adm_fail *fail);
/* Waits until nothing listens there any more, at most ten seconds. 0, or -1 with @fail. */
int call_wait_gone(unsigned int control_port, struct adm_fail *fail);

#endif
