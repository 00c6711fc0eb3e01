#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The iSNS client, against a server of our own (test/lib/isns_server.py) that can misbehave.
#
# shellcheck disable=SC2030,SC2031,SC2153,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

JOE=iqn.2026-11.org.example:joe

setup() {
	setup_dir
	start_server
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk disk 16M)"
}

teardown() {
	local rc=0
	teardown_tgtd || rc=$?
	[ -z "${SERVER_PID:-}" ] || kill "$SERVER_PID" 2>/dev/null || true
	return $rc
}

start_server() {
	S=$DIR/isns
	mkdir -p "$S"
	python3 "$top/test/lib/isns_server.py" "$S" 3>&- >"$S/out" 2>&1 &
	SERVER_PID=$!
	wait_for 20 test -s "$S/port"
}

# do_it WORDS...: a command for the server; returns when it is done.
do_it() {
	local before
	before=$(grep -c '^done' "$S/log" || true)
	echo "$*" >"$S/do"
	wait_for 10 eval "[ \$(grep -c '^done' '$S/log') -gt $before ]"
}

set_isns() {
	tgtadm --mode sys --op update --name "$1" --value "$2"
}

switch_on() {
	set_isns iSNSServerIP 127.0.0.1
	set_isns iSNSServerPort "$(cat "$S/port")"
	set_isns iSNS On
}

# server_has FILTER: what is registered, by jq.
server_has() {
	[ -s "$S/state" ] && jq -e "$1" "$S/state" >/dev/null
}

shows() {
	tgtadm --json system show | jq -e ".isns | $1" >/dev/null
}

registered() {
	wait_for 10 shows '.state == "registered"' && wait_for 10 server_has ".nodes[\"$IQN\"]"
}

may() {
	iscsi-inq -i "$1" "$(url 1)" >/dev/null 2>&1
}

# hold NAME: a session of the initiator; $DIR/NAME.held while it is there, .gone after.
hold() {
	PYTHONPATH=$top/test/lib python3 - "$PORT" "$IQN" "$1" "$DIR/${1##*:}" <<-'END' 3>&- &
	import sys
	from initiator import Session
	s = Session(int(sys.argv[1]), sys.argv[2], sys.argv[3], timeout=60)
	open(sys.argv[4] + ".held", "w").close()
	try:
	    while True:
	        s.recv()
	except Exception:
	    open(sys.argv[4] + ".gone", "w").close()
	END
	wait_for 10 test -e "$DIR/${1##*:}.held"
}

# --- registration -----------------------------------------------------------------------------

@test "without iSNS the system says so, in the predecessor's lines" {
	tgtadm --mode sys --op show | grep -A4 '^iSNS:' | diff - <(printf '%s\n' 'iSNS:' '    iSNS=Off' \
		'    iSNSServerIP=' '    iSNSServerPort=3205' '    iSNSAccessControl=Off')
	shows '.state == "off" and .targets == []'
}

@test "entity, portal, node and portal group are registered" {
	tgtadm target update --tid 1 --name TargetAlias --value 'the disk'
	switch_on
	registered
	server_has '.entity["2"] == 2 and .entity["6"] == 600'
	server_has ".portals | keys == [\"$PORTAL\"]"
	server_has ".nodes | keys == [\"$IQN\"]"
	server_has ".nodes[\"$IQN\"] | .[\"33\"] == 1 and .[\"34\"] == \"the disk\" and .groups == {\"$PORTAL\": 1}"
	wait_for 10 server_has ".scn[\"$IQN\"] == 156"
	grep -q '^reg replace' "$S/log"
	tgtadm --mode sys --op show | grep -A4 '^iSNS:' | diff - <(printf '%s\n' 'iSNS:' '    iSNS=On' \
		'    iSNSServerIP=127.0.0.1' "    iSNSServerPort=$(cat "$S/port")" '    iSNSAccessControl=Off')
}

