/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree's verb tables without the functions behind them, as tgtadm has them, for
 * tests that are linked with mgmt and base only.
 */
#define VERB_TABLES_ONLY 1
#include "target/target_verbtab.c"
#undef END
#undef TID
#undef LUN
#undef VERB
#include "iscsi/iscsi_verbtab.c"
#include "verb_tables.c"
