#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # bats sets output and status
#
# The store rbd with a cluster of one node, which all tests of this file share.

bats_require_minimum_version 1.5.0
load lib.bash
load ../lib/ceph_one.bash

setup_file() {
	local c
	for c in ceph-mon ceph-osd ceph rbd; do
		command -v $c >/dev/null || skip "no $c"
	done
	[ -e "$BUILD/bs_rbd.so" ] || skip 'built without librbd'
	export CEPH_DIR=$BATS_FILE_TMPDIR/ceph CEPH_MON CEPH_OSD
	ceph_new "$CEPH_DIR" "$(free_port)" || { tail "$CEPH_DIR"/*.out "$CEPH_DIR"/*.log; return 1; }
	echo "$CEPH_MON $CEPH_OSD" >"$CEPH_DIR/pids"
}

setup() {
	export CEPH_CONF=$CEPH_DIR/ceph.conf
	read -r CEPH_MON CEPH_OSD <"$CEPH_DIR/pids"
}

teardown() {
	teardown_tgtd
}

teardown_file() {
	# shellcheck disable=SC2046
	[ ! -e "$CEPH_DIR/pids" ] || kill -KILL $(cat "$CEPH_DIR/pids") 2>/dev/null || true
}

start() {
	start_tgtd --modules "$BUILD"
	add_target
}

# image NAME SIZE [OPTION...]
image() {
	timeout 30 rbd create --size "$2" "${@:3}" "rbd/$1"
}

# add LUN IMAGE [bsopts]
add() {
	add_lun 1 "$1" "$2" --bstype rbd --bsopts "conf=$CEPH_CONF${3:+;$3}" "${@:4}"
}

io() {
	local lun=$1
	shift
	qemu-io -f raw "$@" "$(url "$lun")" >"$DIR/io" 2>&1 || { cat "$DIR/io"; return 1; }
	! grep -i 'fail\|error' "$DIR/io" || { cat "$DIR/io"; return 1; }
}

# sense LUN CDB [DATA BYTES]: "status key/asc/ascq"
sense() {
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
	[ "$(sense "${@:2}")" = "$1" ]
}

read10=28000000000000000800
write10=2a000000000000000800

@test "an image is a disk: data, FUA, zeroes, space given back" {
	start
	image disk 64M
	add 1 disk
	io 1 -c 'write -P 7 0 1M' -c 'write -P 8 4608 512' -c 'write -f -P 9 8M 3M' -c 'read -P 7 0 4608' \
		-c 'read -P 8 4608 512' -c 'read -P 7 5120 4096' -c 'read -P 9 8M 3M' -c 'write -z 9M 64k' \
		-c 'read -P 0 9M 64k' -c 'write -z -u 8M 512' -c 'read -P 0 8M 512' -c flush
	timeout 30 rbd export --no-progress rbd/disk "$DIR/copy"
	qemu-io -f raw -r -c 'read -P 9 10M 1M' -c 'read -P 8 4608 512' "$DIR/copy" | grep '512 bytes'
}

@test "a namespace, a snapshot and a pool are found by their names" {
	start
	timeout 30 rbd namespace create --pool rbd --namespace tenant
	timeout 30 rbd create --size 16M rbd/tenant/disk2
	add 1 rbd/tenant/disk2
	io 1 -c 'write -P 5 0 1M' -c flush
	timeout 30 rbd snap create rbd/tenant/disk2@then
	io 1 -c 'write -P 6 0 1M' -c flush
	add 2 rbd/tenant/disk2@then
	qemu-io -f raw -r -c 'read -P 5 0 1M' "$(url 2)" | grep '1 MiB'
	[ "$(sense 2 $write10 4096)" = '2 7/27/00' ]
	run add 3 rbd/a/b/c
	[[ $output == *'write it as'* ]]
	run add 3 nosuch
	[[ $output == *'No such file'* ]]
	run add 3 nopool/disk
	[[ $output == *'its pool'* ]]
}

@test "stores with the same options share one connection to the cluster" {
	start
	image one 16M
	image two 16M
	add 1 one
	threads=$(find "/proc/$TGTD_PID/task" -mindepth 1 -maxdepth 1 | wc -l)
	add 2 two
	[ "$(find "/proc/$TGTD_PID/task" -mindepth 1 -maxdepth 1 | wc -l)" -le $((threads + 3)) ]
	io 2 -c 'write -P 1 0 4k' -c 'read -P 1 0 4k'
	tgtadm --lld iscsi --mode logicalunit --op delete --tid 1 --lun 1
	io 2 -c 'write -P 2 0 4k' -c 'read -P 2 0 4k'
}

@test "a resize is noticed at once" {
	start
	image grows 16M
	add 1 grows
	timeout 30 rbd resize --no-progress --size 32M rbd/grows
	grown() { tgtadm target show --json | jq -e '.. | objects | select(.size? == 33554432)' >/dev/null; }
	wait_for 10 grown
	io 1 -c 'write -P 3 24M 1M' -c 'read -P 3 24M 1M'
}

@test "GET LBA STATUS tells which objects exist" {
	start
	image thin 64M
	add 1 thin
	tgtadm --lld iscsi --mode logicalunit --op update --tid 1 --lun 1 --params thin_provisioning=1
	io 1 -c 'write -P 3 8M 4M' -c flush
	python3 - "$top/test/lib" "$PORT" "$IQN" <<-'END'
		import struct, sys
		sys.path.insert(0, sys.argv[1])
		import initiator
		s = initiator.Session(int(sys.argv[2]), sys.argv[3])
		s.ready(1)
		got = s.command(bytes.fromhex("9e120000000000000000000001000000"), read=256, lun=1)[1]
		rows = [struct.unpack(">QIB", got[8 + 16 * i:21 + 16 * i]) for i in range((len(got) - 8) // 16)]
		rows = [r for r in rows if r[1]]
		assert rows == [(0, 16384, 1), (16384, 8192, 0), (24576, 106496, 1)], rows
	END
}

@test "the exclusive lock keeps another tgtd out, until its holder is gone" {
	start
	image locked 16M
	add 1 locked lock=exclusive
	io 1 -c 'write -P 3 0 1M' -c flush
	run timeout 30 rbd lock ls rbd/locked
	[[ $output == *auto* ]]
	run add_lun 1 2 locked --bstype rbd --bsopts "conf=$CEPH_CONF;lock=exclusive;timeout=20"
	[ "$status" -ne 0 ]
	kill -KILL "$TGTD_PID"
	wait "$TGTD_PID" || true
	start
	add 1 locked lock=exclusive
	io 1 -c 'read -P 3 0 1M' -c 'write -P 4 0 1M' -c 'read -P 4 0 1M'
}

@test "COMPARE AND WRITE is one step for two daemons on one image" {
	start
	image shared 16M
	add 1 shared
	first="$PORT $TGTD_PID $TGT_IPC_SOCKET"
	TGT_IPC_SOCKET=$DIR/control2 start_tgtd --modules "$BUILD"
	export TGT_IPC_SOCKET=$DIR/control2
	add_target
	add 1 shared
	# Each counts to 100 in one block, by replacing what it has read: no count may be lost.
	for at in ${first%% *} "$PORT"; do
		python3 - "$top/test/lib" "$at" "$IQN" >"$DIR/count.$at" 2>&1 3>&- <<-'END' &
			import sys
			sys.path.insert(0, sys.argv[1])
			import initiator
			s = initiator.Session(int(sys.argv[2]), sys.argv[3])
			s.ready(1)
			done = misses = 0
			while done < 100:
			    old = s.command(bytes.fromhex("28000000000800000100"), read=512, lun=1)[1]
			    new = (int.from_bytes(old[:8], "big") + 1).to_bytes(8, "big") + bytes(504)
			    got = s.command(bytes.fromhex("89000000000000000008000000010000"), write=old + new, lun=1)
			    assert got[0] == 0 or got[2][2] & 15 == 14, got
			    done += got[0] == 0
			    misses += got[0] != 0
			print(done, misses)
		END
	done
	counted() { grep -q '^100 ' "$DIR/count.${first%% *}" && grep -q '^100 ' "$DIR/count.$PORT"; }
	wait_for 40 counted || { cat "$DIR"/count.*; false; }
	cat "$DIR"/count.*
	sum=$(python3 - "$top/test/lib" "$PORT" "$IQN" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import initiator
		s = initiator.Session(int(sys.argv[2]), sys.argv[3])
		s.ready(1)
		print(int.from_bytes(s.command(bytes.fromhex("28000000000800000100"), read=512, lun=1)[1][:8], "big"))
	END
	)
	stop_tgtd
	TGTD_PID=$(cut -d ' ' -f 2 <<<"$first")
	[ "$sum" -eq 200 ]
}

# takes_over: makes the second daemon's group active, as whoever watches both would.
takes_over() {
	tgtadm portgroup update --tid 1 --group 20 --state active/optimized
}

@test "a standby daemon takes over an image when the active one dies, and none of its data is lost" {
	start
	image ha 16M
	add 1 ha
	tgtadm logicalunit update --tid 1 --lun 1 --params 'scsi_id=ha-1,scsi_sn=ha-1'
	tgtadm portgroup new --tid 1 --group 10 --portal-groups 1=101
	io 1 -c 'write -P 3 0 1M' -c flush
	active=$TGTD_PID
	export TGT_IPC_SOCKET=$DIR/control2
	start
	add 1 ha
	tgtadm logicalunit update --tid 1 --lun 1 --params 'scsi_id=ha-1,scsi_sn=ha-1'
	tgtadm portgroup new --tid 1 --group 20 --portal-groups 1=201 --state standby
	run sense 1 $write10 4096
	[[ $output == *'not ready' ]]
	kill -KILL "$active"
	wait "$active" || true
	takes_over
	wait_for 20 answers '0 ' 1 $read10
	io 1 -c 'read -P 3 0 1M' -c 'write -P 4 0 1M' -c flush -c 'read -P 4 0 1M'
}

@test "a daemon that only seemed dead can't write any more after the takeover" {
	start
	image fence 16M
	add 1 fence timeout=5
	[ "$(sense 1 $write10 4096)" = '0 ' ]
	first=$TGTD_PID first_port=$PORT
	kill -STOP "$first"
	export TGT_IPC_SOCKET=$DIR/control2
	start
	add 1 fence
	wait_for 40 answers '0 ' 1 $write10 4096
	io 1 -c 'write -P 4 0 1M' -c flush
	second_port=$PORT
	kill -CONT "$first"
	PORT=$first_port
	got=$(sense 1 $write10 4096)
	kill -KILL "$first"
	wait "$first" || true
	PORT=$second_port PORTAL=127.0.0.1:$second_port
	[ "$got" = '2 4/08/00' ]
	io 1 -c 'read -P 4 0 1M'
}

@test "the conformance suite passes on an image" {
	start
	image conform 128M
	add 1 conform
	tgtadm --lld iscsi --mode logicalunit --op update --tid 1 --lun 1 --params thin_provisioning=1
	run timeout 100 iscsi-test-cu -d -n -t SCSI "$(url 1)"
	[[ $output == *asserts* ]] || { echo "$output" | tail -40; return 1; }
	run ! grep '\.\.\.FAILED' <<<"$output"
}

@test "an OSD that hangs makes requests fail in time, and others go on" {
	start
	image hangs 16M
	add 1 hangs timeout=2
	add_lun 1 2 "$(make_disk two 16M)"
	[ "$(sense 1 $write10 4096)" = '0 ' ]
	kill -STOP "$CEPH_OSD"
	[ "$(sense 2 $read10)" = '0 ' ]
	got=$(sense 1 $read10)
	kill -CONT "$CEPH_OSD"
	[ "$got" = '2 4/08/00' ]
	wait_for 20 answers '0 ' 1 $read10
}

@test "a cluster that is killed and started again is waited for" {
	start
	image kill 64M
	add 1 kill
	io 1 -c 'write -P 5 0 4M' -c flush
	ceph_kill
	(exec qemu-io -f raw -c 'write -P 6 4M 4M' -c flush "$(url 1)" >"$DIR/late" 2>&1 3>&-) &
	late=$!
	sleep 1
	ceph_daemons "$CEPH_DIR"
	echo "$CEPH_MON $CEPH_OSD" >"$CEPH_DIR/pids"
	wait $late
	io 1 -c 'read -P 5 0 4M' -c 'read -P 6 4M 4M'
}

@test "a cluster that can't be reached is told in bounded time, and a key to nobody" {
	start
	sed "s/^mon host = .*/mon host = v2:127.0.0.1:1\/0/" "$CEPH_CONF" >"$DIR/none.conf"
	run add_lun 1 1 disk --bstype rbd --bsopts "conf=$DIR/none.conf;cephx_key=AQDsecretsecret=="
	[ "$status" -ne 0 ]
	[[ $output == *'no connection to the cluster'* ]]
	[[ $output != *AQDsecret* ]]
	run add_lun 1 1 disk --bstype rbd --bsopts "kex=AQDsecretsecret=="
	[[ $output == *'bsopts kex: '* && $output != *AQDsecret* ]]
	run ! grep AQDsecret "$LOG"
}
