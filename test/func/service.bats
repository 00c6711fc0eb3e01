#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What service managers start tgtd with: units, sysusers and tmpfiles as make install puts them,
# sockets that are passed, the OpenRC script. No service manager is needed to run this.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2046,SC2086,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() { setup_dir; }
teardown() { teardown_tgtd; }

# Into a prefix of the test's own, so that the paths in the units are there. A build directory of
# its own too: a prefix is compiled in, and $BUILD is everybody's.
installed() {
	P=$DIR/p
	make -s -C "$top" BUILD="$DIR/b" PREFIX="$P" WITH_OPENRC=y \
		install-conf install-service >"$DIR/make.log" 2>&1 3>&- ||
		{ cat "$DIR/make.log"; return 1; }
	mkdir "$P/sbin"
	ln -s "$BUILD"/tgt* "$P/sbin"
	UNITS=$P/lib/systemd/system
}

# unit_lines KEY: the values in the service's unit.
unit_lines() {
	sed -n "s/^$1=//p" "$UNITS/tgt.service"
}

@test "systemd finds nothing wrong with the units, and the service well confined" {
	command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
	installed
	for unit in tgt.service tgt.socket tgt-control.socket; do
		run --separate-stderr systemd-analyze verify --man=no "$UNITS/$unit"
		# What it says of other units of this machine is not about these.
		run ! grep "$DIR\|tgt" <<<"$stderr"
	done
	run systemd-analyze security --offline=true --threshold=49 "$UNITS/tgt.service"
	echo "$output" | tail -n1
	[ "$status" -eq 0 ]
	[[ $output == *' OK '* ]]
}

@test "sysusers and tmpfiles make the user and the directory" {
	command -v systemd-sysusers >/dev/null || skip 'no systemd-sysusers'
	installed
	mkdir -p "$DIR/r/etc"
	systemd-sysusers --root="$DIR/r" "$P/lib/sysusers.d/tgt.conf"
	grep '^tgt:.*:/var/lib/tgt:.*nologin$' "$DIR/r/etc/passwd"
	[ "$(id -u)" -eq 0 ] || return 0
	systemd-tmpfiles --root="$DIR/r" --create "$P/lib/tmpfiles.d/tgt.conf"
	[ "$(stat -c %a "$DIR/r/run/tgtd")" = 755 ]
}

# Readiness as systemd sees it: the unit logs to syslog.
listen_ready() {
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
	LISTENER=$!
	wait_for 10 test -S "$DIR/notify"
	export NOTIFY_SOCKET=$DIR/notify
}

