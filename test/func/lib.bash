# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2086,SC2119,SC2120
#
# What tests of the programs share. A .bats file says "load lib.bash", calls start_tgtd in setup or
# in a test, and has "teardown() { teardown_tgtd; }". Each test has its own daemon, directory,
# management socket and port, so that files of tests may run side by side.
#
#   $BUILD  where tgtd and tgtadm are (default build)    $DIR    directory of the test
#   $PORT   port of the portal      $PORTAL  address:port      $IQN    a name for a target

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$top/build}
case $BUILD in /*) ;; *) BUILD=$top/$BUILD ;; esac
TGTD=$BUILD/tgtd
TGTADM=$BUILD/tgtadm
IQN=iqn.2026-11.org.example:t1
# Both are limits, not waits.
START_SECONDS=20
STOP_SECONDS=20
RUNNER=()

# Reports go to files: the daemon's stderr is closed or elsewhere in some tests.
setup_dir() {
	# Not below the directory of bats, which other users can't enter.
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/tgt-func.XXXXXX")
	chmod 0755 "$DIR"
	export TGT_IPC_SOCKET=$DIR/control
	export ASAN_OPTIONS=log_path=$DIR/asan:detect_leaks=1:abort_on_error=0
	export UBSAN_OPTIONS=print_stacktrace=1
	LOG=$DIR/tgtd.log
	TGTD_PID=
}

# free_port: a port of 127.0.0.1 that nobody listens on.
free_port() {
	python3 -c '
import socket
with socket.socket() as s:
	s.bind(("127.0.0.1", 0))
	print(s.getsockname()[1])'
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

alive() {
	kill -0 "$1" 2>/dev/null
}

gone() {
	! alive "$1"
}

tgtd_ready_or_dead() {
	grep -q 'notice: tgtd .* is ready' "$LOG" || gone "$TGTD_PID"
}

# run_tgtd [OPTION...]: starts tgtd in the foreground as a job, waits until it serves.
# RUNNER (an array) may hold words to put before it: setpriv, valgrind, ...
run_tgtd() {
	: >"$LOG"
	"${RUNNER[@]}" "$TGTD" -f -s "$DIR/state" "$@" >>"$LOG" 2>&1 3>&- </dev/null &
	TGTD_PID=$!
	if ! wait_for $START_SECONDS tgtd_ready_or_dead || gone "$TGTD_PID"; then
		echo 'tgtd did not start:'
		cat "$LOG"
		return 1
	fi
}

# start_tgtd [OPTION...]: as above with a portal on a port of its own. Another process may take a
# free port before tgtd does: then with the next.
start_tgtd() {
	local i
	[ -n "${DIR:-}" ] || setup_dir
	for i in 1 2 3 4 5; do
		PORT=$(free_port)
		PORTAL=127.0.0.1:$PORT
		run_tgtd --iscsi "portal=$PORTAL" "$@" && return
		TGTD_PID=
		grep -q 'ddress already in use' "$LOG" || return 1
	done
	return 1
}

# Runtime errors of UBSan go to the log, ASan's to files of their own.
no_sanitizer_reports() {
	local f bad=0
	for f in "$DIR"/asan.*; do
		[ -e "$f" ] || continue
		cat "$f"
		bad=1
	done
	! grep -e 'runtime error:' -e 'Assertion .* failed' "$LOG" || bad=1
	return $bad
}

# stop_tgtd [SIGNAL]: ends it; fails unless it exits with 0 in bounded time and nothing was reported.
stop_tgtd() {
	local rc=0
	kill -"${1:-TERM}" "$TGTD_PID" || { echo 'tgtd was gone'; cat "$LOG"; return 1; }
	if ! wait_for $STOP_SECONDS gone "$TGTD_PID"; then
		echo "tgtd did not stop in $STOP_SECONDS s"
		kill -KILL "$TGTD_PID"
	fi
	wait "$TGTD_PID" || rc=$?
	TGTD_PID=
	[ $rc -eq 0 ] || { echo "tgtd exited with $rc"; cat "$LOG"; return 1; }
	no_sanitizer_reports
}

# The log is shown when a test failed.
teardown_tgtd() {
	local rc=0
	[ -n "${DIR:-}" ] || return 0
	if [ -n "${TGTD_PID:-}" ]; then
		stop_tgtd || rc=$?
	else
		no_sanitizer_reports || rc=$?
	fi
	if [ -z "${BATS_TEST_COMPLETED:-}" ] && [ -s "$LOG" ]; then
		echo '--- log of tgtd:'
		tail -n 60 "$LOG"
	fi
	rm -rf "$DIR"
	return $rc
}

tgtadm() {
	"$TGTADM" "$@"
}

# make_disk NAME SIZE: a sparse file; prints its path.
make_disk() {
	truncate -s "$2" "$DIR/$1" && echo "$DIR/$1"
}

# add_target [TID [IQN]]: a target for everybody.
add_target() {
	tgtadm --lld iscsi --mode target --op new --tid "${1:-1}" --targetname "${2:-$IQN}" &&
		tgtadm --lld iscsi --mode target --op bind --tid "${1:-1}" --initiator-address ALL
}

# add_lun TID LUN PATH [OPTION...]
add_lun() {
	local tid=$1 lun=$2 path=$3
	shift 3
	tgtadm --lld iscsi --mode logicalunit --op new --tid "$tid" --lun "$lun" \
		--backing-store "$path" "$@"
}

# url [LUN [IQN]]: of libiscsi's tools and qemu. Without a LUN: the portal.
url() {
	echo "iscsi://$PORTAL${1:+/${2:-$IQN}/$1}"
}

portal_url() {
	echo "iscsi://$PORTAL"
}
