/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options as the predecessor's tgt-admin took them, whose scripts live on: by Perl's Getopt::Long.
 */
#ifndef MGMT_GETOPT_PERL_H
#define MGMT_GETOPT_PERL_H

#include <getopt.h>

/*
 * Rewrites @argv, of @argc words, for getopt_long(): -execute becomes --execute, -u=ALL --update=ALL, --s
 * -s. @shorts: as for getopt_long(). @old: the names that Perl knew, ended by NULL: what is short for one
 * of them only means that one, whatever names there are now. New words stay allocated.
 * 0 or -ENOMEM.
 */
int getopt_perl(int argc, char **argv, const char *shorts, const struct option *longs,
		const char *const *old);

#endif
