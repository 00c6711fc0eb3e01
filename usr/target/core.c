/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The struct core: made by tgtd.c at start, or by a test; lookups by name.
 */
#include "target/core.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "target/devtype.h"
#include "target/machine_id.h"
#include "target/transport.h"

struct transport *core_transport(const struct core *core, const char *name)
{
	struct transport *const *tr;

	for (tr = core->transports; *tr; tr++)
		if (!strcmp((*tr)->name, name))
			return *tr;
	return NULL;
}

const struct dev_type *core_dev_type(const struct core *core, const char *name)
{
	const struct dev_type *const *d;

	/* As the predecessor had it, tapes go by the name of their command set too. */
	if (!strcmp(name, "ssc"))
		name = "tape";
	for (d = core->dev_types; *d; d++)
		if (!strcmp((*d)->name, name))
			return *d;
	return NULL;
}

static void devtypes_done(struct core *core)
{
	const struct dev_type *const *d;

	for (d = core->dev_types; *d; d++)
		devtype_done(*d);
}

static int devtypes_init(struct core *core)
{
	struct err err = { .code = ERR_OK };
	const struct dev_type *const *d;

	for (d = core->dev_types; *d; d++) {
		if (!devtype_init(*d, &err)) {
			if ((*d)->pdt == PDT_WLUN)
				core->wlun_dev = *d;
			continue;
		}
		log_err("%s", *err.text ? err.text : err_sentence(err.code));
		devtypes_done(core);
		return -EINVAL;
	}
	core->default_dev = core_dev_type(core, "controller");
	if (!core->default_dev)
		core->default_dev = core->dev_types[0];
	return 0;
}

int core_init(struct core *core, const char *id_file)
{
	unsigned int i;
	int r;

	list_init(&core->targets);
	laters_init(&core->laters, core->loop);
	for (i = 0; core->transports[i]; i++)
		core->transports[i]->index = i;
	if (i > TRANSPORT_MAX)
		return -EINVAL;
	r = devtypes_init(core);
	if (r)
		return r;
	r = machine_id_get(core->machine_id, id_file,
			   core->host_id_file ? core->host_id_file : "/etc/machine-id");
	if (r)
		devtypes_done(core);
	return r;
}

void core_done(struct core *core)
{
	assert(list_empty(&core->targets));
	laters_done(&core->laters);
	hash_free(&core->by_name);
	hash_free(&core->by_tid);
	hash_free(&core->by_naa);
	devtypes_done(core);
}
