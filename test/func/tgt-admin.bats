#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2154
#
# tgt-admin and targets.conf, from outside.

load lib.bash

setup() {
	setup_dir
	ADMIN=$BUILD/tgt-admin
	CONF=$DIR/targets.conf
	truncate -s 8M "$DIR/d1" "$DIR/d2" "$DIR/d3"
}

teardown() {
	teardown_tgtd
}

# login NAME: as this initiator to $IQN.
login() {
	python3 -c '
import sys
sys.path.insert(0, sys.argv[1] + "/test/lib")
import initiator
try:
    initiator.Session(int(sys.argv[2]), sys.argv[3], name=sys.argv[4])
except initiator.Closed:
    sys.exit(1)' "$top" "$PORT" "$IQN" "$1"
}

# initiate PYTHON: with s, a session that is ready.
initiate() {
	python3 -c '
import sys
sys.path.insert(0, sys.argv[1] + "/test/lib")
import initiator
s = initiator.Session(int(sys.argv[2]), sys.argv[3])
s.ready()
exec(sys.argv[4])' "$top" "$PORT" "$IQN" "$1"
}

show() {
	"$TGTADM" --json target show
}

# two_targets: a file with everything that is not at its default.
two_targets() {
	cat >"$CONF" <<-END
	<target iqn.2026-11.org.example:a>
	    backing-store $DIR/d1
	    <backing-store $DIR/d2>
	        lun 7
	        vendor_id "My # Co"
	        scsi_sn pass#word
	        write-cache off
	        block-size 4096
	        rotation_rate 7200
	        removable 1
	        bsoflags sync
	    </backing-store>
	    MaxBurstLength 65536
	    TargetAlias "an alias"
	    nop_interval 7
	    initiator-name iqn.2026-11.org.example:*
	    initiator-name iqn.b
	</target>
	<target iqn.2026-11.org.example:b>
	    controller_tid 5
	    backing-store $DIR/d3
	    initiator-address 127.0.0.0/8
	    initiator-address ::1
	</target>
	END
}

