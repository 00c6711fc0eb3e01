/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iSNS as the administrator sets it and sees it: system parameters by the names that they have
 * always had.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "iscsi/admit.h"
#include "iscsi/iscsi.h"
#include "iscsi/isns.h"
#include "iscsi/isns_client.h"
#include "iscsi/text.h"

static int parse_switch(const char *name, const char *value, bool *on, struct err *err)
{
	*on = !strcasecmp(value, "on") || !strcasecmp(value, "yes");
	if (!*on && strcasecmp(value, "off") && strcasecmp(value, "no"))
		return err_set(err, ERR_INVALID_REQUEST, "%s is On or Off, not '%.40s'", name, value);
	return 0;
}

static int set_on(const char *value, struct err *err)
{
	bool on;

	if (parse_switch("iSNS", value, &on, err))
		return -EINVAL;
	if (on == isns.on)
		return 0;
	if (on && isns.server.sa.sa_family == AF_UNSPEC)
		return err_set(err, ERR_INVALID_REQUEST,
			       "set iSNSServerIP before iSNS is switched on");
	isns.on = on;
	isns.error[0] = '\0';
	isns_restart();
	return 0;
}

static int set_server(const char *value, struct err *err)
{
	struct addr addr;

	if (!*value && isns.on)
		return err_set(err, ERR_INVALID_REQUEST,
			       "switch iSNS off before its server is taken away");
	if (strchr(value, ']') ? strstr(value, "]:") != NULL :
				 strchr(value, ':') == strrchr(value, ':') && strchr(value, ':'))
		return err_set(err, ERR_INVALID_REQUEST,
			       "iSNSServerIP is an address; its port is iSNSServerPort");
	if (addr_parse(&addr, value, isns.port, err))
		return -EINVAL;
	if (addr_equal(&addr, &isns.server))
		return 0;
	isns.server = addr;
	isns_restart();
	return 0;
}

static int set_port(const char *value, struct err *err)
{
	uint32_t port;

	if (!text_number(value, &port) || !port || port > UINT16_MAX)
		return err_set(err, ERR_INVALID_REQUEST,
			       "iSNSServerPort is a number from 1 to 65535, not '%.40s'", value);
	if (port == isns.port)
		return 0;
	isns.port = (uint16_t)port;
	isns.server.in6.sin6_port = htons(isns.port);
	isns_restart();
	return 0;
}

/* Sessions are looked at when the server has answered: until then nobody new comes in. */
static int set_access_control(const char *value, struct err *err)
{
	bool on;

	if (parse_switch("iSNSAccessControl", value, &on, err))
		return -EINVAL;
	if (on == isns.access_control)
		return 0;
	isns.access_control = on;
	isns_members_again();
	isns_refresh_later();
	isns_go_on();
	return 0;
}

int isns_set(const char *name, const char *value, struct err *err)
{
	if (!strcmp(name, "iSNS"))
		return set_on(value, err);
	if (!strcmp(name, "iSNSServerIP"))
		return set_server(value, err);
	if (!strcmp(name, "iSNSServerPort"))
		return set_port(value, err);
	if (!strcmp(name, "iSNSAccessControl"))
		return set_access_control(value, err);
	return -ENOENT;
}

static const char *state_text(void)
{
	if (isns.leaving)
		return "leaving";
	if (isns.registered && isns.state == ISNS_UP)
		return "registered";
	if (isns.state == ISNS_UP)
		return "connected";
	if (isns.state == ISNS_CONNECTING)
		return "connecting";
	return isns.state == ISNS_WAITING ? "waiting" : "off";
}

static json_t *targets(void)
{
	const struct isns_object *node;
	json_t *list = json_array();

	list_for_each(node, &isns.objects.nodes, link)
		if (node->registered)
			json_array_append_new(list, json_pack("{s:s s:o}", "name", node->key, "initiators",
							      node->known ? json_integer((json_int_t)node->n_members) :
									    json_null()));
	return list;
}

json_t *isns_show(void)
{
	char server[ADDR_STRLEN] = "";

	if (isns.server.sa.sa_family != AF_UNSPEC)
		addr_format_host(&isns.server, server);
	return json_pack("{s:b s:s s:i s:b s:s s:s s:s s:I s:I s:I s:I s:I s:o}", "enabled", isns.on,
			 "server", server, "port", isns.port, "access_control", isns.access_control,
			 "state", state_text(), "entity", isns.registered ? isns.eid : "", "error",
			 isns.error, "connections", (json_int_t)isns.connects, "requests",
			 (json_int_t)isns.requests, "failures", (json_int_t)isns.failures,
			 "notifications", (json_int_t)isns.scns, "inquiries", (json_int_t)isns.esis,
			 "targets", targets());
}
