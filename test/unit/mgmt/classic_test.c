/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic text from JSON literals, character by character: what scripts parse.
 */
#include "mgmt/classic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* In @json ' stands for ". */
static json_t *parse(const char *json)
{
	char buf[8192];
	json_error_t err;
	json_t *v;

	assert_true(strlen(json) < sizeof(buf));
	strcpy(buf, json);
	for (char *c = buf; *c; c++)
		if (*c == '\'')
			*c = '"';
	v = json_loads(buf, 0, &err);
	if (!v)
		fail_msg("%s at %d", err.text, err.position);
	return v;
}

static void expect(const char *object, const char *verb, const char *json, const char *text)
{
	struct strbuf out = STRBUF_INIT;
	json_t *v = parse(json);

	classic_text(object, verb, v, &out);
	assert_string_equal(strbuf_str(&out), text);
	strbuf_free(&out);
	json_decref(v);
}

#define LUN0                                                                                       \
	"{'lun':0,'type':'controller','scsi_id':'IET     00010000','scsi_sn':'beaf10','size':0,"   \
	"'block_size':0,'online':true,'removable':false,'prevent_removal':false,"                  \
	"'readonly':false,'swp':false,'thin_provisioning':false,'bstype':'null','path':null,"      \
	"'flags':''}"
#define LUN1                                                                                       \
	"{'lun':1,'type':'disk','scsi_id':'IET     00010001','scsi_sn':'beaf11',"                  \
	"'size':10485760,'block_size':512,'online':false,'removable':true,"                        \
	"'prevent_removal':true,'readonly':true,'swp':true,'thin_provisioning':true,"              \
	"'bstype':'rdwr','path':'/srv/a b','flags':'sync:direct'}"
#define TARGET                                                                                     \
	"{'tid':1,'name':'iqn.2001-04.com.example:a','driver':'iscsi','state':'ready',"            \
	"'nexuses':[{'sid':2,'initiator':'iqn.i:1','alias':'me','connections':[{'cid':0,"          \
	"'address':'127.0.0.1'}]},{'sid':3,'initiator':'iqn.i:2','alias':null,"                    \
	"'connections':[]}],'luns':[" LUN0 "," LUN1 "],"                                           \
	"'accounts':[{'user':'a'},{'user':'b','outgoing':true}],"                                  \
	"'acl':['ALL','10.0.0.0/8','iqn.x']"

static void target_show_is_the_predecessors(void **state)
{
	(void)state;
	expect("target", "show",
	       "[" TARGET ",'nop_interval':5,'nop_count':0},{'tid':9,'name':'iqn.b',"
	       "'driver':'iscsi','state':'offline','nexuses':[],'luns':[],'accounts':[],'acl':[],"
	       "'nop_interval':0,'nop_count':0}]",
	       "Target 1: iqn.2001-04.com.example:a\n"
	       "    System information:\n"
	       "        Driver: iscsi\n"
	       "        State: ready\n"
	       "        Nop interval: 5\n"
	       "        Nop count: 0\n"
	       "    I_T nexus information:\n"
	       "        I_T nexus: 2\n"
	       "            Initiator: iqn.i:1 alias: me\n"
	       "            Connection: 0\n"
	       "                IP Address: 127.0.0.1\n"
	       "        I_T nexus: 3\n"
	       "            Initiator: iqn.i:2 alias: none\n"
	       "    LUN information:\n"
	       "        LUN: 0\n"
	       "            Type: controller\n"
	       "            SCSI ID: IET     00010000\n"
	       "            SCSI SN: beaf10\n"
	       "            Size: 0 MB, Block size: 1\n"
	       "            Online: Yes\n"
	       "            Removable media: No\n"
	       "            Prevent removal: No\n"
	       "            Readonly: No\n"
	       "            SWP: No\n"
	       "            Thin-provisioning: No\n"
	       "            Backing store type: null\n"
	       "            Backing store path: None\n"
	       "            Backing store flags: \n"
	       "        LUN: 1\n"
	       "            Type: disk\n"
	       "            SCSI ID: IET     00010001\n"
	       "            SCSI SN: beaf11\n"
	       "            Size: 10 MB, Block size: 512\n"
	       "            Online: No\n"
	       "            Removable media: Yes\n"
	       "            Prevent removal: Yes\n"
	       "            Readonly: Yes\n"
	       "            SWP: Yes\n"
	       "            Thin-provisioning: Yes\n"
	       "            Backing store type: rdwr\n"
	       "            Backing store path: /srv/a b\n"
	       "            Backing store flags: sync:direct\n"
	       "    Account information:\n"
	       "        a\n"
	       "        b (outgoing)\n"
	       "    ACL information:\n"
	       "        ALL\n"
	       "        10.0.0.0/8\n"
	       "        iqn.x\n"
	       "Target 9: iqn.b\n"
	       "    System information:\n"
	       "        Driver: iscsi\n"
	       "        State: offline\n"
	       "    I_T nexus information:\n"
	       "    LUN information:\n"
	       "    Account information:\n"
	       "    ACL information:\n");
	expect("target", "show", "[]", "");
}