@test "a fresh target differs from the defaults that tgt-admin knows in nothing" {
	start_tgtd
	cat >"$CONF" <<-END
	<target $IQN>
	    backing-store $DIR/d1
	</target>
	END
	"$ADMIN" -c "$CONF" -e
	run "$ADMIN" -c "$CONF" --diff
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "execute makes what the file says, and again changes nothing" {
	start_tgtd
	two_targets
	"$ADMIN" -c "$CONF" --execute
	show | jq -e '.[0].luns[2] | .lun == 7 and .vendor_id == "My # Co" and .block_size == 4096 and
		.scsi_sn == "pass#word" and (.write_cache | not) and .flags == "sync"'
	show | jq -e '.[0].params.MaxBurstLength == "65536" and .[0].alias == "an alias"'
	show | jq -e '.[1].tid == 5 and .[1].acl == ["127.0.0.0/8", "::1"]'
	run "$ADMIN" -c "$CONF" -e
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "only initiator names: no address is let in for its own sake" {
	start_tgtd
	printf '<target %s>\nbacking-store %s\ninitiator-name iqn.x\n</target>\n' "$IQN" "$DIR/d1" >"$CONF"
	"$ADMIN" -c "$CONF" -e
	show | jq -e '.[0].initiator_addresses == [] and .[0].initiator_names == ["iqn.x"]'
	run login iqn.y
	[ "$status" -eq 1 ]
	login iqn.x
}

@test "a dump makes the same state in a fresh daemon" {
	start_tgtd
	two_targets
	"$ADMIN" -c "$CONF" -e
	"$ADMIN" --offline tid=5
	"$ADMIN" --dump >"$DIR/dump1"
	stop_tgtd
	start_tgtd
	"$ADMIN" -c "$DIR/dump1" -e
	"$ADMIN" --dump >"$DIR/dump2"
	diff "$DIR/dump1" "$DIR/dump2"
	"$ADMIN" -c "$DIR/dump1" --diff
	"$ADMIN" --save "$DIR/saved"
	cmp "$DIR/dump1" "$DIR/saved"
	[ "$(stat -c %a "$DIR/saved")" = 600 ]
}

@test "two LUNs of one store survive dump and execute" {
	start_tgtd
	"$TGTADM" target new --tid 3 --targetname "$IQN"
	"$TGTADM" logicalunit new --tid 3 --lun 4 --backing-store "$DIR/d1"
	"$TGTADM" logicalunit new --tid 3 --lun 2 --backing-store "$DIR/d1"
	"$ADMIN" --dump >"$DIR/dump1"
	"$ADMIN" --delete ALL
	"$ADMIN" -c "$DIR/dump1" -e
	"$ADMIN" --dump | diff "$DIR/dump1" -
	show | jq -e '.[0].acl == []'
}

@test "an update changes one LUN while the session of another stays" {
	start_tgtd
	two_targets
	# The initiator of the tests can't negotiate what a target demands.
	sed -i '/initiator-name/d; /MaxBurst/d' "$CONF"
	"$ADMIN" -c "$CONF" -e
	python3 - "$top" "$PORT" "$DIR" <<-'END' 3>&- &
	import os, sys, time
	sys.path.insert(0, sys.argv[1] + "/test/lib")
	import initiator
	s = initiator.Session(int(sys.argv[2]), "iqn.2026-11.org.example:a")
	open(sys.argv[3] + "/in", "w").close()
	end = time.time() + 60
	while not os.path.exists(sys.argv[3] + "/out") and time.time() < end:
	    time.sleep(0.02)
	print(s.start(b"\x12\0\0\0\x24\0", read=36))
	s.recv()
	END
	local pid=$!
	wait_for 20 test -e "$DIR/in"
	sid=$(show | jq '.[0].nexuses[0].sid')
	[ "$sid" -gt 0 ]
	sed -i 's/My # Co/Other/; s/an alias/another/' "$CONF"
	sed -i "s,lun 7,lun 7\n product_rev 0042," "$CONF"
	run "$ADMIN" -c "$CONF" --update ALL
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q '^~ LUN 7 of iqn.2026-11.org.example:a: .*vendor_id=Other' <<<"$output"
	[ "$(grep -c '^-' <<<"$output")" -eq 0 ]
	show | jq -e ".[0].nexuses[0].sid == $sid and .[0].luns[2].vendor_id == \"Other\""
	# What would end the session is left, and said.
	sed -i 's/block-size 4096/block-size 512/' "$CONF"
	run "$ADMIN" -c "$CONF" --update ALL
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q 'LUN 7 .* stays as it is' <<<"$output"
	run "$ADMIN" -c /dev/null --update ALL
	[ "$status" -eq 0 ]
	grep -q 'example:a.* in use' <<<"$output"
	show | jq -e "length == 1 and .[0].nexuses[0].sid == $sid"
	touch "$DIR/out"
	wait "$pid"
	"$ADMIN" -c /dev/null --update ALL -f
	show | jq -e 'length == 0'
}

@test "an update sees mode pages that the file says otherwise, and leaves those of initiators alone" {
	start_tgtd
	printf '<target %s>\nbacking-store %s\nwrite-cache off\nswp 1\n</target>\n' "$IQN" "$DIR/d1" >"$CONF"
	"$ADMIN" -c "$CONF" -e
	"$ADMIN" --dump >"$DIR/dump"
	"$ADMIN" -c "$DIR/dump" --diff
	sed -i '/write-cache/d; s/swp 1/swp 0/' "$CONF"
	run "$ADMIN" -c "$CONF" --update ALL
	[ "$status" -eq 0 ]
	grep -q 'mode_page=8:0:default' <<<"$output"
	show | jq -e '.[0].luns[1] | .write_cache and (.swp | not)'
	# MODE SELECT(6) of the caching page: WCE 0.
	initiate 'assert s.command(bytes([0x15, 0x10, 0, 0, 24, 0]), write=bytes([0, 0, 0, 0, 8, 18] + [0] * 18))[0] == 0'
	show | jq -e '.[0].luns[1].write_cache | not'
	run "$ADMIN" -c "$CONF" --update ALL
	[ -z "$output" ]
	show | jq -e '.[0].luns[1].write_cache | not'
}

@test "after an error the old state is there again" {
	start_tgtd
	two_targets
	"$ADMIN" -c "$CONF" -e
	"$ADMIN" --dump >"$DIR/before"
	sed -i 's/My # Co/Other/; s/127.0.0.0.8/no.address.at.all/' "$CONF"
	run "$ADMIN" -c "$CONF" --update ALL
	[ "$status" -eq 22 ]
	"$ADMIN" --dump | diff "$DIR/before" -
	# And with --ignore-errors all the rest is done.
	run "$ADMIN" -c "$CONF" --update ALL --ignore-errors
	[ "$status" -eq 22 ]
	show | jq -e '.[0].luns[2].vendor_id == "Other"'
}

@test "with force too, an error ends no session: what can fail is done first" {
	start_tgtd
	printf '<target %s>\nbacking-store %s\n</target>\n' "$IQN" "$DIR/d1" >"$CONF"
	"$ADMIN" -c "$CONF" -e
	# The old target goes, and of the new ones the second can't be had.
	cat >"$CONF" <<-END
	<target iqn.2026-11.org.example:a>
	    backing-store $DIR/d2
	</target>
	<target iqn.2026-11.org.example:b>
	    backing-store $DIR/d3
	    MaxBurstLength 1
	</target>
	END
	cat >"$DIR/try" <<-END
	#!/bin/sh
	"$ADMIN" -c "$CONF" --update ALL --force 2>"$DIR/said"
	[ \$? -eq 22 ]
	END
	chmod +x "$DIR/try"
	initiate 'import subprocess; subprocess.run(["'"$DIR/try"'"], check=True); s.ready(); assert s.read10(0, 1)'
	grep -q "^tgt-admin: $CONF:6: target .*example:b: MaxBurstLength=1: " "$DIR/said"
	grep -q 'nothing is changed: what was done is undone' "$DIR/said"
	show | jq -e 'map(.name) == ["'"$IQN"'"]'
}

@test "one target is updated, deleted, taken out of service by name or number" {
	start_tgtd
	two_targets
	"$ADMIN" -c "$CONF" --update iqn.2026-11.org.example:b
	show | jq -e 'length == 1 and .[0].tid == 5'
	"$ADMIN" -c "$CONF" -e
	"$ADMIN" --offline iqn.2026-11.org.example:b
	show | jq -e '[.[].state] == ["ready", "offline"] or [.[].state] == ["offline", "ready"]'
	"$ADMIN" --ready ALL
	show | jq -e '[.[].state] == ["ready", "ready"]'
	"$ADMIN" --delete tid=5
	show | jq -e 'length == 1'
	run "$ADMIN" --delete tid=5
	[ "$status" -eq 0 ]
	run "$ADMIN" -c "$CONF" --update iqn.none
	[ "$status" -eq 1 ]
	run "$ADMIN" --offline iqn.none
	[ "$status" -eq 1 ]
	run "$ADMIN" --offline tid=99
	[ "$status" -eq 22 ]
	run "$ADMIN" --update help
	[ "$status" -eq 0 ]
	diff <("$ADMIN" -s) <("$TGTADM" --mode target --op show)
}

@test "errors name the file and the line, and touch nothing" {
	start_tgtd
	cat >"$CONF" <<-END
	<target $IQN>
	    backing-store $DIR/d1
	    incominguser joe secret#word
	    outgoinguser joe another#secret
	    lun many
	    colour blue
	</target>
	END
	run "$ADMIN" -c "$CONF" -e
	[ "$status" -eq 22 ]
	grep -q "^$CONF:4: error: 'joe' has another password at $CONF:3" <<<"$output"
	grep -q "^$CONF:5: error: expected a LUN" <<<"$output"
	grep -q "^$CONF:6: warning: unknown directive 'colour'" <<<"$output"
	[[ $output != *secret* ]]
	show | jq -e 'length == 0'
}

@test "one at a time: a second tgt-admin waits for the first" {
	start_tgtd
	printf '<target %s>\n</target>\n' "$IQN" >"$CONF"
	exec 8>"$DIR/control.0.apply"
	flock 8
	"$ADMIN" -c "$CONF" -e >"$DIR/said" 2>&1 8>&- 3>&- &
	local pid=$!
	wait_for 10 grep -q 'waiting for another' "$DIR/said"
	show | jq -e 'length == 0'
	# Looking needs no turn.
	"$ADMIN" --dump >/dev/null
	exec 8>&-
	wait "$pid"
	show | jq -e 'length == 1'
}

@test "a missing store is skipped, with a message" {
	start_tgtd
	printf '<target %s>\nbacking-store %s\nbacking-store %s\n</target>\n' "$IQN" "$DIR/a-none" "$DIR/d1" >"$CONF"
	run "$ADMIN" -c "$CONF" -e
	[ "$status" -eq 0 ]
	grep -q "$DIR/a-none does not exist" <<<"$output"
	show | jq -e '[.[0].luns[].lun] == [0, 2]'
}

@test "pretend prints lines for tgtadm that do the same" {
	start_tgtd
	two_targets
	"$ADMIN" -c "$CONF" -e -p >"$DIR/lines"
	show | jq -e 'length == 0'
	PATH=$BUILD:$PATH sh -e "$DIR/lines"
	"$ADMIN" -c "$CONF" --diff
}

@test "without a daemon the exit code is 107, and check needs none" {
	two_targets
	run "$ADMIN" -c "$CONF" -e
	[ "$status" -eq 107 ]
	run "$ADMIN" -s
	[ "$status" -eq 107 ]
	"$ADMIN" -c "$CONF" --check
	echo '</x>' >>"$CONF"
	run "$ADMIN" -c "$CONF" --check
	[ "$status" -eq 22 ]
}

@test "a thousand targets with ten LUNs are loaded in seconds" {
	start_tgtd
	for ((i = 1; i <= 1000; i++)); do
		echo "<target iqn.2026-11.org.example:t$i>"
		for ((j = 1; j <= 10; j++)); do
			echo "<backing-store NONE:$j>"
			echo "path $DIR/d1"
			echo "</backing-store>"
		done
		echo '</target>'
	done >"$CONF"
	SECONDS=0
	"$ADMIN" -c "$CONF" -e >"$DIR/out"
	"$ADMIN" -c "$CONF" --diff
	echo "took $SECONDS s"
	[ "$SECONDS" -lt 60 ]
	show | jq -e 'length == 1000 and all(.luns | length == 11)'
}

@test "every example is loaded as it stands" {
	local f
	start_tgtd
	mkdir "$DIR/examples"
	for f in "$top"/conf/examples/*.conf; do
		sed "s,/var/tmp/tgt-example,$DIR/examples," "$f" >"$CONF"
		truncate -s 8M "$DIR/examples"/disk{1,2,3}.img
		run "$ADMIN" -c "$CONF" --update ALL
		echo "$f: $output"
		[ "$status" -eq 0 ]
		[[ $output != *warning* && $output != *skipped* ]]
		"$ADMIN" -c "$CONF" --diff
		"$ADMIN" --dump >"$DIR/dump"
		"$ADMIN" -c "$DIR/dump" --diff
	done
}
