#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tgtadm in words, its JSON, its help, and batches.

load lib.bash

setup() {
	setup_dir
}

teardown() {
	teardown_tgtd
}

@test "words do what options do" {
	start_tgtd
	make_disk a 4M
	tgtadm target new --tid 1 --targetname "$IQN"
	tgtadm target bind --tid 1 --initiator-address ALL
	tgtadm logicalunit new --tid 1 --lun 1 --backing-store "$DIR/a" --params vendor_id=ACME,removable=1
	tgtadm lu show --tid 1 --lun 1 | grep -qx '            Removable media: Yes'
	[ "$(tgtadm target show)" = "$(tgtadm --mode target --op show)" ]
	[ "$(tgtadm --json lu show --tid 1 --lun 1 | jq -r '.vendor_id, .size')" = $'ACME\n4194304' ]
	tgtadm target delete --tid 1 --force
	[ "$(tgtadm --json target show | jq length)" = 0 ]
}

@test "a value may contain commas" {
	start_tgtd
	add_target
	make_disk a,b 4M
	tgtadm lu new --tid 1 --lun 1 --backing-store "$DIR/a,b"
	tgtadm --mode lu --op update --tid 1 --lun 1 --params 'product_id=a\,b,vendor_id=x'
	[ "$(tgtadm --json lu show --tid 1 --lun 1 | jq -r '.product_id, .path')" = "a,b"$'\n'"$DIR/a,b" ]
}

@test "errors are JSON on stdout when JSON is asked for, with the same exit code" {
	start_tgtd
	run tgtadm --json target show --tid 9
	[ "$status" -eq 22 ]
	[ "$(jq -r '.error.code, .error.message, .error.detail' <<<"$output")" = \
		"no-target"$'\n'"can't find the target"$'\n'"there is no target with tid 9" ]
	run tgtadm --mode target --op new --json
	[ "$status" -eq 22 ]
	[ "$(jq -r .error.message <<<"$output")" = "'tid' option is necessary" ]
	run tgtadm --json -C 9 target show
	[ "$status" -eq 107 ]
	[ "$(jq -r .error.code <<<"$output")" = not-connected ]
	run tgtadm --json --mode foo
	[ "$status" -eq 1 ]
	[ "$(jq -r .error.message <<<"$output")" = 'unknown mode: foo' ]
}

@test "every show and stat is JSON" {
	start_tgtd
	add_target
	local verb
	for verb in 'target show' 'target show --tid 1' 'target stat --tid 1' 'system show' 'system stat' \
		'lld show' 'portal show' 'connection show --tid 1' 'lu show --tid 1 --lun 0' \
		'lu stat --tid 1 --lun 0'; do
		# shellcheck disable=SC2086
		tgtadm --json $verb | jq -e . >/dev/null
	done
	[ "$(tgtadm --json system show | jq .schema)" = 1 ]
	[ "$(tgtadm --json target show | jq -r '.[0].acl[0]')" = ALL ]
	[ "$(tgtadm --json portal show | jq -r '.[0].address')" = "$PORTAL" ]
}

@test "a batch answers every line, and fails when one of them does" {
	start_tgtd
	run tgtadm --json - <<-END
		{"object": "target", "verb": "new", "args": {"tid": 1, "targetname": "$IQN"}, "id": 1}

		{"object": "target", "verb": "show", "args": {"tid": 1}, "id": 2}
	END
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[ "$(jq -r .id <<<"${lines[1]}")" = 2 ]
	[ "$(jq -r .result.name <<<"${lines[1]}")" = "$IQN" ]
	run tgtadm --json - <<<$'garbage\n{"object": "lld", "verb": "show"}'
	[ "$status" -eq 22 ]
	[ "$(jq -r .error.code <<<"${lines[0]}")" = invalid-request ]
	[ "$(jq -r .ok <<<"${lines[1]}")" = true ]
}

@test "a batch of a thousand LUNs, and a show of them" {
	start_tgtd
	add_target
	python3 -c '
import json
for lun in range(1, 1001):
	print(json.dumps({"object": "logicalunit", "verb": "new",
		"args": {"tid": 1, "lun": lun, "bstype": "null"}}))' >"$DIR/requests"
	tgtadm --json - <"$DIR/requests" >"$DIR/responses"
	[ "$(sort -u "$DIR/responses")" = '{"ok":true}' ]
	[ "$(tgtadm --json target show --tid 1 | jq '.luns | length')" = 1001 ]
	[ "$(tgtadm --mode target --op show | grep -c '^        LUN: ')" = 1001 ]
}

@test "help comes from the verbs that tgtd has" {
	tgtadm help | grep -q '^  target  *new  *Makes a target'
	tgtadm help target new | grep -q -- '--targetname'
	tgtadm lu new --help | grep -q -- '--backing-store'
	tgtadm --help | grep -q '^Usage: tgtadm'
	tgtadm --version | grep -q '^[0-9]'
	run tgtadm help frob
	[ "$status" -eq 22 ]
	run tgtadm frob show
	[ "$status" -eq 22 ]
	[[ $output == *"unknown object 'frob'"* ]]
}

@test "a client that asks for much and reads nothing holds up nobody" {
	start_tgtd
	add_target
	python3 -c '
import socket, sys

def dial():
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	return s

show = b"{\"object\": \"system\", \"verb\": \"show\"}\n"
deaf, half, other = dial(), dial(), dial()
deaf.setblocking(False)
try:
	while True:
		deaf.send(show * 100)
except BlockingIOError:
	pass
half.send(show[:10])
other.settimeout(5)
for i in range(50):
	other.send(show)
	assert other.recv(65536).endswith(b"}\n")' "$TGT_IPC_SOCKET.0"
}
