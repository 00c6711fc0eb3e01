#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2016,SC2154
#
# Portals, their groups and the daemon's parameters in targets.conf; and that a dump has everything that
# tgtadm can set.

load lib.bash

setup() {
	setup_dir
	ADMIN=$BUILD/tgt-admin
	CONF=$DIR/targets.conf
	truncate -s 8M "$DIR/d1" "$DIR/d2" "$DIR/d3"
	P2=$(free_port)
}

teardown() {
	[ -z "${HOLD_PID:-}" ] || kill "$HOLD_PID" 2>/dev/null || true
	teardown_tgtd
}

portals() {
	"$TGTADM" --json portal show | jq -r '.[] | "\(.address) \(.tag) \(.origin)"'
}

lun() {
	tgtadm logicalunit update --tid "$1" --lun "$2" --params "$3"
}

target() {
	tgtadm target update --tid 1 --name "$1" --value "$2"
}

# all_shown: as much as there is, without what counts, and who asked for portals.
all_shown() {
	"$TGTADM" --json target show | jq -S .
	"$TGTADM" --json account show --secrets | jq -S 'sort_by(.user)'
	"$TGTADM" --json portal show | jq -S "map(del(.origin, .accepted, .refused) | select(.address != \"$PORTAL\"))"
	"$TGTADM" --json system show | jq -S 'del(.backing_stores)'
}

# Every setting at something else than its default.
set_everything() {
	local name v
	tgtadm portal new --portal "127.0.0.2:$P2" --tag 3 --dscp af21 --keepalive 60:10:4 --user-timeout 30
	tgtadm portal bind --portal "127.0.0.2:$P2" --initiator-address 127.0.0.0/8
	tgtadm portal bind --portal "127.0.0.2:$P2" --initiator-name 'iqn.2026-11.org.example:*'
	tgtadm portal new --portal "127.0.0.3:$P2" --tag 2 --interface lo
	tgtadm portal new --portal "127.0.0.4:$P2"
	tgtadm system update --name slow-command --value 1234
	tgtadm system update --name trace --value login,errors
	tgtadm system update --name State --value offline
	tgtadm system update --name iSNSServerIP --value 192.0.2.77
	tgtadm system update --name iSNSServerPort --value 3206
	tgtadm system update --name iSNSAccessControl --value On
	tgtadm account new --user in --password 'pass "word" #1 $'
	tgtadm account new --user out --password another-password
	tgtadm account new --user disc --password discovery-password
	tgtadm target new --tid 1 --targetname "$IQN"
	tgtadm target new --tid 9 --targetname "$IQN-nine"
	tgtadm account bind --user in --tid 1
	tgtadm account bind --user out --tid 1 --outgoing
	tgtadm account bind --user disc
	for v in 'DataDigest CRC32C' 'HeaderDigest None' 'DataPDUInOrder No' 'DataSequenceInOrder No' \
		'DefaultTime2Retain 30' 'DefaultTime2Wait 3' 'ErrorRecoveryLevel 2' 'FirstBurstLength 8192' \
		'ImmediateData No' 'InitialR2T Yes' 'MaxBurstLength 65536' 'MaxConnections 4' \
		'MaxOutstandingR2T 2' 'MaxQueueCmd 16' 'MaxRecvDataSegmentLength 8192' \
		'MaxXmitDataSegmentLength 16384' 'PortalGroups 3,2' 'CHAPAlgorithms SHA256,MD5' \
		'TargetAlias a # name' 'RedirectAddress 192.0.2.7' 'RedirectPort 3261' \
		'RedirectReason Permanent' 'nop_interval 7' 'nop_count 3' 'state offline'; do
		target "${v%% *}" "${v#* }"
	done
	tgtadm portgroup new --tid 1 --group 4 --portal-groups 3=7 --state active/non-optimized --preferred
	tgtadm portgroup new --tid 1 --group 5 --remote-ports 9,10 --state standby
	target access_changes both
	target transition_time 12
	tgtadm target update --tid 9 --name RedirectCallback --value '/bin/true x'
	tgtadm target bind --tid 1 --initiator-address 192.0.2.0/24
	tgtadm target bind --tid 1 --initiator-name 'iqn.*:?'
	tgtadm target update --tid 1 --name initiator_limit --value 'iqn.a iops=100,bps_wr=1048576'
	tgtadm logicalunit new --tid 1 --lun 1 --backing-store "$DIR/d1" --blocksize 4096 --bsoflags sync
	tgtadm logicalunit new --tid 1 --lun 5 --backing-store "$DIR/d2"
	tgtadm logicalunit new --tid 1 --lun 6 --backing-store "$DIR/d2"
	tgtadm logicalunit new --tid 1 --lun 8 --bstype null
	lun 1 1 'vendor_id=My \, Co,product_id=Disk #1,product_rev=9.9,scsi_id=one,scsi_sn=two'
	lun 1 1 'lbppbe=1,la_lba=1,optimal_xfer_gran=8,optimal_xfer_len=64,rotation_rate=7200'
	lun 1 1 'sense_format=1,removable=1,thin_provisioning=1,third_party_copy=0,swp=1,cdb32=1'
	lun 1 1 'iops=100,iops_rd=90,iops_wr=80,iops_burst=200,bps=1000000,bps_rd=900000'
	lun 1 1 'bps_wr=800000,bps_burst=2000000'
	lun 1 5 'readonly=1'
	lun 1 5 'mode_page=8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0'
	lun 1 6 'online=0'
	tgtadm lunmap new --tid 1 --initiator-name iqn.a --luns 0=5,1=1:ro --readonly=off
	tgtadm lunmap new --tid 1 --initiator-name iqn.b --all --readonly
}

