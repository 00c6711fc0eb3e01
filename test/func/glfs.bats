#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # bats sets output and status
#
# The store glfs with a Gluster volume of one brick, which all tests of this file share. Gluster's
# socket for its command has a fixed place, so it runs where nobody else's does.

bats_require_minimum_version 1.5.0
load lib.bash

# Its CLI takes no brick at 127.0.0.1.
HOST=127.0.0.2

gluster_cmd() {
	timeout 60 gluster --mode=script --log-file="$GLUSTER/cli.log" "$@"
}

answering() {
	gluster_cmd pool list >/dev/null 2>&1
}

brick_up() {
	gluster_cmd volume status v0 2>/dev/null | grep -Eq ' Y +[0-9]+'
}

# brick: the process of the brick.
brick() {
	cat "$GLUSTER"/run/vols/v0/*.pid
}

setup_file() {
	local c
	export GLUSTER=
	for c in glusterd gluster glusterfsd; do
		command -v $c >/dev/null || skip "no $c"
	done
	[ -e "$BUILD/bs_glfs.so" ] || skip 'built without libgfapi'
	[ "$(id -u)" -eq 0 ] || skip 'bricks need trusted attributes, and those root'
	[ ! -S /var/run/glusterd.socket ] || ! timeout 5 gluster --mode=script pool list >/dev/null 2>&1 ||
		skip 'a glusterd runs here already'
	# Not in memory: bricks need extended attributes of a disk's file system.
	GLUSTER=$(mktemp -d "${TMPDIR:-/tmp}/tgt-gluster.XXXXXX")
	mkdir -p "$GLUSTER/wd" "$GLUSTER/run" "$GLUSTER/bricks" "$GLUSTER/brick"
	cat >"$GLUSTER/glusterd.vol" <<-END
	volume management
	    type mgmt/glusterd
	    option working-directory $GLUSTER/wd
	    option run-directory $GLUSTER/run
	    option transport-type socket
	    option transport.socket.bind-address $HOST
	    option transport.socket.listen-port 24007
	    option ping-timeout 0
	    option rpc-auth-allow-insecure on
	end-volume
	END
	glusterd -N -f "$GLUSTER/glusterd.vol" -p "$GLUSTER/pid" -l "$GLUSTER/glusterd.log" >"$GLUSTER/out" 2>&1 3>&- &
	wait_for 30 answering || { tail "$GLUSTER"/*.log; return 1; }
	gluster_cmd volume create v0 "$HOST:$GLUSTER/brick" force
	gluster_cmd volume set v0 server.allow-insecure on
	gluster_cmd volume set v0 network.ping-timeout 3
	gluster_cmd volume start v0
	wait_for 30 brick_up
}

teardown_file() {
	[ -n "${GLUSTER:-}" ] || return 0
	# shellcheck disable=SC2046
	kill -KILL $(cat "$GLUSTER"/run/vols/*/*.pid "$GLUSTER/pid" 2>/dev/null) 2>/dev/null || true
	rm -rf "$GLUSTER"
}

teardown() {
	kill -CONT "$(brick)" 2>/dev/null || true
	teardown_tgtd
}

# AddressSanitizer looks for XDR's functions when it starts, and would call nothing later; and what
# Gluster's libraries leave behind is theirs.
asan_prepare() {
	local asan
	asan=$(ldd "$TGTD" | awk '/libasan/ { print $3 }')
	[ -n "$asan" ] || return 0
	[ -n "${DIR:-}" ] || setup_dir
	printf 'leak:%s\n' libgfapi libglusterfs libgfrpc libgfxdr /glusterfs/ libuuid libtirpc >"$DIR/lsan"
	export LSAN_OPTIONS=suppressions=$DIR/lsan:print_suppressions=0
	RUNNER=(env "LD_PRELOAD=$asan libtirpc.so.3")
}

start() {
	asan_prepare
	start_tgtd --modules "$BUILD"
	add_target
}

# file NAME SIZE: in the volume, as its brick has it.
file() {
	truncate -s "$2" "$DIR/$1"
	python3 - "$HOST" "$1" "$(stat -c %s "$DIR/$1")" <<-'END'
		import ctypes, os, sys
		g = ctypes.CDLL("libgfapi.so.0", use_errno=True)
		for f in ("glfs_new", "glfs_creat"):
		    getattr(g, f).restype = ctypes.c_void_p
		fs = ctypes.c_void_p(g.glfs_new(b"v0"))
		g.glfs_set_volfile_server(fs, b"tcp", sys.argv[1].encode(), 24007)
		assert g.glfs_init(fs) == 0
		fd = ctypes.c_void_p(g.glfs_creat(fs, sys.argv[2].encode(), os.O_RDWR, 0o600))
		assert fd.value
		assert g.glfs_ftruncate(fd, ctypes.c_long(int(sys.argv[3])), None, None) == 0
		os._exit(0)
	END
}

