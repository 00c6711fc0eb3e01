#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2030,SC2031,SC2034,SC2154
#
# tgtd --config FILE and SIGHUP: what is served, when it is told to be ready, what an error does.

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	setup_dir
	CONF=$DIR/targets.conf
	truncate -s 8M "$DIR/d1" "$DIR/d2" "$DIR/d3"
}

teardown() {
	teardown_tgtd
	[ -z "${LISTENER:-}" ] || kill "$LISTENER" 2>/dev/null || true
}

show() {
	"$TGTADM" --json target show
}

# listen: what the daemon tells the service manager goes to $DIR/told.
listen() {
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
with open(sys.argv[2], "w", buffering=1) as out:
    while True:
        out.write(s.recv(4096).decode() + "\n")' "$DIR/notify" "$DIR/told" 3>&- &
	LISTENER=$!
	wait_for 10 test -S "$DIR/notify"
	RUNNER=(env "NOTIFY_SOCKET=$DIR/notify")
}

# one_target VENDOR [MORE]
one_target() {
	printf '<target %s>\n<backing-store %s>\nvendor_id %s\n</backing-store>\n%s\n</target>\n' \
		"$IQN" "$DIR/d1" "$1" "${2:-}" >"$CONF"
}

reloads() {
	[ "$(grep -c 'targets.conf is \(not \)\?loaded' "$LOG")" -ge "$1" ]
}

# reload N: and waits until the N-th load of this daemon is done.
reload() {
	kill -HUP "$TGTD_PID"
	wait_for 20 reloads "$1"
}

@test "the file is loaded before tgtd is ready" {
	listen
	one_target FIRST
	start_tgtd --config "$CONF"
	show | jq -e 'length == 1 and .[0].luns[1].vendor_id == "FIRST"'
	grep -q "$CONF is loaded: 3 changes" "$LOG"
	[ "$(grep -n 'is loaded' "$LOG" | cut -d: -f1)" -lt "$(grep -n 'is ready' "$LOG" | cut -d: -f1)" ]
	wait_for 10 grep -q READY=1 "$DIR/told"
}

@test "initiators wait while the file is loaded, and the manager is not told ready; tgtadm is served" {
	listen
	mkfifo "$DIR/fifo"
	PORT=$(free_port)
	"${RUNNER[@]}" "$TGTD" -f -s "$DIR/state" --iscsi "portal=127.0.0.1:$PORT" --config "$DIR/fifo" \
		>>"$LOG" 2>&1 3>&- </dev/null &
	TGTD_PID=$!
	wait_for 20 test -S "$DIR/control.0"
	show | jq -e 'length == 0'
	python3 -c '
import sys
sys.path.insert(0, sys.argv[1] + "/test/lib")
import initiator
open(sys.argv[4], "w").close()
initiator.Session(int(sys.argv[2]), sys.argv[3]).ready()' "$top" "$PORT" "$IQN" "$DIR/trying" 3>&- &
	local pid=$!
	wait_for 10 test -e "$DIR/trying"
	show | jq -e 'length == 0'
	run ! grep -q READY=1 "$DIR/told"
	one_target FIRST
	cat "$CONF" >"$DIR/fifo"
	wait "$pid"
	wait_for 10 grep -q READY=1 "$DIR/told"
}

@test "an error in the file ends the start, and is told with file and line" {
	listen
	one_target FIRST 'lun many'
	run timeout 20 "${RUNNER[@]}" "$TGTD" -f -s "$DIR/state" --iscsi portal=127.0.0.1:0 --config "$CONF"
	[ "$status" -eq 1 ]
	[[ $output == *"$CONF:5: error: expected a LUN"* ]]
	run ! grep -q READY=1 "$DIR/told"
	run timeout 20 "$TGTD" -f -s "$DIR/state" --iscsi portal=127.0.0.1:0 --config "$DIR/none"
	[ "$status" -eq 1 ]
	[[ $output == *"$DIR/none: No such file"* ]]
	# What only tgtd can refuse ends it too.
	one_target FIRST 'MaxBurstLength 1'
	run timeout 20 "$TGTD" -f -s "$DIR/state" --iscsi portal=127.0.0.1:0 --config "$CONF"
	[ "$status" -eq 1 ]
	[[ $output == *"MaxBurstLength"* ]]
}

