/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters as JSON text, for the stat verbs of all folders. Members are appended to an object
 * that is open; doc/json.md tells what they mean.
 */
#ifndef TARGET_STATS_SHOW_H
#define TARGET_STATS_SHOW_H

#include "base/strbuf.h"
#include "base/verb.h"

struct io_stats;
struct itl;
struct lu;
struct nexus;

/* "@name":@v */
void stats_put_num(struct strbuf *out, const char *name, uint64_t v);
/* "@name":{...}, with those of the @n numbers that are not 0. */
void stats_put_counts(struct strbuf *out, const char *name, const char *const *names,
		      const uint64_t *v, unsigned int n);
/* "io":{...},"status":{...},"sense":{...},"aborted":N - of what did not happen nothing is said. */
void stats_put(struct strbuf *out, const struct io_stats *s);
/* What all paths of a nexus counted, those that have gone included. Ended by stats_done(). */
struct io_stats stats_of_nexus(const struct nexus *n);
/* How long the oldest command that is under way has been so; 0: none is. */
uint64_t stats_oldest(const struct lu *lu);
/* The classic counters of an I_T_L nexus, an object of its own. */
void stats_put_itl(struct strbuf *out, const struct itl *itl);

/*
 * The rest of a stat verb, in pieces: "luns":[...]} with the classic counters of what the nexus has
 * used. The argument sid must be the nexus'. What run() returns.
 */
int stats_nexus_luns(struct verb_call *call, const struct nexus *n);

#endif
