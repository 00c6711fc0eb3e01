/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line in words: tgtadm OBJECT VERB --argument value ..., straight from
 * the verb tables; tgtadm help; tgtadm --json - for a batch.
 */
#ifndef MGMT_WORDS_H
#define MGMT_WORDS_H

#include "base/verb.h"
#include "mgmt/adm.h"

/* Whether the command line is in words: its first argument that is no common option. */
bool words_used(int argc, char **argv);
/* 0, or -1 with @fail. Strings of @argv are borrowed. */
int words_parse(int argc, char **argv, const struct verb_table *tables, struct adm_request *req,
		struct adm_fail *fail);

#endif
