/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device types of this folder, for the list in usr/modules.c and for tests.
 */
#ifndef DEV_DEV_TYPES_H
#define DEV_DEV_TYPES_H

#include "target/devtype.h"

extern const struct dev_type dev_disk;	     /* sbc.c */
extern const struct dev_type dev_tape;	     /* ssc.c */
extern const struct dev_type dev_changer;    /* smc.c */
extern const struct dev_type dev_controller; /* scc.c: LUN 0 by default */
extern const struct dev_type dev_pt;	     /* pt.c: a device of this machine */
extern const struct dev_type dev_wlun;	     /* scc.c: the REPORT LUNS well known logical unit */

#endif
