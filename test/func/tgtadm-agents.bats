#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tools of the field do with tgtadm: Pacemaker's iSCSITarget and iSCSILogicalUnit agents,
# Cinder's tgt driver, Longhorn's iSCSI helper. The command lines and the ways of taking the output
# apart are theirs.

load lib.bash

setup() {
	start_tgtd
}

teardown() {
	teardown_tgtd
}

@test "Pacemaker's target agent: start, monitor, stop" {
	tgtadm --lld iscsi --op new --mode target --tid=1 --targetname="$IQN"
	tgtadm --lld iscsi --op update --mode target --tid=1 --name=MaxBurstLength --value=65536
	tgtadm --lld iscsi --op update --mode target --tid=1 --name=ImmediateData --value=No
	tgtadm --lld iscsi --op bind --mode target --tid=1 --initiator-address=192.168.0.0/24
	tgtadm --lld iscsi --op bind --mode target --tid=1 --initiator-address=ALL
	tgtadm --lld iscsi --op show --mode target | grep -Eq "Target 1: $IQN"
	tgtadm --lld iscsi --op show --mode target --tid=1 | grep -qx MaxBurstLength=65536
	tgtadm --lld iscsi --op unbind --mode target --tid=1 --initiator-address=ALL
	tgtadm --lld iscsi --op delete --mode target --force --tid=1
	[ "$(tgtadm --lld iscsi --op show --mode target | grep -Ec 'Target 1:')" -eq 0 ]
}

@test "Pacemaker's logical unit agent: start, monitor, stop" {
	local tid
	make_disk a 8M
	tgtadm --lld iscsi --op new --mode target --tid=3 --targetname="$IQN"
	tgtadm --lld iscsi --op new --mode logicalunit --tid=3 --lun=1 --backing-store "$DIR/a"
	tgtadm --lld iscsi --op update --mode logicalunit --tid=3 --lun=1 \
		--params=scsi_id=vol1.target,scsi_sn=8a31c92d,vendor_id=STGT,product_id=VIRTUAL-DISK
	tid=$(tgtadm --lld iscsi --op show --mode target | sed -ne "s/^Target \([[:digit:]]\+\): $IQN/\1/p")
	[ "$tid" = 3 ]
	tgtadm --lld iscsi --op show --mode target | sed -ne "/^Target $tid:/,/^Target/p" |
		grep -Eq '[[:space:]]+LUN: 1$'
	tgtadm --lld iscsi --op show --mode target | grep -qx '            SCSI ID: vol1.target'
	tgtadm --lld iscsi --op show --mode target | grep -qx '            SCSI SN: 8a31c92d'
	tgtadm --lld iscsi --op delete --mode logicalunit --tid="$tid" --lun=1
	[ "$(tgtadm --lld iscsi --op show --mode target | grep -Ec '[[:space:]]+LUN: 1$')" -eq 0 ]
}

@test "Cinder finds its target's LUN in the lines between its name and the access list" {
	make_disk a 8M
	add_target 1
	tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b "$DIR/a"
	run tgtadm --lld iscsi --op show --mode target
	[ "$status" -eq 0 ]
	printf '%s\n' "$output" | python3 -c '
import sys
capture, got = False, []
for line in sys.stdin.read().split("\n"):
	if "%s" % sys.argv[1] in line and "Target 1" in line:
		capture = True
	if capture:
		got.append(line)
	if "ACL information" in line:
		capture = False
sys.exit("        LUN: 1" not in got)' "$IQN"
}

@test "Cinder makes a LUN again after it was deleted" {
	make_disk a 8M
	add_target 1
	local i
	for i in 1 2 3; do
		tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b "$DIR/a"
		tgtadm --lld iscsi --op delete --mode logicalunit --tid 1 --lun 1
	done
}

@test "Longhorn takes the next number when a target already exists" {
	local tid rc
	tgtadm --lld iscsi --op new --mode target --tid 1 -T "$IQN-other"
	for tid in 1 2; do
		rc=0
		tgtadm --lld iscsi --op new --mode target --tid $tid -T "$IQN" 2>"$DIR/err" || rc=$?
		[ $rc -ne 0 ] || break
		[ $rc -eq 22 ]
		grep -q 'this target already exists' "$DIR/err"
	done
	[ "$tid" -eq 2 ]
	tgtadm --lld iscsi --op show --mode target | grep -q "^Target 2: $IQN\$"
}

@test "Longhorn unbinds and deletes what has vanished already" {
	run tgtadm --lld iscsi --op unbind --mode target --tid 5 -I ALL
	[ "$status" -eq 22 ]
	[ "${lines[0]}" = "tgtadm: can't find the target" ]
	run tgtadm --lld iscsi --op delete --mode target --tid 5
	[ "$status" -eq 22 ]
	[ "${lines[0]}" = "tgtadm: can't find the target" ]
	run tgtadm --lld iscsi --op delete --mode logicalunit --tid 5 --lun 1
	[ "$status" -eq 22 ]
}

@test "Longhorn closes the connections of a target that it reads from conn show" {
	command -v qemu-io >/dev/null || skip 'needs qemu-io'
	add_target 1
	add_lun 1 1 "$(make_disk a 8M)"
	mkfifo "$DIR/fifo"
	qemu-io -f raw "$(url 1)" <"$DIR/fifo" >"$DIR/io" 2>&1 3>&- &
	local io=$! sid cid
	exec 4>"$DIR/fifo"
	conns() { tgtadm --lld iscsi --op show --mode conn --tid 1; }
	wait_for 10 eval 'conns | grep -q "^Session:"'
	sid=$(conns | sed -n 's/^Session: //p' | head -n 1)
	cid=$(conns | sed -n 's/^    Connection: //p' | head -n 1)
	conns | grep -qx '        IP Address: 127.0.0.1'
	conns | grep -q '^        Initiator: iqn\.'
	tgtadm --mode target --op show | grep -qx "        I_T nexus: $sid"
	tgtadm --mode target --op stat --tid 1 | sed 1d | grep -q "^  1   1 *$sid "
	tgtadm --mode sess --op stat --sid "$sid" | grep -q '^sid cid rxdata_octets'
	tgtadm --mode conn --op stat --tid 1 --sid "$sid" --cid "$cid" | sed 1d | grep -q "^ *$sid *$cid "
	run tgtadm --mode target --op delete --tid 1
	[ "$status" -eq 22 ]
	[ "${lines[0]}" = 'tgtadm: this target is still active' ]
	tgtadm --lld iscsi --op delete --mode conn --tid 1 --sid "$sid" --cid "$cid"
	exec 4>&-
	kill "$io" 2>/dev/null || true
	wait "$io" || true
	tgtadm --lld iscsi --op delete --mode target --tid 1 --force
}