@test "a store that is missing is skipped at start, and told" {
	one_target FIRST "backing-store $DIR/none"
	start_tgtd --config "$CONF"
	grep -q "warning: .*$DIR/none does not exist" "$LOG"
	show | jq -e '.[0].luns | map(.lun) == [0, 1]'
}

@test "SIGHUP changes what differs; the manager is told before and after" {
	listen
	one_target FIRST
	start_tgtd --config "$CONF"
	wait_for 10 grep -q READY=1 "$DIR/told"
	one_target SECOND "backing-store $DIR/d2"
	reload 2
	show | jq -e '.[0].luns | length == 3 and .[1].vendor_id == "SECOND"'
	wait_for 10 grep -q RELOADING=1 "$DIR/told"
	grep -q '^MONOTONIC_USEC=[0-9]' "$DIR/told"
	wait_for 10 test "$(grep -c READY=1 "$DIR/told")" -ge 1
	# Nothing to do: nothing is done.
	reload 3
	grep -q 'is loaded: 0 changes' "$LOG"
	: >"$CONF"
	reload 4
	show | jq -e 'length == 0'
}

@test "SIGHUP with an error in the file leaves everything as it was" {
	listen
	one_target FIRST
	start_tgtd --config "$CONF"
	show >"$DIR/before"
	one_target SECOND 'colour blue
		</wrong'
	reload 2
	grep -q "error: $CONF:6: error: expected" "$LOG"
	grep -q "warning: $CONF:5: warning: unknown directive 'colour'" "$LOG"
	show | diff "$DIR/before" -
	# An error that only tgtd sees, after other changes: these are undone.
	one_target SECOND 'initiator-address no.such/99'
	reload 3
	grep -q 'nothing is changed: what was done is undone' "$LOG"
	show | diff "$DIR/before" -
	wait_for 10 grep -q 'STATUS=serving; .* was not loaded' "$DIR/told"
}

@test "a SIGHUP while the file is loaded loads it once more" {
	one_target FIRST
	start_tgtd --config "$CONF"
	rm "$CONF"
	mkfifo "$CONF"
	kill -HUP "$TGTD_PID"
	wait_for 10 grep -q 'notice: loading' "$LOG"
	kill -HUP "$TGTD_PID"
	wait_for 10 sh -c "[ \$(grep -c 'notice: loading' '$LOG') = 2 ]"
	: >"$CONF"
	wait_for 10 reloads 2
	printf '<target iqn.x>\n</target>\n' >"$CONF"
	wait_for 10 reloads 3
	show | jq -e 'map(.name) == ["iqn.x"]'
}

@test "without --config SIGHUP does nothing" {
	start_tgtd
	add_target
	kill -HUP "$TGTD_PID"
	wait_for 10 grep -q 'SIGHUP: there is nothing to read' "$LOG"
	show | jq -e 'length == 1'
}

@test "a daemon is started when its file is loaded, or says why not" {
	one_target FIRST
	PORT=$(free_port)
	(cd "$DIR" && "$TGTD" -s "$DIR/state" -p "$DIR/pid" --iscsi "portal=127.0.0.1:$PORT" \
		--config targets.conf 3>&-)
	TGTD_PID=$(cat "$DIR/pid")
	show | jq -e '.[0].luns | length == 2'
	kill "$TGTD_PID"
	wait_for 20 gone "$TGTD_PID"
	TGTD_PID=
	echo '</x>' >"$CONF"
	run "$TGTD" -s "$DIR/state" -p "$DIR/pid" --iscsi "portal=127.0.0.1:$PORT" --config "$CONF" 3>&-
	[ "$status" -eq 1 ]
	[[ $output == *"$CONF:1: error:"* ]]
}

@test "a load that hangs does not hold up the end for long" {
	mkfifo "$DIR/fifo"
	PORT=$(free_port)
	"$TGTD" -f -s "$DIR/state" --iscsi "portal=127.0.0.1:$PORT" --config "$DIR/fifo" >>"$LOG" 2>&1 3>&- &
	TGTD_PID=$!
	wait_for 20 test -S "$DIR/control.0"
	show
	stop_tgtd
}