@test "all that tgtadm sets survives dump, restart and execute" {
	start_tgtd
	set_everything
	"$ADMIN" --dump --secrets >"$DIR/one"
	all_shown >"$DIR/shown"
	chmod 600 "$DIR/one"
	"$ADMIN" --check -c "$DIR/one" 2>"$DIR/said"
	[ ! -s "$DIR/said" ] || { cat "$DIR/said"; false; }
	"$ADMIN" --diff -c "$DIR/one"
	stop_tgtd
	start_tgtd
	"$ADMIN" --execute -c "$DIR/one"
	"$ADMIN" --dump --secrets >"$DIR/two"
	diff "$DIR/one" "$DIR/two"
	all_shown | diff "$DIR/shown" -
	"$ADMIN" --diff -c "$DIR/one"
}

@test "every parameter of a logical unit is a directive" {
	local name
	{
		printf '<target %s>\n<backing-store %s>\n' "$IQN" "$DIR/d1"
		sed -n 's/^\t{ "\([a-z_0-9]*\)", [A-Z].*/\1/p' "$top/usr/target/lu_set.c" | while read -r name; do
			echo "$name 1"
		done
		printf '</backing-store>\n</target>\n'
	} >"$CONF"
	grep -q '^vendor_id 1' "$CONF"
	"$ADMIN" --check -c "$CONF" 2>"$DIR/said"
	[ ! -s "$DIR/said" ] || { cat "$DIR/said"; false; }
}

@test "whatever a target shows as a parameter, targets.conf has" {
	start_tgtd
	add_target
	{
		echo "<target $IQN>"
		"$TGTADM" --json target show --tid 1 | jq -r '.params | to_entries[] | "\(.key) \(.value)"'
		echo '</target>'
	} >"$CONF"
	grep -q MaxBurstLength "$CONF"
	"$ADMIN" --check -c "$CONF" 2>"$DIR/said"
	[ ! -s "$DIR/said" ] || { cat "$DIR/said"; false; }
	"$ADMIN" --update ALL -c "$CONF"
	"$ADMIN" --diff -c "$CONF"
}

