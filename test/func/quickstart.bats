#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# README's first command: it serves, says how to use it, and goes without a trace but its directory.

bats_require_minimum_version 1.5.0
load lib.bash

# shellcheck disable=SC2154 # top comes from lib.bash
quickstart=$top/scripts/quickstart
# It calls make, which would build again what was built with other flags.
! grep -qs fsanitize=address "$BUILD/flags" || export SAN=asan

# start_quickstart [OPTION...]: in a session of its own, where Ctrl-C can be sent to.
start_quickstart() {
	: >"$LOG"
	setsid "$quickstart" --no-install --dir "$DIR/demo" "$@" >>"$LOG" 2>&1 3>&- </dev/null &
	demo=$!
	wait_for 120 grep -q '^Ctrl-C stops it' "$LOG"
}

setup() { setup_dir; }
teardown() { teardown_tgtd; }

@test "--once serves a disk, finds it, stops, and can be repeated" {
	run "$quickstart" --no-install --dir "$DIR/demo" --once
	[ "$status" -eq 0 ]
	[[ $output == *"Target:iqn.2026-11.org.example:demo"* ]]
	[ "$(stat -c %s "$DIR/demo/disk.img")" -eq 1073741824 ]
	[ "$(stat -c %b "$DIR/demo/disk.img")" -lt 2048 ]
	run "$quickstart" --no-install --dir "$DIR/demo" --once --size 7M
	[ "$status" -eq 0 ]
	[ "$(stat -c %s "$DIR/demo/disk.img")" -eq 1073741824 ]
}

@test "what it prints works, and Ctrl-C stops it with 0" {
	start_quickstart --size 32M
	grep -q 'iscsiadm -m discovery -t sendtargets -p 127.0.0.1:' "$LOG"
	count=0
	while read -r line; do
		bash -c "$line"
		count=$((count + 1))
	done < <(sed -n 's/^    \(iscsi-ls .*\|iscsi-inq .*\|qemu-img info .*\)/\1/p' "$LOG")
	[ $count -eq 3 ]
	bash -c "$(sed -n '/^    export TGT_IPC/,/tgtadm help/p' "$LOG")"
	# As from a terminal: to the whole group of processes.
	kill -INT -- "-$demo"
	wait_for 20 gone "$demo"
	wait "$demo"
	[ ! -e "$DIR/demo/control.0" ]
}

@test "a second one in the same directory is refused, elsewhere it takes another port" {
	start_quickstart --size 16M
	run "$quickstart" --no-install --dir "$DIR/demo" --once
	[ "$status" -eq 1 ]
	[[ $output == *"runs in"*"already"* ]]
	run "$quickstart" --no-install --dir "$DIR/other" --once --size 16M
	[ "$status" -eq 0 ]
	kill -TERM "$demo"
	wait "$demo"
}

@test "a port that was asked for and is in use ends it" {
	start_tgtd
	run "$quickstart" --no-install --dir "$DIR/demo" --once --port "$PORT"
	[ "$status" -eq 1 ]
	[[ $output == *"in use"* ]]
}

@test "options that make no sense end with 2" {
	run "$quickstart" --no-such
	[ "$status" -eq 2 ]
	run "$quickstart" --port
	[ "$status" -eq 2 ]
	run "$quickstart" --help
	[ "$status" -eq 0 ]
	[[ $output == *--once* ]]
}
