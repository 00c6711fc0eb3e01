/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verbs of the daemon as a whole and of its drivers. Called by the management
 * server through the rows in target_verbtab.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/tracing.h"
#include "bs/bs.h"
#include "target/core.h"
#include "target/devtype.h"
#include "target/target.h"
#include "target/target_verbs.h"
#include "target/transport.h"
#include "target/verb_walk.h"

#define JSON_SCHEMA 1 /* of doc/json.md: another number when members go or change */
#define ISNS_PORT 3205 /* RFC 4171 */

static const char *const lld_states[] = {
	[TRANSPORT_UNINITIALIZED] = "uninitialized",
	[TRANSPORT_READY] = "ready",
	[TRANSPORT_ERROR] = "error",
	[TRANSPORT_STOPPED] = "stopped",
};

/* In the order of core->transports. */
static json_t *llds_to_json(const struct core *core)
{
	json_t *llds = json_array();
	struct transport *const *tr;

	for (tr = core->transports; *tr; tr++)
		json_array_append_new(llds, json_pack("{s:s s:s}", "name", (*tr)->name, "state",
						      lld_states[(*tr)->state]));
	return llds;
}

static json_t *stores_to_json(const struct core *core)
{
	json_t *stores = json_array();
	const struct bs_type *const *bt;

	for (bt = bs_types(core->stores); *bt; bt++) {
		const char *module = bs_type_module(core->stores, *bt);
		json_t *flags = json_array();

		if ((*bt)->flag_sync)
			json_array_append_new(flags, json_string("sync"));
		if ((*bt)->flag_direct)
			json_array_append_new(flags, json_string("direct"));
		json_array_append_new(stores, json_pack("{s:s s:o s:s*}", "name", (*bt)->name,
							"flags", flags, "module", module));
	}
	return stores;
}

/* slow_command_ms 0: off. */
static int show_tracing(const struct core *core, json_t *obj)
{
	struct strbuf points = STRBUF_INIT;
	int r;

	trace_show(&points);
	r = json_object_set_new(obj, "trace", json_string(strbuf_str(&points))) ||
	    json_object_set_new(obj, "slow_command_ms", json_integer((json_int_t)(core->slow_ns / NSEC_PER_MSEC)));
	strbuf_free(&points);
	return r;
}

int system_show(struct verb_call *call)
{
	const struct core *core = call->context;
	const struct dev_type *const *d;
	struct transport *const *tr;
	json_t *devs = json_array(), *isns;

	for (d = core->dev_types; *d; d++)
		if ((*d)->pdt != PDT_WLUN)
			json_array_append_new(devs, json_string((*d)->show_name));
	isns = json_pack("{s:b s:s s:i s:b}", "enabled", 0, "server", "", "port", ISNS_PORT,
			 "access_control", 0);
	call->result = json_pack("{s:i s:s s:s s:b s:o s:o s:o s:[] s:o}", "schema", JSON_SCHEMA,
				 "version", TGT_VERSION,
				 "state", core->offline ? "offline" : "ready",
				 "debug", log_get_level() >= LOG_LVL_DEBUG,
				 "llds", llds_to_json(core),
				 "backing_stores", stores_to_json(core), "device_types", devs,
				 "accounts", "isns", isns);
	if (!call->result || show_tracing(core, call->result))
		return err_set(&call->err, ERR_NOMEM, "%s", "");
	for (tr = core->transports; *tr; tr++)
		if ((*tr)->state == TRANSPORT_READY && (*tr)->system_show)
			(*tr)->system_show(call->result);
	return 0;
}

static int set_debug(const char *value, struct err *err)
{
	bool on = !strcmp(value, "on");

	if (!on && strcmp(value, "off"))
		return err_set(err, ERR_INVALID_REQUEST, "debug is on or off, not '%s'", value);
	log_set_level(on ? LOG_LVL_DEBUG : LOG_LVL_INFO);
	return 0;
}

static int set_state(struct core *core, const char *value, struct err *err)
{
	bool offline = !strcmp(value, "offline");

	if (!offline && strcmp(value, "ready"))
		return err_set(err, ERR_INVALID_REQUEST, "State is ready or offline, not '%s'",
			       value);
	core->offline = offline;
	return 0;
}

