#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2030,SC2031,SC2154
#
# Pacemaker's resource agents iSCSITarget and iSCSILogicalUnit, as they come with Debian's package
# resource-agents, with this tgtadm and tgtd: the actions that a cluster calls, and their codes.

load lib.bash

RUNNING=0
NOT_RUNNING=7

setup() {
	[ "$(id -u)" -eq 0 ] || skip 'the agents want to be root'
	setup_dir
	agents=usr/lib/ocf/resource.d/heartbeat
	TARGET=$("$top/scripts/unpacked" resource-agents $agents/iSCSITarget)
	LUN=$("$top/scripts/unpacked" resource-agents $agents/iSCSILogicalUnit)
	"$top/scripts/unpacked" resource-agents usr/lib/ocf/lib/heartbeat >/dev/null
	mkdir "$DIR/tmp"
	export OCF_ROOT=${TARGET%/resource.d/*} HA_RSCTMP=$DIR/tmp HA_LOGFACILITY=none HA_debug=0
	export __OCF_RC_AGENT_TRACED=1 OCF_RESKEY_CRM_meta_timeout=20000 OCF_RESKEY_CRM_meta_interval=0
	export PATH=$BUILD:$PATH
	start_tgtd
	make_disk a 8M
}

teardown() {
	teardown_tgtd
}

# agent SCRIPT NAME ACTION [PARAMETER=VALUE...]: what a cluster does; its code.
agent() {
	local script=$1 name=$2 action=$3 word
	shift 3
	(
		export OCF_RESOURCE_INSTANCE=$name OCF_RESOURCE_TYPE=${script##*/} __OCF_ACTION=$action
		export OCF_RESKEY_implementation=tgt
		for word in "$@"; do
			export "OCF_RESKEY_$word"
		done
		bash "$script" "$action"
	)
}

target() {
	agent "$TARGET" the-target "$1" iqn="$IQN" tid=3 portals="$PORTAL" allowed_initiators=ALL "${@:2}"
}

lun() {
	agent "$LUN" the-lun "$1" target_iqn="$IQN" lun=1 path="$DIR/a" "${@:2}"
}

# is CODE COMMAND...
is() {
	local want=$1
	shift
	run "$@"
	[ "$status" -eq "$want" ] || { echo "$* ended with $status: $output"; return 1; }
}

@test "a target is validated, started, monitored and stopped" {
	is 0 agent "$TARGET" x meta-data
	is 0 target validate-all
	is $NOT_RUNNING target monitor
	is 0 target start allowed_initiators='127.0.0.0/8 192.0.2.1' additional_parameters='MaxBurstLength=65536 ImmediateData=No'
	is $RUNNING target monitor
	is 0 target start
	"$TGTADM" --json target show --tid 3 | jq -e '
		.params.MaxBurstLength == "65536" and .params.ImmediateData == "No" and
		.initiator_addresses == ["127.0.0.0/8", "192.0.2.1"]'
	is 0 target stop allowed_initiators='127.0.0.0/8 192.0.2.1'
	is $NOT_RUNNING target monitor
	is 0 target stop
}

@test "a logical unit is started, monitored, used and stopped" {
	is 0 target start
	is 0 lun validate-all
	is $NOT_RUNNING lun monitor
	is 0 lun start vendor_id=CLUSTER product_id=Disk scsi_id=one scsi_sn=two
	is $RUNNING lun monitor
	iscsi-inq "$(url 1)" | grep -q CLUSTER
	"$TGTADM" --json logicalunit show --tid 3 --lun 1 | jq -e '.scsi_id == "one" and .scsi_sn == "two"'
	is 0 lun stop
	is $NOT_RUNNING lun monitor
	is 0 lun stop
	is 0 target stop
}

@test "a logical unit with options of its store" {
	is 0 target start
	is 0 lun start tgt_bstype=rdwr tgt_bsoflags=sync tgt_bsopts= tgt_device_type=disk
	"$TGTADM" --json logicalunit show --tid 3 --lun 1 | jq -e '.flags == "sync" and .bstype == "rdwr"'
	is 0 lun stop
	is 0 target stop
}

@test "a target with an account lets in who knows the password, and takes it back" {
	local account=(incoming_username=joe incoming_password=wonderland-by-night)
	is 0 target start "${account[@]}"
	is 0 lun start
	is $RUNNING target monitor "${account[@]}"
	run iscsi-inq "$(url 1)"
	[ "$status" -ne 0 ]
	iscsi-inq "iscsi://joe%wonderland-by-night@$PORTAL/$IQN/1"
	is 0 lun stop
	is 0 target stop "${account[@]}"
	[ "$("$TGTADM" --json account show)" = '[]' ]
}

@test "a target in use is stopped all the same: its connections are closed" {
	is 0 target start
	is 0 lun start
	python3 - "$top" "$PORT" "$IQN" "$DIR" <<-'END' 3>&- &
	import os, sys, time
	sys.path.insert(0, sys.argv[1] + "/test/lib")
	import initiator
	s = initiator.Session(int(sys.argv[2]), sys.argv[3])
	s.ready()
	open(sys.argv[4] + "/in", "w").close()
	try:
	    while True:
	        s.read10(0, 1)
	        time.sleep(0.02)
	except (initiator.Closed, OSError):
	    open(sys.argv[4] + "/out", "w").close()
	END
	local session=$!
	wait_for 20 test -e "$DIR/in"
	is 0 lun stop
	is 0 target stop
	is $NOT_RUNNING target monitor
	wait_for 20 test -e "$DIR/out"
	wait "$session"
}

@test "without tgtd a target is not running, and starting it fails" {
	stop_tgtd
	is $NOT_RUNNING target monitor
	run target start
	[ "$status" -ne 0 ]
}
