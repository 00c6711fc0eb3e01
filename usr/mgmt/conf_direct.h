/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "direct-store": a LUN that looks like the disk behind it.
 */
#ifndef MGMT_CONF_DIRECT_H
#define MGMT_CONF_DIRECT_H

#include <jansson.h>

/*
 * Adds to @lu (conf_model.h) what sysfs tells about the block device @path: vendor, product,
 * revision, serial number, block sizes. What @lu has already stays. Nothing for other files.
 */
void conf_direct(const char *path, json_t *lu);

#endif
