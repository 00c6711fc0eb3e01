#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2034,SC2154
#
# From any configuration to any other, in place: nothing is left to do afterwards, a dump says the
# same, and after an error everything is as it was. RANDOM_SEED=N makes others.

load lib.bash

setup() {
	setup_dir
	export DIR TGTADM ADMIN=$BUILD/tgt-admin SEED=${RANDOM_SEED:-1} ROUNDS=${RANDOM_ROUNDS:-40}
	cat >"$DIR/random.py" <<-'END'
	import os, random, subprocess
	DIR = os.environ["DIR"]
	rng = random.Random(int(os.environ["SEED"]))
	for i in range(6):
	    os.truncate(os.open(f"{DIR}/d{i}", os.O_CREAT | os.O_RDWR), 1 << 20)

	def some(n):
	    return [k for k in range(n) if rng.random() < 0.4]

	LUN = (
	    lambda: f"vendor_id V{rng.randrange(3)}", lambda: f"product_id \"P # {rng.randrange(3)}\"",
	    lambda: f"scsi_sn sn{rng.randrange(9)}#", lambda: f"write-cache {rng.choice(('on', 'off'))}",
	    lambda: f"readonly {rng.randrange(2)}", lambda: f"swp {rng.randrange(2)}",
	    lambda: f"lbppbe {rng.randrange(4)}", lambda: f"rotation_rate {rng.choice((0, 1, 7200))}",
	    lambda: f"thin_provisioning {rng.randrange(2)}", lambda: f"sense_format {rng.randrange(2)}",
	    lambda: f"iops {rng.choice(('0', '100', '2K'))}", lambda: f"bps_burst {rng.randrange(1, 9)}M",
	    lambda: f"block-size {rng.choice((512, 4096))}", lambda: f"bsoflags {rng.choice(('sync', 'direct', 'sync:direct'))}",
	    lambda: f"removable {rng.randrange(2)}", lambda: "mode_page 10:0:10:" + ":".join(str(rng.choice((0, 2, 16))) for _ in range(10)),
	)
	TARGET = (
	    lambda: f"MaxBurstLength {rng.choice((65536, 262144))}", lambda: f"ImmediateData {rng.choice(('Yes', 'No'))}",
	    lambda: f"TargetAlias \"alias {rng.randrange(3)}\"", lambda: f"HeaderDigest {rng.choice(('None', 'CRC32C', 'None,CRC32C'))}",
	    lambda: f"initiator-limit ALL iops={rng.randrange(1, 9)}K", lambda: f"initiator-limit iqn.l bps={rng.randrange(1, 9)}M",
	    lambda: f"initiator-address 10.0.{rng.randrange(3)}.0/24", lambda: f"initiator-address ::{rng.randrange(1, 4)}",
	    lambda: f"initiator-name iqn.n{rng.randrange(3)}", lambda: f"initiator-name iqn.*{rng.randrange(3)}",
	    lambda: f"RedirectCallback \"/bin/echo {rng.randrange(3)}\"", lambda: f"RedirectAddress 10.0.0.{rng.randrange(3)}",
	    lambda: f"RedirectPort {rng.randrange(1, 3)}", lambda: f"RedirectReason {rng.choice(('Permanent', 'Temporary'))}",
	    lambda: f"nop_interval {rng.randrange(5)}", lambda: f"vendor_id ALL{rng.randrange(2)}",
	)

	def directives(table, out, indent):
	    seen = set()
	    for make in rng.sample(table, rng.randrange(len(table) // 2)):
	        line = make()
	        if line not in seen:
	            out.append(indent + line)
	        seen.add(line)

	def target(name, tid):
	    out = [f"<target {name}>"]
	    if tid:
	        out.append(f"    controller_tid {tid}")
	    directives(TARGET, out, "    ")
	    for i in some(5):
	        path = f"{DIR}/d{rng.randrange(6)}"
	        out += [f"    <backing-store NONE:{i}>", f"        path {path}" if rng.random() < 0.9 else "        removable 1"]
	        out.append(f"        lun {i + rng.randrange(3) * 7}")
	        body = []
	        directives(LUN, body, "        ")
	        out += [b for b in body if "removable" not in b or "path" in out[-2]]
	        out.append("    </backing-store>")
	    if rng.random() < 0.3:
	        out += ["    <initiator iqn.m*>", f"        lun {rng.randrange(5)}", "    </initiator>"]
	    out.append("</target>")
	    return out

	def configuration():
	    tids = rng.sample(range(1, 20), 6)
	    out = []
	    for i in some(6):
	        out += target(f"iqn.2026-11.org.example:t{i}", tids[i] if rng.random() < 0.5 else 0)
	    return out

	def write(lines):
	    with open(f"{DIR}/conf", "w") as f:
	        f.write("\n".join(lines) + "\n")

	def admin(*args, ok=(0,)):
	    done = subprocess.run([os.environ["ADMIN"], *args], capture_output=True, text=True)
	    if done.returncode not in ok:
	        raise SystemExit(f"{args}: {done.returncode}\n{done.stdout}{done.stderr}\n" + open(f"{DIR}/conf").read())
	    return done

	def dump():
	    return admin("--dump").stdout

	if os.environ.get("SESSIONS"):
	    # Only what an open session can live with, and each target has one all the time.
	    import sys
	    sys.path.insert(0, os.environ["TOP"] + "/test/lib")
	    import initiator
	    TARGET = [t for t in TARGET if t().split()[0] in ("TargetAlias", "initiator-limit", "vendor_id", "nop_interval")]
	    LUN = [l for l in LUN if not l().startswith("iops")]
	sessions = {}

	def check_sessions():
	    for iqn, s in sessions.items():
	        for _ in range(60):
	            if not s.command(bytes(6), lun=0)[0]:
	                break
	        else:
	            raise SystemExit(f"{iqn} never gets ready")
	    for iqn in os.popen(f"{os.environ['TGTADM']} --json target show | jq -r '.[].name'").read().split():
	        if iqn not in sessions:
	            sessions[iqn] = initiator.Session(int(os.environ["PORT"]), iqn)

	for round in range(int(os.environ["ROUNDS"])):
	    lines = configuration()
	    write(lines)
	    if admin("-c", f"{DIR}/conf", "--check", ok=(0, 22)).returncode:
	        continue
	    if os.environ.get("SESSIONS"):
	        lines = [l for l in lines if l != "        lun 0"]
	        write(lines)
	        admin("-c", f"{DIR}/conf", "--update", "ALL")
	        check_sessions()
	        continue
	    before = dump()
	    # The same with something that only tgtd refuses, somewhere.
	    bad = lines + target("iqn.2026-11.org.example:zz", 0)[:-1] + ["    MaxOutstandingR2T 0", "</target>"]
	    write(bad)
	    admin("-c", f"{DIR}/conf", "--update", "ALL", *rng.choice(((), ("-f",))), ok=(22,))
	    after = dump()
	    assert before == after, (round, before, after)
	    write(lines)
	    admin("-c", f"{DIR}/conf", "--update", "ALL", *rng.choice(((), ("-f",))))
	    diff = admin("-c", f"{DIR}/conf", "--diff", ok=(0, 1))
	    assert not diff.stdout, (round, diff.stdout, open(f"{DIR}/conf").read())
	    with open(f"{DIR}/dump", "w") as f:
	        f.write(dump())
	    diff = admin("-c", f"{DIR}/dump", "--diff", ok=(0, 1))
	    assert not diff.stdout, (round, diff.stdout, open(f"{DIR}/dump").read())
	END
}

teardown() {
	teardown_tgtd
}

@test "without force no session ends, whatever the file says" {
	start_tgtd
	export SESSIONS=1 PORT TOP=$top ROUNDS=25
	python3 "$DIR/random.py"
	# Those that ended have been closed by the end of the test.
	[ "$(grep -c 'connection of.*ended: [^c]' "$LOG")" -eq 0 ]
}

@test "any configuration leads to any other in place, or after an error to none" {
	start_tgtd
	python3 "$DIR/random.py"
}