@test "portals of the file come and go; tgtd's own and those made by hand stay" {
	start_tgtd
	tgtadm portal new --portal "127.0.0.9:$P2"
	printf 'portal 127.0.0.2:%s\n<portal 127.0.0.3:%s>\n tag 2\n</portal>\n' "$P2" "$P2" >"$CONF"
	"$ADMIN" --update ALL -c "$CONF"
	portals >"$DIR/have"
	printf '%s\n' "127.0.0.1:$PORT 1 option" "127.0.0.9:$P2 1 added" "127.0.0.2:$P2 1 configured" \
		"127.0.0.3:$P2 2 configured" | diff - "$DIR/have"
	echo "portal 127.0.0.3:$P2" >"$CONF"
	"$ADMIN" --diff -c "$CONF" >"$DIR/said" || [ $? -eq 1 ]
	grep -qx -- "- portal 127.0.0.2:$P2" "$DIR/said"
	"$ADMIN" --update ALL -c "$CONF"
	portals >"$DIR/have"
	printf '%s\n' "127.0.0.1:$PORT 1 option" "127.0.0.9:$P2 1 added" "127.0.0.3:$P2 1 configured" |
		diff - "$DIR/have"
	"$ADMIN" --diff -c "$CONF"
}

@test "a portal that can't be had takes all back" {
	start_tgtd
	python3 -c '
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.2", int(sys.argv[1])))
s.listen()
open(sys.argv[2], "w").close()
time.sleep(60)' "$P2" "$DIR/held" 3>&- &
	HOLD_PID=$!
	wait_for 20 test -e "$DIR/held"
	portals >"$DIR/before"
	printf 'slow-command 7\nportal 127.0.0.3:%s\nportal 127.0.0.2:%s\n<target %s>\n</target>\n' \
		"$P2" "$P2" "$IQN" >"$CONF"
	run "$ADMIN" --update ALL -c "$CONF"
	[ "$status" -eq 22 ]
	[[ $output == *"$CONF:3: portal 127.0.0.2:$P2"*"can't listen"* ]]
	portals | diff "$DIR/before" -
	[ "$("$TGTADM" --json system show | jq .slow_command_ms)" = 0 ]
}

@test "sessions stay when the portal that they came by is replaced" {
	start_tgtd
	printf 'portal 127.0.0.1:%s\n<target %s>\nbacking-store %s\nPortalGroups 1\n</target>\n' \
		"$P2" "$IQN" "$DIR/d1" >"$CONF"
	"$ADMIN" --update ALL -c "$CONF"
	PYTHONPATH=$top/test/lib python3 -c '
import os, sys, time, initiator
s = initiator.Session(int(sys.argv[1]), sys.argv[2])
s.ready()
open(sys.argv[3] + "/in", "w").close()
while not os.path.exists(sys.argv[3] + "/go"):
	time.sleep(0.02)
s.read10(0, 1)
open(sys.argv[3] + "/out", "w").close()' "$P2" "$IQN" "$DIR" 3>&- &
	HOLD_PID=$!
	wait_for 20 test -e "$DIR/in"
	printf '<portal 127.0.0.1:%s>\ntag 1\ndscp ef\n</portal>\nportal 127.0.0.2:%s\n' "$P2" "$P2" >"$DIR/p"
	sed -n '/<target/,$p' "$CONF" >>"$DIR/p"
	"$ADMIN" --update ALL -c "$DIR/p"
	[ "$("$TGTADM" --json portal show | jq -r '.[] | select(.own == ["dscp"]) | .dscp')" = 46 ]
	sed -i "s/^portal 127.0.0.2.*/portal 127.0.0.3:$P2/; /<portal/,/<.portal/d" "$DIR/p"
	"$ADMIN" --update ALL -c "$DIR/p"
	touch "$DIR/go"
	wait "$HOLD_PID"
	HOLD_PID=
	[ -e "$DIR/out" ]
}

@test "with --config the portals of the file are there when tgtd is ready" {
	printf 'portal 127.0.0.2:%s\n<target %s>\nbacking-store %s\n</target>\n' "$P2" "$IQN" "$DIR/d1" >"$CONF"
	start_tgtd --config "$CONF"
	portals | grep -qx "127.0.0.2:$P2 1 configured"
	printf 'portal 127.0.0.3:%s\n' "$P2" >"$CONF"
	kill -HUP "$TGTD_PID"
	wait_for 20 eval 'portals | grep -qx "127.0.0.3:$P2 1 configured"'
	run grep -c configured <(portals)
	[ "$output" -eq 1 ]
}
