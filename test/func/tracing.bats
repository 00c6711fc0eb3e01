#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an administrator sees of a running tgtd: trace points, slow commands, captures.

load lib.bash

setup() {
	setup_dir
}

teardown() {
	teardown_tgtd
}

logged() {
	grep -qE -- "$1" "$LOG"
}

captured() {
	tgtadm --json session show --sid "$1" | jq -e '.capture.packets > 10'
}

serve() {
	start_tgtd
	add_target
	make_disk a 4M
	tgtadm lu new --tid 1 --lun 1 --backing-store "${1:-$DIR/a}"
}

@test "trace points are switched on and off, and tell of commands, logins and errors" {
	serve
	[ "$(tgtadm --json system show | jq -r .trace)" = off ]
	tgtadm system update --name trace --value commands,login
	[ "$(tgtadm --json system show | jq -r .trace)" = commands,login ]
	iscsi-inq "$(url 1)" >/dev/null
	logged 'trace commands: iqn[^ ]* from iqn[^ ]*, LUN 1: INQUIRY, tag [0-9a-f]*: status 00h after [0-9]*\.[0-9]{3} ms'
	logged 'trace login: iqn[^ ]*: session [0-9]+, connection [0-9]+'
	tgtadm system update --name trace --value errors
	iscsi-inq -e 1 -c 144 "$(url 1)" >/dev/null || true
	logged 'trace errors: .*INQUIRY.*CHECK CONDITION 5/24/00'
	tgtadm system update --name trace --value off
	local n
	n=$(grep -c 'trace ' "$LOG")
	iscsi-inq "$(url 1)" >/dev/null
	[ "$(grep -c 'trace ' "$LOG")" = "$n" ]
	run tgtadm system update --name trace --value commands,nonsense
	[ "$status" = 22 ]
	[[ $output == *"no trace point 'nonsense'"* ]]
}

@test "slow commands are logged when a threshold is set" {
	serve "delay:read=120ms:$DIR/a"
	tgtadm system update --name slow-command --value 50
	[ "$(tgtadm --json system show | jq -r .slow_command_ms)" = 50 ]
	qemu-img convert -O raw "$(url 1)" "$DIR/out"
	logged 'slow command: .*READ\(1[06]\), LBA [0-9]+, [0-9]+ blocks.* after 1[0-9]{2}\.'
	tgtadm system update --name slow-command --value off
	run tgtadm system update --name slow-command --value -3
	[ "$status" = 22 ]
}

@test "a session is captured, and Wireshark reads it" {
	serve
	iscsi-perf -b 1 -m 1 "$(url 1)" >/dev/null 2>&1 &
	local load=$!
	local sid=1
	wait_for 10 tgtadm session show --sid $sid
	tgtadm session capture --sid $sid --path "$DIR/c.pcapng" --limit 16
	run tgtadm session capture --sid $sid --path "$DIR/d.pcapng"
	[ "$status" = 22 ]
	wait_for 10 captured $sid
	tgtadm --json session capture-end --sid $sid | jq -e '.bytes > 1000'
	kill $load
	wait $load || true
	tshark -r "$DIR/c.pcapng" -d "tcp.port==$PORT,iscsi" -Y iscsi 2>/dev/null >"$DIR/dissected"
	grep -qE 'SCSI: Read\(1[06]\) LUN: 0x01' "$DIR/dissected"
	grep -q 'Response LUN: 0x01 .*(Good)' "$DIR/dissected"
	[ -z "$(tshark -r "$DIR/c.pcapng" -d "tcp.port==$PORT,iscsi" -Y '_ws.malformed || tcp.analysis.lost_segment' 2>/dev/null)" ]
}

@test "a capture that can't be written is an error, and the session goes on" {
	serve
	iscsi-perf -b 8 -m 1 "$(url 1)" >/dev/null 2>&1 &
	local load=$!
	wait_for 10 tgtadm session show --sid 1
	run tgtadm session capture --sid 1 --path "$DIR/no/such/c.pcapng"
	[ "$status" = 22 ]
	[[ $output == *"can't write $DIR/no/such/c.pcapng: No such file or directory"* ]]
	run tgtadm session capture --sid 1 --path relative.pcapng
	[[ $output == *absolute* ]]
	run tgtadm session capture-end --sid 1
	[[ $output == *"is not captured"* ]]
	kill $load
	wait $load || true
}
