#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Portals, their groups, access lists and sockets, from outside.
#
# shellcheck disable=SC2030,SC2031,SC2154
#
# shellcheck disable=SC2001,SC2016,SC2153,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

A=iqn.2026-11.org.example:host-a
B=iqn.2026-11.org.example:host-b

setup() {
	setup_dir
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk disk 8M)"
}

teardown() { teardown_tgtd; }

# new_portal HOST TAG [OPTION...]: prints its port, one that is free.
new_portal() {
	local host=$1 tag=$2
	shift 2
	tgtadm portal new --portal "$host:0" --tag "$tag" "$@"
	tgtadm --json portal show | jq -r '.[-1].address | sub(".*:"; "")'
}

# told PORT [INITIATOR]: the addresses in the answer to SendTargets, by this port of 127.0.0.1.
told() {
	iscsi-ls ${2:+-i "$2"} "iscsi://127.0.0.1:$1" | sed 's/.*Portal://'
}

reads() {
	iscsi-inq ${2:+-i "$2"} "iscsi://127.0.0.1:$1/$IQN/1" >/dev/null
}

@test "a target bound to a group is told of and reached by its portals only" {
	local port
	port=$(new_portal 127.0.0.1 2)
	[ "$(told "$PORT" | sort | tr '\n' ' ')" = "$(printf '%s\n' "127.0.0.1:$PORT,1" "127.0.0.1:$port,2" | sort | tr '\n' ' ')" ]
	tgtadm target update --tid 1 --name PortalGroups --value 2
	[ "$(told "$PORT")" = "127.0.0.1:$port,2" ]
	run ! reads "$PORT"
	reads "$port"
	run -0 tgtadm --mode portal --op show
	[ "$output" = "Portal: 127.0.0.1:$PORT,1
Portal: 127.0.0.1:$port,2" ]
	tgtadm --json target show --tid 1 | jq -e '.portal_groups == "2"'
	tgtadm --mode portal --op delete --param "portal=127.0.0.1:$port"
	[ -z "$(told "$PORT")" ]
}

@test "targets.conf binds a target to groups, and a dump says so" {
	printf '<target %s>\nPortalGroups 2,3\nbacking-store %s\n</target>\n' "$IQN" "$DIR/disk" >"$DIR/conf"
	"$BUILD/tgt-admin" -c "$DIR/conf" --update ALL
	run -0 "$BUILD/tgt-admin" -c "$DIR/conf" --diff
	[ -z "$output" ]
	"$BUILD/tgt-admin" --dump | grep -q 'PortalGroups 2,3'
	run ! reads "$PORT"
	sed -i /PortalGroups/d "$DIR/conf"
	"$BUILD/tgt-admin" -c "$DIR/conf" --update ALL
	reads "$PORT"
}

@test "a portal lets in whom its list names" {
	tgtadm portal bind --portal "$PORTAL" --initiator-name "$A"
	reads "$PORT" "$A"
	run ! reads "$PORT" "$B"
	[ -z "$(told "$PORT" "$B")" ]
	tgtadm portal unbind --portal "$PORTAL" --initiator-name "$A"
	reads "$PORT" "$B"
	tgtadm portal bind --portal "$PORTAL" --initiator-address 192.0.2.0/24
	run ! reads "$PORT" "$A"
	tgtadm --json portal show | jq -e '.[0].refused > 0'
}

@test "options of sockets are set, shown, changed and refused" {
	local port
	port=$(new_portal 127.0.0.1 1 --dscp cs3 --keepalive 5:2:3 --user-timeout 9)
	tgtadm --json portal show | jq -e '.[-1] | .dscp == 24 and .keepalive == "5:2:3" and .user_timeout == 9'
	tgtadm portal update --portal "127.0.0.1:$port" --dscp 0 --keepalive 0
	tgtadm --json portal show | jq -e '.[-1] | (has("dscp") or has("keepalive") | not) and .user_timeout == 9'
	run -22 tgtadm portal update --portal "127.0.0.1:$port" --dscp 99
	[[ $output == *'dscp is a number from 0 to 63'* ]]
}

@test "a portal of one interface is not there for others" {
	local port
	port=$(new_portal 0.0.0.0 3 --interface lo) || skip 'interfaces can not be bound to here'
	reads "$port"
	run -22 tgtadm portal delete --portal "0.0.0.0:$port" --interface eth9
	tgtadm portal delete --portal "0.0.0.0:$port" --interface lo
	run ! reads "$port"
}

# A group of its own is a target port of its own, which ALL_TG_PT reaches before anybody uses it.
@test "a registration for all target ports holds at a portal that had no session" {
	local port
	port=$(new_portal 127.0.0.1 2)
	PYTHONPATH=$top/test/lib python3 - "$PORT" "$port" "$IQN" <<'EOT'
import struct, sys
from initiator import Session

first, second, iqn = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
key = bytes.fromhex("1122334455667788")
OUT = struct.pack(">BBBxxI", 0x5F, 0, 0, 24) + b"\0"
IN = struct.pack(">BBxxxxxH", 0x5E, 3, 1024) + b"\0"

s = Session(first, iqn)
s.ready()
# REGISTER with ALL_TG_PT.
status, _, sense = s.command(OUT, write=bytes(8) + key + bytes(4) + b"\x04" + bytes(3))
assert status == 0, sense.hex()
status, full, sense = s.command(IN, read=1024)
assert status == 0, sense.hex()
ports, off = [], 8
while off < 8 + int.from_bytes(full[4:8], "big"):
    assert full[off:off + 8] == key
    ports.append(int.from_bytes(full[off + 18:off + 20], "big"))
    off += 24 + int.from_bytes(full[off + 20:off + 24], "big")
assert sorted(ports) == [1, 2], ports
# RESERVE by the other port, with that registration.
t = Session(second, iqn)
t.ready()
reserve = struct.pack(">BBBxxI", 0x5F, 1, 1, 24) + b"\0"
status, _, sense = t.command(reserve, write=key + bytes(16))
assert status == 0, sense.hex()
EOT
}
