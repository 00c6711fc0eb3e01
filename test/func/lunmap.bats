#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# LUN maps: what initiators see of a target, and that running sessions follow a change.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

A=iqn.2026-11.org.example:host-a
B=iqn.2026-11.org.example:host-b

setup() {
	setup_dir
	start_tgtd
	add_target
	add_lun 1 5 "$(make_disk five 5M)"
	add_lun 1 6 "$(make_disk six 6M)"
}

teardown() { teardown_tgtd; }

# size INITIATOR LUN: in bytes.
size() {
	iscsi-readcapacity16 -i "$1" "$(url "$2")" | sed -n 's/^Total size://p'
}

@test "an initiator sees LUN 5 as LUN 0, another one everything" {
	tgtadm lunmap new --tid 1 --initiator-name "$A" --luns 0=5,30=6
	[ "$(size "$A" 0)" -eq 5242880 ]
	[ "$(size "$A" 30)" -eq 6291456 ]
	run iscsi-readcapacity16 -i "$A" "$(url 5)"
	[ "$status" -ne 0 ]
	run iscsi-ls -s -i "$A" "$(portal_url)"
	[ "$(grep -c Lun: <<<"$output")" -eq 2 ]
	[[ $output == *Lun:0*DIRECT_ACCESS* ]]
	run iscsi-ls -s -i "$B" "$(portal_url)"
	[ "$(grep -c Lun: <<<"$output")" -eq 3 ]
	[ "$(size "$B" 5)" -eq 5242880 ]
}

@test "the text and the JSON of a map" {
	tgtadm lunmap new --tid 1 --initiator-name "$A" --luns 0=5,1=6:ro
	tgtadm lunmap new --tid 1 --initiator-name 'iqn.*' --readonly
	run -0 tgtadm lunmap show --tid 1
	[ "$output" = "Initiator: $A
    Readonly: No
    LUN 0: 5
    LUN 1: 6:ro
Initiator: iqn.*
    Readonly: Yes
    LUNs: all" ]
	run -0 tgtadm --json target show --tid 1
	python3 -c '
import json, sys
maps = json.load(sys.stdin)["lun_maps"]
assert maps[0]["luns"] == {"0": "5", "1": "6:ro"}, maps
assert maps[1] == {"initiator": "iqn.*", "all": True, "readonly": True, "luns": {}}, maps
' <<<"$output"
	tgtadm lunmap delete --tid 1 --initiator-name 'iqn.*'
	run -22 tgtadm lunmap delete --tid 1 --initiator-name 'iqn.*'
	[[ $output == *"there is no LUN map for 'iqn.*'"* ]]
	run -22 tgtadm lunmap update --tid 1 --initiator-name "$A" --luns 7=5
	[[ $output == *'LUN 5 would be seen under two numbers'* ]]
}

@test "a running session is told, and reads another disk from then on" {
	tgtadm lunmap new --tid 1 --initiator-name "$A" --luns 0=5
	PYTHONPATH=$top/test/lib python3 - "$PORT" "$IQN" "$A" "$TGTADM" <<'EOT'
import subprocess, sys
from initiator import Session

port, iqn, name, tgtadm = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
CAPACITY, WRITE = bytes([0x25] + [0] * 9), bytes([0x2a] + [0] * 7 + [1, 0])

def change(*words):
    subprocess.run([tgtadm, "lunmap", *words, "--tid", "1", "--initiator-name", name], check=True)

def sense(data):
    assert data[0] & 0x7f == 0x70, data.hex()
    return data[2] & 15, data[12], data[13]

s = Session(port, iqn, name)
s.ready(0)
status, data, sense_data = s.command(CAPACITY, read=8, lun=0)
assert status == 0 and int.from_bytes(data[:4], "big") == 5 * 2048 - 1
change("update", "--luns", "0=6")
status, data, sense_data = s.command(CAPACITY, read=8, lun=0)
assert status == 2 and sense(sense_data) == (6, 0x29, 0x00), sense_data.hex()
s.ready(0)
status, data, sense_data = s.command(CAPACITY, read=8, lun=0)
assert status == 0 and int.from_bytes(data[:4], "big") == 6 * 2048 - 1
change("update", "--readonly")
status, data, sense_data = s.command(WRITE, write=bytes(512), lun=0)
assert status == 2 and sense(sense_data) == (6, 0x2a, 0x01), sense_data.hex()
status, data, sense_data = s.command(WRITE, write=bytes(512), lun=0)
assert status == 2 and sense(sense_data) == (7, 0x27, 0x00), sense_data.hex()
change("update", "--luns", "0=none,3=6")
status, data, sense_data = s.command(CAPACITY, read=8, lun=0)
assert status == 2 and sense(sense_data) == (5, 0x25, 0x00), sense_data.hex()
change("delete")
s.ready(6)
EOT
}

@test "targets.conf: execute, dump, a fresh daemon, update in place" {
	local admin=$BUILD/tgt-admin conf=$DIR/targets.conf
	cat >"$conf" <<-END
	<target $IQN>
	    <backing-store $DIR/five>
	        lun 5
	    </backing-store>
	    <backing-store $DIR/six>
	        lun 6
	    </backing-store>
	    <initiator $A>
	        lun 0 5
	        lun 1 6 readonly
	    </initiator>
	    <initiator iqn.*>
	        readonly yes
	    </initiator>
	</target>
	END
	tgtadm target delete --tid 1
	run -0 "$admin" -c "$conf" -e
	run -0 "$admin" -c "$conf" --diff
	[ -z "$output" ]
	[ "$(size "$A" 0)" -eq 5242880 ]
	"$admin" --dump >"$DIR/dump"
	stop_tgtd
	start_tgtd
	"$admin" -c "$DIR/dump" -e
	run -0 "$admin" -c "$conf" --diff
	[ -z "$output" ]
	sed -i "s/lun 0 5/lun 3 5/; /iqn\.\*/,/readonly yes/d" "$conf"
	sed -i '0,/<\/initiator>/!{0,/<\/initiator>/d}' "$conf"
	# What would run can be pasted.
	run -0 "$admin" -c "$conf" -p --update ALL
	echo "$output"
	[[ $output == *"tgtadm -C 0 lunmap update --tid 1 --initiator-name $A --luns 0=none"* ]]
	while IFS= read -r line; do
		[[ $line != tgtadm* ]] || eval "$line"
	done <<<"$output"
	run -0 "$admin" -c "$conf" --diff
	[ -z "$output" ]
	[ "$(size "$A" 3)" -eq 5242880 ]
	run iscsi-readcapacity16 -i "$A" "$(url 0)"
	[ "$status" -ne 0 ]
}
