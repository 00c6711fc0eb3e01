#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Target port groups: two portal groups of one target, as an initiator sees them, set by tgtadm, by
# SET TARGET PORT GROUPS, and by targets.conf.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	setup_dir
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk disk 5M)"
	tgtadm portgroup new --tid 1 --group 10 --portal-groups 1 --preferred
	tgtadm portgroup new --tid 1 --group 20 --portal-groups 2=22 --state standby
}

teardown() { teardown_tgtd; }

# by_initiator: runs what stands on standard input with a session s, sense() and groups().
by_initiator() {
	{
		cat <<'EOT'
import subprocess, sys
from initiator import Session

tgtadm = sys.argv[3]
s = Session(int(sys.argv[1]), sys.argv[2])
s.ready(1)

def adm(*words):
    subprocess.run([tgtadm, *words], check=True)

def state(group, text):
    adm("portgroup", "update", "--tid", "1", "--group", str(group), "--state", text)

def sense(cdb=bytes(6), **how):
    status, data, sense_data = s.command(cdb, **how)
    return (sense_data[2] & 15, sense_data[12], sense_data[13]) if status else (0, 0, 0)

def groups():
    """{id: (byte 0, status code, ports)}"""
    status, data, sense_data = s.command(bytes([0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]), read=512)
    assert status == 0, sense_data.hex()
    out, data = {}, data[4:]
    while data:
        n = data[7]
        out[data[2] << 8 | data[3]] = (data[0], data[5], [data[8 + 4 * i + 2] << 8 |
                                       data[8 + 4 * i + 3] for i in range(n)])
        data = data[8 + 4 * n:]
    return out

def set_group(group, state):
    return sense(bytes([0xa4, 0x0a, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0]),
                 write=bytes([0, 0, 0, 0, state, 0, 0, group]))
EOT
		cat
	} >"$DIR/script.py"
	PYTHONPATH=$top/test/lib python3 "$DIR/script.py" "$PORT" "$IQN" "$TGTADM"
}

@test "an initiator sees the groups, and each state as it is said" {
	by_initiator <<'EOT'
assert groups() == {10: (0x80, 0, [1]), 20: (0x02, 0, [22])}, groups()
for text, want in [("standby", (2, 4, 0x0b)), ("unavailable", (2, 4, 0x0c)),
                   ("offline", (2, 4, 0x12)), ("transitioning", (2, 4, 0x0a)),
                   ("active/non-optimized", (0, 0, 0))]:
    state(10, text)
    assert sense() == (6, 0x2a, 0x06), text
    assert sense() == want, text
assert groups()[10][:2] == (0x81, 2)
EOT
}

@test "an initiator sets a group where it may" {
	by_initiator <<'EOT'
assert set_group(20, 0) == (5, 0x24, 0)
adm("target", "update", "--tid", "1", "--name", "access_changes", "--value", "both")
assert sense() == (6, 0x3f, 0x03)
assert set_group(20, 0) == (0, 0, 0)
assert sense() == (0, 0, 0)
assert groups()[20][:2] == (0, 1)
EOT
	run -0 tgtadm portgroup show --tid 1
	[[ $output == *"Target port group: 20"*"State: active/optimized"*"Configured: standby"*"Changed by: explicit"*"Portal groups: 2=22"* ]]
	run -0 tgtadm --json portgroup show --tid 1
	[[ $output == *'"changes":{"explicit":1,"implicit":0}'* || $output == *'"explicit": 1'* ]]
}

@test "what can't be is refused with a sentence" {
	run -22 tgtadm portgroup new --tid 1 --group 10
	[[ $output == *'already'* ]]
	run -22 tgtadm portgroup new --tid 1 --group 30 --portal-groups 1
	[[ $output == *'portal group 1 is in a target port group already'* ]]
	run -22 tgtadm portgroup update --tid 1 --group 10 --state good
	[[ $output == *'active/optimized'* ]]
	run -22 tgtadm portgroup delete --tid 1 --group 30
	tgtadm portgroup delete --tid 1 --group 20
}

@test "targets.conf: execute, dump, a fresh daemon, update in place" {
	local admin=$BUILD/tgt-admin conf=$DIR/targets.conf
	cat >"$conf" <<-END
	<target $IQN>
	    <backing-store $DIR/disk>
	        lun 1
	    </backing-store>
	    access_changes both
	    transition_time 30
	    <port-group 10>
	        portal-groups 1,3
	        preferred yes
	    </port-group>
	    <port-group 20>
	        portal-groups 2=22
	        state standby
	    </port-group>
	    <port-group 40>
	        remote-ports 101,102
	        state unavailable
	    </port-group>
	</target>
	END
	tgtadm target delete --tid 1
	run -0 "$admin" -c "$conf" -e
	run -0 "$admin" -c "$conf" --diff
	[ -z "$output" ]
	"$admin" --dump >"$DIR/dump"
	stop_tgtd
	start_tgtd
	"$admin" -c "$DIR/dump" -e
	run -0 "$admin" -c "$conf" --diff
	[ -z "$output" ]
	by_initiator <<'EOT'
assert groups() == {10: (0x80, 0, [1, 3]), 20: (0x02, 0, [22]), 40: (0x03, 0, [101, 102])}, groups()
# What an initiator has changed stays as it is.
assert set_group(20, 1) == (0, 0, 0)
EOT
	run -0 "$admin" -c "$conf" --diff
	[ -z "$output" ]
	# Portal group 3 goes from one to another.
	sed -i 's/1,3/1/; s/2=22/2=22,3/; s/transition_time 30/transition_time 5/' "$conf"
	"$admin" -c "$conf" --update ALL
	run -0 "$admin" -c "$conf" --diff
	[ -z "$output" ]
	by_initiator <<'EOT'
assert groups()[20] == (0x01, 1, [22, 3]), groups()
EOT
}
