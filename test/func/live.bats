#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2030,SC2031,SC2034,SC2154
#
# Changes while initiators are there: what each of two is told, and what others notice: nothing.

load lib.bash

setup() {
	setup_dir
	ADMIN=$BUILD/tgt-admin
	CONF=$DIR/targets.conf
	truncate -s 8M "$DIR/d1" "$DIR/d2" "$DIR/d3"
	cat >"$DIR/live.py" <<-'END'
	import os, struct, subprocess, sys, threading, time
	sys.path.insert(0, os.environ["TOP"] + "/test/lib")
	import initiator
	PORT, IQN, DIR = int(os.environ["PORT"]), os.environ["IQN"], os.environ["DIR"]

	class Session(initiator.Session):
	    def told(self, lun=1, cdb=bytes(6)):
	        """The sense key, code and qualifier of a command, TEST UNIT READY; None: good."""
	        status, _, sense = self.command(cdb, lun=lun)
	        return "%x/%02x%02x" % (sense[2] & 15, sense[12], sense[13]) if status else None

	    def capacity(self):
	        return int.from_bytes(self.command(bytes([0x25]) + bytes(9), read=8)[1][:4], "big") + 1

	    def luns(self):
	        data = self.command(struct.pack(">BxxxxxIxx", 0xA0, 4096), read=4096)[1]
	        return [struct.unpack_from(">H", data, i)[0] for i in range(8, len(data), 8)]

	def sessions(*names, iqn=IQN):
	    all = [Session(PORT, iqn, name="iqn.2026-11.org.example:" + n, isid=i + 1) for i, n in enumerate(names)]
	    for s in all:
	        s.ready()
	    return all

	def run(*args, code=0):
	    done = subprocess.run(args, capture_output=True, text=True)
	    assert done.returncode == code, (args, done)
	    return done.stdout + done.stderr

	def tgtadm(*args, code=0):
	    return run(os.environ["TGTADM"], *args, code=code)

	def update(params, code=0):
	    return tgtadm("logicalunit", "update", "--tid", "1", "--lun", "1", "--params", params, code=code)

	def expect(both, *codes):
	    """Each session is told exactly these, in this order."""
	    for s in both:
	        for code in codes + (None,):
	            got = s.told()
	            assert got == code, (got, code)
	END
	export TOP=$top DIR IQN TGTADM ADMIN CONF PORT
}

teardown() {
	teardown_tgtd
}

# live: a Python program on stdin, with the above.
live() {
	export PORT
	PYTHONPATH=$DIR python3 -c "from live import *
$(cat)"
}

one_disk() {
	start_tgtd
	add_target
	add_lun 1 1 "$DIR/d1"
}

@test "each parameter is told to every initiator, by the Unit Attention that belongs to it" {
	one_disk
	live <<-'END'
	both = sessions("a", "b")
	for params, *codes in (
	        ("vendor_id=NEW", "6/3f03"), ("product_id=DISK", "6/3f03"), ("product_rev=9", "6/3f03"),
	        ("scsi_sn=123", "6/3f03"), ("scsi_id=456", "6/3f03"), ("rotation_rate=1", "6/3f03"),
	        ("removable=1", "6/3f03"), ("optimal_xfer_len=8", "6/3f03"), ("optimal_xfer_gran=8", "6/3f03"),
	        ("thin_provisioning=1", "6/2a09", "6/3f03"), ("lbppbe=3", "6/2a09"), ("la_lba=1", "6/2a09"),
	        ("swp=1", "6/2a01"), ("swp=0", "6/2a01"), ("sense_format=0",), ("vendor_id=NEW",),
	        ("mode_page=8:0:18:0x10" + ":0" * 17, "6/2a01"), ("mode_page=8:0:default", "6/2a01")):
	    update(params)
	    expect(both, *codes)
	END
}

@test "write protection holds from the next command on" {
	one_disk
	live <<-'END'
	both = a, b = sessions("a", "b")
	assert a.write10(0, b"x" * 512) == 0
	update("readonly=1")
	expect(both, "6/2a01")
	for s in both:
	    status, _, sense = s.command(struct.pack(">BBIxHx", 0x2A, 0, 0, 1), write=b"y" * 512)
	    assert status == 2 and sense[2] & 15 == 7 and sense[12] == 0x27, sense.hex()
	    assert s.read10(0, 1) == b"x" * 512
	update("readonly=0")
	expect(both, "6/2a01")
	assert b.write10(0, b"z" * 512) == 0
	END
}

@test "a logical unit that comes or goes is told once to each initiator" {
	one_disk
	live <<-'END'
	both = a, b = sessions("a", "b")
	assert a.luns() == [0, 1]
	tgtadm("logicalunit", "new", "--tid", "1", "--lun", "2", "--backing-store", DIR + "/d2")
	expect(both, "6/3f0e")
	assert a.luns() == [0, 1, 2]
	assert a.told(2) == "6/2900" and a.told(2) is None
	# REPORT LUNS takes the news as well (SPC-4 6.33).
	tgtadm("logicalunit", "delete", "--tid", "1", "--lun", "2")
	assert a.luns() == [0, 1] and a.told() is None
	expect([b], "6/3f0e")
	assert a.told(2) == "5/2500" and b.told(2) == "5/2500"
	END
}

@test "a file that grows is a disk that grows" {
	one_disk
	live <<-'END'
	both = a, b = sessions("a", "b")
	assert a.capacity() == 16384
	os.truncate(DIR + "/d1", 16 << 20)
	# The store is asked at most once a second, by whoever uses it.
	end = time.time() + 20
	while a.told() != "6/2a09" and time.time() < end:
	    time.sleep(0.05)
	expect([b], "6/2a09")
	assert a.capacity() == b.capacity() == 32768
	assert b.read10(32767, 1) is not None
	END
}

