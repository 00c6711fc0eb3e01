#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tgt-setup-lun: one line makes a disk, as of old.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() { setup_dir; }
teardown() { teardown_tgtd; }

setup_lun() {
	PATH=$BUILD:$PATH "$top/usr/tgt-setup-lun" "$@"
}

# The ACL of the target that is shown.
acl() {
	tgtadm --mode target --op show | sed -n '/ACL information/,$p' | sed 1d | tr -d ' ' | paste -sd' '
}

@test "one line makes a disk that everybody may use" {
	start_tgtd
	disk=$(make_disk d 16M)
	run setup_lun -n one -d "$disk"
	[ "$status" -eq 0 ]
	name=iqn.2001-04.com.$(hostname -s)-one
	[[ $output == *"Creating new target (name=$name, tid=1)"* ]]
	[[ $output == *"Accepting connections from all initiators"* ]]
	iscsi-inq "$(url 1 "$name")"
	[ "$(acl)" = ALL ]
}

@test "initiators are addresses, networks and names; a whole IQN is taken as it is" {
	start_tgtd
	setup_lun -n "$IQN" -d "$(make_disk d 16M)" 127.0.0.0/8 192.0.2.7 iqn.2026-11.org.example:i
	[ "$(acl)" = '127.0.0.0/8 192.0.2.7 iqn.2026-11.org.example:i' ]
	# Where there are names and addresses, both have to match.
	run ! iscsi-inq "$(url 1)"
	iscsi-inq -i iqn.2026-11.org.example:i "$(url 1)"
}

@test "numbers are the first that are free" {
	start_tgtd
	for tid in 1 2 4; do add_target $tid "$IQN-$tid"; done
	cd "$DIR"
	make_disk d 16M
	setup_lun -n "$IQN" -d d
	run tgtadm --mode target --op show
	[[ $output == *"Target 3: $IQN"$'\n'* ]]
	tgtadm --mode lu --op new --tid 3 --lun 3 -b "$DIR/d"
	run setup_lun -n "$IQN" -d d <<<yes
	[ "$status" -eq 0 ]
	[[ $output == *"target named $IQN already exists"*"(yes/NO)"* ]]
	run setup_lun -n "$IQN" -d d 192.0.2.7 <<<yes
	[ "$status" -eq 0 ]
	run tgtadm --json --mode target --op show
	[ "$(jq -c '[.result? // . | .. | objects | select(.tid? == 3) | .luns[].lun]' <<<"$output")" = \
		'[0,1,2,3,4]' ]
}

@test "more than 255 targets are no trouble" {
	start_tgtd
	for ((i = 1; i <= 300; i++)); do
		echo "{\"object\":\"target\",\"verb\":\"new\",\"args\":{\"tid\":$i,\"targetname\":\"$IQN-$i\"}}"
	done | tgtadm --json - >/dev/null
	run setup_lun -n "$IQN" -b null
	[ "$status" -eq 0 ]
	[[ $output == *'tid=301'* ]]
}

@test "an existing target is left alone unless the answer is yes" {
	start_tgtd
	add_target
	disk=$(make_disk d 16M)
	for answer in no '' y; do
		run setup_lun -n "$IQN" -d "$disk" <<<"$answer"
		[ "$status" -eq 1 ]
	done
	run setup_lun -n "$IQN" -d "$disk" </dev/null
	[ "$status" -eq 1 ]
	run tgtadm --mode target --op show
	[[ $output != *'LUN: 1'* ]]
}

@test "store, block size, driver and control port are passed on" {
	start_tgtd -C 4
	run setup_lun -C 4 -t iscsi -n "$IQN" -b null -B 4096
	[ "$status" -eq 0 ]
	[[ $output == *'Control port: 4'* ]]
	run tgtadm -C 4 --mode target --op show
	[[ $output == *'Block size: 4096'*'Backing store type: null'* ]]
}

@test "what can not be is refused, and a target made for it goes again" {
	run setup_lun -n one -d "$(make_disk d 16M)"
	[ "$status" -eq 1 ]
	[[ $output == *'tgtd is not running'* ]]
	start_tgtd
	refused() {
		local text=$1
		shift
		run setup_lun "$@"
		[ "$status" -eq 1 ]
		[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
		run tgtadm --mode target --op show
		[ -z "$output" ]
	}
	refused usage
	refused 'a device is mandatory' -n one
	refused 'is not a device' -n one -d "$DIR/none"
	refused 'is not a device' -n one -d "$DIR"
	refused 'target name is mandatory' -d "$DIR/d"
	refused 'failed to create target' -n 'no name' -d "$DIR/d"
	refused 'Deleting new target' -n one -b nosuch -d "$DIR/d"
	refused 'Deleting new target' -n one -d "$DIR/d" -B 7
	refused usage -x
	run setup_lun -n "$IQN" -d "$DIR/d" 192.0.2.300 192.0.2.1
	[ "$status" -eq 1 ]
	[[ $output == *'could not assign initiator 192.0.2.300'* ]]
	[ "$(acl)" = 192.0.2.1 ]
}

@test "a path with blanks is one path" {
	start_tgtd
	mkdir "$DIR/a b"
	truncate -s 16M "$DIR/a b/c d"
	setup_lun -n "$IQN" -d "$DIR/a b/c d"
	run tgtadm --mode target --op show
	[[ $output == *"Backing store path: $DIR/a b/c d"* ]]
}
