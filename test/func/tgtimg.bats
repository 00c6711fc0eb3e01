#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tgtimg from outside: the words of old, exit codes, and that what it makes is served.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086

bats_require_minimum_version 1.5.0
load lib.bash

setup() { setup_dir; LOG=$DIR/none; : >"$LOG"; }
teardown() { teardown_tgtd; }

tgtimg() {
	"$BUILD/tgtimg" "$@"
}

@test "the command lines of old make what they made" {
	run tgtimg --op new --device-type disk --type disk --size 3 --file "$DIR/a"
	[ "$status" -eq 0 ]
	[ "$output" = "Created blank DISK image file : $DIR/a" ]
	[ "$(stat -c '%s %a' "$DIR/a")" = '3145728 640' ]
	[ "$(stat -c %b "$DIR/a")" -ge 6144 ]
	tgtimg -o new -Y disk -t disk -s 3 -f "$DIR/b" --thin-provisioning
	[ "$(stat -c '%s %b' "$DIR/b")" = '3145728 0' ]
	tgtimg -o new -Y disk -t disk -s 3 -b A0001 -f "$DIR/c"
	run tgtimg --op=new --device-type=cd --type=dvd+r --file="$DIR/d"
	[ "$output" = "Created blank DVD+R image file : $DIR/d" ]
	[ "$(stat -c '%s %a' "$DIR/d")" = '0 640' ]
	tgtimg -o new -Y cd -t dvd+r -s 10 -f "$DIR/e"
}

@test "exit codes and sentences of old" {
	refused() {
		local code=$1 text=$2
		shift 2
		run tgtimg "$@"
		[ "$status" -eq "$code" ] && [[ $output == *"tgtimg: "*"$text"* ]] ||
			{ echo "$*: $status $output"; return 1; }
	}
	refused 22 'specify the operation type'
	refused 1 'unknown operation: bad' --op bad
	refused 22 'unknown target type: foo' -o new -Y foo
	refused 22 '--file' -o new -Y disk -s 1
	refused 22 '--device-type' -o new -s 1 -f "$DIR/a"
	refused 22 '--size' -o new -Y disk -f "$DIR/a"
	refused 22 'qcow2' -o new -Y disk -t qcow2 -s 1 -f "$DIR/a"
	refused 22 'unrecognized option' -o new -Y disk -s 1 -f "$DIR/a" stray
	refused 22 'no size' -o new -Y disk -s 10x -f "$DIR/a"
	refused 22 'exclude' -o new -Y disk -s 1 -T --write-zeroes -f "$DIR/a"
	refused 2 'No such file' -o new -Y disk -s 1 -f "$DIR/no/a"
	refused 2 'No such file' -o show -f "$DIR/no/a"
	refused 28 'not enough space' -o new -Y disk -s 1e -f "$DIR/a"
	[ ! -e "$DIR/a" ]
	run tgtimg --no-such
	[ "$status" -eq 22 ]
	run tgtimg --version
	[ "$status" -eq 0 ]
	run tgtimg --help
	[ "$status" -eq 0 ]
	[[ $output == *--thin-provisioning* ]]
}

@test "what is there is not overwritten unless forced" {
	echo precious >"$DIR/a"
	run tgtimg -o new -Y disk -s 1 -f "$DIR/a"
	[ "$status" -eq 17 ]
	[[ $output == *--force* ]]
	grep -q precious "$DIR/a"
	tgtimg -o new -Y disk -s 1 --force -f "$DIR/a"
	[ "$(stat -c %s "$DIR/a")" = 1048576 ]
	[ "$(ls "$DIR"/a*)" = "$DIR/a" ]
}

@test "show tells what it is, as text and as JSON" {
	tgtimg -o new -Y disk -t raw -s 10g -T -f "$DIR/a"
	run tgtimg -o show -f "$DIR/a"
	[ "$status" -eq 0 ]
	[[ $output == *'Size:        10737418240 bytes (10.0 GiB)'* ]]
	[[ $output == *'Device type: disk'* ]]
	run tgtimg -o show -Y disk -f "$DIR/a" --json
	[ "$(jq -c '[.size, .blocks, .sparse, .device_type]' <<<"$output")" = \
		'[10737418240,20971520,true,"disk"]' ]
	qemu-img create -q -f qcow2 "$DIR/q" 10M
	run tgtimg -o show -f "$DIR/q"
	[[ $output == *'a qcow2 image'*Warning:*qemu-img* ]]
	run tgtimg -o show -Y cd -f "$DIR/q"
	[ "$status" -eq 22 ]
}

