#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks over iSCSI with the clients that people use, and with clients that nobody wants.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

initiator() {
	local cmd=$1
	shift
	timeout 120 python3 "$top/test/lib/initiator.py" "$cmd" "$PORT" "$IQN" "$@"
}

setup() {
	setup_dir
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk disk 64M)"
}

teardown() { teardown_tgtd; }

@test "libiscsi's tools find the disk and its size" {
	run iscsi-ls -s "$(portal_url)"
	[ "$status" -eq 0 ]
	[[ $output == *"Target:$IQN Portal:$PORTAL,1"* ]]
	[[ $output == *'Lun:1'*'DIRECT_ACCESS'* ]]
	run iscsi-inq "$(url 1)"
	[ "$status" -eq 0 ]
	[[ $output == *VIRTUAL-DISK* ]]
	run iscsi-readcapacity16 "$(url 1)"
	[[ $output == *'Total size:67108864'* ]]
}

@test "a sparse file of ten gigabytes is read and written at its end" {
	add_lun 1 2 "$(make_disk big 10G)"
	run iscsi-readcapacity16 "$(url 2)"
	[[ $output == *'Total size:10737418240'* ]]
	qemu-io -f raw -c 'write -P 0x5a 10736369664 1M' -c 'read -P 0x5a 10736369664 1M' \
		-c 'read -P 0 5G 1M' "$(url 2)"
	[ "$(stat -c %b "$DIR/big")" -lt 10000 ]
}

@test "blocks of 4096 bytes" {
	add_lun 1 2 "$(make_disk b4k 64M)" --blocksize 4096
	run iscsi-readcapacity16 "$(url 2)"
	[[ $output == *'LOGICAL BLOCK LENGTH IN BYTES:4096'* ]]
	[[ $output == *'RETURNED LOGICAL BLOCK ADDRESS:16383'* ]]
}

@test "CDBs of 32 bytes, in additional header segments" {
	tgtadm --mode lu --op update --tid 1 --lun 1 --params cdb32=1
	initiator long_cdbs
}

@test "tokens carry data from disk to disk, until it is written to" {
	add_lun 1 2 "$(make_disk other 64M)"
	initiator tokens >"$DIR/vpd"
	run sg_vpd --page=0x8f --inhex="$DIR/vpd"
	[ "$status" -eq 0 ]
	[[ $output == *'aximum range descriptors: 256'*'Populate token'*'Write using token'* ]]
	[[ $output == *'Receive ROD token information'*'Report all ROD tokens'* ]]
	[[ $output == *'change vulnerable'*'block device zero'* ]]
}

@test "qemu-img copies an image in and finds it identical" {
	head -c 64M /dev/urandom >"$DIR/random"
	qemu-img convert -n -f raw -O raw "$DIR/random" "$(url 1)"
	qemu-img compare -f raw -F raw "$DIR/random" "$(url 1)"
	cmp "$DIR/random" "$DIR/disk"
}

@test "256 sessions at once" {
	initiator many 256
}

@test "two thousand LUNs on five hundred targets" {
	local t l
	for t in $(seq 2 500); do
		echo '{"object":"target","verb":"new","args":{"tid":'"$t"',"targetname":"'"$IQN.$t"'"}}'
		for l in 1 2 3 4; do
			echo '{"object":"logicalunit","verb":"new","args":{"tid":'"$t"',"lun":'"$l"',"backing-store":"'"$DIR/disk"'"}}'
		done
		echo '{"object":"target","verb":"bind","args":{"tid":'"$t"',"initiator-address":"ALL"}}'
	done >"$DIR/requests"
	tgtadm --json - <"$DIR/requests" >"$DIR/answers"
	[ "$(grep -vc '"ok":true' "$DIR/answers")" -eq 0 ]
	[ "$(iscsi-ls "$(portal_url)" | grep -c Target:)" -eq 500 ]
	IQN=$IQN.500 initiator luns 1 4
}

@test "LUNs beyond 255 are reached by flat addressing" {
	local l
	for l in 255 256 300 16383; do
		add_lun 1 "$l" "$DIR/disk"
	done
	initiator luns 255 256
	initiator luns 16383 16383
}

@test "an initiator that says nothing of a key is asked for it, in another round" {
	tgtadm target update --tid 1 --name MaxBurstLength --value 65536
	tgtadm target update --tid 1 --name InitialR2T --value Yes
	initiator check_alive
}

@test "garbage at the port harms nobody" {
	initiator garbage 60
}

@test "a client that sends a byte at a time does not hold up others" {
	initiator slow
}

@test "a client that stops reading does not hold up others, and costs bounded memory" {
	initiator deaf
	[ "$(awk '/VmHWM/ { print $2 }' "/proc/$TGTD_PID/status")" -lt 2000000 ]
}

@test "logins that end in every way leave neither memory nor descriptors" {
	local fds rss
	initiator churn 200
	fds=$(find "/proc/$TGTD_PID/fd" | wc -l)
	rss=$(awk '/VmRSS/ { print $2 }' "/proc/$TGTD_PID/status")
	initiator churn 1000
	initiator check_alive
	sleep 0.3
	[ "$(find "/proc/$TGTD_PID/fd" | wc -l)" -le $((fds + 1)) ]
	[ "$(awk '/VmRSS/ { print $2 }' "/proc/$TGTD_PID/status")" -le $((rss + 4096)) ] || [ -n "${SAN:-}" ]
}

@test "what was acknowledged with FUA or SYNCHRONIZE CACHE survives kill -9" {
	initiator writer "$DIR/acked" &
	local writer=$!
	wait_for 10 test -s "$DIR/acked"
	sleep 1
	kill -KILL "$TGTD_PID"
	wait "$TGTD_PID" || true
	TGTD_PID=
	wait $writer
	python3 "$top/test/lib/initiator.py" verify "$DIR/disk" "$DIR/acked"
}

@test "a file that grows is told to the initiator" {
	run iscsi-readcapacity16 "$(url 1)"
	[[ $output == *'Total size:67108864'* ]]
	truncate -s 128M "$DIR/disk"
	run wait_for 5 grow_seen
	[ "$status" -eq 0 ]
}

grow_seen() {
	iscsi-readcapacity16 "$(url 1)" | grep -q 'Total size:134217728'
}

@test "a store that fails tells the initiator by the right sense" {
	add_lun 1 2 "fault:op=read,errno=EIO,offset=1M,len=4096:$(make_disk bad 8M)"
	run qemu-io -f raw -c 'read 0 4k' "$(url 2)"
	[[ $output != *rror* ]]
	run qemu-io -f raw -c 'read 1M 4k' "$(url 2)"
	[[ $output == *rror* ]]
}
