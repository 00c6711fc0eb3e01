#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Counters and latencies as tgtadm tells them.
#
# shellcheck disable=SC2001,SC2016,SC2153,SC2154

load lib.bash

setup() {
	setup_dir
}

teardown() {
	[ -z "${HOLD_PID:-}" ] || kill "$HOLD_PID" 2>/dev/null || true
	teardown_tgtd
}

# A session that has read 20 times, written 10 times and asked for what is not there once, and stays.
hold_session() {
	PYTHONPATH=$top/test/lib python3 -c '
import sys, time, initiator
s = initiator.Session(int(sys.argv[1]), sys.argv[2])
s.ready()
for i in range(20):
	s.read10(i, 8)
for i in range(10):
	s.write10(i, bytes(512))
try:
	s.read10(1 << 30, 1)
except Exception:
	pass
s.sync()
open(sys.argv[3], "w").close()
time.sleep(60)' "$PORT" "$IQN" "$DIR/ready" 3>&- &
	HOLD_PID=$!
	wait_for 20 test -e "$DIR/ready"
}

@test "stat counts at the target, the LUN, the session and the connection" {
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk a 4M)"
	hold_session
	local sid level
	sid=$(tgtadm --json target stat --tid 1 | jq '.nexuses[0].sid')
	for level in 'target stat --tid 1' 'lu stat --tid 1 --lun 1' "session stat --sid $sid" \
		"connection stat --sid $sid --cid 0"; do
		# shellcheck disable=SC2086
		tgtadm --json $level >"$DIR/out"
		[ "$(jq -c '[.io.read.cmds, .io.read.bytes]' "$DIR/out")" = "[21,$((20 * 8 * 512))]" ]
		[ "$(jq -c '[.io.write.cmds, .io.write.bytes]' "$DIR/out")" = "[10,5120]" ]
		[ "$(jq '.io.flush.cmds' "$DIR/out")" = 1 ]
		[ "$(jq '.sense.illegal_request' "$DIR/out")" = 1 ]
		[ "$(jq '.io.read.hist | map(.[1]) | add' "$DIR/out")" = 21 ]
		jq -e '.io.read | .p50_ns <= .p99_ns and .p99_ns <= .p999_ns' "$DIR/out"
	done
	[ "$(tgtadm --json system stat | jq '.targets[0].luns[1].io.write.cmds')" = 10 ]
}

@test "latencies are those of the store" {
	start_tgtd
	add_target
	truncate -s 4M "$DIR/a"
	add_lun 1 1 "delay:read=30ms:$DIR/a"
	hold_session
	tgtadm --json lu stat --tid 1 --lun 1 >"$DIR/out"
	jq -e '.io.read | .p50_ns > 25e6 and .p50_ns < 200e6' "$DIR/out"
	jq -e '.io.read.ns >= 20 * 30e6' "$DIR/out"
	jq -e '.io.write.p50_ns < 30e6' "$DIR/out"
}

@test "the sum of a target stays when the LUN and the session have gone" {
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk a 4M)"
	hold_session
	kill "$HOLD_PID"
	wait_for 10 eval '[ "$(tgtadm --json target stat --tid 1 | jq ".nexuses | length")" = 0 ]'
	tgtadm --mode lu --op delete --tid 1 --lun 1
	[ "$(tgtadm --json target stat --tid 1 | jq -c '[.io.read.cmds, .io.write.cmds]')" = "[21,10]" ]
}
