/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tgtadm help prints, from the verb tables.
 */
#ifndef MGMT_VERB_HELP_H
#define MGMT_VERB_HELP_H

#include "base/strbuf.h"
#include "base/verb.h"
#include "mgmt/adm.h"

/*
 * All objects (@object NULL), one's verbs (@verb NULL) or one verb with its arguments; for
 * scripts/gen-completion (@object "--completion") all words in a form for programs. 0, or -1 with
 * @fail when there is no such thing.
 */
int verb_help(const struct verb_table *tables, const char *object, const char *verb,
	      struct strbuf *out, struct adm_fail *fail);

#endif