@test "targets and portals that come, change and go are told of, and nothing else" {
	local other
	switch_on
	registered
	add_target 2 "$IQN.2"
	wait_for 10 server_has ".nodes[\"$IQN.2\"]"
	other=127.0.0.1:$(free_port)
	tgtadm portal new --portal "$other" --tag 7
	wait_for 10 server_has ".nodes[\"$IQN.2\"].groups[\"$other\"] == 7"
	tgtadm target update --tid 2 --name PortalGroups --value 1
	wait_for 10 server_has ".nodes[\"$IQN.2\"].groups == {\"$PORTAL\": 1, \"$other\": null}"
	tgtadm target update --tid 2 --name TargetAlias --value two
	wait_for 10 server_has ".nodes[\"$IQN.2\"][\"34\"] == \"two\""
	tgtadm target update --tid 2 --name TargetAlias --value ''
	wait_for 10 server_has ".nodes[\"$IQN.2\"][\"34\"] == null"
	tgtadm portal delete --portal "$other"
	wait_for 10 server_has ".portals | keys == [\"$PORTAL\"]"
	tgtadm target delete --tid 2
	wait_for 10 server_has ".nodes | keys == [\"$IQN\"]"
	[ "$(grep -c '^reg replace' "$S/log")" -eq 1 ]
}

@test "without a target there is nothing to register" {
	tgtadm target delete --tid 1 --force
	switch_on
	wait_for 10 shows '.state == "connected"'
	add_target
	registered
	tgtadm target delete --tid 1
	wait_for 10 server_has '.nodes == {} and .entity == {}'
}

@test "a wildcard portal is registered with the addresses behind it" {
	local port
	port=$(free_port)
	tgtadm portal new --portal "0.0.0.0:$port"
	switch_on
	registered
	server_has ".portals[\"127.0.0.1:$port\"]"
	run ! server_has ".portals[\"0.0.0.0:$port\"]"
}

@test "tgtd deregisters when it stops" {
	switch_on
	registered
	stop_tgtd
	wait_for 10 server_has '.nodes == {} and .entity == {}'
}

@test "tgtd deregisters when iSNS is switched off, and moves to another server when told" {
	switch_on
	registered
	set_isns iSNS Off
	wait_for 10 server_has '.nodes == {}'
	wait_for 10 shows '.state == "off"'
	set_isns iSNS On
	registered
	set_isns iSNSServerPort "$(free_port)"
	wait_for 10 server_has '.nodes == {}'
	wait_for 10 shows '.state == "waiting" and .error != ""'
	set_isns iSNSServerPort "$(cat "$S/port")"
	registered
}

@test "a server that says nothing does not keep tgtd from stopping" {
	switch_on
	registered
	do_it fault silent
	SECONDS=0
	stop_tgtd
	[ $SECONDS -lt 8 ]
}

@test "settings that make no sense are refused" {
	run -22 set_isns iSNS On
	[[ $output == *'set iSNSServerIP before'* ]]
	run -22 set_isns iSNSServerIP 127.0.0.1:3205
	run -22 set_isns iSNSServerIP example.org
	run -22 set_isns iSNSServerPort 0
	run -22 set_isns iSNSAccessControl maybe
	set_isns iSNSServerIP ::1
	tgtadm --mode sys --op show | grep -qx '    iSNSServerIP=::1'
}

# --- the server goes and comes ----------------------------------------------------------------

@test "a connection that is lost is made again, and what changed meanwhile is told" {
	switch_on
	registered
	do_it fault close
	add_target 2 "$IQN.2"
	wait_for 10 shows '.failures > 0'
	tgtadm target delete --tid 2
	do_it forget
	do_it fault
	registered
	server_has ".nodes | keys == [\"$IQN\"]"
}

@test "a server that has forgotten everything is told everything" {
	do_it fault period 3
	switch_on
	registered
	do_it forget
	registered
	grep -q 'the server has forgotten this host' "$LOG"
}

@test "a server without status inquiries is registered with all the same" {
	do_it fault no-esi
	switch_on
	registered
	server_has ".portals[\"$PORTAL\"] | .[\"23\"] and (.[\"19\"] | not)"
}

