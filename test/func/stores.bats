#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # bats sets output and status
#
# The stores that are files, as an initiator sees them: data, space that is given back, errors.

load lib.bash

teardown() {
	umount "$DIR/full" 2>/dev/null || true
	teardown_tgtd
}

# lun_of_each: rdwr, uring and aio as LUNs 1, 2 and 3, each on a disk of its own; those after the name
# of a filter stand behind it.
lun_of_each() {
	local lun=1 store
	for store in rdwr uring aio; do
		add_lun 1 $lun "${1:-}$(make_disk $store 16M)" --bstype $store || return
		lun=$((lun + 1))
	done
}

# for_each COMMAND...: with the LUN after it.
for_each() {
	local lun
	for lun in 1 2 3; do
		"$@" $lun || { echo "LUN $lun: $* failed"; return 1; }
	done
}

# status_of LUN CDB [DATA BYTES]: "status key/asc/ascq" of a command with so many bytes to write.
status_of() {
	python3 - "$top/test/lib" "$PORT" "$IQN" "$@" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import initiator
		s = initiator.Session(int(sys.argv[2]), sys.argv[3])
		lun, cdb = int(sys.argv[4]), bytes.fromhex(sys.argv[5])
		n = int(sys.argv[6]) if len(sys.argv) > 6 else 0
		s.ready(lun)
		status, data, sense = s.command(cdb, write=b"x" * n, read=0 if n else 4096, lun=lun)
		print(status, "%x/%02x/%02x" % (sense[2] & 15, sense[12], sense[13]) if sense else "")
	END
}

# answers EXPECTED LUN CDB [DATA BYTES]
answers() {
	local got expected=$1
	shift
	got=$(status_of "$@")
	[ "$got" = "$expected" ] || { echo "LUN $*: $got, not $expected"; return 1; }
}

data() {
	qemu-io -f raw -c 'write -P 7 0 1M' -c 'write -P 8 4608 512' -c 'write -f -P 9 8M 3M' -c 'read -P 7 0 4608' \
		-c 'read -P 8 4608 512' -c 'read -P 7 5120 4096' -c 'read -P 9 8M 3M' -c 'write -z 9M 64k' \
		-c 'read -P 0 9M 64k' -c 'write -z -u 10M 64k' -c 'read -P 0 10M 64k' -c flush "$(url "$1")" >"$DIR/io" ||
		{ cat "$DIR/io"; return 1; }
	! grep -i 'fail\|error' "$DIR/io"
}

@test "data of any length at any block is what was written, by each store" {
	start_tgtd
	add_target
	lun_of_each
	for_each data
	cmp "$DIR/rdwr" "$DIR/uring"
	cmp "$DIR/rdwr" "$DIR/aio"
}

gives_back() {
	local file
	file=$DIR/$(echo rdwr uring aio | cut -d' ' -f"$1")
	tgtadm --mode logicalunit --op update --tid 1 --lun "$1" --params thin_provisioning=1 &&
	qemu-io -f raw -c 'write -P 5 0 8M' -c flush "$(url "$1")" | grep wrote &&
	[ "$(stat -c %b "$file")" -ge 16384 ] &&
	qemu-io -f raw -d unmap -c 'discard 0 8M' -c 'read -P 0 0 8M' "$(url "$1")" | grep discard &&
	[ "$(stat -c %b "$file")" -lt 1000 ] &&
	qemu-img map --output=json "$(url "$1")" | jq -e 'all(.[]; .data | not)'
}

@test "space is given back and told of, by each store" {
	start_tgtd
	add_target
	lun_of_each
	for_each gives_back
}

medium_error() {
	answers '0 ' "$1" 28000000000000000800 &&
	answers '2 3/11/00' "$1" 28000000080000000800 &&
	answers '2 3/0c/00' "$1" 2a000000080000000800 4096 &&
	answers '0 ' "$1" 28000000000000000800
}

@test "an error of the medium is that, and only for its blocks, by each store" {
	start_tgtd
	add_target
	lun_of_each fault:op=read,errno=EIO,offset=1M,len=4096+op=write,errno=EIO,offset=1M,len=4096:
	for_each medium_error
}

@test "a full file system is that, and other blocks go on, by each store" {
	[ "$(id -u)" -eq 0 ] || skip 'only root can mount'
	start_tgtd
	add_target
	mkdir "$DIR/full"
	mount -t tmpfs -o size=1M tmpfs "$DIR/full" || skip 'no mount here'
	for store in rdwr uring; do
		truncate -s 16M "$DIR/full/disk"
		add_lun 1 1 "$DIR/full/disk" --bstype $store
		answers '0 ' 1 2a000000000000000800 4096
		head -c 2M /dev/zero >"$DIR/full/more" || true
		answers '2 7/27/07' 1 2a000000080000000800 4096
		answers '0 ' 1 2a000000000000000800 4096
		tgtadm --mode logicalunit --op delete --tid 1 --lun 1 --force
		rm "$DIR/full"/*
	done
}

shorter() {
	local file
	file=$DIR/$(echo rdwr uring aio | cut -d' ' -f"$1")
	truncate -s 1M "$file" &&
	wait_for 5 answers '2 5/21/00' "$1" 28000000080000000800 &&
	answers '0 ' "$1" 28000000000000000800 &&
	truncate -s 16M "$file" &&
	wait_for 5 answers '0 ' "$1" 28000000080000000800
}

@test "a file that is cut short is told, not read as zeroes, until it is back, by each store" {
	start_tgtd
	add_target
	lun_of_each
	for_each shorter
}

@test "aio and uring are named, and say why when the kernel has them not" {
	TGT_NO_URING=1 start_tgtd
	tgtadm --mode sys --op show | grep -x '    uring (bsoflags sync:direct)'
	tgtadm --mode sys --op show | grep -x '    aio (bsoflags sync:direct)'
	add_target
	run add_lun 1 1 "$(make_disk d 16M)" --bstype uring
	[ "$status" -ne 0 ]
	[[ $output == *'take the store rdwr'* ]]
}

@test "passthrough says what it wants" {
	start_tgtd
	tgtadm --mode sys --op show | grep -x '    passthrough'
	add_target
	run add_lun 1 1 /dev/null --device-type pt --bstype sg
	[ "$status" -ne 0 ]
	[[ $output == *'/dev/null is no SCSI device with a node /dev/sgN'* ]]
	run add_lun 1 1 "$(make_disk d 1M)" --device-type pt
	[[ $output == *'is no device'* ]]
	run add_lun 1 1 /dev/null --device-type pt --bstype rdwr
	[[ $output == *'uses backing store type sg only'* ]]
	run add_lun 1 1 /dev/null --device-type pt --bsopts timeout=0
	[[ $output == *'timeout= is a number of seconds'* ]]
}
