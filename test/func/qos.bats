#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2030,SC2031,SC2034,SC2154
#
# Limits of commands and bytes a second, as initiators see them. Times are lower bounds: a busy
# machine makes nothing faster.

load lib.bash

setup() {
	setup_dir
	ADMIN=$BUILD/tgt-admin
	CONF=$DIR/targets.conf
	truncate -s 8M "$DIR/d1" "$DIR/d2"
	cat >"$DIR/load.py" <<-'END'
	import os, struct, subprocess, sys, threading, time
	sys.path.insert(0, os.environ["TOP"] + "/test/lib")
	import initiator
	PORT, IQN = int(os.environ["PORT"]), os.environ["IQN"]

	def session(name, lun=1):
	    s = initiator.Session(PORT, IQN, name="iqn.2026-11.org.example:" + name, isid=hash(name) % 60000 + 1)
	    s.ready(lun)
	    return s

	def reads(s, count, blocks=1, lun=1):
	    """COUNT reads at once; how long it took until all were answered."""
	    begin = time.monotonic()
	    for _ in range(count):
	        s.start(struct.pack(">BBIxHx", 0x28, 0, 0, blocks), read=blocks * 512, lun=lun)
	    tags = []
	    for _ in range(count):
	        tag, status, _, _ = s.finish()
	        assert status == 0
	        tags.append(tag)
	    assert tags == sorted(tags)
	    return time.monotonic() - begin

	def tgtadm(*args):
	    subprocess.run([os.environ["TGTADM"], *args], check=True)
	END
	export TOP=$top IQN TGTADM
}

teardown() {
	teardown_tgtd
}

load_of() {
	export PORT
	PYTHONPATH=$DIR python3 -c "from load import *
$(cat)"
}

two_disks() {
	start_tgtd
	add_target
	add_lun 1 1 "$DIR/d1"
	add_lun 1 2 "$DIR/d2"
}

limit() {
	"$TGTADM" logicalunit update --tid 1 --lun 1 --params "$1"
}

@test "a disk's limit of commands holds, in order; another disk and free commands go past" {
	two_disks
	limit iops=50,iops_burst=1
	load_of <<-'END'
	s, other = session("a"), session("b", 2)
	t = threading.Thread(target=lambda: result.append(reads(s, 40)))
	result = []
	t.start()
	time.sleep(0.1)
	assert reads(other, 100, lun=2) < 5
	assert t.is_alive()
	t.join()
	assert 39 / 50 <= result[0], result
	# TEST UNIT READY passes reads that wait.
	for _ in range(60):
	    s.start(struct.pack(">BBIxHx", 0x28, 0, 0, 1), read=512)
	tur = s.start(bytes(6))
	tags = [s.finish()[0] for _ in range(61)]
	assert tags.index(tur) < 60, tags
	END
	"$TGTADM" --json target show | jq -e '.[0].luns[1] | .limits == {"iops": 50, "iops_burst": 1} and
		.throttled.delayed >= 39 and .throttled.waiting == 0 and .throttled.delayed_ns > 1e9'
	"$TGTADM" --json target show | jq -e '.[0].luns[2] | .limits == null'
}

@test "a limit of bytes holds, and a burst goes at once" {
	two_disks
	limit bps=1M,bps_burst=512K
	load_of <<-'END'
	s = session("a")
	time.sleep(0.6)
	# 512 KiB saved up and a MiB a second: the last of 24 x 64 KiB begins after 960 KiB more.
	took = reads(s, 24, blocks=128)
	assert took >= 0.85, took
	END
}

@test "an initiator's limit holds over its sessions; others have none, or one of their own" {
	two_disks
	"$TGTADM" target update --tid 1 --name initiator_limit --value "iqn.2026-11.org.example:a iops=50,iops_burst=1"
	load_of <<-'END'
	a, b = session("a"), session("b")
	a2 = initiator.Session(PORT, IQN, name="iqn.2026-11.org.example:a", isid=7)
	a2.ready()
	took = []
	t = [threading.Thread(target=lambda s=s: took.append(reads(s, 20))) for s in (a, a2)]
	for x in t:
	    x.start()
	assert reads(b, 100) < 5
	for x in t:
	    x.join()
	assert max(took) >= 39 / 50, took
	END
	"$TGTADM" --json target show | jq -e '.[0].initiator_limits == [{"initiator":
		"iqn.2026-11.org.example:a", "iops": 50, "iops_burst": 1}]'
	run "$TGTADM" target update --tid 1 --name initiator_limit --value "iqn.x iops=fast"
	[ "$status" -eq 22 ]
}

@test "a limit that is taken away lets go of what waits, and an abort of it as well" {
	two_disks
	limit iops=1,iops_burst=1
	load_of <<-'END'
	s = session("a")
	begin = time.monotonic()
	for _ in range(30):
	    s.start(struct.pack(">BBIxHx", 0x28, 0, 0, 1), read=512)
	tgtadm("logicalunit", "update", "--tid", "1", "--lun", "1", "--params", "iops=0")
	for _ in range(30):
	    assert s.finish()[1] == 0
	assert time.monotonic() - begin < 20
	# ABORT TASK SET of commands that would wait for minutes.
	tgtadm("logicalunit", "update", "--tid", "1", "--lun", "1", "--params", "iops=1")
	for _ in range(60):
	    s.start(struct.pack(">BBIxHx", 0x28, 0, 0, 1), read=512)
	bhs = bytearray(48)
	bhs[0], bhs[1] = 0x42, 0x82
	bhs[9] = 1
	struct.pack_into(">II", bhs, 16, 5000, 0xffffffff)
	struct.pack_into(">II", bhs, 24, s.cmd_sn, s.exp_stat_sn)
	s.send(bhs)
	while True:
	    bhs, _ = s.recv()
	    if bhs[0] == 0x22:
	        assert bhs[2] == 0
	        break
	assert time.monotonic() - begin < 20
	END
}

@test "limits are in the file, changed by a reload, and saved" {
	cat >"$CONF" <<-END
	<target $IQN>
	    <backing-store $DIR/d1>
	        iops 2K
	        bps 100M
	    </backing-store>
	    backing-store $DIR/d2
	    initiator-limit ALL bps=50M,bps_burst=1M
	    initiator-limit iqn.2026-11.org.example:* iops=1000
	</target>
	END
	start_tgtd
	"$ADMIN" -c "$CONF" -e
	"$ADMIN" -c "$CONF" --diff
	"$ADMIN" --dump >"$DIR/dump"
	"$ADMIN" -c "$DIR/dump" --diff
	"$TGTADM" --json target show | jq -e '.[0] | .luns[1].limits == {"iops": 2048, "bps": 104857600} and
		.initiator_limits == [{"initiator": "ALL", "bps": 52428800, "bps_burst": 1048576},
			{"initiator": "iqn.2026-11.org.example:*", "iops": 1000}]'
	sed -i 's/iops 2K/iops 3000/; /bps 100M/d; /ALL/d' "$CONF"
	"$ADMIN" -c "$CONF" --update ALL
	"$TGTADM" --json target show | jq -e '.[0] | .luns[1].limits == {"iops": 3000} and (.initiator_limits | length) == 1'
	"$ADMIN" -c "$DIR/dump" --update ALL
	"$ADMIN" --dump | diff "$DIR/dump" -
}