@test "a server that refuses is asked again later, ever more seldom" {
	do_it fault status 3 reg
	switch_on
	wait_for 10 shows '.failures >= 2'
	shows '.error == "registration refused: invalid registration (3)" and .state != "registered"'
	[ "$(grep -c '^reg' "$S/log")" -le 4 ]
	do_it fault
	registered
	shows '.state == "registered"'
}

@test "answers in many pieces and byte by byte are understood" {
	do_it initiators $JOE iqn.2026-11.org.example:jack
	do_it fault pieces
	set_isns iSNSAccessControl On
	switch_on
	registered
	wait_for 10 shows '.targets[0].initiators == 2'
	do_it fault slow
	do_it initiators $JOE
	do_it scn "$IQN" 0x84 $JOE
	wait_for 10 shows '.targets[0].initiators == 1'
}

@test "answers that are no iSNSP, cut or without end do no harm" {
	local kind n
	switch_on
	registered
	for kind in garbage cut short half endless; do
		n=$(tgtadm --json system show | jq .isns.failures)
		do_it fault $kind
		add_target 2 "$IQN.2"
		[ $kind = cut ] || wait_for 20 shows ".failures > $n"
		do_it fault
		tgtadm target delete --tid 2
		wait_for 80 shows '.state == "registered"'
	done
	may $JOE
}

# --- notifications ----------------------------------------------------------------------------

@test "status inquiries are answered, those for others are not" {
	switch_on
	registered
	do_it esi
	grep -q '^told 0x800d xid 42 status 0' "$S/log"
	shows '.inquiries == 1'
	do_it esi somebody-else
	grep -q '^told 0x800d xid 42 status 9' "$S/log"
	shows '.inquiries == 1'
}

@test "notifications are answered, a node that was removed comes back" {
	switch_on
	registered
	do_it scn "$IQN" 0x84 $JOE
	grep -q '^told 0x8008 xid 41 status 0' "$S/log"
	do_it scn "$IQN.2" 0x84 $JOE
	grep -q '^told 0x8008 xid 41 status 9' "$S/log"
	shows '.notifications == 2'
	do_it forget "$IQN"
	do_it scn "$IQN" 0x10 "$IQN"
	wait_for 10 server_has ".nodes[\"$IQN\"]"
}

@test "rubbish at the port for notifications ends that connection only" {
	switch_on
	registered
	do_it send "$(printf 'ff%.0s' {1..64})"
	do_it send "000100080008 8c0000010000 0000002000000100"
	grep -q '^told nothing' "$S/log"
	do_it send "0001007700008c0000070000"
	grep -q '^told 0x8077 xid 7 status 15' "$S/log"
	do_it esi
	grep -q '^told 0x800d xid 42 status 0' "$S/log"
}

# --- access control ---------------------------------------------------------------------------

@test "who shares no discovery domain with the target is not let in, nor told of it" {
	do_it initiators "${JOE^^}" iqn.2026-11.org.example:jack
	set_isns iSNSAccessControl On
	switch_on
	wait_for 10 shows '.targets[0].initiators == 2'
	may $JOE
	run ! may iqn.2026-11.org.example:eve
	[ "$(iscsi-ls -i $JOE "$(portal_url)" | grep -c Target)" -eq 1 ]
	[ "$(iscsi-ls -i iqn.2026-11.org.example:eve "$(portal_url)" | grep -c Target)" -eq 0 ]
	set_isns iSNSAccessControl Off
	may iqn.2026-11.org.example:eve
}

@test "the target's own list counts as well" {
	tgtadm target unbind --tid 1 --initiator-address ALL
	tgtadm target bind --tid 1 --initiator-name iqn.2026-11.org.example:jack
	do_it initiators $JOE iqn.2026-11.org.example:jack
	set_isns iSNSAccessControl On
	switch_on
	wait_for 10 shows '.targets[0].initiators == 2'
	may iqn.2026-11.org.example:jack
	run ! may $JOE
}

