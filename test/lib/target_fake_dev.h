/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake device types; for target_fake.c.
 */
#ifndef TARGET_FAKE_DEV_H
#define TARGET_FAKE_DEV_H

#include "target/devtype.h"

struct fake;

extern struct fake *fake_dev_fake; /* the one whose flags the handlers obey */
extern const struct dev_type *const fake_devs[];

#endif