/* Milliseconds. */
static int set_slow(struct core *core, const char *value, struct err *err)
{
	char *end;
	unsigned long ms = strtoul(value, &end, 10);

	if (!strcmp(value, "off")) {
		core->slow_ns = 0;
		return 0;
	}
	if (*end || end == value || *value == '-' || !ms || ms > UINT32_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "slow-command is a number of milliseconds, or off, not '%s'", value);
	core->slow_ns = ms * NSEC_PER_MSEC;
	return 0;
}

/* Of the first driver that knows the parameter. */
static int set_of_driver(const struct core *core, const char *name, const char *value,
			 struct err *err)
{
	struct transport *const *tr;
	int r = -ENOENT;

	for (tr = core->transports; *tr && r == -ENOENT; tr++)
		if ((*tr)->state == TRANSPORT_READY && (*tr)->system_set)
			r = (*tr)->system_set(name, value, err);
	return r;
}

int system_update(struct verb_call *call)
{
	const char *name = verb_str(call, "name"), *value = verb_str(call, "value");
	int r;

	if (!strcmp(name, "debug"))
		return set_debug(value, &call->err);
	if (!strcmp(name, "State"))
		return set_state(call->context, value, &call->err);
	if (!strcmp(name, "trace"))
		return trace_set(value, &call->err);
	if (!strcmp(name, "slow-command"))
		return set_slow(call->context, value, &call->err);
	r = set_of_driver(call->context, name, value, &call->err);
	if (r != -ENOENT)
		return r;
	return err_set(&call->err, ERR_INVALID_REQUEST,
		       "the system has no parameter '%s': debug, State, trace, slow-command, iSNS, "
		       "iSNSServerIP, iSNSServerPort and iSNSAccessControl can be set", name);
}

int system_delete(struct verb_call *call)
{
	struct core *core = call->context;

	if (target_next(core, NULL))
		return err_set(&call->err, ERR_INVALID_REQUEST,
			       "targets exist: delete them first, or stop tgtd with SIGTERM");
	core->shutdown(core);
	return 0;
}

/* Round @i over the targets is driver @i's. */
static int lld_target(struct verb_walk *w, const struct target *t)
{
	json_t *row;

	if (t->transport->index != w->round)
		return 1;
	row = json_pack("{s:I s:s}", "tid", (json_int_t)t->tid, "name", t->name);
	return verb_put(w->call, w->rows++ ? "," : "", row) ? -ENOMEM : 1;
}

static void lld_begin(struct verb_call *call, unsigned int i)
{
	const struct core *core = call->context;
	const struct transport *tr = core->transports[i];

	strbuf_printf(&call->text, "%s{\"name\":\"%s\",\"state\":\"%s\",\"targets\":[",
		      i ? "," : "[", tr->name, lld_states[tr->state]);
}

static bool lld_end(struct verb_walk *w)
{
	const struct core *core = w->call->context;
	bool more = core->transports[w->round + 1];

	strbuf_puts(&w->call->text, more ? "]}" : "]}]");
	if (more)
		lld_begin(w->call, w->round + 1);
	w->rows = 0;
	return more;
}

int lld_show(struct verb_call *call)
{
	static const struct verb_walk_ops ops = { .target = lld_target, .end = lld_end };

	lld_begin(call, 0);
	return verb_walk(call, &ops, NULL);
}

static struct transport *call_lld(struct verb_call *call)
{
	const char *name = verb_str(call, "lld");
	struct transport *tr = core_transport(call->context, name);

	if (!tr)
		err_set(&call->err, ERR_NO_DRIVER, "no driver is named '%s'", name);
	return tr;
}

int lld_start(struct verb_call *call)
{
	struct transport *tr = call_lld(call);
	int r;

	if (!tr)
		return -EINVAL;
	if (tr->state == TRANSPORT_READY)
		return 0;
	r = tr->start(call->context, NULL, &call->err);
	tr->state = r ? TRANSPORT_ERROR : TRANSPORT_READY;
	return r;
}

static void lld_stopped(void *arg)
{
	verb_finish(arg);
}

int lld_stop(struct verb_call *call)
{
	struct transport *tr = call_lld(call);
	struct target *t;

	if (!tr)
		return -EINVAL;
	for (t = target_next(call->context, NULL); t; t = target_next(call->context, t))
		if (t->transport == tr)
			return err_set(&call->err, ERR_DRIVER_BUSY,
				       "driver %s serves target %u", tr->name, t->tid);
	if (tr->state != TRANSPORT_READY)
		return 0;
	tr->state = TRANSPORT_STOPPED;
	tr->stop(call->context, lld_stopped, call);
	return -EINPROGRESS;
}