# add LUN FILE [OPTION...]
add() {
	add_lun 1 "$1" "v0@$HOST:$2" --bstype glfs "${@:3}"
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

@test "a file of a volume is a disk: data, FUA, zeroes, space given back" {
	start
	file disk 64M
	add 1 disk
	io 1 -c 'write -P 7 0 1M' -c 'write -P 8 4608 512' -c 'write -f -P 9 8M 3M' -c 'read -P 7 0 4608' \
		-c 'read -P 8 4608 512' -c 'read -P 7 5120 4096' -c 'read -P 9 8M 3M' -c 'write -z 9M 64k' \
		-c 'read -P 0 9M 64k' -c 'write -z -u 10M 64k' -c 'read -P 0 10M 64k' -c flush
	qemu-io -f raw -r -c 'read -P 9 8M 1M' -c 'read -P 8 4608 512' "$GLUSTER/brick/disk" | grep '512 bytes'
}

@test "with sync all that was acknowledged is in the brick" {
	start
	file synced 16M
	add 1 synced --bsoflags sync
	io 1 -c 'write -P 7 0 64k'
	qemu-io -f raw -r -c 'read -P 7 0 64k' "$GLUSTER/brick/synced" | grep '64 KiB'
	kill -KILL "$(brick)"
	run ! answers '0 ' 1 $write10 4096
	sleep 3
	gluster_cmd volume start v0 force
	wait_for 30 brick_up
	wait_for 30 answers '0 ' 1 $write10 4096
	io 1 -c 'read -P 7 4k 60k'
}

@test "GET LBA STATUS tells of holes, and what is given back becomes one" {
	start
	file thin 64M
	add 1 thin
	tgtadm --lld iscsi --mode logicalunit --op update --tid 1 --lun 1 --params thin_provisioning=1
	io 1 -c 'write -P 3 8M 4M' -c 'discard 9M 1M' -c 'read -P 0 9M 1M' -c flush
	python3 - "$top/test/lib" "$PORT" "$IQN" <<-'END'
		import struct, sys
		sys.path.insert(0, sys.argv[1])
		import initiator
		s = initiator.Session(int(sys.argv[2]), sys.argv[3])
		s.ready(1)
		got = s.command(bytes.fromhex("9e120000000000000000000001000000"), read=256, lun=1)[1]
		rows = [struct.unpack(">QIB", got[8 + 16 * i:21 + 16 * i]) for i in range((len(got) - 8) // 16)]
		rows = [r for r in rows if r[1]]
		assert rows == [(0, 16384, 1), (16384, 2048, 0), (18432, 2048, 1), (20480, 4096, 0),
		                (24576, 106496, 1)], rows
	END
}

@test "a file that grows makes the LUN larger" {
	start
	file grows 16M
	add 1 grows
	truncate -s 32M "$GLUSTER/brick/grows"
	larger() { io 1 -c 'write -P 3 24M 1M' -c 'read -P 3 24M 1M'; }
	wait_for 20 larger
}

@test "a brick that hangs makes requests fail in time, and others go on" {
	start
	file hangs 16M
	add 1 hangs --bsoflags sync
	add_lun 1 2 "$(make_disk two 16M)"
	[ "$(sense 1 $write10 4096)" = '0 ' ]
	kill -STOP "$(brick)"
	[ "$(sense 2 $read10)" = '0 ' ]
	got=$(sense 1 $write10 4096)
	kill -CONT "$(brick)"
	[ "$got" = '2 4/08/00' ]
	wait_for 20 answers '0 ' 1 $write10 4096
}

@test "what can't be opened says why" {
	start
	run add 1 nosuch
	[ "$status" -ne 0 ]
	[[ $output == *'No such file'* ]]
	run add_lun 1 1 "v0:$HOST/x" --bstype glfs
	[[ $output == *'write it as VOLUME@HOST:PATH'* ]]
	run add_lun 1 1 "nosuch@$HOST:x" --bstype glfs
	[[ $output == *'no connection to the volume nosuch'* ]]
}
