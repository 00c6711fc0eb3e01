/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a request line to a verb and back to a response line. Knows nothing of
 * sockets; peer.c calls it, and tests do.
 */
#ifndef MGMT_DISPATCH_H
#define MGMT_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "base/verb.h"

/* One request under way; owner: its client, until mgmt_request_done(). */
struct mgmt_request {
	struct verb_call call;
	json_t *id; /* echoed; NULL when none was given */
	void (*finished)(struct mgmt_request *req); /* once, from the loop or from inside run */
	void *owner;
};

/*
 * Parses @line and runs its verb. finished() is called exactly once, possibly before
 * this returns. @admin false: only verbs that change nothing. An object that no table has is
 * ERR_UNSUPPORTED, an unknown verb of a known one ERR_INVALID_REQUEST.
 */
void mgmt_request_run(struct mgmt_request *req, const struct verb_table *tables, void *context,
		      bool admin, const char *line, size_t len);
/*
 * The response as one line with its newline; malloc'ed. NULL: no memory. When the verb made its
 * result as text, only what comes before that: mgmt_response_text() has the rest.
 */
char *mgmt_response(const struct mgmt_request *req);
/* The result that the verb made as text, and the end of the line; empty when it made none. */
struct strbuf mgmt_response_text(struct mgmt_request *req);
/* Releases what the request holds, not @req itself. */
void mgmt_request_done(struct mgmt_request *req);

#endif