@test "the lines of the unit bring the configuration into service, and reload it" {
	installed
	listen_ready
	PORT=$(free_port)
	PORTAL=127.0.0.1:$PORT
	disk=$(make_disk d 16M)
	cat >"$P/etc/tgt/conf.d/a.conf" <<-END
	<target $IQN>
	    backing-store $disk
	</target>
	END
	eval "$(unit_lines Environment)"
	TGTD_OPTS="-s $DIR/state --iscsi portal=$PORTAL"
	RUNNER=()
	if [ "$(id -u)" -eq 0 ]; then
		caps=$(unit_lines CapabilityBoundingSet | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
		RUNNER=(setpriv --no-new-privs --bounding-set "-all,$caps" --inh-caps "-all")
	fi
	: >"$LOG"
	"${RUNNER[@]}" $(eval echo "$(unit_lines ExecStart)") >>"$LOG" 2>&1 3>&- </dev/null &
	TGTD_PID=$!
	wait_for $START_SECONDS grep -q READY=1 "$DIR/told"
	iscsi-inq "$(url 1)"

	echo '<target iqn.2026-11.org.example:two>' >"$P/etc/tgt/conf.d/b.conf"
	line=$(unit_lines ExecReload)
	run ! eval "${line#+}"
	echo '</target>' >>"$P/etc/tgt/conf.d/b.conf"
	eval "${line#+}"
	run tgtadm --mode target --op show
	[[ $output == *"$IQN"*example:two* ]]
	stop_tgtd
	wait "$LISTENER"
}

@test "the sockets of both socket units are taken, and left when it stops" {
	command -v systemd-socket-activate >/dev/null || skip 'no systemd-socket-activate'
	installed
	names=$(sed -n 's/^FileDescriptorName=//p' "$UNITS/tgt.socket" "$UNITS/tgt-control.socket" |
		paste -sd:)
	PORT=$(free_port)
	PORTAL=127.0.0.1:$PORT
	: >"$LOG"
	systemd-socket-activate -l "$PORTAL" -l "$TGT_IPC_SOCKET.0" --fdname="$names" \
		-E TGT_IPC_SOCKET -E ASAN_OPTIONS \
		"$P/sbin/tgtd" -f -s "$DIR/state" >>"$LOG" 2>&1 3>&- </dev/null &
	TGTD_PID=$!
	wait_for 10 test -S "$TGT_IPC_SOCKET.0"
	# This starts it, in place of systemd-socket-activate, and is its first request.
	tgtadm --mode sys --op show
	run tgtadm --mode portal --op show
	[ "$output" = "Portal: $PORTAL,1" ]
	add_target
	add_lun 1 1 "$(make_disk d 16M)"
	iscsi-inq "$(url 1)"
	stop_tgtd
	[ -S "$TGT_IPC_SOCKET.0" ]
}

@test "a second daemon is refused while one has the passed management socket" {
	command -v systemd-socket-activate >/dev/null || skip 'no systemd-socket-activate'
	: >"$LOG"
	systemd-socket-activate -l "$TGT_IPC_SOCKET.0" --fdname=control \
		-E TGT_IPC_SOCKET -E ASAN_OPTIONS \
		"$TGTD" -f -s "$DIR/state" --iscsi portal=127.0.0.1:0 >>"$LOG" 2>&1 3>&- </dev/null &
	TGTD_PID=$!
	wait_for 10 test -S "$TGT_IPC_SOCKET.0"
	tgtadm --mode sys --op show
	run timeout 20 "$TGTD" -f -s "$DIR/state2" --iscsi portal=127.0.0.1:0
	[ "$status" -eq 1 ]
	[[ $output == *'another tgtd is using'* ]]
	tgtadm --mode sys --op show
}

# The script run by sh, with words of OpenRC that say what they were given.
openrc() {
	# shellcheck disable=SC2016
	sh -euc '
		ebegin() { echo "begin: $*"; }
		eend() { [ "$1" -eq 0 ] || { shift; echo "error: $*"; return 1; }; }
		need() { :; }; use() { :; }; after() { :; }
		. "$1"
		depend
		case $2 in
		start) "$command" $command_args ;;
		*) "$2" ;;
		esac
	' - "$P/etc/init.d/tgtd" "$1"
}

@test "the OpenRC script starts it with the configuration, and reloads it" {
	installed
	PORT=$(free_port)
	PORTAL=127.0.0.1:$PORT
	sed -i "s,/run/tgtd.pid,$DIR/pid,g" "$P/etc/init.d/tgtd"
	printf '<target %s>\nbacking-store %s\n</target>\n' "$IQN" "$(make_disk d 16M)" \
		>"$P/etc/tgt/conf.d/a.conf"
	TGTD_OPTS="-s $DIR/state --iscsi portal=$PORTAL" openrc start 3>&-
	daemon=$(cat "$DIR/pid")
	iscsi-inq "$(url 1)"
	printf '<target iqn.2026-11.org.example:two>\n</target>\n' >"$P/etc/tgt/conf.d/b.conf"
	openrc reload
	run tgtadm --mode target --op show
	[[ $output == *example:two* ]]
	rm "$P/etc/tgt/conf.d/b.conf"
	openrc forcereload
	run tgtadm --mode target --op show
	[[ $output != *example:two* ]]
	kill -TERM "$daemon"
	wait_for $STOP_SECONDS gone "$daemon"
}
