#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How many connections and logins one peer may bring.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() { setup_dir; }
teardown() { teardown_tgtd; }

serve() {
	start_tgtd "$@"
	add_target
	add_lun 1 1 "$(make_disk disk 16M)"
}

# connections N: opens so many at once and prints how many stay.
connections() {
	python3 - "$PORT" "$1" <<-END
	import socket, sys, time
	socks = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) for _ in range(int(sys.argv[2]))]
	time.sleep(0.5)
	for s in socks:
	    s.setblocking(False)

	def stays(s):
	    try:
	        return s.recv(1) != b""
	    except BlockingIOError:
	        return True
	    except ConnectionError:
	        return False
	print(sum(map(stays, socks)))
	END
}

@test "one address brings so many connections a second and no more" {
	serve --iscsi connection_rate=0:1
	[ "$(connections 30)" -le 12 ]
	grep -q 'refused: too many connections in a short time' "$LOG"
	wait_for 20 iscsi-inq "$(url 1)"
}

@test "one address takes so many places of logins and no more" {
	serve --iscsi max_logins=8:3,login_timeout=2
	[ "$(connections 8)" -eq 3 ]
	grep -q 'refused: too many connections of its address' "$LOG"
	iscsi-inq "$(url 1)"
}

@test "who logs in too often is told to come again" {
	serve --iscsi login_rate=1
	run timeout 60 python3 - "$top/test/lib" "$PORT" "$IQN" <<-END
	import sys
	sys.path.insert(0, sys.argv[1])
	import initiator
	try:
	    for i in range(100):
	        initiator.Session(int(sys.argv[2]), sys.argv[3]).sock.close()
	except initiator.Refused as e:
	    print(i >= 10, "%04x" % e.status)
	END
	[ "$output" = 'True 0302' ]
	wait_for 20 iscsi-inq "$(url 1)"
}

@test "limits that are none are refused at the start" {
	local o
	for o in max_connections=0 max_logins=x connection_rate=1:2:3 login_rate=1000001 login_timeout=0; do
		run timeout 20 "$TGTD" -f -s "$DIR/state" --iscsi "$o"
		[ "$status" -eq 1 ]
		[[ $output == *"${o%=*} is a number from"* ]]
	done
}
