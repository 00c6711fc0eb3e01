#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon as a process: options, start, one instance, stop, users, passed sockets.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086

bats_require_minimum_version 1.5.0
load lib.bash

setup() { setup_dir; }
teardown() { teardown_tgtd; }

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "--version prints the version and --help the options" {
	run "$TGTD" --version
	[ "$status" -eq 0 ]
	[[ $output =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
	run "$TGTD" -V
	[ "$status" -eq 0 ]
	run "$TGTD" --help
	[ "$status" -eq 0 ]
	for opt in --foreground --nodaemonize --control-port --nr_iothreads --pid-file --debug --iscsi; do
		[[ $output == *"$opt"* ]]
	done
}

@test "an unknown option, a bad number or a stray word ends with 22 and says so" {
	run "$TGTD" --no-such-option
	[ "$status" -eq 22 ]
	[[ $output == *no-such-option* ]]
	run "$TGTD" -f --control-port -1
	[ "$status" -eq 22 ]
	[[ $output == *control-port* ]]
	run "$TGTD" -f --control-port 70000
	[ "$status" -eq 22 ]
	run "$TGTD" -f -d 2
	[ "$status" -eq 22 ]
	run "$TGTD" -f stray
	[ "$status" -eq 22 ]
	[[ $output == *stray* ]]
}

@test "a bad portal ends the start and says which" {
	run timeout 20 "$TGTD" -f -s "$DIR/state" --iscsi portal=no.such.host.invalid:99999
	[ "$status" -eq 1 ]
	[[ $output == *portal* || $output == *99999* ]]
	run timeout 20 "$TGTD" -f -s "$DIR/state" --iscsi nonsense=1
	[ "$status" -eq 1 ]
	[[ $output == *nonsense* ]]
}

@test "a portal that is taken ends the start" {
	start_tgtd
	TGT_IPC_SOCKET=$DIR/other run timeout 20 "$TGTD" -f -s "$DIR/state2" --iscsi "portal=$PORTAL"
	[ "$status" -eq 1 ]
	[[ $output == *"$PORT"* ]]
}

@test "several portals are listened on and shown" {
	start_tgtd --iscsi portal=127.0.0.1:0
	run tgtadm --mode portal --op show
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $output == *"Portal: $PORTAL,1"* ]]
}

@test "portal and nop options of one --iscsi are all taken" {
	start_tgtd --iscsi nop_interval=7,nop_count=3
	add_target
	run tgtadm --mode target --op show
	[[ $output == *"Nop interval: 7"* ]]
	[[ $output == *"Nop count: 3"* ]]
}

@test "SIGTERM stops it with 0 and the management socket goes" {
	start_tgtd
	[ -S "$DIR/control.0" ]
	stop_tgtd TERM
	[ ! -e "$DIR/control.0" ]
}

@test "SIGINT stops it with 0" {
	start_tgtd
	stop_tgtd INT
}

@test "it stops in time with a session that does not answer" {
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk d 16M)"
	# Connects and says nothing more.
	exec 7<>"/dev/tcp/127.0.0.1/$PORT"
	stop_tgtd
	exec 7>&-
}

@test "tgtadm --mode sys --op delete stops it when no target is left" {
	start_tgtd
	add_target
	run tgtadm --mode sys --op delete
	[ "$status" -eq 22 ]
	tgtadm --mode target --op delete --tid 1
	tgtadm --mode sys --op delete
	wait_for 10 gone "$TGTD_PID"
	wait "$TGTD_PID"
	TGTD_PID=
}

@test "a second instance on the same control port is refused with a clear error" {
	start_tgtd
	run timeout 20 "$TGTD" -f -s "$DIR/state" --iscsi portal=127.0.0.1:0
	[ "$status" -eq 1 ]
	[[ $output == *"another tgtd is using"* ]]
	[[ $output == *"control.0"* ]]
	# And did the first one no harm.
	tgtadm --mode sys --op show
}

@test "another control port lives beside the first" {
	start_tgtd
	first=$TGTD_PID
	start_tgtd -C 5
	tgtadm -C 5 --mode target --op new --tid 9 -T "$IQN"
	run tgtadm --mode target --op show
	[ -z "$output" ]
	kill -TERM "$first"
	wait "$first"
}

@test "a socket left behind by kill -9 is taken over" {
	start_tgtd
	kill -KILL "$TGTD_PID"
	wait "$TGTD_PID" || true
	[ -S "$DIR/control.0" ]
	start_tgtd
	tgtadm --mode sys --op show
}

@test "tgtadm without a daemon ends with 107" {
	run tgtadm --mode sys --op show
	[ "$status" -eq 107 ]
	[[ $output == *"failed to send request hdr to tgt daemon, Transport endpoint is not connected"* ]]
}

@test "TGT_IPC_SOCKET is a prefix of the socket's path" {
	export TGT_IPC_SOCKET=$DIR/elsewhere
	start_tgtd -C 3
	[ -S "$DIR/elsewhere.3" ]
	[ ! -e "$DIR/elsewhere" ]
}

