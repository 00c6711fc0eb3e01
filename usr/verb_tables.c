/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All verb tables of the tree. Compiled for tgtd, and without the functions behind
 * the rows for tgtadm (base/verb.h).
 */
#include "base/verb.h"
#include "iscsi/iscsi_verbs.h"
#include "modules.h"
#include "target/target_verbs.h"

const struct verb_table modules_verb_tables[] = {
	{ target_verbs, ARRAY_SIZE(target_verbs) },
	{ iscsi_verbs, ARRAY_SIZE(iscsi_verbs) },
	{ NULL, 0 },
};
