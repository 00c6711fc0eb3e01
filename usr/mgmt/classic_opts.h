/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The predecessor's command line, --mode target --op new --tid 1 ..., as a request
 * for a verb. What it refused before asking the daemon is refused here, in the same
 * words and with the same exit code, for scripts depend on both.
 */
#ifndef MGMT_CLASSIC_OPTS_H
#define MGMT_CLASSIC_OPTS_H

#include "base/verb.h"
#include "mgmt/adm.h"

/* 0, or -1 with @fail. Strings of @argv are borrowed, and permuted as getopt_long() does. */
int classic_opts_parse(int argc, char **argv, const struct verb_table *tables,
		       struct adm_request *req, struct adm_fail *fail);
/* Appends " --name" or, where there is a value, " --name=" for each option. */
void classic_opts_words(struct strbuf *out);

#endif