@test "as a daemon it serves once the command returns, with its pid in the file" {
	PORT=$(free_port)
	"$TGTD" -s "$DIR/state" -p "$DIR/pid" --iscsi "portal=127.0.0.1:$PORT" 3>&-
	daemon=$(cat "$DIR/pid")
	alive "$daemon"
	tgtadm --mode sys --op show
	kill -TERM "$daemon"
	wait_for $STOP_SECONDS gone "$daemon"
	[ ! -e "$DIR/pid" ]
}

@test "as a daemon that can't start it returns its failure" {
	start_tgtd
	run timeout 20 "$TGTD" -s "$DIR/state" --iscsi portal=127.0.0.1:0
	[ "$status" -eq 1 ]
	[[ $output == *"another tgtd is using"* ]]
}

@test "an ordinary user runs it without complaint" {
	[ "$(id -u)" -eq 0 ] || skip 'only root may change the user'
	as_nobody test -x "$TGTD" || skip 'nobody can not reach the build directory'
	chmod 0777 "$DIR"
	RUNNER=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	start_tgtd
	run grep -cE 'warn|error|denied|permitted' "$LOG"
	[ "$output" = 0 ]
	as_nobody "$TGTADM" --mode target --op new --tid 1 -T "$IQN"
	as_nobody "$TGTADM" --mode target --op bind --tid 1 -I ALL
	as_nobody truncate -s 16M "$DIR/disk"
	as_nobody "$TGTADM" --mode lu --op new --tid 1 --lun 1 -b "$DIR/disk"
	iscsi-inq "$(url 1)"
}

@test "another user may not administer it" {
	[ "$(id -u)" -eq 0 ] || skip 'only root may change the user'
	as_nobody test -x "$TGTADM" || skip 'nobody can not reach the build directory'
	chmod 0777 "$DIR"
	start_tgtd
	chmod 0777 "$DIR/control.0"
	run as_nobody "$TGTADM" --mode target --op new --tid 1 -T "$IQN"
	[ "$status" -ne 0 ]
	run tgtadm --mode target --op show
	[ -z "$output" ]
}

@test "a listening socket that was passed is a portal" {
	command -v systemd-socket-activate >/dev/null || skip 'no systemd-socket-activate'
	PORT=$(free_port)
	PORTAL=127.0.0.1:$PORT
	: >"$LOG"
	systemd-socket-activate -l "$PORTAL" --fdname=iscsi -E TGT_IPC_SOCKET -E ASAN_OPTIONS \
		"$TGTD" -f -s "$DIR/state" >>"$LOG" 2>&1 3>&- </dev/null &
	TGTD_PID=$!
	# The first connection starts it, in place of systemd-socket-activate.
	wait_for 10 bash -c "exec 7<>/dev/tcp/127.0.0.1/$PORT" 2>/dev/null
	wait_for $START_SECONDS tgtd_ready_or_dead
	run tgtadm --mode portal --op show
	[ "$output" = "Portal: $PORTAL,1" ]
	add_target
	add_lun 1 1 "$(make_disk d 16M)"
	iscsi-inq "$(url 1)"
}

@test "it tells systemd when it is ready and when it stops" {
	cat >"$DIR/listen.py" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	s.settimeout(30)
	while True:
	    text = s.recv(4096).decode()
	    print(text, flush=True)
	    if "STOPPING=1" in text:
	        break
	END
	python3 "$DIR/listen.py" "$DIR/notify" >"$DIR/told" 3>&- &
	listener=$!
	wait_for 10 test -S "$DIR/notify"
	RUNNER=(env "NOTIFY_SOCKET=$DIR/notify")
	start_tgtd
	wait_for 10 grep -q READY=1 "$DIR/told"
	stop_tgtd
	wait "$listener"
	grep -q STOPPING=1 "$DIR/told"
}

@test "identities of LUNs stay over a restart and differ between machines" {
	wwid() { iscsi-inq -e 1 -c 131 "$(url 1)"; }
	again() {
		start_tgtd -s "$DIR/$2"
		add_target
		add_lun 1 1 "$(make_disk d 16M)"
		wwid >"$DIR/$1"
		stop_tgtd
	}
	again first state1
	again second state1
	mkdir "$DIR/state2"
	echo 00112233445566778899aabbccddeeff >"$DIR/state2/machine-id"
	again third state2
	grep -q . "$DIR/first"
	cmp "$DIR/first" "$DIR/second"
	run ! cmp -s "$DIR/first" "$DIR/third"
}

@test "debug logging is off unless asked for, and can be switched" {
	start_tgtd -d 1
	run tgtadm --mode sys --op show
	[[ $output == *"debug: on"* ]]
	tgtadm --mode sys --op update --name debug --value off
	run tgtadm --mode sys --op show
	[[ $output == *"debug: off"* ]]
}
