#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Logins that are sent to another portal, by a setting or by a program.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	setup_dir
	start_tgtd --iscsi "portal=127.0.0.1:0"
	OTHER=$(tgtadm --json portal show | jq -r '.[1].address')
	add_target
	add_lun 1 1 "$(make_disk disk 16M)"
}

teardown() { teardown_tgtd; }

set_param() {
	tgtadm target update --tid 1 --name "$1" --value "$2"
}

# program SCRIPT: becomes the target's RedirectCallback.
program() {
	printf '#!/bin/sh\n%s\n' "$1" >"$DIR/where to"
	mv "$DIR/where to" "$DIR/program"
	chmod 755 "$DIR/program"
	set_param RedirectCallback "$DIR/program arg"
}

# accepted PORTAL: how many connections it has taken.
accepted() {
	tgtadm --json portal show | jq --arg p "$1" '.[] | select(.address == $p) | .accepted'
}

@test "libiscsi follows a redirection to another portal, where it stays" {
	set_param RedirectAddress 127.0.0.1
	set_param RedirectPort "${OTHER##*:}"
	tgtadm --mode target --op show --tid 1 | grep -qx "RedirectPort=${OTHER##*:}"
	iscsi-inq "$(url 1)"
	[ "$(accepted "$OTHER")" -eq 1 ]
}

@test "a program tells where to, and learns who asks" {
	program "echo \"\$*:\$TGT_INITIATOR_ADDRESS:\$TGT_PORTAL\" >>$DIR/asked
		env >$DIR/env
		[ \"\$TGT_PORTAL\" = $OTHER ] || echo $OTHER:Temporary"
	iscsi-inq "$(url 1)"
	[ "$(accepted "$OTHER")" -eq 1 ]
	[ "$(sed -n 1p "$DIR/asked")" = "arg $IQN 127.0.0.1:127.0.0.1:$PORTAL" ]
	[ "$(sed -n 2p "$DIR/asked")" = "arg $IQN 127.0.0.1:127.0.0.1:$OTHER" ]
	run ! grep TGT_IPC_SOCKET "$DIR/env"
	tgtadm --mode target --op show --tid 1 | grep -qx "RedirectCallback=$DIR/program arg"
	tgtadm --json target show --tid 1 | jq -e --arg p "$DIR/program arg" '.redirect.callback == $p'
}

@test "a program that fails puts logins off and says so in the log" {
	program 'exit 7'
	run iscsi-inq "$(url 1)"
	[ "$status" -ne 0 ]
	grep -q "RedirectCallback of $IQN: $DIR/program arg ended with status 7" "$LOG"
	set_param RedirectCallback ''
	iscsi-inq "$(url 1)"
}

@test "nobody waits while a program takes its time, and it may not take for ever" {
	add_target 2 "$IQN.2"
	add_lun 2 1 "$DIR/disk"
	program 'sleep 100'
	iscsi-inq "$(url 1)" >"$DIR/said" 2>&1 3>&- &
	wait_for 10 pgrep -f "$DIR/program" >/dev/null
	timeout 3 iscsi-inq "$(url 1 "$IQN.2")"
	wait_for 10 grep -q "$DIR/program arg took too long" "$LOG"
	wait_for 10 eval "! pgrep -f $DIR/program >/dev/null"
}

@test "targets.conf has it all, and a second reading changes nothing" {
	cat >"$DIR/conf" <<-END
	<target $IQN>
	    controller_tid 1
	    backing-store $DIR/disk
	    RedirectCallback "$DIR/program one two"
	    RedirectAddress 192.0.2.9
	    RedirectPort 3261
	    RedirectReason Permanent
	</target>
	END
	"$BUILD/tgt-admin" -c "$DIR/conf" --update ALL
	tgtadm --json target show --tid 1 | jq -e --arg p "$DIR/program one two" \
		'.redirect == {callback: $p, address: "192.0.2.9", port: 3261, reason: "Permanent"}'
	run "$BUILD/tgt-admin" -c "$DIR/conf" --diff
	[ -z "$output" ]
	"$BUILD/tgt-admin" --dump >"$DIR/dumped"
	run "$BUILD/tgt-admin" -c "$DIR/dumped" --diff
	[ -z "$output" ]
	sed -i /Redirect/d "$DIR/conf"
	"$BUILD/tgt-admin" -c "$DIR/conf" --update ALL
	tgtadm --json target show --tid 1 | jq -e '.redirect == null'
}