static void one_target_shows_its_parameters(void **state)
{
	(void)state;
	expect("target", "show",
	       TARGET ",'nop_interval':0,'nop_count':3,'params':{'MaxBurstLength':'262144',"
	       "'HeaderDigest':'None'}}",
	       "nop_interval=0\nnop_count=3\nMaxBurstLength=262144\nHeaderDigest=None\n");
	expect("target", "show",
	       TARGET ",'redirect':{'address':'1.2.3.4','port':3261,'reason':'Temporary'},"
	       "'nop_interval':0,'nop_count':3,'params':{'MaxBurstLength':'262144'}}",
	       "RedirectAddress=1.2.3.4\nRedirectPort=3261\nRedirectReason=Temporary\n");
	expect("target", "show", TARGET ",'redirect':{'callback':'/a b','port':3260,'reason':'Temporary'}}",
	       "RedirectCallback=/a b\n");
	expect("target", "show",
	       TARGET ",'redirect':{'port':3261,'reason':'Permanent'},'nop_interval':0,"
	       "'nop_count':3,'params':{}}",
	       "nop_interval=0\nnop_count=3\n");
}

static void sizes_are_rounded_decimal_megabytes(void **state)
{
	static const struct {
		const char *json, *line;
	} cases[] = {
		{ "{'size':499712,'block_size':512}", "Size: 0 MB, Block size: 512\n" },
		{ "{'size':999936,'block_size':512}", "Size: 1 MB, Block size: 512\n" },
		{ "{'size':1499648,'block_size':512}", "Size: 1 MB, Block size: 512\n" },
		{ "{'size':1999872,'block_size':512}", "Size: 2 MB, Block size: 512\n" },
		{ "{'size':104857600,'block_size':512}", "Size: 105 MB, Block size: 512\n" },
		{ "{'size':9223372036854774784,'block_size':512}",
		  "Size: 9223372036855 MB, Block size: 512\n" },
	};
	struct strbuf out = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *v = parse(cases[i].json);

		strbuf_reset(&out);
		classic_text("logicalunit", "show", v, &out);
		if (!strstr(strbuf_str(&out), cases[i].line))
			fail_msg("%s: %s", cases[i].json, strbuf_str(&out));
		json_decref(v);
	}
	strbuf_free(&out);
}

static void values_can_not_look_like_lines(void **state)
{
	(void)state;
	expect("lld", "show", "[{'name':'a\\nTarget 1: b\\u007f','state':'ready','targets':[]}]",
	       "LLDs:\n    a?Target 1: b?: ready\n");
}

static void system_show_is_the_predecessors(void **state)
{
	(void)state;
	expect("system", "show",
	       "{'state':'ready','debug':false,'llds':[{'name':'iscsi','state':'ready'},"
	       "{'name':'iser','state':'error'}],'backing_stores':[{'name':'null','flags':[]},"
	       "{'name':'rdwr','flags':['sync','direct']}],'device_types':['disk','cd/dvd'],"
	       "'accounts':[],'isns':{'enabled':false,'server':'','port':3205,"
	       "'access_control':false}}",
	       "System:\n"
	       "    State: ready\n"
	       "    debug: off\n"
	       "LLDs:\n"
	       "    iscsi: ready\n"
	       "    iser: error\n"
	       "Backing stores:\n"
	       "    null\n"
	       "    rdwr (bsoflags sync:direct)\n"
	       "Device types:\n"
	       "    disk\n"
	       "    cd/dvd\n"
	       "iSNS:\n"
	       "    iSNS=Off\n"
	       "    iSNSServerIP=\n"
	       "    iSNSServerPort=3205\n"
	       "    iSNSAccessControl=Off\n");
}

