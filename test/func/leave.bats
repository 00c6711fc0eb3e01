#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Initiators are asked to log out before their sessions end.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() { setup_dir; }
teardown() { teardown_tgtd; }

# asked NAME go|stay: an initiator in the background that is logged in when this returns. What it
# was told is in $DIR/NAME.said, its end in $DIR/NAME.rc.
asked() {
	{
		rc=0
		timeout 60 python3 "$top/test/lib/initiator.py" asked "$PORT" "$IQN" "$DIR/$1" "$2" \
			>"$DIR/$1.said" 2>&1 || rc=$?
		echo $rc >"$DIR/$1.rc"
	} 3>&- &
	wait_for 20 [ -e "$DIR/$1" ]
}

# left NAME: it was asked, and ended as it should.
left() {
	wait_for 20 [ -s "$DIR/$1.rc" ]
	cat "$DIR/$1.said"
	[ "$(cat "$DIR/$1.rc")" -eq 0 ]
}

serve() {
	start_tgtd "$@"
	add_target
	add_lun 1 1 "$(make_disk disk 16M)"
}

@test "a target that goes offline asks, and who leaves is not waited for" {
	serve --iscsi logout_wait=30
	asked a go
	tgtadm --mode target --op update --tid 1 --name state --value offline
	left a
	[ "$(cat "$DIR/a.said")" = 30 ]
	tgtadm --mode target --op update --tid 1 --name state --value ready
	iscsi-inq "$(url 1)"
}

@test "who does not leave a deleted target in time is dropped" {
	serve --iscsi logout_wait=1
	asked a stay
	tgtadm --mode target --op delete --tid 1 --force
	left a
	[ "$(cat "$DIR/a.said")" = 1 ]
}

@test "at its stop tgtd waits for initiators that leave" {
	serve --iscsi logout_wait=15
	asked a go
	SECONDS=0
	stop_tgtd
	[ $SECONDS -lt 10 ]
	left a
}

@test "at its stop tgtd waits no longer than was said, three seconds by default" {
	serve
	asked a stay
	SECONDS=0
	stop_tgtd
	[ $SECONDS -ge 2 ]
	[ $SECONDS -lt 10 ]
	left a
	[ "$(cat "$DIR/a.said")" = 3 ]
}

@test "logout_wait has its limits" {
	run timeout 20 "$TGTD" -f -s "$DIR/state" --iscsi logout_wait=3601
	[ "$status" -eq 1 ]
	[[ $output == *'logout_wait is a number from 0 to 3600'* ]]
}