@test "the path of a disk is replaced under load, and no command fails" {
	one_disk
	head -c 16M /dev/zero | tr '\0' n >"$DIR/new"
	live <<-'END'
	both = a, b = sessions("a", "b")
	update("path=" + DIR + "/none", code=22)
	expect(both)
	errors, stop = [], threading.Event()
	(c,) = sessions("c")
	def load():
	    while not stop.is_set():
	        code = c.told()
	        if code:
	            errors.append(code)
	        status, data, sense = c.command(struct.pack(">BBIxHx", 0x28, 0, 5, 8), read=4096)
	        if status:
	            errors.append("%x/%02x%02x" % (sense[2] & 15, sense[12], sense[13]))
	t = threading.Thread(target=load)
	t.start()
	update("path=" + DIR + "/new")
	time.sleep(0.2)
	stop.set()
	t.join()
	assert errors == ["6/2800", "6/2a09"], errors
	expect(both, "6/2800", "6/2a09")
	assert b.capacity() == 32768 and b.read10(9, 1) == b"n" * 512
	END
	"$TGTADM" --json logicalunit show --tid 1 --lun 1 | jq -e '.online and (.path | endswith("/new"))'
}

@test "a disk whose path was replaced while it was read-only can be written afterwards" {
	one_disk
	live <<-'END'
	(s,) = sessions("a")
	update("readonly=1,path=" + DIR + "/d2")
	update("readonly=0")
	s.ready()
	assert s.write10(0, b"x" * 512) == 0
	END
}

@test "offline, a disk is not ready; online, it may be another medium" {
	one_disk
	live <<-'END'
	both = sessions("a", "b")
	update("online=0")
	for s in both:
	    assert s.told() == "2/0403", s.told()
	update("path=" + DIR + "/d2,online=1")
	expect(both, "6/2800")
	update("removable=1")
	expect(both, "6/3f03")
	update("online=0")
	for s in both:
	    assert s.told() == "2/3a00"
	update("path=")
	update("online=1,path=" + DIR + "/d2", code=0)
	END
}

@test "a new configuration says the same to initiators as tgtadm does" {
	start_tgtd
	conf() { printf '<target %s>\n<backing-store NONE:1>\nlun 1\npath %s\n%s\n</backing-store>\n%s\n</target>\n' "$IQN" "$@" >"$CONF"; }
	conf "$DIR/d1" '' ''
	"$ADMIN" -c "$CONF" -e
	head -c 16M /dev/zero >"$DIR/new"
	conf "$DIR/new" 'vendor_id OTHER' "backing-store $DIR/d2"
	live <<-'END'
	both = sessions("a", "b")
	run(os.environ["ADMIN"], "-c", os.environ["CONF"], "--update", "ALL")
	expect(both, "6/2800", "6/2a09", "6/3f03", "6/3f0e")
	assert both[1].luns() == [0, 1, 2]
	END
}

@test "a reload with one of fifty disks changed: no other session notices" {
	local i j
	for ((i = 1; i <= 5; i++)); do
		echo "<target iqn.2026-11.org.example:t$i>"
		for ((j = 1; j <= 10; j++)); do
			truncate -s 1M "$DIR/disk$i.$j"
			printf '<backing-store %s>\nlun %s\nvendor_id A%s%s\n</backing-store>\n' "$DIR/disk$i.$j" $j $i $j
		done
		echo '</target>'
	done >"$CONF"
	start_tgtd --config "$CONF"
	export TGTD_PID LOG
	live <<-'END'
	class Reader(threading.Thread):
	    """A session of its own to one disk, reading all the time."""
	    def __init__(self, i, j):
	        super().__init__()
	        self.i, self.j, self.told, self.reads, self.slowest, self.error = i, j, [], 0, 0, None
	        self.s = Session(PORT, f"iqn.2026-11.org.example:t{i}", name=f"iqn.i:{i}.{j}", isid=i * 16 + j)
	        self.s.ready(j)
	    def run(self):
	        try:
	            while not stop.is_set():
	                start = time.monotonic()
	                status, data, sense = self.s.command(struct.pack(">BBIxHx", 0x28, 0, 0, 8), read=4096, lun=self.j)
	                self.slowest = max(self.slowest, time.monotonic() - start)
	                self.reads += 1
	                if status:
	                    self.told.append("%x/%02x%02x" % (sense[2] & 15, sense[12], sense[13]))
	        except Exception as e:
	            self.error = e

	def loads():
	    return open(os.environ["LOG"]).read().count("is loaded")

	stop = threading.Event()
	readers = [Reader(i, j) for i in range(1, 6) for j in range(1, 11)]
	for r in readers:
	    r.start()
	time.sleep(0.3)
	text = open(os.environ["CONF"]).read()
	os.truncate(DIR + "/disk3.7", 2 << 20)
	open(os.environ["CONF"], "w").write(text.replace("vendor_id A37", "vendor_id CHANGED\nlbppbe 3"))
	os.kill(int(os.environ["TGTD_PID"]), 1)
	end = time.time() + 20
	while loads() < 2 and time.time() < end:
	    time.sleep(0.02)
	time.sleep(0.3)
	import json
	assert [len(t["nexuses"]) for t in json.loads(tgtadm("--json", "target", "show"))] == [10] * 5
	stop.set()
	for r in readers:
	    r.join()
	for r in readers:
	    assert not r.error, (r.i, r.j, r.error)
	    assert r.reads > 3, (r.i, r.j)
	    want = {"6/3f03", "6/2a09"} if (r.i, r.j) == (3, 7) else set()
	    assert set(r.told) == want, (r.i, r.j, r.told)
	END
	grep -q "is loaded: 1 changes" "$LOG"
}
