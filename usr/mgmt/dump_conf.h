/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state (conf_model.h) as the text of a targets.conf that brings it about.
 */
#ifndef MGMT_DUMP_CONF_H
#define MGMT_DUMP_CONF_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"

/*
 * @secrets: with passwords, else CONF_NO_PASSWORD stands for each. 0, or -EINVAL with @err: a value can't be written
 * in such a file, or no memory.
 */
int dump_conf(const json_t *state, bool secrets, struct strbuf *out, struct err *err);

#endif
