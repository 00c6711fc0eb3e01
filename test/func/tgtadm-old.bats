#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2086,SC2154
#
# This tgtadm and a tgtd of the older STGT, as after an upgrade without a restart.

load lib.bash

setup() {
	setup_dir
}

teardown() {
	[ -z "${OLD_PID:-}" ] || kill -KILL "$OLD_PID" 2>/dev/null || true
	teardown_tgtd
}

start_old() {
	local old
	old=$("$top/scripts/unpacked" tgt usr/sbin/tgtd)
	"$old" -f -C 7 --iscsi "portal=127.0.0.1:$(free_port)" >"$DIR/old.log" 2>&1 3>&- </dev/null &
	OLD_PID=$!
	wait_for 20 test -S "$TGT_IPC_SOCKET.7" || { cat "$DIR/old.log"; return 1; }
}

@test "an old tgtd is named as what it is, and nobody waits for ever" {
	start_old
	local command
	for command in "tgtadm -C 7 --mode target --op show" "tgt-admin -C 7 --dump" "tgtadm -C 7 top --once"; do
		run timeout 20 "$BUILD/"$command
		[ "$status" -eq 22 ]
		[[ $output == *'the tgtd that runs is of the older STGT'* ]]
	done
	run timeout 20 "$TGTADM" -C 7 --json target show
	[ "$(jq -r .error.code <<<"$output")" = other-protocol ]
}

@test "a tgtd that is slow is waited for" {
	start_tgtd
	kill -STOP "$TGTD_PID"
	"$TGTADM" --json system show >"$DIR/said" 3>&- &
	local asking=$!
	sleep 2.5
	kill -CONT "$TGTD_PID"
	wait "$asking"
	jq -e .schema "$DIR/said"
}