static void drivers_portals_and_connections_are_listed(void **state)
{
	(void)state;
	expect("lld", "show",
	       "[{'name':'iscsi','state':'ready','targets':[{'tid':1,'name':'iqn.a'}]},"
	       "{'name':'iser','state':'error','targets':[]}]",
	       "LLDs:\n    iscsi: ready\n        Target 1: iqn.a\n    iser: error\n");
	expect("portal", "show",
	       "[{'address':'127.0.0.1:3260','tag':1},{'address':'[::1]:3260','tag':2}]",
	       "Portal: 127.0.0.1:3260,1\nPortal: [::1]:3260,2\n");
	expect("connection", "show",
	       "[{'sid':2,'initiator':'iqn.i','connections':[{'cid':0,'address':'127.0.0.1'}]}]",
	       "Session: 2\n    Connection: 0\n        Initiator: iqn.i\n"
	       "        IP Address: 127.0.0.1\n");
	expect("session", "show", "{'sid':2,'params':{'ImmediateData':'Yes'}}",
	       "ImmediateData=Yes\n");
}

#define STATS                                                                                      \
	"[{'tid':1,'lun':1,'sid':2,'rd_subm_bytes':66285,'rd_subm_cmds':10,"                       \
	"'rd_done_bytes':66285,'rd_done_cmds':10,'wr_subm_bytes':4096,'wr_subm_cmds':1,"           \
	"'wr_done_bytes':4096,'wr_done_cmds':1,'errs':1}]"
#define LUN "{'luns':[{'lun':1,'nexuses':" STATS "}]}"
#define CONN                                                                                      \
	"{'sid':1,'cid':0,'rxdata_octets':5180,'txdata_octets':67016,'dataout_pdus':0,"           \
	"'datain_pdus':0,'cmd_pdus':13,'rsp_pdus':0}"
#define STATS_HEAD                                                                                 \
	"tgt lun sid rd_subm(bytes,cmds) rd_done(bytes,cmds) wr_subm(bytes,cmds) "                 \
	"wr_done(bytes,cmds) errs\n"
#define STATS_ROW                                                                                  \
	"  1   1   2        66285     10        66285     10         4096      1         4096"     \
	"      1    1\n"
#define CONNS_TEXT                                                                                 \
	"sid cid rxdata_octets txdata_octets dataout_pdus datain_pdus cmd_pdus rsp_pdus\n"         \
	"  1   0          5180         67016            0           0       13        0\n"

static void counters_are_in_the_predecessors_columns(void **state)
{
	(void)state;
	expect("target", "stat", "{'luns':[]}", STATS_HEAD);
	expect("target", "stat", LUN, STATS_HEAD STATS_ROW);
	expect("system", "stat", "{'targets':[" LUN "," LUN "]}", STATS_HEAD STATS_ROW STATS_ROW);
	expect("logicalunit", "stat", "{'lun':1,'nexuses':" STATS "}", STATS_HEAD STATS_ROW);
	expect("connection", "stat", CONN, CONNS_TEXT);
	expect("session", "stat", "{'luns':" STATS ",'connections':[" CONN "]}",
	       STATS_HEAD STATS_ROW "\n" CONNS_TEXT);
}

static void other_verbs_print_nothing(void **state)
{
	(void)state;
	expect("target", "new", "{}", "");
}

static void results_that_make_no_sense_do_no_harm(void **state)
{
	static const char *const verbs[][2] = {
		{ "target", "show" }, { "system", "show" }, { "lld", "show" },
		{ "portal", "show" }, { "session", "stat" }, { "connection", "show" },
		{ "target", "stat" }, { "system", "stat" }, { "logicalunit", "stat" },
		{ "connection", "stat" }, { "logicalunit", "show" },
	};
	static const char *const texts[] = {
		"[]", "{}", "[1]", "[[]]", "[null]", "[{'luns':3,'acl':[null],'nexuses':{}}]",
		"{'llds':[3],'device_types':[null],'backing_stores':[{'flags':[null]}]}",
	};
	struct strbuf out = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			json_t *v = parse(texts[j]);

			strbuf_reset(&out);
			classic_text(verbs[i][0], verbs[i][1], v, &out);
			assert_true(strbuf_ok(&out));
			json_decref(v);
		}
	strbuf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_show_is_the_predecessors),
		cmocka_unit_test(one_target_shows_its_parameters),
		cmocka_unit_test(sizes_are_rounded_decimal_megabytes),
		cmocka_unit_test(values_can_not_look_like_lines),
		cmocka_unit_test(system_show_is_the_predecessors),
		cmocka_unit_test(drivers_portals_and_connections_are_listed),
		cmocka_unit_test(counters_are_in_the_predecessors_columns),
		cmocka_unit_test(other_verbs_print_nothing),
		cmocka_unit_test(results_that_make_no_sense_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