@test "a session ends when its initiator leaves the domain, others stay" {
	local jack=iqn.2026-11.org.example:jack
	do_it initiators $JOE $jack
	switch_on
	registered
	hold $JOE
	hold $jack
	set_isns iSNSAccessControl On
	wait_for 10 shows '.targets[0].initiators == 2'
	do_it initiators $jack
	do_it scn "$IQN" 0x90 $JOE
	wait_for 10 test -e "$DIR/joe.gone"
	[ ! -e "$DIR/jack.gone" ]
	do_it initiators $JOE $jack
	do_it scn "$IQN" 0x88 $JOE
	wait_for 10 may $JOE
}

@test "without notifications the domains are looked at when the registration is refreshed" {
	do_it initiators $JOE
	do_it fault period 3
	set_isns iSNSAccessControl On
	switch_on
	wait_for 10 may $JOE
	do_it initiators
	wait_for 10 eval "! may $JOE"
}

@test "until the server answers logins are put off, and sessions go on" {
	switch_on
	registered
	hold $JOE
	do_it fault silent
	set_isns iSNSAccessControl On
	run iscsi-inq -i $JOE "$(url 1)"
	[ "$status" -ne 0 ]
	grep -q 'refused by iSNS: the server has not answered yet' "$LOG"
	[ ! -e "$DIR/joe.gone" ]
	do_it initiators $JOE
	do_it fault
	do_it drop
	wait_for 10 may $JOE
	[ ! -e "$DIR/joe.gone" ]
}

@test "while the server is away what it said last counts" {
	do_it initiators $JOE
	set_isns iSNSAccessControl On
	switch_on
	wait_for 10 may $JOE
	kill "$SERVER_PID"
	wait_for 10 shows '.state == "waiting"'
	may $JOE
	run ! may iqn.2026-11.org.example:eve
}

@test "targets.conf has it all, and a second reading changes nothing" {
	cat >"$DIR/conf" <<-END
	iSNS On
	iSNSServerIP 127.0.0.1
	iSNSServerPort $(cat "$S/port")
	iSNSAccessControl on
	<target $IQN>
	    controller_tid 1
	    backing-store $DIR/disk
	</target>
	END
	do_it initiators $JOE
	"$BUILD/tgt-admin" -c "$DIR/conf" --update ALL
	registered
	shows '.access_control and .enabled'
	wait_for 10 may $JOE
	run "$BUILD/tgt-admin" -c "$DIR/conf" --diff
	[ -z "$output" ]
	"$BUILD/tgt-admin" --dump >"$DIR/dumped"
	[ "$(grep -c ^iSNS "$DIR/dumped")" -eq 4 ]
	run "$BUILD/tgt-admin" -c "$DIR/dumped" --diff
	[ -z "$output" ]
	stop_tgtd
	run_tgtd --iscsi "portal=$PORTAL" --config "$DIR/dumped"
	registered
	sed -i 's/^iSNS On/iSNS Off/' "$DIR/conf"
	"$BUILD/tgt-admin" -c "$DIR/conf" --update ALL
	wait_for 10 server_has '.nodes == {}'
	"$BUILD/tgt-admin" --dump >"$DIR/dumped"
	run ! grep '^iSNS On' "$DIR/dumped"
}

@test "a thousand targets are registered, a few in each message" {
	local i
	for i in {2..1001}; do
		echo "<target $IQN.$i>"
		echo '</target>'
	done >"$DIR/many.conf"
	{ echo "<target $IQN>"; echo controller_tid 1; echo "backing-store $DIR/disk"; echo '</target>'; } >>"$DIR/many.conf"
	"$BUILD/tgt-admin" -c "$DIR/many.conf" --update ALL >/dev/null
	do_it initiators $JOE
	set_isns iSNSAccessControl On
	switch_on
	wait_for 30 server_has '.nodes | length == 1001'
	wait_for 30 shows '[.targets[] | select(.initiators == 1)] | length == 1001'
	# No message is longer than open-isns takes.
	awk '$1 == "reg" && $NF > 8000 { exit 1 }' "$S/log"
}
