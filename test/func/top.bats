#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tgtadm top, on a terminal and without one.
#
# shellcheck disable=SC2001,SC2016,SC2153,SC2154

load lib.bash

setup() {
	setup_dir
}

teardown() {
	[ -z "${LOAD_PID:-}" ] || kill "$LOAD_PID" 2>/dev/null || true
	teardown_tgtd
}

has_read() {
	[ "$(tgtadm --json target stat --tid 1 | jq '.io.read.cmds // 0')" -gt 0 ]
}

# Reads of LUN 1 until the test ends.
start_load() {
	PYTHONPATH=$top/test/lib python3 -c '
import sys, initiator
s = initiator.Session(int(sys.argv[1]), sys.argv[2])
s.ready()
while True:
	s.read10(0, 8)' "$PORT" "$IQN" 3>&- 2>/dev/null &
	LOAD_PID=$!
	wait_for 20 has_read
}

start_one() {
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk a 4M)"
	start_load
}

# terminal KEYS [ROWS COLUMNS]: top on a pseudo terminal; after two frames, the keys, one a frame.
# Prints what the screen got, then "exit N" and whether the terminal is as it was.
terminal() {
	python3 - "$TGTADM" "$@" <<-'END'
	import fcntl, os, pty, select, struct, sys, termios, time
	tgtadm, keys = sys.argv[1:3]
	rows, columns = (int(x) for x in (sys.argv[3:5] or ("24", "80")))
	master, slave = pty.openpty()
	fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
	before = termios.tcgetattr(slave)
	pid = os.fork()
	if not pid:
	    os.setsid()
	    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
	    for fd in (0, 1, 2):
	        os.dup2(slave, fd)
	    os.execv(tgtadm, [tgtadm, "top"])
	seen = b""
	def frame(seconds=4):
	    global seen
	    end = time.time() + seconds
	    start = seen.count(b"\033[J")
	    while time.time() < end and seen.count(b"\033[J") == start:
	        if select.select([master], [], [], 0.1)[0]:
	            seen += os.read(master, 65536)
	frame()
	frame()
	for key in keys:
	    if key == "Z":
	        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 60, 0, 0))
	    else:
	        os.write(master, key.encode())
	    if key not in "q\003":
	        frame()
	    if key == "Z":
	        frame() # the first may have been on its way
	end, status = time.time() + 10, None
	while time.time() < end and status is None:
	    if select.select([master], [], [], 0.05)[0]:
	        seen += os.read(master, 65536)
	    done, st = os.waitpid(pid, os.WNOHANG)
	    status = st if done else None
	sys.stdout.write(seen.decode("ascii").replace("\r\n", "\n").replace("\033", "<ESC>"))
	print("\nexit", status if status is None else os.waitstatus_to_exitcode(status),
	      "restored" if termios.tcgetattr(slave) == before else "raw")
	END
}

@test "top shows the busy LUN first, and leaves the terminal as it was" {
	start_one
	run terminal q
	[[ $output == *"1 targets, 2 LUNs, 1 sessions; every 1 s, luns by reads"* ]]
	[[ $output == *"<ESC>[?1049h"*"<ESC>[?1049l"* ]]
	[ "${lines[-1]}" = "exit 0 restored" ]
	grep -qE '^iqn\.2026-11\.org\.exa|^<.*:t1     1 +[0-9.]+k? ' <<<"$output"
	run terminal $'\003'
	[ "${lines[-1]}" = "exit 0 restored" ]
}

@test "keys change what is shown; a window that shrinks gets shorter lines" {
	start_one
	run terminal sWhZq
	[[ $output == *"sessions by reads"*"sessions by write-bytes"*"sort by depth of the queue"* ]]
	[[ $output == *"initiator"* || $output == *INITIATOR* ]]
	[ "${lines[-1]}" = "exit 0 restored" ]
	# The last frame, without its colours.
	local frame=${output##*"<ESC>[H"}
	frame=$(sed 's/<ESC>\[[0-9?]*[a-zA-Z]//g' <<<"$frame")
	echo "$frame"
	awk 'length > 60 { exit 1 }' <<<"$frame"
	grep -q '^tgtd: 1 targets, 2 LUNs' <<<"$frame"
}

@test "once prints a table without a terminal, also as JSON" {
	start_one
	run tgtadm top --once
	[ "$status" -eq 0 ]
	[[ $output != *$'\033'* ]]
	awk 'length > 80 { exit 1 }' <<<"$output"
	[[ ${lines[3]} =~ ^\<?.*:t1\ +1\ +[0-9.]+k? ]]
	tgtadm --json top --once --view targets >"$DIR/out"
	[ "$(jq -r '.[0].target' "$DIR/out")" = "$IQN" ]
	jq -e '.[0].reads > 0 and .[0].mean > 0' "$DIR/out"
	[ "$(tgtadm top --batch --count 2 --view sessions | grep -c ^INITIATOR)" = 2 ]
}

@test "top says what it does not know, and that tgtd is gone" {
	run tgtadm top --once
	[ "$status" -eq 107 ]
	run tgtadm top --sort frob
	[ "$status" -eq 22 ]
	[[ ${lines[0]} == "tgtadm: top: there is no --sort 'frob'"* ]]
	run tgtadm top --interval 0
	[ "$status" -eq 22 ]
	run tgtadm top --frob
	[ "$status" -eq 22 ]
	tgtadm help top | grep -q -- --interval
	tgtadm top --help | grep -q -- --view
}