@test "progress is seen on a terminal, and only there" {
	# The first line is drawn after half a second: as slow as that takes a while to write.
	script -qec "'$BUILD/tgtimg' -o new -Y disk -s 2g --write-zeroes -f '$DIR/a'" /dev/null \
		>"$DIR/seen" </dev/null
	[ "$(stat -c %s "$DIR/a")" = 2147483648 ]
	if ! grep -q ' % .* of 2.0 GiB .*/s .* left' "$DIR/seen"; then
		skip 'this disk wrote 2 GiB within half a second'
	fi
	# The line goes when it is done.
	tail -c 100 "$DIR/seen" | tr '\r' '\n' | tail -n 2 | grep '^.\[KCreated'
	run tgtimg -o new -Y disk -s 64 --write-zeroes -f "$DIR/b"
	[ "$output" = "Created blank DISK image file : $DIR/b" ]
}

@test "an interruption leaves no file" {
	"$BUILD/tgtimg" -o new -Y disk -s 8g --write-zeroes -f "$DIR/a" 3>&- &
	pid=$!
	wait_for 10 test -s "$DIR/a"
	kill -TERM "$pid"
	rc=0
	wait "$pid" || rc=$?
	[ $rc -eq 143 ]
	[ ! -e "$DIR/a" ]
}

@test "what it makes is served" {
	start_tgtd
	add_target
	tgtimg -o new -Y disk -s 16 -f "$DIR/a"
	add_lun 1 1 "$DIR/a"
	run qemu-img info -f raw "$(url 1)"
	[[ $output == *'16 MiB'* ]]
	qemu-io -f raw -c 'write -P 7 1M 64k' "$(url 1)"
	run tgtimg -o show -f "$DIR/a" --json
	[ "$(jq .size <<<"$output")" = 16777216 ]
	# Replaced by force, the daemon keeps the one it serves.
	tgtimg -o new -Y disk -s 1 --force -f "$DIR/a"
	qemu-io -f raw -c 'read -P 7 1M 64k' "$(url 1)"
}

# A tape of 1 MB or so, in $DIR/tape.
tape() {
	tgtimg --op new --device-type tape --barcode T00001L7 --size 4 --file "$DIR/tape"
}

@test "a tape is made, shown, and good" {
	run tape
	[ "$output" = "Created blank TAPE image file : $DIR/tape" ]
	run tgtimg --op show --json --file "$DIR/tape"
	jq -e '.device_type == "tape" and .type == "data" and .size == 4194304 and
	       .barcode == "T00001L7" and .generation == "LTO-7"' <<<"$output"
	[ "$(stat -c %b "$DIR/tape")" -lt 64 ]
	tgtimg --op check --file "$DIR/tape"
	run tgtimg -o new -Y tape -t worm -s 4 -f "$DIR/worm"
	[ "$status" -eq 0 ]
	run tgtimg -o new -Y tape -t data -s 0 -f "$DIR/small"
	[ "$status" -eq 22 ]
	[ ! -e "$DIR/small" ]
	run tgtimg -o check -f "$DIR/worm" -Y disk
	[ "$status" -eq 22 ]
}

@test "a tape with a damaged superblock is repaired" {
	tape
	dd if=/dev/zero of="$DIR/tape" bs=1 seek=4100 count=8 conv=notrunc status=none
	run tgtimg --op check --file "$DIR/tape"
	[ "$status" -eq 2 ]
	[[ $output == *'one superblock is damaged'* ]]
	tgtimg --op repair --file "$DIR/tape"
	tgtimg --op check --file "$DIR/tape"
	dd if=/dev/zero of="$DIR/tape" bs=1 count=8000 conv=notrunc status=none
	run tgtimg --op check --device-type tape --file "$DIR/tape"
	[ "$status" -eq 22 ]
}
