#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several connections per session and error recovery, with an initiator that loses and damages PDUs
# and cuts connections, and checks every byte (test/lib/initiator_faults.py).
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	setup_dir
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk disk 64M)"
	param ErrorRecoveryLevel 2
	param MaxConnections 8
}

teardown() { teardown_tgtd; }

param() {
	tgtadm --lld iscsi --mode target --op update --tid 1 --name "$1" --value "$2"
}

unlucky() {
	timeout 110 python3 "$top/test/lib/initiator_faults.py" "$PORT" "$IQN" "$@"
}

# Nothing is left of a session that logged out.
no_sessions() {
	[ -z "$(tgtadm --lld iscsi --mode conn --op show --tid 1)" ]
}

@test "four connections share the commands of one session" {
	unlucky --conns 4 --commands 600
	no_sessions
}

@test "level 0: connections that break are replaced, their commands begin again" {
	unlucky --conns 3 --commands 300 --cuts 15
	unlucky --conns 1 --commands 200 --cuts 8
}

@test "level 1: what is lost or damaged is sent again" {
	unlucky --erl 1 --conns 1 --commands 150 --loss 2
	unlucky --erl 1 --conns 3 --commands 150 --loss 2
	no_sessions
}

@test "level 2: the commands of connections that break go on elsewhere" {
	run unlucky --erl 2 --conns 1 --commands 150 --cuts 12 --loss 1
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ 'taken over '[1-9] ]]
	run unlucky --erl 2 --conns 3 --commands 150 --cuts 12 --loss 1 --seed 2
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ 'taken over '[1-9] ]]
	no_sessions
}

@test "level 2: commands that are slow in their store outlive their connections" {
	tgtadm --lld iscsi --mode logicalunit --op delete --tid 1 --lun 1
	tgtadm --lld iscsi --mode logicalunit --op new --tid 1 --lun 1 \
		--backing-store "delay:all=30ms:$DIR/disk"
	run unlucky --erl 2 --conns 2 --commands 150 --cuts 30 --loss 0
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ 'taken over '[1-9] ]]
}

@test "without leave of the administrator there is one connection, and no recovery" {
	param ErrorRecoveryLevel 0
	param MaxConnections 1
	unlucky --commands 50
	run ! unlucky --commands 50 --conns 2
	run ! unlucky --commands 50 --erl 1
}

@test "a session tells what it agreed on" {
	unlucky --conns 2 --commands 4000 >"$DIR/said" 2>&1 3>&- &
	local sid
	wait_for 20 eval 'tgtadm --json connection show --tid 1 | jq -e ".[0].connections | length == 2" >/dev/null'
	sid=$(tgtadm --json connection show --tid 1 | jq '.[0].sid')
	tgtadm --json session show --tid 1 --sid "$sid" | jq -e '.params | .MaxConnections != "1" and
		.ErrorRecoveryLevel == "0" and .TaskReporting == "FastAbort" and .iSCSIProtocolLevel == "1"'
	wait $!
}
