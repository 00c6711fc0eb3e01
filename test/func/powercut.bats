#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon dies, as by a power cut, at each system call by which a change of persistent
# reservations or of saved mode pages comes to disk: afterwards it is as before or as changed.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	command -v strace >/dev/null || skip 'strace is not installed'
	setup_dir
	strace -o /dev/null true 2>/dev/null || skip 'nothing can be traced here'
	make_disk disk 1M
}

teardown() { teardown_tgtd; }

# serve: with what is in the state directory.
serve() {
	start_tgtd && add_target && add_lun 1 1 "$DIR/disk"
}

# hosts WHAT: prepares, changes, or tells the state.
hosts() {
	PYTHONPATH=$top/test/lib timeout 30 python3 - "$PORT" "$IQN" "$1" <<'EOT'
import struct, sys
from initiator import Session

sessions = [Session(int(sys.argv[1]), sys.argv[2], name=f"iqn.2026-11.org.example:host-{h}", isid=h + 1)
            for h in (0, 1)]
for s in sessions:
    s.ready(1)

def out(s, action, kind, key, new):
    status, _, sense = s.command(struct.pack(">BBBxxIx", 0x5F, action, kind, 24),
                                 write=struct.pack(">QQ4xB3x", key, new, 1 if action == 0 else 0))
    assert status == 0, (status, sense.hex())

def mode(wce, flags):
    data = sessions[0].command(bytes([0x1A, 8, 8, 0, 64, 0]), read=64)[1]
    page = bytearray(data[4:24])
    page[0], page[2] = 8, 4 if wce else 0
    status, _, sense = sessions[0].command(bytes([0x15, flags, 0, 0, 24, 0]), write=bytes(4) + bytes(page))
    assert status == 0, (status, sense.hex())

what = sys.argv[3]
if what == "prepare":
    out(sessions[0], 0, 0, 0, 1)
    out(sessions[1], 0, 0, 0, 2)
    out(sessions[0], 1, 5, 1, 0)
elif what == "preempt":  # registrations, type and holder in one
    out(sessions[1], 4, 3, 2, 1)
elif what == "save":
    mode(False, 0x11)
else:
    keys = sessions[1].command(bytes([0x5E, 0, 0, 0, 0, 0, 0, 1, 0, 0]), read=256)[1]
    n = struct.unpack_from(">I", keys, 4)[0]
    held = sessions[1].command(bytes([0x5E, 1, 0, 0, 0, 0, 0, 1, 0, 0]), read=256)[1]
    page = sessions[1].command(bytes([0x1A, 8, 8, 0, 64, 0]), read=64)[1]
    print(struct.unpack_from(f">{n // 8}Q", keys, 8), held[21] if len(held) > 8 else 0,
          struct.unpack_from(">Q", held, 8)[0] if len(held) > 8 else 0, page[6] & 4)
EOT
}

# cut CHANGE SYSCALL N: it dies at the N-th such call of a thread. 1: it lived, as there are fewer.
cut() {
	local tracer told=0
	rm -rf "$DIR/state" && cp -a "$DIR/before" "$DIR/state"
	serve || return 2
	strace -f -q -o "$DIR/strace" -p "$TGTD_PID" -e trace="$2" \
		-e inject="$2":signal=KILL:when="$3" 2>"$DIR/strace.err" 3>&- &
	tracer=$!
	wait_for 10 grep -q "^TracerPid:[[:space:]]*[1-9]" "/proc/$TGTD_PID/status" || return 2
	hosts "$1" 2>/dev/null || told=1
	if [ $told -eq 0 ] && alive "$TGTD_PID"; then
		kill $tracer
		wait $tracer || true
		stop_tgtd
		return 1
	fi
	wait "$TGTD_PID" || true
	wait $tracer || true
	TGTD_PID=
	serve || return 2
	run -0 hosts tell
	echo "$2 $3: $output"
	stop_tgtd
}

# cut_everywhere CHANGE OLD NEW
cut_everywhere() {
	local call n cuts=0 rc
	for call in openat write fsync close rename mkdir; do
		for n in 1 2; do
			rc=0
			cut "$1" "$call" "$n" || rc=$?
			[ $rc -ne 1 ] || break
			[ $rc -eq 0 ] || return 1
			[ "$output" = "$2" ] || [ "$output" = "$3" ] || return 1
			cuts=$((cuts + 1))
		done
	done
	# open, write, sync, close, rename, and the directory's
	[ $cuts -ge 5 ] || { echo "only $cuts cuts"; return 1; }
}

prepare() {
	serve && hosts prepare && stop_tgtd && cp -a "$DIR/state" "$DIR/before"
}

@test "persistent reservations are as before or as after a PREEMPT, whenever the power goes" {
	prepare
	cut_everywhere preempt '(1, 2) 5 1 4' '(2,) 3 2 4'
}

@test "saved mode pages are as before or as saved, whenever the power goes" {
	prepare
	cut_everywhere save '(1, 2) 5 1 4' '(1, 2) 5 1 0'
}
